"""The coins that are followed, and their stored bars as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from django.db import connection
from django.db.models import Max, OuterRef, QuerySet, Subquery

from assets.engine.panel import BAR_FIELDS, Panel
from assets.engine.timeframe import Timeframe
from assets.models import (
    Analysis,
    Asset,
    AssetType,
    Candle,
    CandleArchive,
)

_PG_EPOCH_US = 946_684_800_000_000


def supported() -> QuerySet[Asset]:
    """Coins that are followed: one a ticker, coins and stablecoins."""
    return Asset.objects.filter(is_supported=True, asset_type__in=(AssetType.CRYPTO, AssetType.STABLECOIN))


def last_close(timeframe: Timeframe, as_of: datetime | None = None) -> datetime | None:
    """Close time of the newest stored bar (known at `as_of`); None where there is none."""
    # The key is (asset, timeframe, time): one step down it a coin, not a walk through the whole partition.
    bars = Candle.objects.filter(asset=OuterRef("pk"), timeframe=timeframe)
    if as_of is not None:
        bars = bars.filter(candle_time__lte=timeframe.last_closed(as_of))
    last = Subquery(bars.order_by("-candle_time").values("candle_time")[:1])
    newest = Asset.objects.aggregate(newest=Max(last))["newest"]
    return None if newest is None else timeframe.close_of(newest)


def newest_close(timeframe: Timeframe) -> datetime:
    """Close time of the newest stored bar; now where there is none, for who has to name a moment."""
    return last_close(timeframe) or datetime.now(UTC)


def first_open(timeframe: Timeframe) -> datetime | None:
    """Open time of the oldest stored bar, the archive included."""
    oldest = [
        model._default_manager.filter(timeframe=timeframe)
        .order_by("candle_time")
        .values_list("candle_time", flat=True)
        .first()
        for model in (Candle, CandleArchive)
    ]
    return min((moment for moment in oldest if moment is not None), default=None)


def load_panel(
    timeframe: Timeframe, as_of: datetime, rows: int, assets: Sequence[int] | None = None
) -> Panel:
    """The last `rows` bars known at `as_of` of all supported coins (or of `assets`), in one query.

    Columns are packed on the server and decoded by numpy: 6 times the speed of fetching rows.
    """
    last = timeframe.last_closed(as_of)
    times = _grid(timeframe, last, rows)
    found = _packed(timeframe, times[0].to_pydatetime(), last, assets)
    known = {
        a.pk: a for a in supported().filter(pk__in=[row[0] for row in found]).only("symbol", "asset_type")
    }
    found = [row for row in found if row[0] in known]
    bars = {name: np.full((len(times), len(found)), np.nan) for name in BAR_FIELDS}
    origin = times.as_unit("us").asi8
    for column, (_asset, moments, *packed) in enumerate(found):
        stamps = np.frombuffer(moments, dtype=">i8").astype(np.int64) + _PG_EPOCH_US
        place = np.searchsorted(origin, stamps)
        on_grid = origin[np.minimum(place, len(origin) - 1)] == stamps
        for name, values in zip(BAR_FIELDS, packed, strict=True):
            bars[name][place[on_grid], column] = np.frombuffer(values, dtype=">f8")[on_grid]
    return Panel(
        timeframe=timeframe,
        times=times,
        asset_ids=np.asarray([row[0] for row in found], dtype=np.int64),
        symbols=tuple(known[row[0]].symbol for row in found),
        is_stable=np.asarray(
            [known[row[0]].asset_type == AssetType.STABLECOIN for row in found], dtype=np.bool_
        ),
        **bars,
    )


def _grid(timeframe: Timeframe, last: datetime, rows: int) -> pd.DatetimeIndex:
    return pd.date_range(end=last.astimezone(UTC), periods=rows, freq=timeframe.pandas_freq, unit="us")


def _packed(
    timeframe: Timeframe, first: datetime, last: datetime, assets: Sequence[int] | None
) -> list[tuple[int, bytes, *tuple[bytes, ...]]]:
    columns = ", ".join(f"string_agg(float8send(COALESCE({name}, 'NaN')), '')" for name in BAR_FIELDS)
    where = "timeframe = %s AND candle_time BETWEEN %s AND %s" + (
        "" if assets is None else " AND asset_id = ANY(%s)"
    )
    values = [timeframe.code, first, last] + ([] if assets is None else [list(assets)])
    source = " UNION ALL ".join(
        f"SELECT asset_id, candle_time, {', '.join(BAR_FIELDS)} FROM {model._meta.db_table} WHERE {where}"
        for model in (Candle, CandleArchive)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT asset_id, string_agg(timestamptz_send(candle_time), ''), {columns} "
            f"FROM ({source}) bars GROUP BY asset_id ORDER BY asset_id",
            values * 2,
        )
        return cursor.fetchall()


def first_missing(
    records: type[Analysis] | QuerySet[Any], timeframe: Timeframe, since: datetime, as_of: datetime
) -> datetime | None:
    """The first close from `since` to `as_of` for which `records` has no row; None where all have."""
    rows = records.all() if isinstance(records, QuerySet) else records._default_manager.all()
    stored = set(
        rows.filter(timeframe=timeframe, as_of__range=(since, as_of))
        .values_list("as_of", flat=True)
        .distinct()
    )
    opens = timeframe.opens(timeframe.last_closed(since), timeframe.last_closed(as_of))
    closes = (timeframe.close_of(moment.to_pydatetime()) for moment in opens)
    return next((moment for moment in closes if moment not in stored), None)

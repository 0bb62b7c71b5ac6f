"""Every coin's score: as arrays for the layers below, as rows for those who decide, and how old it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db import connection
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from aimodels import selectors as aimodels
from assets import selectors as assets
from assets.engine.panel import Floats, Panel
from assets.engine.timeframe import Timeframe
from assets.models import Asset
from sectors import selectors as sectors
from selection import engine
from selection.engine.features import QUARTER_DAYS
from selection.models import WatchlistAnalysis

_PG_EPOCH_US = 946_684_800_000_000


@dataclass(frozen=True, slots=True)
class Freshness:
    """The close of the last scores, and why they are out of date (empty where they are not)."""

    as_of: datetime | None
    stale_reason: str


def rows_needed(timeframe: Timeframe, since: datetime, as_of: datetime) -> int:
    """Bars that `services.score` needs to speak about every close from `since` to `as_of`."""
    # The sectors' momentum is a feature itself, and a quarter of sector returns is read before the first row.
    warm = sectors.asset_sector_momentum_rows(timeframe) + timeframe.bars(timedelta(days=QUARTER_DAYS))
    lookback = max(engine.lookback(timeframe), warm)
    return aimodels.needed_rows(engine.SPECS, timeframe, since, as_of, lookback)


def score_percentiles(panel: Panel, first: int = 0) -> Floats:
    """Stored 7-day scores (T, N) on the panel's grid from row `first` on, NaN where none is stored.

    Learned: to be used downstream as a rule, never as a feature. One query, decoded by numpy.
    """
    out = np.full(panel.shape, np.nan)
    closes = [panel.as_of(row) for row in range(first, len(panel.times))]
    if not closes:
        return out
    grid = np.array([round(moment.timestamp() * 1e6) for moment in closes], dtype=np.int64)
    columns = {int(asset): column for column, asset in enumerate(panel.asset_ids)}
    for asset, moments, scores in _packed(panel.timeframe, closes[0], closes[-1]):
        if asset in columns:
            stamps = np.frombuffer(moments, dtype=">i8").astype(np.int64) + _PG_EPOCH_US
            place = np.searchsorted(grid, stamps)
            on_grid = grid[np.minimum(place, len(grid) - 1)] == stamps
            out[first + place[on_grid], columns[asset]] = np.frombuffer(scores, dtype=">f8")[on_grid]
    return out


def score_percentiles_of(panel: Panel, result: engine.Result) -> Floats:
    """The same from a result in memory, (T, N): NaN in the rows before the result's first."""
    out = np.full(panel.shape, np.nan)
    out[result.first :] = result.week.percentile
    return out


def _packed(timeframe: Timeframe, first: datetime, last: datetime) -> list[tuple[int, bytes, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT asset_id, string_agg(timestamptz_send(as_of), ''), string_agg(float8send(score), '') "
            f"FROM {WatchlistAnalysis._meta.db_table} "
            "WHERE timeframe = %s AND as_of BETWEEN %s AND %s AND score IS NOT NULL GROUP BY asset_id",
            [timeframe.code, first, last],
        )
        return cursor.fetchall()


def latest_scores(
    as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> QuerySet[WatchlistAnalysis]:
    """The coins scored at the last close (known at `as_of`), best first, with tier and sector on `asset`."""
    rows = WatchlistAnalysis.objects.filter(timeframe=timeframe)
    known = rows if as_of is None else rows.filter(as_of__lte=as_of)
    last = rows.filter(as_of=known.order_by("-as_of").values("as_of")[:1])
    return last.select_related("asset").order_by(F("rank").asc(nulls_last=True), "asset_id")


def analysis_of(
    asset: Asset, as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> WatchlistAnalysis | None:
    """The coin's last score (known at `as_of`); None where it was never looked at."""
    rows = WatchlistAnalysis.objects.filter(asset=asset, timeframe=timeframe)
    known = rows if as_of is None else rows.filter(as_of__lte=as_of)
    return known.order_by("-as_of").first()


def freshness(
    now: datetime | None = None, timeframe: Timeframe = Timeframe.DAY, as_of: datetime | None = None
) -> Freshness:
    """How old the scores (known at `as_of`) are: against the newest candle, and against `now` if given.

    They are stale when their close lies more than two bars before either.
    """
    rows = WatchlistAnalysis.objects.filter(timeframe=timeframe).order_by("-as_of")
    known = rows if as_of is None else rows.filter(as_of__lte=as_of)
    last = known.values_list("as_of", flat=True).first()
    if last is None:
        return Freshness(None, _("No coin has been scored yet; run the pipeline."))
    return Freshness(last, assets.stale_reason(timeframe, last, now))

"""Prices: the last ones, their path, and bars as charts and records need them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from django.db import connection

from assets.engine.panel import BAR_FIELDS, Floats
from assets.engine.timeframe import Timeframe
from assets.models import (
    Asset,
    Candle,
    CandleArchive,
)
from assets.selectors.ages import STALE_BARS


@dataclass(frozen=True, slots=True)
class LastPrice:
    """The close of a coin's newest bar of any length, in USD, and what was turned over in that bar."""

    asset_id: int
    price: Decimal
    turnover: Decimal
    timeframe: Timeframe
    closed_at: datetime

    def is_stale(self, now: datetime) -> bool:
        """Whether the bar closed more than two of its own lengths before `now`."""
        bar = timedelta(days=31) if self.timeframe is Timeframe.MONTH else self.timeframe.delta
        return self.closed_at + STALE_BARS * bar < now


def last_prices(ids: Iterable[int], now: datetime) -> dict[int, LastPrice]:
    """The last price known at `now` of each coin that has one, from bars of any length; one query.

    Of bars that closed at the same time the shortest speaks: its turnover is what an order would meet.
    """
    lengths = list(Timeframe)
    newest = " UNION ALL ".join(
        f"(SELECT {length.code} AS code, candle_time, close, volume FROM {model._meta.db_table} "
        f"WHERE asset_id = wanted.id AND timeframe = {length.code} AND candle_time <= %s "
        "ORDER BY candle_time DESC LIMIT 1)"
        for model in (Candle, CandleArchive)
        for length in lengths
    )
    cuts = [length.last_closed(now) for length in lengths]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT wanted.id, bar.code, bar.candle_time, bar.close, bar.volume "
            f"FROM unnest(%s::bigint[]) AS wanted(id) CROSS JOIN LATERAL ({newest}) AS bar",
            [sorted(set(ids)), *cuts, *cuts],
        )
        found = cursor.fetchall()
    best: dict[int, LastPrice] = {}
    for asset, code, opened, close, volume in found:
        length = Timeframe.from_code(code)
        one = LastPrice(
            asset,
            Decimal(repr(close)),
            Decimal(repr(volume)),
            length,
            length.close_of(opened.astimezone(UTC)),
        )
        known = best.get(asset)
        if known is None or (one.closed_at, -code) > (known.closed_at, -known.timeframe.code):
            best[asset] = one
    return best


def extremes(asset: int, since: datetime, now: datetime) -> tuple[Decimal, Decimal] | None:
    """Lowest and highest price of bars of any length that opened from `since` on and are known at `now`."""
    lengths = list(Timeframe)
    bars = " UNION ALL ".join(
        f"SELECT low, high FROM {model._meta.db_table} "
        f"WHERE asset_id = %s AND timeframe = {length.code} AND candle_time BETWEEN %s AND %s"
        for model in (Candle, CandleArchive)
        for length in lengths
    )
    values = [value for length in lengths for value in (asset, since, length.last_closed(now))]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT min(low), max(high) FROM ({bars}) AS bars", values * 2)
        low, high = cursor.fetchone()
    return None if low is None else (Decimal(repr(low)), Decimal(repr(high)))


@dataclass(frozen=True, slots=True)
class FineBars:
    """Bars within a longer one, oldest first: open, high, low and close of each, in USD."""

    timeframe: Timeframe
    opens: list[datetime]
    prices: list[tuple[float, float, float, float]]


def finer_lengths(than: Timeframe) -> list[Timeframe]:
    """Bar lengths shorter than `than` of which any bar is stored, longest first; one query."""
    shorter = [length for length in Timeframe if length.code < than.code]
    if not shorter:
        return []
    table = Candle._meta.db_table
    stored = " UNION ALL ".join(
        f"SELECT {length.code} WHERE EXISTS (SELECT FROM {table} WHERE timeframe = {length.code})"
        for length in shorter
    )
    with connection.cursor() as cursor:
        cursor.execute(stored)
        return sorted((Timeframe.from_code(row[0]) for row in cursor), key=lambda one: -one.code)


def finer_bars(
    spans: Sequence[tuple[int, datetime, datetime]], lengths: Sequence[Timeframe]
) -> list[FineBars | None]:
    """For each span (asset, from, until) the bars of the first of `lengths` that fill it; None where none do.

    Each length is asked once, for all spans together; a span is filled where no bar of it is missing.
    """
    found: list[FineBars | None] = [None] * len(spans)
    for length in lengths:
        open_ = [n for n, bars in enumerate(found) if bars is None]
        if not open_:
            break
        for n, bars in zip(open_, _bars_within([spans[n] for n in open_], length), strict=True):
            wanted = round((spans[n][2] - spans[n][1]) / length.delta)
            if wanted and len(bars) == wanted:
                found[n] = FineBars(length, [row[0] for row in bars], [row[1:] for row in bars])
    return found


def _bars_within(
    spans: Sequence[tuple[int, datetime, datetime]], length: Timeframe
) -> list[list[tuple[datetime, float, float, float, float]]]:
    bars = " UNION ALL ".join(
        f"SELECT candle_time, open, high, low, close FROM {model._meta.db_table} WHERE "
        f"asset_id = span.asset AND timeframe = {length.code} "
        "AND candle_time >= span.first AND candle_time < span.until"
        for model in (Candle, CandleArchive)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT span.n, bar.* FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) "
            f"WITH ORDINALITY AS span(asset, first, until, n) CROSS JOIN LATERAL ({bars}) AS bar "
            "ORDER BY span.n, bar.candle_time",
            [list(column) for column in zip(*spans, strict=True)],
        )
        out: list[list[tuple[datetime, float, float, float, float]]] = [[] for _ in spans]
        for n, opened, *prices in cursor.fetchall():
            out[n - 1].append((opened.astimezone(UTC), *prices))
    return out


@dataclass(frozen=True, slots=True)
class Quote:
    """A coin's last known price (USD), when its bar closed, and the change in 1, 7 and 30 days, percent."""

    price: float
    closed_at: datetime
    change_24h: float | None
    change_7d: float | None
    change_30d: float | None


def quotes(
    asset_ids: Sequence[int], as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> dict[int, Quote]:
    """The last close of each asset (known at `as_of`) and what it gained; one query, none for no asset.

    A change is null where the bar exactly so many days before is missing.
    """
    if not asset_ids:
        return {}
    limit = timeframe.last_closed(as_of or datetime.now(UTC))
    table = Candle._meta.db_table
    before = " ".join(
        f"LEFT JOIN {table} {name} ON {name}.asset_id = a.id AND {name}.timeframe = %(code)s "
        f"AND {name}.candle_time = last.candle_time - INTERVAL '{days} days'"
        for name, days in (("d", 1), ("w", 7), ("m", 30))
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT a.id, last.candle_time, last.close, d.close, w.close, m.close "
            "FROM unnest(%(ids)s::bigint[]) a(id) CROSS JOIN LATERAL ("
            f"SELECT candle_time, close FROM {table} WHERE asset_id = a.id AND timeframe = %(code)s "
            f"AND candle_time <= %(limit)s ORDER BY candle_time DESC LIMIT 1) last {before}",
            {"ids": list(asset_ids), "code": timeframe.code, "limit": limit},
        )
        rows = cursor.fetchall()
    return {
        asset: Quote(close, timeframe.close_of(opened), *(_change(close, old) for old in olds))
        for asset, opened, close, *olds in rows
    }


def _change(close: float, before: float | None) -> float | None:
    return None if before is None else round(100.0 * (close / before - 1.0), 6)


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of one asset, oldest first: open times and (T,) columns."""

    times: list[datetime]
    columns: dict[str, Floats]


def bars(
    asset: Asset,
    timeframe: Timeframe,
    as_of: datetime,
    most: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Bars:
    """The last `most` bars of an asset that are complete at `as_of`, opened from `since` to `until`.

    One query, a second for the archive where there are fewer.
    """
    last = timeframe.last_closed(as_of)
    limit = last if until is None else min(last, until)
    names = ("candle_time", *BAR_FIELDS)
    rows: list[tuple[Any, ...]] = []
    for model in (Candle, CandleArchive):
        wanted = most - len(rows)
        if wanted <= 0:
            break
        found = model._default_manager.filter(asset=asset, timeframe=timeframe, candle_time__lte=limit)
        found = found if since is None else found.filter(candle_time__gte=since)
        if rows:
            found = found.filter(candle_time__lt=rows[-1][0])
        rows += found.order_by("-candle_time").values_list(*names)[:wanted]
    rows.reverse()
    columns = {
        name: np.asarray([row[place] for row in rows], dtype=np.float64)
        for place, name in enumerate(BAR_FIELDS, start=1)
    }
    return Bars([row[0] for row in rows], columns)

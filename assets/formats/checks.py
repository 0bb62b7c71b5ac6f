"""The rules a candle has to keep, each a mask over a block."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from assets.engine.timeframe import Timeframe
from assets.formats.block import Bools, Floats, Ints, Verdict
from assets.formats.errors import Reason
from assets.formats.grid import close_of
from assets.formats.layouts import PRICES

FIRST_TIME = 1_230_768_000_000_000  # 2009-01-01: the first block was mined two days later
_ROUNDING = 1e-9


def check_prices(verdict: Verdict, prices: Mapping[str, Floats]) -> None:
    """Every price known, above zero, finite, and within low and high."""
    stacked = np.stack([prices[name] for name in PRICES])
    unusable = ~((stacked > 0) & np.isfinite(stacked))
    verdict.refuse(np.asarray(np.isnan(stacked).any(axis=0)), Reason.PRICE_MISSING)
    verdict.refuse(np.asarray(unusable.any(axis=0)), Reason.PRICE)
    open_, high, low, close = stacked
    verdict.refuse(
        (low > np.minimum(open_, close)) | (high < np.maximum(open_, close)),
        Reason.OHLC,
        lambda row: f"open {open_[row]}, high {high[row]}, low {low[row]}, close {close[row]}",
    )


def settle_rounding(prices: dict[str, Floats]) -> None:
    """Widens high and low, in place, by what printing a float may have lost (a billionth), and by no more."""
    top = np.maximum(prices["open"], prices["close"])
    bottom = np.minimum(prices["open"], prices["close"])
    high, low = prices["high"], prices["low"]
    with np.errstate(invalid="ignore"):
        prices["high"] = np.where((high < top) & (high >= top * (1 - _ROUNDING)), top, high)
        prices["low"] = np.where((low > bottom) & (low <= bottom * (1 + _ROUNDING)), bottom, low)


def check_times(verdict: Verdict, opens: Ints, off_grid: Bools, timeframe: Timeframe, now: int) -> None:
    """Bars after 2009 that begin on the clock and were complete at `now` (microseconds)."""
    verdict.refuse(opens < FIRST_TIME, Reason.TIME_RANGE, lambda row: told(opens[row]))
    verdict.refuse(off_grid, Reason.OFF_GRID, lambda _: f"bars of {timeframe}")
    verdict.refuse(close_of(opens, timeframe) > now, Reason.NOT_CLOSED, lambda row: told(opens[row]))


def duplicates(keys: tuple[Ints, ...], values: tuple[Floats, ...], good: Bools) -> tuple[Bools, Bools]:
    """Rows (n,) whose key stands on an earlier good row: those that say the same, and those that do not."""
    rows = np.flatnonzero(good)
    same, other = np.zeros(len(good), dtype=bool), np.zeros(len(good), dtype=bool)
    sorted_rows = rows[np.lexsort([key[rows] for key in keys])]
    fresh = np.ones(len(rows), dtype=bool)
    fresh[1:] = np.any([np.diff(key[sorted_rows]) != 0 for key in keys], axis=0)
    if fresh.all():
        return same, other
    # lexsort is stable, so the first row of a group is the first of the file.
    first = sorted_rows[np.maximum.accumulate(np.where(fresh, np.arange(len(rows)), 0))]
    again, first = sorted_rows[~fresh], first[~fresh]
    equal = np.all(
        [(v[again] == v[first]) | (np.isnan(v[again]) & np.isnan(v[first])) for v in values], axis=0
    )
    same[again[equal]] = True
    other[again[~equal]] = True
    return same, other


def told(micros: int) -> str:
    """A moment for a message."""
    return f"{np.datetime64(int(micros), 'us')}Z"

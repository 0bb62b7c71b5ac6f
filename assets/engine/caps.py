"""What every coin is worth at each close, also where no source says so.

Market caps are sparse: an index weighted by the caps that happen to be known turns silently into
Bitcoin alone. So the gaps are filled in two steps, both from a fixed window, and every filled cell
says that it was filled.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numba import njit

from assets.engine.panel import Bools, Floats, Panel
from assets.engine.universe import UniverseParams, liquidity
from assets.engine.universe import lookback as universe_lookback


@dataclass(frozen=True, slots=True)
class CapParams:
    """`carry_days`: how long a supply stays known; coins needed for a relation, and for a mere ratio."""

    carry_days: int = 400
    least_for_relation: int = 20
    least_for_ratio: int = 3
    steepest: float = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Caps:
    """Market caps with their standing.

    `value` (T, N): USD, or where `in_usd` (T,) is False only weights (the coins' median volumes); NaN
    where nothing is known. `estimated` (T, N): True where the value came from volume, not from a
    supply. `coverage` (T,): share of the day's value, pegged coins aside, that is not estimated.
    """

    value: Floats
    estimated: Bools
    in_usd: Bools
    coverage: Floats


def lookback(panel: Panel, params: CapParams | None = None) -> int:
    """Rows before the first result that make it independent of where the panel starts."""
    params = params or CapParams()
    return max(panel.timeframe.bars(timedelta(days=params.carry_days)), universe_lookback(panel))


def estimate(panel: Panel, params: CapParams | None = None, volumes: UniverseParams | None = None) -> Caps:
    """Market cap of every coin that has a close, from the best that was known then.

    In order: the cap itself; the last implied supply (cap / close) of at most `carry_days` ago times
    the close; the day's own relation ln cap = a + b ln volume over the coins that have both (slope by
    Theil and Sen, 0 <= b <= `steepest`, intercept the median residual; with fewer than
    `least_for_relation` coins b = 1). With fewer than `least_for_ratio`, and coins that need it, the
    day's values are the median volumes of all coins. Pegged coins turn over many times their worth, so
    they take part in no relation and are never estimated from one.
    """
    params = params or CapParams()
    carry = panel.timeframe.bars(timedelta(days=params.carry_days))
    known = _from_supply(panel.market_cap, panel.close, carry)
    volume = np.where(np.isfinite(panel.close) & ~panel.is_stable, liquidity(panel, volumes), np.nan)
    volume = np.where(volume > 0, volume, np.nan)
    usable = np.where(panel.is_stable, np.nan, known)
    slope, level = _relation(
        _log(volume), _log(usable), params.least_for_ratio, params.least_for_relation, params.steepest
    )
    in_usd = np.isfinite(level) | ~np.any(np.isfinite(volume) & np.isnan(known), axis=1)
    guessed = np.exp(level[:, None] + slope[:, None] * _log(volume))
    guessed = np.where(in_usd[:, None], guessed, volume)
    estimated = np.isfinite(guessed) & (~np.isfinite(known) | ~in_usd[:, None])
    value = np.where(estimated, guessed, np.where(in_usd[:, None] | panel.is_stable, known, np.nan))
    return Caps(value, estimated, in_usd, _coverage(value, estimated, panel.is_stable))


def _coverage(value: Floats, estimated: Bools, is_stable: Bools) -> Floats:
    worth = np.where(np.isfinite(value) & ~is_stable, value, 0.0)
    whole = worth.sum(axis=1)
    sure = np.where(estimated, 0.0, worth).sum(axis=1)
    share = np.divide(sure, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return np.asarray(share, dtype=np.float64)


def _log(x: Floats) -> Floats:
    return np.log(x, out=np.full(x.shape, np.nan), where=x > 0)


@njit(cache=True, nogil=True)
def _from_supply(cap: Floats, close: Floats, carry: int) -> Floats:
    rows, cols = close.shape
    out = np.full((rows, cols), np.nan)
    supply = np.full(cols, np.nan)
    since = np.zeros(cols, dtype=np.int64)
    for t in range(rows):
        for n in range(cols):
            price = close[t, n]
            if cap[t, n] > 0 and price > 0:
                supply[n] = cap[t, n] / price
                since[n] = t
                out[t, n] = cap[t, n]
            elif price > 0 and t - since[n] < carry:
                out[t, n] = supply[n] * price
    return out


@njit(cache=True, nogil=True)
def _relation(
    x: Floats, y: Floats, least_ratio: int, least_relation: int, steepest: float
) -> tuple[Floats, Floats]:
    """Slope and intercept of y on x in each row, robust against a third of wrong cells; NaN: too few."""
    rows, cols = x.shape
    slope = np.full(rows, np.nan)
    level = np.full(rows, np.nan)
    slopes = np.empty(cols * (cols - 1) // 2 + 1)
    for t in range(rows):
        seen = np.flatnonzero(np.isfinite(x[t]) & np.isfinite(y[t]))
        if len(seen) < least_ratio:
            continue
        slope[t] = 1.0
        if len(seen) >= least_relation:
            count = 0
            for i in range(len(seen)):
                for j in range(i):
                    run = x[t, seen[i]] - x[t, seen[j]]
                    if run != 0.0:
                        slopes[count] = (y[t, seen[i]] - y[t, seen[j]]) / run
                        count += 1
            if count > 0:
                slope[t] = min(max(np.median(slopes[:count]), 0.0), steepest)
        level[t] = np.median(y[t, seen] - slope[t] * x[t, seen])
    return slope, level

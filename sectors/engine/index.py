"""Sector indices: what the members, as they were known a bar before, did together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from assets.engine import caps, rolling
from assets.engine.panel import Bools, Floats, Ints, Panel
from assets.engine.universe import universe
from sectors.engine.membership import Membership
from sectors.engine.params import Params


@dataclass(frozen=True, slots=True, eq=False)
class SectorIndex:
    """Sectors as series. (T, S) unless noted; NaN where a sector has no member that can be weighed.

    `returns` simple return of the bar; `market` (T,) that of the whole universe; `spread` (T,) the mean
    return of the sectors that are not cash. `members` living members at the close, `effective` how many
    equal ones they amount to (1: one coin is the sector). `cap` USD; `dominance` in [0, 1] of all coins
    that count; `volume` USD of the last 24 hours; `breadth` share of members above their 50-day mean.
    """

    returns: Floats
    market: Floats
    spread: Floats
    members: Ints
    effective: Floats
    cap: Floats
    dominance: Floats
    volume: Floats
    breadth: Floats
    eligible: Bools
    caps: caps.Caps


def build(panel: Panel, membership: Membership, params: Params) -> SectorIndex:
    """Indices of all rows; row t uses the members and caps of row t-1 for its return."""
    worth = caps.estimate(panel, params.caps, params.universe)
    eligible = _eligible(panel, membership, params)
    calm = rolling.median(worth.value, params.bars(panel.timeframe, params.calm_cap_days), 1)
    weigh = np.where(eligible & np.isfinite(worth.value), calm, 0.0)
    before = np.vstack([np.zeros((1, weigh.shape[1])), weigh[:-1]])
    # A price of 0 is a fault, not a loss of everything, which would have no logarithm.
    priced = np.where(panel.close > 0, panel.close, np.nan)
    gains = np.minimum(rolling.change(priced, 1), params.steepest_gain)
    returns = _weighted(gains, before, membership.weights)
    everyone = (~panel.is_stable).astype(np.float64)[:, None]
    members, effective = _members(weigh, membership.weights)
    return SectorIndex(
        returns=returns,
        market=_weighted(gains, before, everyone)[:, 0],
        spread=_mean_of(returns, membership.risky),
        members=members,
        effective=effective,
        eligible=eligible,
        caps=worth,
        breadth=_breadth(panel, eligible, membership.weights, params),
        **_sizes(panel, worth, eligible, membership.weights, params),
    )


def _eligible(panel: Panel, membership: Membership, params: Params) -> Bools:
    """Coins that count at each close: the universe, and living pegged coins that have a sector."""
    pegged = panel.is_stable & (membership.weights[:, membership.stable] > 0).any(axis=1)
    return universe(panel, params.universe) | (np.isfinite(panel.close) & pegged)


def _sizes(
    panel: Panel, worth: caps.Caps, eligible: Bools, weights: Floats, params: Params
) -> dict[str, Floats]:
    day = params.bars(panel.timeframe, 1)
    usd = np.where(eligible & worth.in_usd[:, None], worth.value, np.nan)
    gap = params.bars(panel.timeframe, params.gap_days)
    # A bar that no source delivered takes no worth away.
    usd = rolling.last_known(usd, gap)
    cap = _sum(usd, weights)
    whole = _sum(usd, np.ones((len(weights), 1)))
    turnover = _sum(np.where(eligible, rolling.total(panel.volume, day, 1), np.nan), weights)
    return {"cap": cap, "dominance": cap / whole, "volume": turnover}


def _breadth(panel: Panel, eligible: Bools, weights: Floats, params: Params) -> Floats:
    span = params.bars(panel.timeframe, params.breadth_days)
    average = rolling.mean(panel.close, span, params.least(span))
    known = eligible & np.isfinite(average)
    above = np.where(known, (panel.close > average).astype(np.float64), np.nan)
    return _sum(above, weights) / _sum(np.where(known, 1.0, np.nan), weights)


def _mean_of(values: Floats, columns: Bools) -> Floats:
    chosen = np.where(columns, values, np.nan)
    count = np.isfinite(chosen).sum(axis=1)
    whole = _sum(chosen, np.ones((values.shape[1], 1)))[:, 0]
    mean = np.divide(whole, count, out=np.full(len(values), np.nan), where=count > 0)
    return np.asarray(mean, dtype=np.float64)


@njit(cache=True, nogil=True)
def _sum(values: Floats, weights: Floats) -> Floats:
    """Sum over coins of weight times value, in the order of the columns; NaN where no member has a value."""
    rows, cols = values.shape
    sectors = weights.shape[1]
    out = np.full((rows, sectors), np.nan)
    for t in range(rows):
        for s in range(sectors):
            total = 0.0
            count = 0
            for n in range(cols):
                if weights[n, s] > 0.0 and not np.isnan(values[t, n]):
                    total += weights[n, s] * values[t, n]
                    count += 1
            if count > 0:
                out[t, s] = total
    return out


@njit(cache=True, nogil=True)
def _weighted(gains: Floats, sizes: Floats, weights: Floats) -> Floats:
    """Mean gain weighted by size and membership; a coin without a price now is left out."""
    rows, cols = gains.shape
    sectors = weights.shape[1]
    out = np.full((rows, sectors), np.nan)
    for t in range(rows):
        for s in range(sectors):
            total = 0.0
            mass = 0.0
            for n in range(cols):
                size = weights[n, s] * sizes[t, n]
                if size > 0.0 and not np.isnan(gains[t, n]):
                    total += size * gains[t, n]
                    mass += size
            if mass > 0.0:
                out[t, s] = total / mass
    return out


@njit(cache=True, nogil=True)
def _members(sizes: Floats, weights: Floats) -> tuple[Ints, Floats]:
    """Number of members and 1 / sum of squared weights."""
    rows, cols = sizes.shape
    sectors = weights.shape[1]
    count = np.zeros((rows, sectors), dtype=np.int64)
    effective = np.full((rows, sectors), np.nan)
    for t in range(rows):
        for s in range(sectors):
            total = 0.0
            squares = 0.0
            for n in range(cols):
                size = weights[n, s] * sizes[t, n]
                if size > 0.0:
                    count[t, s] += 1
                    total += size
                    squares += size * size
            if squares > 0.0:
                effective[t, s] = total * total / squares
    return count, effective

"""The market as one asset: cap-weighted return of the coins that could be bought, as it was known then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numba import njit

from assets.engine import rolling
from assets.engine.panel import Bools, Floats, Ints, Panel
from assets.engine.universe import liquidity, universe
from assets.engine.universe import lookback as universe_lookback

#: One bar of one coin counts between these bounds; beyond lies a bad print more often than a market.
RETURN_FLOOR, RETURN_CEILING = -0.95, 1.0
#: A higher close ratio joins two coins, or two units of one coin, under one ticker: no return is taken.
SPLICE_RATIO = 10.0
#: A slope of log cap on log volume outside this range tells of an odd sample, not of the market.
SLOPE_LOW, SLOPE_HIGH = 0.5, 1.5


@dataclass(frozen=True, slots=True)
class MarketParams:
    """How weights are found where market caps are missing (days; coins)."""

    supply_days: int = 400
    least_known: int = 10


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """The index and what it is made of, by row (T,) unless said otherwise; NaN where not known.

    `market_return` and `btc_return` are simple returns, close to close. `members` counts the coins
    behind the return, `cap_coverage` is the share of their weight that rests on a reported cap.
    `members_mask` (T, N) is the universe at the row's close, `cap` (T, N) the USD capitalisation,
    implied by the last reported supply where `cap_known` (T, N), else estimated from volume.
    `leader` (T,) is the column behind `btc_*`: BTC, or where the panel has no BTC the coin with the
    largest cap at that close (-1: none); `leader_is_btc` says which.
    """

    market_return: Floats
    btc_return: Floats
    btc_close: Floats
    members: Floats
    cap_coverage: Floats
    members_mask: Bools
    cap: Floats
    cap_known: Bools
    leader: Ints
    leader_is_btc: bool


def lookback(panel: Panel, params: MarketParams) -> int:
    """Rows before the first result that make it independent of where the panel starts."""
    return max(panel.timeframe.bars(timedelta(days=params.supply_days)), universe_lookback(panel)) + 1


def market(panel: Panel, params: MarketParams) -> Market:
    """Weights from what was known at the previous close, applied to this row's returns.

    Weight = implied supply (last reported cap / close, carried at most `supply_days`) x close, else
    the estimate of `estimated_caps`. Members are the universe of the previous row that have a close
    now; a coin that stops trading drops out at its last close. A row without members (no volumes
    reported, as before 2014) takes the leader's return alone, with `members` 0 to say so.
    """
    members_mask = universe(panel)
    known = implied_caps(panel, params)
    cap = np.where(np.isfinite(known), known, estimated_caps(panel, known, members_mask, params))
    returns = clipped_returns(panel.close)
    leader, is_btc = _leader(panel, cap, members_mask)
    btc_return = at_leader(returns, leader)
    index_return, members, coverage = _index(returns, cap, np.isfinite(known), members_mask)
    alone = np.isnan(index_return)
    return Market(
        market_return=np.where(alone, btc_return, index_return),
        btc_return=btc_return,
        btc_close=at_leader(panel.close, leader),
        members=members,
        cap_coverage=coverage,
        members_mask=members_mask,
        cap=cap,
        cap_known=np.isfinite(known),
        leader=leader,
        leader_is_btc=is_btc,
    )


def clipped_returns(close: Floats) -> Floats:
    """Simple returns (T, N) bounded to [-0.95, 1]; ratios above 10 are splices and NaN.

    A fall of any size is kept (bounded): coins do die in a day, and leaving that out would flatter.
    """
    raw = rolling.change(close, 1)
    bounded = np.clip(raw, RETURN_FLOOR, RETURN_CEILING)
    return np.where(raw + 1.0 > SPLICE_RATIO, np.nan, bounded)


def implied_caps(panel: Panel, params: MarketParams) -> Floats:
    """Last reported supply x close (T, N); the supply is forgotten after `supply_days` or at a splice."""
    supply = np.divide(
        panel.market_cap,
        panel.close,
        out=np.full(panel.shape, np.nan),
        where=(panel.close > 0) & (panel.market_cap > 0),
    )
    ratio = rolling.change(panel.close, 1) + 1.0
    splice = (ratio > SPLICE_RATIO) | (ratio < 1.0 / SPLICE_RATIO)
    span = panel.timeframe.bars(timedelta(days=params.supply_days))
    return rolling.last_known(supply, span, splice) * panel.close


def estimated_caps(panel: Panel, known: Floats, members: Bools, params: MarketParams) -> Floats:
    """Cap of members that report none (T, N), from their median USD volume and that row's other coins.

    With `least_known` coins that have both: Tukey's resistant line of log cap on log volume. With
    fewer: the median ratio of cap to volume. With none: the volume itself, which weights as well but
    is no capitalisation. No estimate exceeds the row's largest known cap.
    """
    volume = liquidity(panel)
    usable = (volume > 0) & members
    log_volume = np.log(volume, out=np.full(panel.shape, np.nan), where=usable)
    log_cap = np.log(known, out=np.full(panel.shape, np.nan), where=usable & (known > 0))
    return _estimate(log_volume, log_cap, params.least_known)


@njit(cache=True, nogil=True)
def _estimate(log_volume: Floats, log_cap: Floats, least: int) -> Floats:
    rows, cols = log_volume.shape
    out = np.full((rows, cols), np.nan)
    for t in range(rows):
        both = np.isfinite(log_cap[t])
        x = log_volume[t][both]
        y = log_cap[t][both]
        slope = 1.0
        intercept = 0.0
        ceiling = np.inf
        if len(x) > 0:
            slope = _resistant_slope(x, y) if len(x) >= least else 1.0
            intercept = np.median(y - slope * x)
            ceiling = y.max()
        for n in range(cols):
            if not np.isnan(log_volume[t, n]):
                out[t, n] = np.exp(min(intercept + slope * log_volume[t, n], ceiling))
    return out


@njit(cache=True, nogil=True)
def _resistant_slope(x: Floats, y: Floats) -> float:
    """Slope between the medians of the outer thirds (Tukey 1977), held within the sensible range."""
    order = np.argsort(x, kind="mergesort")
    third = max(1, len(x) // 3)
    low, high = order[:third], order[len(x) - third :]
    run = np.median(x[high]) - np.median(x[low])
    if run <= 0.0:
        return 1.0
    slope = (np.median(y[high]) - np.median(y[low])) / run
    return min(max(slope, SLOPE_LOW), SLOPE_HIGH)


@njit(cache=True, nogil=True)
def _index(returns: Floats, cap: Floats, known: Bools, members: Bools) -> tuple[Floats, Floats, Floats]:
    """Sums in the order of columns, so that coins without weight change no digit."""
    rows, cols = returns.shape
    out = np.full(rows, np.nan)
    count = np.zeros(rows)
    coverage = np.full(rows, np.nan)
    for t in range(1, rows):
        mass = 0.0
        covered = 0.0
        gain = 0.0
        for n in range(cols):
            weight = cap[t - 1, n]
            if members[t - 1, n] and weight > 0.0 and not np.isnan(returns[t, n]):
                mass += weight
                gain += weight * returns[t, n]
                count[t] += 1.0
                if known[t - 1, n]:
                    covered += weight
        if mass > 0.0:
            out[t] = gain / mass
            coverage[t] = covered / mass
    return out, count, coverage


def _leader(panel: Panel, cap: Floats, members: Bools) -> tuple[Ints, bool]:
    if "BTC" in panel.symbols:
        return np.full(panel.shape[0], panel.symbols.index("BTC"), dtype=np.int64), True
    weight = np.where(members & np.isfinite(cap), cap, -1.0)
    if weight.shape[1] == 0:
        return np.full(panel.shape[0], -1, dtype=np.int64), False
    best = np.argmax(weight, axis=1)
    found = weight[np.arange(len(best)), best] > 0
    return np.where(found, best, -1).astype(np.int64), False


def at_leader(values: Floats, leader: Ints) -> Floats:
    """The leader's cell of each row (T,); NaN where there is no leader."""
    if values.shape[1] == 0:
        return np.full(len(leader), np.nan)
    return np.where(leader >= 0, values[np.arange(len(leader)), np.maximum(leader, 0)], np.nan)


def holding_return(panel: Panel, market_: Market) -> Floats:
    """What the index earns from each row's open to the next row's open (T,), weights of the close before.

    For judging strategies only: it looks one open ahead. A missing open is replaced by that coin's
    close before it. The last row is NaN.
    """
    before = rolling.lag(panel.close, 1)
    start = np.where(np.isfinite(panel.open), panel.open, before)
    stop = np.full(panel.shape, np.nan)
    stop[:-1] = start[1:]
    ratio = np.divide(stop, start, out=np.full(panel.shape, np.nan), where=start > 0)
    bounded = np.clip(ratio - 1.0, RETURN_FLOOR, RETURN_CEILING)
    clean = np.where(ratio > SPLICE_RATIO, np.nan, bounded)
    gain, _, _ = _index(clean, market_.cap, market_.cap_known, market_.members_mask)
    return np.where(np.isnan(gain), at_leader(clean, market_.leader), gain)

"""How to spread money over sectors: equal risk, tilted to momentum, capped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from assets.engine.panel import Bools, Floats, Panel
from sectors.engine.index import SectorIndex
from sectors.engine.membership import Membership
from sectors.engine.params import Params
from sectors.engine.strength import Strength


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """Weights (R, S), at least 0, adding up to 1; NaN where nothing can be told.

    `target`: fully invested in the risky sectors. `weights`: the same scaled by the exposure, the rest in
    the pegged sectors. `budget`: the share of risk that each sector was given, NaN where it
    could not be held.
    """

    target: Floats
    weights: Floats
    budget: Floats


def allocate(
    panel: Panel,
    index: SectorIndex,
    strength: Strength,
    membership: Membership,
    exposure: Floats | None,
    first: int,
    params: Params,
) -> Allocation:
    """Allocation of rows `first` on.

    Targets are set at the last opening of `rebalance` (Monday) and held until the next: the grid hangs on
    the calendar, not on the data, and keeps turnover low.
    `exposure` (T,) in [0, 1] comes from the layer above; None or NaN is fully invested.
    """
    count = len(panel.times) - first
    target = np.full((count, len(membership.names)), np.nan)
    budget = np.full_like(target, np.nan)
    solved: dict[int, tuple[Floats, Floats]] = {}
    for i in range(count):
        moment = params.rebalance.open_of(panel.as_of(first + i))
        row = panel.known_at(moment) - 1
        if row not in solved:
            solved[row] = _solution(row, index, strength, membership.risky, panel, params)
        target[i], budget[i] = solved[row]
    return Allocation(target, _with_cash(target, exposure, membership, first), budget)


def risk_budget(momentum: Floats, tilt: float) -> Floats:
    """Shares of risk: equal where `tilt` is 0, else in proportion to exp(tilt * momentum)."""
    raw = np.exp(tilt * momentum)
    return np.asarray(raw / raw.sum(), dtype=np.float64)


def capped(weights: Floats, largest: float) -> Floats:
    """Weights (S,) that add up to 1, none above `largest`: what is cut goes to the others in proportion.

    Raises ValueError where the cap leaves no room for a sum of 1.
    """
    if largest * len(weights) < 1.0 - 1e-12:
        raise ValueError(f"{len(weights)} sectors of at most {largest} cannot add up to 1")
    out = np.maximum(weights, 0.0)
    out = out / out.sum() if out.sum() > 0 else np.full(len(weights), 1.0 / len(weights))
    full = np.zeros(len(weights), dtype=np.bool_)
    while (out > largest + 1e-12).any():
        full |= out > largest
        room = 1.0 - largest * full.sum()
        free = out[~full]
        share = free / free.sum() if free.sum() > 0 else np.full(len(free), 1.0 / max(len(free), 1))
        out[full], out[~full] = largest, room * share
    return out


def _solution(
    row: int, index: SectorIndex, strength: Strength, risky: Bools, panel: Panel, params: Params
) -> tuple[Floats, Floats]:
    weights = np.full(len(risky), np.nan)
    budget = np.full(len(risky), np.nan)
    span = params.bars(panel.timeframe, params.allocation_days)
    if row + 1 < span:
        return weights, budget
    window = index.returns[row + 1 - span : row + 1]
    known = np.isfinite(window).sum(axis=0) >= params.least(span)
    usable = risky & known & np.isfinite(window[-1]) & np.isfinite(strength.momentum[row])
    chosen = np.flatnonzero(usable)
    if len(chosen) == 0:
        return weights, budget
    shares = risk_budget(strength.momentum[row, chosen], params.tilt)
    largest = max(params.largest_weight, 1.0 / len(chosen))
    weights[risky] = 0.0
    weights[chosen] = _solve(np.nan_to_num(window[:, chosen]), shares, largest, params.shrink)
    budget[chosen] = shares
    return weights, budget


def risk_parity(covariance: Floats, shares: Floats) -> Floats:
    """Long-only weights (S,) whose parts of the portfolio's variance are `shares`, by coordinate descent.

    Each step solves one weight exactly: w_i = (-c_i + sqrt(c_i^2 + 4 v_i b_i)) / (2 v_i), c_i the covariance
    with the rest (Griveau-Billion, Richard and Roncalli 2013, "A fast algorithm for computing
    high-dimensional risk parity portfolios"); the problem is convex, the fixed point unique. Nine
    sectors take microseconds in a fixed order of arithmetic, a general solver tens of milliseconds.
    """
    return _descend(np.ascontiguousarray(covariance), np.ascontiguousarray(shares), 500, 1e-12)


@njit(cache=True, nogil=True)
def _descend(covariance: Floats, shares: Floats, rounds: int, tolerance: float) -> Floats:
    size = len(shares)
    out = np.empty(size)
    for i in range(size):
        out[i] = shares[i] / np.sqrt(covariance[i, i])
    for _ in range(rounds):
        moved = 0.0
        for i in range(size):
            rest = 0.0
            for j in range(size):
                if j != i:
                    rest += covariance[i, j] * out[j]
            own = covariance[i, i]
            new = (-rest + np.sqrt(rest * rest + 4.0 * own * shares[i])) / (2.0 * own)
            moved = max(moved, abs(new - out[i]) / new)
            out[i] = new
        if moved < tolerance:
            break
    total = 0.0
    for i in range(size):
        total += out[i]
    return out / total


@njit(cache=True, nogil=True)
def _covariance(x: Floats, shrink: float) -> Floats:
    """Covariance of the columns of x (T, S), summed row by row, off the diagonal shrunk towards 0."""
    rows, cols = x.shape
    out = np.zeros((cols, cols))
    mean = np.zeros(cols)
    for t in range(rows):
        for i in range(cols):
            mean[i] += x[t, i] / rows
    for t in range(rows):
        for i in range(cols):
            for j in range(cols):
                out[i, j] += (x[t, i] - mean[i]) * (x[t, j] - mean[j]) / rows
    for i in range(cols):
        for j in range(cols):
            if i != j:
                out[i, j] *= 1.0 - shrink
    return out


def _solve(returns: Floats, shares: Floats, largest: float, shrink: float) -> Floats:
    count = len(shares)
    covariance = _covariance(np.ascontiguousarray(returns), shrink)
    if largest * count <= 1.0 + 1e-9 or not (np.diag(covariance) > 0).all():
        return np.full(count, 1.0 / count)
    return capped(risk_parity(covariance, shares), largest)


def _with_cash(target: Floats, exposure: Floats | None, membership: Membership, first: int) -> Floats:
    """Scale by the exposure and put the rest, in equal parts, into the pegged sectors."""
    cash = membership.stable
    share = np.ones(len(target))
    if exposure is not None and cash.any():
        share = np.clip(np.nan_to_num(exposure[first:], nan=1.0), 0.0, 1.0)
    told = np.asarray(np.isfinite(target).any(axis=1))
    weights = np.where(membership.risky, target * share[:, None], 0.0)
    if cash.any():
        weights = np.where(cash, ((1.0 - share) / cash.sum())[:, None], weights)
    return np.where(told[:, None], weights, np.nan)

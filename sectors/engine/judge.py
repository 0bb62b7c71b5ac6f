"""How good the layer was: forecasts against what came, the allocation against equal weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.engine.panel import Bools, Floats

BINS = 10


@dataclass(frozen=True, slots=True)
class ForecastReport:
    """Probabilities against outcomes: `skill` is 1 - Brier / Brier of the rival; `error` the mean distance of
    forecast and frequency over ten equal bins of probability, weighted by their counts."""

    count: int
    frequency: float
    brier: float
    rival_brier: float
    skill: float
    error: float


@dataclass(frozen=True, slots=True)
class MoneyReport:
    """A series of returns after costs: a year's `sharpe` (no riskless rate), whole `gain` and worst
    `drawdown` as fractions, `turnover` a year (1: everything sold and bought once)."""

    bars: int
    sharpe: float
    gain: float
    drawdown: float
    turnover: float


@dataclass(frozen=True, slots=True)
class AllocationReport:
    """The allocation, equal weight over the same sectors and bars, and the difference of Sharpe ratios."""

    own: MoneyReport
    equal: MoneyReport
    sharpe_gain: float


def judge_forecast(chance: Floats, rival: Floats, outcome: Floats) -> ForecastReport:
    """Compare on entries where all three are known; arrays of one shape. NaN figures where there are none."""
    known = np.isfinite(chance) & np.isfinite(rival) & np.isfinite(outcome)
    p, b, y = chance[known], rival[known], outcome[known]
    if len(p) == 0:
        return ForecastReport(0, np.nan, np.nan, np.nan, np.nan, np.nan)
    brier, rival_brier = float(((p - y) ** 2).mean()), float(((b - y) ** 2).mean())
    skill = 1.0 - brier / rival_brier if rival_brier > 0 else np.nan
    place = np.minimum((p * BINS).astype(np.int64), BINS - 1)
    filled = [place == k for k in range(BINS) if (place == k).any()]
    error = sum(float(abs(p[k].sum() - y[k].sum())) for k in filled) / len(p)
    return ForecastReport(len(p), float(y.mean()), brier, rival_brier, skill, error)


def judge_allocation(
    target: Floats,
    choice: Bools,
    returns: Floats,
    bars_per_year: float,
    cost: float = 0.001,
    delay: int = 0,
) -> AllocationReport:
    """Sector weights (R, S), known at each close, on the sectors' returns (R, S) of the bars that follow.

    `choice` (R, S) are the sectors that could be held: equal weight holds them all, rebalanced on the bars
    on which the target changes. `cost` is paid on every unit of weight that changes hands, `delay` is how
    many bars later orders are filled. Bars without a target are left out.
    """
    held, equal, told = _rivals(target, choice)
    moves = _moves(held)
    own, traded = _strategy(held, told, moves, returns, cost, delay)
    rival, rival_traded = _strategy(equal, told, moves, returns, cost, delay)
    first, second = _money(own, traded, bars_per_year), _money(rival, rival_traded, bars_per_year)
    return AllocationReport(first, second, first.sharpe - second.sharpe)


def strategy(
    target: Floats, choice: Bools, returns: Floats, cost: float = 0.001, delay: int = 0
) -> tuple[Floats, Floats]:
    """Net returns by bar (R,) of the target and of equal weight, as in `judge_allocation`.

    Row t holds what was earned in bar t; NaN where nothing was held.
    """
    held, equal, told = _rivals(target, choice)
    moves = _moves(held)
    own, _ = _strategy(held, told, moves, returns, cost, delay)
    rival, _ = _strategy(equal, told, moves, returns, cost, delay)
    return own, rival


def _rivals(target: Floats, choice: Bools) -> tuple[Floats, Floats, Bools]:
    """Weights of the target and of equal weight (R, S), and the rows on which both are known (R,)."""
    weights = np.nan_to_num(target)
    count = choice.sum(axis=1, keepdims=True)
    equal = np.divide(choice, count, out=np.zeros(target.shape), where=count > 0)
    return weights, equal, (weights.sum(axis=1) > 0) & (count[:, 0] > 0)


def _moves(weights: Floats) -> Bools:
    moves = np.ones(len(weights), dtype=np.bool_)
    moves[1:] = np.any(weights[1:] != weights[:-1], axis=1)
    return moves


def _strategy(
    target: Floats, told: Bools, moves: Bools, returns: Floats, cost: float, delay: int
) -> tuple[Floats, float]:
    """Net return of each bar (R,), NaN where nothing was held, and all that was bought in units of wealth."""
    held = np.zeros(target.shape[1])
    gains = np.full(len(target), np.nan)
    traded = 0.0
    # A loop over rows: what is held drifts with the returns, so each bar needs the one before.
    for t in range(delay, len(target) - 1):
        if not told[t - delay]:
            continue
        change = 0.0
        if moves[t - delay] or not held.any():
            change = float(np.abs(target[t - delay] - held).sum())
            held = target[t - delay].copy()
        grown = held * (1.0 + np.nan_to_num(returns[t + 1]))
        gains[t + 1] = float(grown.sum() / held.sum() - 1.0 - cost * change)
        held = grown / grown.sum()
        traded += change / 2.0
    return gains, traded


def _money(series: Floats, traded: float, bars_per_year: float) -> MoneyReport:
    gains = series[np.isfinite(series)]
    if len(gains) < 2 or gains.std() == 0:
        return MoneyReport(len(gains), np.nan, np.nan, np.nan, np.nan)
    wealth = np.concatenate([[1.0], np.cumprod(1.0 + gains)])
    drawdown = float((1.0 - wealth / np.maximum.accumulate(wealth)).max())
    sharpe = float(gains.mean() / gains.std() * np.sqrt(bars_per_year))
    return MoneyReport(
        len(gains), sharpe, float(wealth[-1] - 1.0), drawdown, traded * bars_per_year / len(gains)
    )

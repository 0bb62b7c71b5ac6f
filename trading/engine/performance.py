"""What trades and portfolios earned, in the figures people compare them by.

Ratios of a series of returns come from empyrical, 0 as the rate without risk. Every figure that cannot be
computed is None: too few cases, or nothing to divide by.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import empyrical
import numpy as np

from assets.engine.panel import Bools, Floats, Ints

DRAWS = 1000
SEED = 20180101
Z = 1.96
LEAST_BLOCKS = 2
LEAST_RETURNS = 20


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % block-bootstrap interval; None where it cannot be said."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class TradeFigures:
    """Of closed trades: how many reached their target, and what they paid after costs.

    `success_rate` with Wilson's interval; `average_return` on the value of the fill, `expectancy_r` in
    multiples of the planned risk; `profit_factor` gains / losses.
    """

    cases: int
    successes: int
    success_rate: Estimate
    average_return: Estimate
    expectancy_r: Estimate
    profit_factor: Estimate
    average_win_r: float | None
    average_loss_r: float | None


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall of a worth: as a share of its peak, from when, to when, and when it was made good."""

    depth: float
    peak_at: datetime
    trough_at: datetime
    recovered_at: datetime | None


@dataclass(frozen=True, slots=True)
class CurveFigures:
    """Of a portfolio's worth at every close; rates are a year's."""

    total_return: float
    annual_return: float | None
    volatility: float | None
    sharpe: Estimate
    sortino: float | None
    calmar: float | None
    drawdown: Drawdown | None
    exposure: float | None
    turnover: float | None


def trade_figures(hit: Bools, net: Floats, return_r: Floats, bars: Ints, block: int) -> TradeFigures:
    """Figures of closed trades (K,): whether the target was reached, net returns, net R, bar of the signal.

    Intervals draw blocks of `block` bars: trades of one time share one market.
    """
    cases = len(return_r)
    gains, losses = return_r[return_r > 0], return_r[return_r <= 0]
    return TradeFigures(
        cases=cases,
        successes=int(hit.sum()),
        success_rate=wilson(int(hit.sum()), cases),
        average_return=estimate(net, bars, block, np.mean),
        expectancy_r=estimate(return_r, bars, block, np.mean),
        profit_factor=estimate(return_r, bars, block, profit_factor),
        average_win_r=known(gains.mean()) if len(gains) else None,
        average_loss_r=known(losses.mean()) if len(losses) else None,
    )


def profit_factor(return_r: Floats) -> float:
    """Sum of gains / sum of losses; NaN without losses."""
    lost = float(-return_r[return_r < 0].sum())
    return float(return_r[return_r > 0].sum()) / lost if lost > 0 else float("nan")


def wilson(hits: int, cases: int) -> Estimate:
    """A share with Wilson's (1927) 95 % interval."""
    if not cases:
        return Estimate(None, None, None)
    share, spread = hits / cases, Z * Z / cases
    centre = (share + spread / 2) / (1 + spread)
    half = Z * math.sqrt((share * (1 - share) + spread / 4) / cases) / (1 + spread)
    return Estimate(share, max(centre - half, 0.0), min(centre + half, 1.0))


def estimate(
    values: Floats, bars: Ints, block: int, statistic: Callable[[Floats], Any], draws: int = DRAWS
) -> Estimate:
    """`statistic` of `values` (K,), and its interval from drawing blocks of `block` bars with replacement."""
    if not len(values):
        return Estimate(None, None, None)
    _, owner = np.unique(bars // block, return_inverse=True)
    groups = [values[owner == g] for g in range(int(owner.max()) + 1)]
    centre = known(statistic(values))
    if len(groups) < LEAST_BLOCKS:
        return Estimate(centre, None, None)
    picks = np.random.default_rng(SEED).integers(len(groups), size=(draws, len(groups)))
    drawn = np.array([statistic(np.concatenate([groups[g] for g in pick])) for pick in picks])
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < draws // 2:
        return Estimate(centre, None, None)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Estimate(centre, float(low), float(high))


def returns_of(equity: Floats) -> Floats:
    """Returns (T,) from close to close of a worth that was 1 before its first close."""
    before = np.concatenate(([1.0], equity[:-1]))
    return np.divide(equity, before, out=np.ones_like(equity), where=before > 0) - 1.0


def curve_figures(
    equity: Floats,
    times: list[datetime],
    bars_per_year: float,
    block: int,
    invested: Floats | None = None,
    traded: Floats | None = None,
) -> CurveFigures:
    """Figures of the worth `equity` (T,) at the moments `times`, 1 before the first."""
    returns = returns_of(equity)
    few = len(returns) < LEAST_RETURNS
    year = {"annualization": bars_per_year}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        annual = known(empyrical.annual_return(returns, **year))
        volatility = known(empyrical.annual_volatility(returns, **year))
        sortino = known(empyrical.sortino_ratio(returns, **year))
        calmar = known(empyrical.calmar_ratio(returns, **year))
    rows = np.arange(len(returns))
    ratio = estimate(returns, rows, block, lambda some: _sharpe(some, bars_per_year))
    return CurveFigures(
        total_return=float(equity[-1] - 1.0) if len(equity) else 0.0,
        annual_return=None if few else annual,
        volatility=None if few else volatility,
        sharpe=Estimate(None, None, None) if few else ratio,
        sortino=None if few else sortino,
        calmar=None if few else calmar,
        drawdown=deepest(equity, times),
        exposure=known(invested.mean()) if invested is not None and len(invested) else None,
        turnover=known(traded.sum() * bars_per_year / len(traded))
        if traded is not None and len(traded)
        else None,
    )


def sharpe(returns: Floats, bars_per_year: float) -> float:
    """Annual Sharpe ratio; NaN for a series that does not move."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(empyrical.sharpe_ratio(returns, annualization=bars_per_year))


def _sharpe(returns: Floats, bars_per_year: float) -> float:
    """The same in two passes: the bootstrap asks for it a thousand times."""
    spread = returns.std(ddof=1) if len(returns) > 1 else 0.0
    return float(returns.mean() / spread * math.sqrt(bars_per_year)) if spread > 0 else float("nan")


def deepest(equity: Floats, times: list[datetime]) -> Drawdown | None:
    """The maximum drawdown with its dates; None where the worth never fell."""
    if not len(equity):
        return None
    peak = np.maximum.accumulate(equity)
    fall = equity / np.maximum(peak, 1e-300) - 1.0
    trough = int(np.argmin(fall))
    if fall[trough] >= 0.0:
        return None
    top = int(np.argmax(equity[: trough + 1]))
    later = np.flatnonzero(equity[trough:] >= equity[top])
    back = times[trough + int(later[0])] if len(later) else None
    return Drawdown(float(-fall[trough]), times[top], times[trough], back)


def known(value: Any) -> float | None:
    """The number, or None for NaN and infinity."""
    return float(value) if value is not None and math.isfinite(value) else None

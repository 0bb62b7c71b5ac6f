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
from functools import lru_cache
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
        average_return=mean_of(net, bars, block),
        expectancy_r=mean_of(return_r, bars, block),
        profit_factor=estimate((np.maximum(return_r, 0.0), np.maximum(-return_r, 0.0)), bars, block, ratio),
        average_win_r=known(gains.mean()) if len(gains) else None,
        average_loss_r=known(losses.mean()) if len(losses) else None,
    )


def wilson(hits: int, cases: int) -> Estimate:
    """A share with Wilson's (1927) 95 % interval."""
    if not cases:
        return Estimate(None, None, None)
    share, spread = hits / cases, Z * Z / cases
    centre = (share + spread / 2) / (1 + spread)
    half = Z * math.sqrt((share * (1 - share) + spread / 4) / cases) / (1 + spread)
    return Estimate(share, max(centre - half, 0.0), min(centre + half, 1.0))


def estimate(
    parts: tuple[Floats, ...],
    bars: Ints,
    block: int,
    statistic: Callable[[Floats], Floats],
    draws: int = DRAWS,
) -> Estimate:
    """A figure that follows from sums over the cases, with its interval.

    `parts` are what is summed, (K,) each; `statistic` makes the figure (...) of the sums (P, ...). The
    interval draws blocks of `block` bars with replacement.
    """
    if not len(bars):
        return Estimate(None, None, None)
    owner = bars // block
    owner = owner - owner.min()
    there = np.bincount(owner) > 0
    sums = np.stack([np.bincount(owner, part)[there] for part in parts])
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = known(statistic(sums.sum(axis=1)))
        groups = sums.shape[1]
        if groups < LEAST_BLOCKS:
            return Estimate(centre, None, None)
        drawn = statistic(sums @ resamples(groups, draws))
    drawn = drawn[np.isfinite(drawn)]
    if len(drawn) < draws // 2:
        return Estimate(centre, None, None)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return Estimate(centre, float(low), float(high))


@lru_cache(maxsize=32)
def resamples(groups: int, draws: int) -> Floats:
    """How often each of `groups` blocks (G, P) is drawn in each of `draws` resamples with replacement.

    They depend on the number of blocks alone, so figures of the same time share them.
    """
    picks = np.random.default_rng(SEED).integers(groups, size=(draws, groups))
    flat = picks + groups * np.arange(draws)[:, None]
    counts = np.bincount(flat.ravel(), minlength=draws * groups).reshape(draws, groups)
    drawn = np.ascontiguousarray(counts.T, dtype=np.float64)
    drawn.setflags(write=False)
    return drawn


def ratio(sums: Floats) -> Floats:
    """The first sum by the second: a mean where the second counts, a profit factor where it is the losses."""
    return np.asarray(sums[0] / sums[1], dtype=np.float64)


def mean_of(values: Floats, bars: Ints, block: int) -> Estimate:
    """Mean of `values` (K,) with its interval."""
    return estimate((values, np.ones(len(values))), bars, block, ratio)


def sharpe_of(returns: Floats, bars_per_year: float, block: int) -> Estimate:
    """Annual Sharpe ratio of `returns` (T,) with its interval."""

    def statistic(sums: Floats) -> Floats:
        count, total, squares = sums
        spread = np.sqrt((squares - total**2 / count) / (count - 1.0))
        return np.asarray(total / count / spread * math.sqrt(bars_per_year), dtype=np.float64)

    rows = np.arange(len(returns))
    return estimate((np.ones(len(returns)), returns, returns**2), rows, block, statistic)


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
    return CurveFigures(
        total_return=float(equity[-1] - 1.0) if len(equity) else 0.0,
        annual_return=None if few else annual,
        volatility=None if few else volatility,
        sharpe=Estimate(None, None, None) if few else sharpe_of(returns, bars_per_year, block),
        sortino=None if few else sortino,
        calmar=None if few else calmar,
        drawdown=deepest(equity, times),
        exposure=known(invested.mean()) if invested is not None and len(invested) else None,
        turnover=_yearly(traded, bars_per_year),
    )


def _yearly(traded: Floats | None, bars_per_year: float) -> float | None:
    return None if traded is None or not len(traded) else float(traded.mean() * bars_per_year)


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

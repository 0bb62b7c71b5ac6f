"""Returns after costs by bar: Sharpe ratio, drawdown, growth, beside a rival on the same bars."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aimodels.engine import bootstrap
from aimodels.engine.bootstrap import NOTHING, Measured
from assets.engine.panel import Floats


@dataclass(frozen=True, slots=True)
class Money:
    """A strategy and its rival: annual Sharpe ratios (no riskless rate), worst drawdowns (positive
    shares), the
    differences of Sharpe, the ratio of drawdowns; each with its 95 % interval."""

    bars: int
    sharpe: Measured
    rival_sharpe: Measured
    sharpe_gain: Measured
    drawdown: Measured
    rival_drawdown: Measured
    drawdown_share: Measured
    calmar: Measured
    rival_calmar: Measured


def judge(own: Floats, rival: Floats, bars_per_year: float, block: int) -> Money:
    """Judge simple returns by bar (R,) of a strategy and its rival; bars where either is NaN are left out."""
    both = np.isfinite(own) & np.isfinite(rival)
    own, rival = own[both], rival[both]
    if len(own) < 2:
        return Money(len(own), *[NOTHING] * 8)
    index = np.concatenate([np.arange(len(own))[None, :], bootstrap.paths(len(own), block)])
    year = np.sqrt(bars_per_year)
    first, second = _sharpe(own[index]) * year, _sharpe(rival[index]) * year
    fall, other = drawdown(own[index]), drawdown(rival[index])
    with np.errstate(invalid="ignore", divide="ignore"):
        calm = _growth(own[index], bars_per_year) / fall
        rival_calm = _growth(rival[index], bars_per_year) / other
        share = fall / other
    return Money(
        len(own),
        *map(_measured, (first, second, first - second, fall, other, share, calm, rival_calm)),
    )


def drawdown(returns: Floats) -> Floats:
    """Worst fall (D,) from a high of the wealth that returns (D, R) make of 1, as a positive share."""
    wealth = np.cumprod(1.0 + returns, axis=1)
    high = np.maximum(np.maximum.accumulate(wealth, axis=1), 1.0)
    return np.asarray((1.0 - wealth / high).max(axis=1), dtype=np.float64)


def _measured(drawn: Floats) -> Measured:
    return Measured(float(drawn[0]), *bootstrap.interval(drawn[1:]))


def _sharpe(returns: Floats) -> Floats:
    spread = returns.std(axis=1)
    told = spread > 0
    ratio = np.divide(returns.mean(axis=1), spread, out=np.full(len(returns), np.nan), where=told)
    return np.asarray(ratio, dtype=np.float64)


def _growth(returns: Floats, bars_per_year: float) -> Floats:
    wealth = np.maximum((1.0 + returns).prod(axis=1), 0.0)
    return np.asarray(wealth ** (bars_per_year / returns.shape[1]) - 1.0, dtype=np.float64)

"""What a portfolio risks, from the daily returns that its holdings of today would have had. Losses
positive."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from assets.engine.panel import Floats

LEVEL = 0.95
LEAST_DAYS = 60


@dataclass(frozen=True, slots=True)
class Tail:
    """Loss of a day as a share of the portfolio: exceeded on one day in twenty, and the mean beyond it."""

    value_at_risk: float
    expected_shortfall: float


def portfolio_returns(weights: Floats, returns: Floats) -> Floats:
    """Return (D,) of the portfolio on each day on which all coins traded; `returns` (T, N), `weights` (N,).

    Weights are shares of the whole portfolio: cash, which earns nothing, is what they lack to 1.
    """
    known = returns[np.isfinite(returns).all(axis=1)]
    return np.asarray(known @ weights, dtype=np.float64)


def tail(returns: Floats, level: float = LEVEL, least: int = LEAST_DAYS) -> Tail | None:
    """Historical value at risk and expected shortfall of a day; None under `least` days.

    The worst ceil((1 - level) D) of D days: their best is the value at risk, their mean the shortfall
    (Acerbi and Tasche 2002, for whole days). Neither is below 0.
    """
    if len(returns) < least:
        return None
    count = math.ceil(round((1.0 - level) * len(returns), 9))
    worst = np.sort(returns)[:count]
    return Tail(max(0.0, -float(worst[-1])), max(0.0, -float(worst.mean())))


def beta(returns: Floats, market: Floats, least: int = LEAST_DAYS) -> float | None:
    """Covariance with the market over its variance, (D,) and (D,); None under `least` days known of both."""
    both = np.isfinite(returns) & np.isfinite(market)
    if int(both.sum()) < least:
        return None
    own, theirs = returns[both], market[both]
    spread = float(theirs.var())
    if spread <= 0.0:
        return None
    return float(((own - own.mean()) * (theirs - theirs.mean())).mean()) / spread


def concentration(weights: Floats) -> float | None:
    """Herfindahl's index of the holdings (cash left out): 1 for one holding, 1/N for N equal ones."""
    size = float(np.abs(weights).sum())
    return float(((np.abs(weights) / size) ** 2).sum()) if size > 0.0 else None

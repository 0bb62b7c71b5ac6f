"""Weights that spread the risk by the coins' scores, within a person's limits (skfolio's risk budgeting)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.engine.panel import Bools, Floats

LEAST_DAYS = 120
LEAST_TRADE = 0.01  # a smaller change of weight is not worth its costs


@dataclass(frozen=True, slots=True)
class Caps:
    """Shares of the portfolio: what layer 1 advises to invest, and the most in one coin and one sector."""

    exposure: float
    asset: float
    sector: float


class NoProposal(ValueError):
    """No weights can be proposed; the message says why."""


def usable(returns: Floats, least: int = LEAST_DAYS) -> Bools:
    """Which coins (N,) traded on each of the last `least` days of `returns` (T, N)."""
    if len(returns) < least:
        return np.zeros(returns.shape[1], dtype=np.bool_)
    return np.asarray(np.isfinite(returns[-least:]).all(axis=0))


def investable(sectors: tuple[str, ...], caps: Caps) -> float:
    """The share that can be invested: the advised exposure, as far as the caps leave room for it."""
    room = 0.0
    for sector in set(sectors):
        most = sectors.count(sector) * caps.asset
        room += min(most, caps.sector) if sector else most
    return min(caps.exposure, room, 1.0)


def propose(returns: Floats, sectors: tuple[str, ...], scores: Floats, caps: Caps) -> Floats:
    """Weights (N,) of the whole portfolio; the rest is cash.

    `returns` (T, N) of days on which all coins traded; each coin's share of the variance is proportional to
    its score in (0, 1]; the covariance is shrunk (Ledoit and Wolf 2004). Raises NoProposal.
    """
    invested = investable(sectors, caps)
    if not len(sectors) or invested <= 0.0:
        return np.zeros(len(sectors))
    known = returns[np.isfinite(returns).all(axis=1)]
    if len(known) < LEAST_DAYS:
        raise NoProposal(f"{len(known)} days on which all coins traded are known; {LEAST_DAYS} are needed")
    if len(sectors) == 1:
        return np.array([invested])
    return invested * _solve(known, sectors, scores, caps, invested)


def _solve(known: Floats, sectors: tuple[str, ...], scores: Floats, caps: Caps, invested: float) -> Floats:
    """Weights that add up to 1 of what is invested."""
    # Two seconds to import, and only a worker needs it.
    from skfolio.moments import LedoitWolf
    from skfolio.optimization import RiskBudgeting
    from skfolio.prior import EmpiricalPrior

    groups = [sector or f"none {n}" for n, sector in enumerate(sectors)]
    names = {group: f"g{n}" for n, group in enumerate(sorted(set(groups)))}
    budget = np.maximum(scores, 0.05)
    model = RiskBudgeting(
        risk_budget=budget / budget.sum(),
        max_weights=min(1.0, caps.asset / invested),
        groups=[[names[group] for group in groups]],
        linear_constraints=[
            f"{names[group]} <= {min(1.0, caps.sector / invested):.12f}"
            for group in names
            if not group.startswith("none ")
        ],
        prior_estimator=EmpiricalPrior(covariance_estimator=LedoitWolf()),
    )
    try:
        model.fit(known)
    except Exception as error:  # the solver's own kinds of failure are many and not documented
        raise NoProposal(f"the solver found no weights within the limits: {error}") from error
    weights = np.asarray(model.weights_, dtype=np.float64)
    if not np.isfinite(weights).all():
        raise NoProposal("the solver found no weights within the limits")
    return np.clip(weights, 0.0, None)


def volatility(weights: Floats, returns: Floats, days_a_year: float) -> float | None:
    """A year's standard deviation of the portfolio's daily returns; None under two days."""
    known = returns[np.isfinite(returns).all(axis=1)]
    return float((known @ weights).std(ddof=1) * np.sqrt(days_a_year)) if len(known) > 1 else None

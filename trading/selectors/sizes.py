"""How much to put behind a signal: three ways to reckon it, and what the limits let pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_DOWN, Decimal

import numpy as np
from django.utils.translation import gettext as _

from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from trading.engine import limits, paper, sizing
from trading.engine.limits import Check, Plan
from trading.models import RiskProfile, TradingSignal
from trading.selectors.quotes import sign_of
from trading.selectors.standing import BROKER, Standing, limits_of

VOLATILITY_DAYS = 90
LEAST_RETURNS = 30
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Size:
    """One way to size: USD and share of the portfolio, both None with the reason where it cannot be
    reckoned."""

    method: str
    size: Decimal | None
    share: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sizing:
    """What each way says; `largest` passes every limit, `recommended` is the smallest of all of these."""

    equity: Decimal
    price: Decimal
    loss_share: Decimal
    ways: tuple[Size, ...]
    largest: Decimal
    recommended: Decimal


def plan_of(signal: TradingSignal, standing: Standing, price: Decimal) -> Plan:
    """The trade as the limits weigh it. Raises ValueError where the price is beyond the stop."""
    sign = sign_of(signal)
    behind, behind_risk = standing.behind(signal.pk)
    return Plan(
        asset=signal.asset_id,
        sector=signal.asset.sector_name,
        sign=sign,
        loss=limits.loss_share(price, signal.stop_loss, sign, BROKER.side),
        cost=BROKER.side,
        behind=behind,
        behind_risk=behind_risk,
    )


def checks(
    signal: TradingSignal, standing: Standing, profile: RiskProfile, price: Decimal, size: Decimal
) -> list[Check]:
    """Every limit on a trade of `size` USD at `price`."""
    return limits.check(limits_of(profile), standing.state(), plan_of(signal, standing, price), size)


def sizes(
    signal: TradingSignal, standing: Standing, profile: RiskProfile, price: Decimal, now: datetime
) -> Sizing:
    """Sizes by fixed fraction, volatility target and capped Kelly, entering at `price` and what slips."""
    price = paper.slipped(price, sign_of(signal), BROKER)
    plan = plan_of(signal, standing, price)
    equity = max(standing.equity, Decimal(0))
    largest = limits.largest(limits.check(limits_of(profile), standing.state(), plan, CENT))
    ways = (
        _fixed(profile, plan, equity),
        _volatility(signal, profile, equity, now),
        _kelly(signal, profile, price, equity),
    )
    known = [way.size for way in ways if way.size is not None]
    return Sizing(equity, price, plan.loss, ways, largest, min([largest, *known]))


def _fixed(profile: RiskProfile, plan: Plan, equity: Decimal) -> Size:
    share = sizing.fixed_fraction(profile.risk_per_trade, np.array(float(plan.loss)))
    return _size("fixed_fraction", float(share), equity)


def _volatility(signal: TradingSignal, profile: RiskProfile, equity: Decimal, now: datetime) -> Size:
    panel = assets.load_panel(Timeframe.DAY, now, VOLATILITY_DAYS + 1, [signal.asset_id])
    steps = np.diff(np.log(panel.close[:, 0])) if panel.shape[1] else np.array([])
    steps = steps[np.isfinite(steps)]
    if len(steps) < LEAST_RETURNS:
        reason = _("only %(days)d daily returns are known; %(least)d are needed")
        return Size("volatility_target", None, None, reason % {"days": len(steps), "least": LEAST_RETURNS})
    volatility = np.array(steps.std(ddof=1) * np.sqrt(Timeframe.DAY.bars_per_year))
    if volatility <= 0.0:
        return Size("volatility_target", None, None, _("the price has not moved"))
    return _size(
        "volatility_target", float(sizing.volatility_target(profile.target_volatility, volatility)), equity
    )


def _kelly(signal: TradingSignal, profile: RiskProfile, price: Decimal, equity: Decimal) -> Size:
    levels = (float(price), float(signal.target_price), float(signal.stop_loss))
    try:
        win, loss, unit = sizing.odds(*levels, float(sign_of(signal)), float(BROKER.side))
    except ValueError:
        return Size("kelly", None, None, _("the price is at the target"))
    if win <= 0.0:
        return _size("kelly", 0.0, equity, _("the target does not pay for the costs"))
    risked = sizing.kelly(
        np.array(signal.confidence_score),
        np.array(win),
        np.array(loss),
        fraction=profile.kelly_fraction,
        most=profile.max_portfolio_risk,
    )
    share = min(float(risked) / unit, 1.0)
    return _size("kelly", share, equity, "" if share else _("the odds do not pay at this price"))


def _size(method: str, share: float, equity: Decimal, reason: str = "") -> Size:
    size = (equity * Decimal(repr(share))).quantize(CENT, rounding=ROUND_DOWN)
    return Size(method, size, share, reason)

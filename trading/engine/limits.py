"""What a trade may cost: every limit of a person's risk profile as a largest size, in exact decimals of USD.

Each rule is linear in the size, so the size at which it is reached is known, and a refusal can name it. Sizes
are USD of the position at its entry; a trade's risk is what it loses at its stop, both fees included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Context, Decimal
from enum import StrEnum

ZERO = Decimal(0)
CENT = Decimal("0.01")
_EXACT = Context(prec=60)


class Rule(StrEnum):
    """What a trade can fail on; the order is that in which they are told."""

    OPPOSITE = "opposite_holding"
    DAILY_LOSS = "daily_loss"
    POSITION_SIZE = "position_size"
    POSITION_SHARE = "position_share"
    TRADE_RISK = "trade_risk"
    OPEN_RISK = "open_risk"
    ASSET_EXPOSURE = "asset_exposure"
    SECTOR_EXPOSURE = "sector_exposure"
    REGIME = "regime_exposure"
    CASH = "cash"


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one person: `position_size` in USD, the others as shares of the portfolio's value.

    `regime_exposure` is the share that layer 1 advises to have in the market; None: not asked or not known.
    """

    position_size: Decimal
    position_share: Decimal
    trade_risk: Decimal
    open_risk: Decimal
    asset_exposure: Decimal
    sector_exposure: Decimal
    daily_loss: Decimal
    regime_exposure: Decimal | None = None


@dataclass(frozen=True, slots=True)
class State:
    """How a portfolio stands, in USD.

    `equity` with cash; `free` to pay with (what is owed for shorts is tied twice: proceeds and cover);
    `longs` all long exposure; `held` signed value by asset id; `sectors` absolute value by name; `open_risk`
    lost if every open stop is hit; `day_pnl` since midnight UTC, of `day_open` then.
    """

    equity: Decimal
    free: Decimal
    longs: Decimal = ZERO
    held: Mapping[int, Decimal] = field(default_factory=dict)
    sectors: Mapping[str, Decimal] = field(default_factory=dict)
    open_risk: Decimal = ZERO
    day_pnl: Decimal = ZERO
    day_open: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Plan:
    """A trade to be weighed: `sign` +1 long, -1 short; `loss` lost at the stop for each USD of size,
    `cost` paid
    to enter for each; what is behind the same signal already: `behind` USD, and `behind_risk` at its stop."""

    asset: int
    sector: str
    sign: int
    loss: Decimal
    cost: Decimal
    behind: Decimal = ZERO
    behind_risk: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: the `limit` in USD, the `value` the trade would bring, and the largest size it lets pass."""

    rule: Rule
    limit: Decimal
    value: Decimal
    largest: Decimal

    @property
    def passed(self) -> bool:
        return self.value <= self.limit


def loss_share(price: Decimal, stop: Decimal, sign: int, side_cost: Decimal) -> Decimal:
    """What a position entered at `price` loses at `stop` for each USD of size, fees of both sides included.

    Raises ValueError where the price is beyond the stop.
    """
    distance = sign * (price - stop)
    if distance <= 0:
        raise ValueError(f"the price {price} is beyond the stop {stop}")
    return _EXACT.divide(distance + side_cost * (price + stop), price)


def check(limits: Limits, state: State, plan: Plan, size: Decimal) -> list[Check]:
    """Every rule on a trade of `size` USD; the largest size that passes all is `largest` of them."""
    worth = max(state.equity, ZERO)
    held = state.held.get(plan.asset, ZERO)
    checks = [
        _gate(Rule.OPPOSITE, ZERO, max(-plan.sign * held, ZERO)),
        _gate(Rule.DAILY_LOSS, _share(limits.daily_loss, state.day_open), max(-state.day_pnl, ZERO)),
        _linear(Rule.POSITION_SIZE, limits.position_size, plan.behind, size),
        _linear(Rule.POSITION_SHARE, _share(limits.position_share, worth), plan.behind, size),
        _linear(Rule.TRADE_RISK, _share(limits.trade_risk, worth), plan.behind_risk, size, plan.loss),
        _linear(Rule.OPEN_RISK, _share(limits.open_risk, worth), state.open_risk, size, plan.loss),
        _linear(Rule.ASSET_EXPOSURE, _share(limits.asset_exposure, worth), abs(held), size),
    ]
    if plan.sector:
        used = state.sectors.get(plan.sector, ZERO)
        checks.append(_linear(Rule.SECTOR_EXPOSURE, _share(limits.sector_exposure, worth), used, size))
    if limits.regime_exposure is not None and plan.sign > 0:
        checks.append(_linear(Rule.REGIME, _share(limits.regime_exposure, worth), state.longs, size))
    checks.append(_linear(Rule.CASH, max(state.free, ZERO), ZERO, size, 1 + plan.cost))
    return checks


def largest(checks: list[Check]) -> Decimal:
    """The largest size in whole cents that passes all of them."""
    return min(entry.largest for entry in checks)


def _share(share: Decimal, of: Decimal) -> Decimal:
    return _EXACT.multiply(share, of)


def _linear(rule: Rule, limit: Decimal, used: Decimal, size: Decimal, each: Decimal = Decimal(1)) -> Check:
    room = max(_EXACT.divide(limit - used, each), ZERO)
    whole = room.quantize(CENT, rounding=ROUND_DOWN, context=_EXACT)
    return Check(rule, limit, _EXACT.fma(size, each, used), whole)


def _gate(rule: Rule, limit: Decimal, value: Decimal) -> Check:
    """A rule that no size can mend."""
    return Check(rule, limit, value, ZERO if value > limit else Decimal("1e12"))

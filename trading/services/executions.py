"""Executing a signal: on paper by our broker, or as the person reports it, within their limits."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import ActivityType, User
from accounts.services import record
from assets.selectors import LastPrice
from cryptopredict.common.encoding import encode
from selection import selectors as selection
from selection import services as selection_services
from selection.models import PortfolioTrade, Side, TradeSource
from trading import selectors
from trading.engine import limits, paper
from trading.engine.limits import Check
from trading.models import (
    ExecutionStatus,
    ExecutionType,
    RiskProfile,
    SignalExecution,
    TradingSignal,
    Venue,
)
from trading.selectors import BROKER, Sizing, Standing
from trading.services import orders
from trading.services.announcements import tell_owner
from trading.services.orders import Order, ReportedFill
from trading.services.profiles import lock, profile_of
from trading.services.refusals import Refused, plain, refuse
from trading.words import RULES

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Executed:
    """The execution, and whether it had been made by an earlier request with the same key."""

    execution: SignalExecution
    is_replay: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """An order as it would be filled now: under the locks it is a deed, without them a preview."""

    order: Order
    standing: Standing
    price: LastPrice | None
    size: Decimal
    fill: paper.Fill | None
    checks: list[Check]

    @property
    def broken(self) -> list[Check]:
        return [check for check in self.checks if not check.passed]


def execute(
    *,
    signal: TradingSignal,
    user: User,
    now: datetime,
    position_size: Decimal | None = None,
    portfolio_percentage: Decimal | None = None,
    execution_type: str = ExecutionType.MANUAL,
    risk_confirmation: bool = False,
    idempotency_key: str = "",
    venue: str = Venue.PAPER,
    fill: ReportedFill | None = None,
) -> Executed:
    """Open a position on `signal`: on paper at the last price known at `now`, live as `fill` reports it.

    The size is `position_size` USD or else `portfolio_percentage` of the portfolio. One decision a person
    at a time: the limits are checked and the trade is booked under the lock of their risk profile. A fill
    that is reported has happened: it is recorded also where it breaks limits, and says which. The same key
    with the same order is the same execution. The first execution opens the account. Raises Refused; then
    nothing has been written.
    """
    order = orders.checked(
        signal=signal,
        position_size=position_size,
        portfolio_percentage=portfolio_percentage,
        execution_type=execution_type,
        risk_confirmation=risk_confirmation,
        venue=venue,
        fill=fill,
    )
    key = idempotency_key or uuid.uuid4().hex
    digest = hashlib.sha256(encode({"signal": signal.pk, **order.told()})).hexdigest()
    with transaction.atomic():
        current = _held_still(signal)
        profile = lock(user)
        known = SignalExecution.objects.filter(user=user, idempotency_key=key).first()
        if known is not None:
            return Executed(_same(known, digest, key), is_replay=True)
        offer = weigh(signal=current, user=user, profile=profile, order=order, now=now)
        _require_limits(offer)
        made = _book(offer, current, user, key, digest, now)
    return Executed(made, is_replay=False)


def weigh(*, signal: TradingSignal, user: User, profile: RiskProfile, order: Order, now: datetime) -> Offer:
    """What `order` would get at `now`, and every limit on it. Raises Refused where it cannot be filled
    at all."""
    at = order.fill.executed_at if order.fill is not None else now
    _require_none(selectors.closed_to_entry(signal, at))
    price = selectors.quote(signal, now)
    if order.fill is None:
        _require_none(selectors.out_of_reach(signal, price, now))
    standing = selectors.standing(selection.account_of(user, order.venue), now)
    size = orders.size_of(order, standing)
    got = orders.reported(order.fill, signal, price, now) if order.fill else _from_paper(signal, price, size)
    entry = got.price if got is not None else price.price if price is not None else signal.entry_price
    weighed = got.value if order.fill is not None and got is not None else size
    checks = _checks(signal, standing, profile, entry, weighed)
    return Offer(order, standing, price, weighed, got, checks)


def preview(*, signal: TradingSignal, user: User, now: datetime, **order: Any) -> dict[str, Any]:
    """What executing would get, cost and lose, and every limit on it; nothing is written. Raises Refused.

    Takes what `execute` takes; with neither size nor percentage the recommended size is looked at.
    """
    profile = profile_of(user)
    if (
        order.get("fill") is None
        and order.get("position_size") is None
        and order.get("portfolio_percentage") is None
    ):
        recommended = sizing(signal=signal, user=user, now=now).recommended
        order["position_size"] = max(recommended, orders.LEAST_SIZE)
    whole = {
        "position_size": None,
        "portfolio_percentage": None,
        "execution_type": ExecutionType.MANUAL,
        "venue": Venue.PAPER,
        "fill": None,
        **order,
    }
    wanted = orders.checked(signal=signal, risk_confirmation=True, **whole)
    offer = weigh(signal=signal, user=user, profile=profile, order=wanted, now=now)
    got, equity = offer.fill, offer.standing.equity
    assert got is not None
    sign = selectors.sign_of(signal)
    lost = got.value * limits.loss_share(got.price, signal.stop_loss, sign, BROKER.side)
    won = paper.leave(BROKER, signal.target_price, got.quantity, sign)
    return {
        "is_allowed": not offer.broken,
        "price": got.price,
        "priced_at": offer.price.closed_at if offer.price else None,
        "size": offer.size,
        "filled_size": got.value,
        "quantity": got.quantity,
        "fees": got.fees,
        "is_partial": got.is_partial,
        "loss_at_stop": lost.quantize(CENT),
        "gain_at_target": (sign * (won.value - got.value) - won.fees - got.fees).quantize(CENT),
        "equity": equity,
        "portfolio_percentage": 100 * float(got.value / equity) if equity > 0 else None,
        "largest_size": limits.largest(offer.checks),
        "checks": offer.checks,
    }


def sizing(*, signal: TradingSignal, user: User, now: datetime) -> Sizing:
    """How much to put behind a signal at the last price known at `now`. Raises Refused where none can be."""
    _require_none(selectors.closed_to_entry(signal, now))
    price = selectors.quote(signal, now)
    _require_none(selectors.out_of_reach(signal, price, now))
    assert price is not None
    standing = selectors.standing(selection.account_of(user, Venue.PAPER), now)
    return selectors.sizes(signal, standing, profile_of(user), price.price, now)


def _checks(
    signal: TradingSignal, standing: Standing, profile: RiskProfile, entry: Decimal, size: Decimal
) -> list[Check]:
    try:
        return selectors.checks(signal, standing, profile, entry, size)
    except ValueError:
        raise refuse(
            "state",
            "price",
            entry,
            _("lies beyond the signal's stop once slippage is paid; there is no loss to reckon with"),
            _("Wait for a new signal."),
        ) from None


def _held_still(signal: TradingSignal) -> TradingSignal:
    """The signal as it is now; that it ends has to wait until this is booked. Others may execute it too."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT 1 FROM {TradingSignal._meta.db_table} WHERE id = %s FOR SHARE", [signal.pk])
    return TradingSignal.objects.select_related("asset").get(pk=signal.pk)


def _same(known: SignalExecution, digest: str, key: str) -> SignalExecution:
    if known.request_digest != digest:
        raise refuse(
            "reused",
            "Idempotency-Key",
            key,
            _("belongs to another request of yours, number %d") % known.pk,
            _("Send a new key for a new request."),
        )
    return known


def _require_none(obstacle: selectors.Obstacle | None) -> None:
    if obstacle is not None:
        raise refuse("state", obstacle.field, obstacle.value, obstacle.rule, obstacle.mend)


def _from_paper(signal: TradingSignal, price: LastPrice | None, size: Decimal) -> paper.Fill:
    assert price is not None  # out_of_reach has refused otherwise
    turnover = price.turnover if price.turnover > 0 else None
    got = paper.enter(BROKER, price.price, size, selectors.sign_of(signal), turnover)
    if got is None:
        rule = _("buys less than the smallest part of a coin")
        raise refuse("invalid", "position_size", size, rule, _("Choose a larger size."))
    return got


def _require_limits(offer: Offer) -> None:
    if offer.order.fill is None and offer.broken:
        raise Refused("limit", faults_of(offer))


def faults_of(offer: Offer) -> list[dict[str, Any]]:
    """The limits that an order breaks: rule, limit and value in USD, and the largest size that passes all."""
    most = plain(limits.largest(offer.checks))
    return [
        {
            "field": "position_size",
            "value": plain(offer.size),
            "rule": str(RULES[check.rule][0]),
            "mend": str(RULES[check.rule][1]),
            "name": check.rule.value,
            "limit": plain(round(check.limit, 8)),
            "would_be": plain(round(check.value, 8)),
            "largest_size": most,
        }
        for check in offer.broken
    ]


def _book(
    offer: Offer, signal: TradingSignal, user: User, key: str, digest: str, now: datetime
) -> SignalExecution:
    got, order, standing = offer.fill, offer.order, offer.standing
    assert got is not None
    at = order.fill.executed_at if order.fill is not None else now
    share = 100 * float(got.value / standing.equity) if standing.equity > 0 else None
    made = SignalExecution.objects.create(
        signal=signal,
        user=user,
        portfolio=selection_services.open_portfolio(user=user, venue=order.venue, now=now),
        idempotency_key=key,
        request_digest=digest,
        venue=order.venue,
        execution_type=order.execution_type,
        status=ExecutionStatus.PARTIALLY_FILLED if got.is_partial else ExecutionStatus.FILLED,
        execution_price=got.price,
        position_size=offer.size,
        filled_size=got.value,
        quantity=got.quantity,
        fees=got.fees,
        portfolio_percentage=share if share is not None and share <= 100 else None,
        execution_details=_details(offer),
        executed_at=at,
    )
    side = Side.BUY if selectors.sign_of(signal) > 0 else Side.SELL
    settle(made, side)
    record(
        user=user,
        activity_type=ActivityType.EXECUTE_TRADE,
        entity_type="execution",
        entity_id=made.pk,
        details={"signal": signal.pk, "symbol": signal.asset.symbol, "venue": made.venue},
    )
    tell_owner([made])
    return made


def settle(execution: SignalExecution, side: str) -> None:
    """Book the coins and the money of one execution."""
    trade = PortfolioTrade(
        asset_id=execution.signal.asset_id,
        side=side,
        quantity=execution.quantity,
        price=execution.execution_price,
        fees=execution.fees,
        source=TradeSource.EXECUTION,
        reference=f"execution:{execution.pk}",
        executed_at=execution.executed_at,
    )
    assert execution.portfolio is not None
    selection_services.book(portfolio=execution.portfolio, trades=[trade])


def _details(offer: Offer) -> dict[str, Any]:
    """What the figures rest on, so that the fill can be explained later."""
    got, price = offer.fill, offer.price
    assert got is not None
    details: dict[str, Any] = {"equity": str(offer.standing.equity)}
    if offer.order.fill is None:
        assert price is not None
        details |= {
            "quoted_price": str(price.price),
            "price_from": {"timeframe": price.timeframe.value, "closed_at": price.closed_at.isoformat()},
            "fee_share": str(BROKER.fee),
            "slippage_share": str(BROKER.slippage),
        }
        if price.turnover <= 0:
            details["volume"] = "the bar's volume is not known; the whole was filled"
        elif got.is_partial:
            details["volume"] = f"at most {BROKER.participation} of the bar's {price.turnover} USD is filled"
    elif offer.broken:
        details["broken_limits"] = [check.rule.value for check in offer.broken]
    return details

"""What a person asks for when they execute a signal, checked before anything is looked up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from django.utils.translation import gettext as _

from assets.selectors import LastPrice
from selection.engine.lots import product
from trading import selectors
from trading.engine.paper import Fill
from trading.models import ExecutionType, TradingSignal, Venue
from trading.selectors import Standing
from trading.services.refusals import refuse

LEAST_SIZE = Decimal(1)
MOST_SIZE = Decimal(10) ** 12
FARTHEST = 2  # a reported price may be so many times the last one, or that part of it
CENT = Decimal("0.01")
CLOCKS = timedelta(minutes=1)  # so far two clocks may differ


@dataclass(frozen=True, slots=True)
class ReportedFill:
    """What a person's own broker did: coins, USD a coin, the fee in USD, and when."""

    quantity: Decimal
    price: Decimal
    executed_at: datetime
    fees: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Order:
    """A request in order; exactly one of size, percentage and fill decides how much."""

    venue: str
    execution_type: str
    position_size: Decimal | None
    portfolio_percentage: Decimal | None
    fill: ReportedFill | None

    def told(self) -> dict[str, Any]:
        """The same in words, for the digest that tells one request from another."""
        fill = self.fill
        return {
            "venue": str(self.venue),
            "type": str(self.execution_type),
            "size": _text(self.position_size),
            "percentage": _text(self.portfolio_percentage),
            "fill": fill
            and [_text(fill.quantity), _text(fill.price), _text(fill.fees), fill.executed_at.isoformat()],
        }


def checked(
    *,
    signal: TradingSignal,
    position_size: Decimal | None,
    portfolio_percentage: Decimal | None,
    execution_type: str,
    risk_confirmation: bool,
    venue: str,
    fill: ReportedFill | None,
) -> Order:
    """The order, or Refused naming what is wrong with it. A size goes before a percentage."""
    if risk_confirmation is not True:
        rule = _("has to be true: whoever executes confirms that this money may be lost")
        raise refuse("invalid", "risk_confirmation", risk_confirmation, rule, _("Send true."))
    if execution_type not in ExecutionType.values:
        rule = _("is not a way to execute")
        raise refuse("invalid", "execution_type", execution_type, rule, _("Send manual or automatic."))
    if venue not in (Venue.PAPER, Venue.LIVE):
        rule = _("is not an account that executes")
        raise refuse("invalid", "venue", venue, rule, _("Send paper or live."))
    _check_fill(signal, venue, fill)
    if fill is None:
        _check_size(position_size, portfolio_percentage)
    return Order(venue, execution_type, position_size, portfolio_percentage, fill)


def _check_size(size: Decimal | None, percentage: Decimal | None) -> None:
    if size is None and percentage is None:
        rule = _("is missing, and so is portfolio_percentage")
        raise refuse("invalid", "position_size", None, rule, _("Send one of the two."))
    if size is not None and not (size.is_finite() and LEAST_SIZE <= size <= MOST_SIZE):
        rule = _("must lie between 1 and a thousand billion USD")
        raise refuse("invalid", "position_size", size, rule, _("Send USD, such as 250."))
    if percentage is not None and not (percentage.is_finite() and 0 < percentage <= 100):
        rule = _("must lie above 0 and at most at 100")
        raise refuse("invalid", "portfolio_percentage", percentage, rule, _("Send a percentage, such as 5."))


def _check_fill(signal: TradingSignal, venue: str, fill: ReportedFill | None) -> None:
    if venue == Venue.LIVE and fill is None:
        rule = _("is missing; orders are not placed for you")
        raise refuse("invalid", "fill", None, rule, _("Send the quantity, price and time of your own fill."))
    if fill is None:
        return
    if venue == Venue.PAPER:
        rule = _("is for the live account; on paper our broker fills")
        raise refuse("invalid", "fill", None, rule, _("Leave it out, or send venue: live."))
    check_figures(fill)
    if fill.executed_at < signal.generated_at:
        rule = _("lies before the signal was issued")
        raise refuse(
            "invalid", "fill.executed_at", fill.executed_at, rule, _("Import earlier trades as a CSV.")
        )


def check_figures(fill: ReportedFill) -> None:
    """Raises Refused where a figure of a reported fill cannot be."""
    for name, value, least in (
        ("fill.quantity", fill.quantity, True),
        ("fill.price", fill.price, True),
        ("fill.fees", fill.fees, False),
    ):
        if not (value.is_finite() and (value > 0 or (value == 0 and not least)) and value < MOST_SIZE):
            rule = _("must be a number above zero and below a thousand billion")
            raise refuse("invalid", name, value, rule, _("Send what your broker's statement says."))


def check_against_market(fill: ReportedFill, price: LastPrice | None, now: datetime) -> None:
    """Raises Refused where a reported fill lies ahead, or its price is out of this world."""
    if fill.executed_at > now + CLOCKS:
        rule = _("lies in the future")
        mend = _("Report a fill when it has happened.")
        raise refuse("invalid", "fill.executed_at", fill.executed_at, rule, mend)
    if price is not None and not price.price / FARTHEST <= fill.price <= price.price * FARTHEST:
        rule = _("is less than half or more than twice the last known price, %s USD")
        mend = _("Check the price; it is USD a coin.")
        raise refuse("invalid", "fill.price", fill.price, rule % price.price.normalize(), mend)


def size_of(order: Order, standing: Standing) -> Decimal:
    """USD that the order asks for. Raises Refused where it is a share of nothing, or too small."""
    if order.fill is not None:
        return product(order.fill.quantity, order.fill.price)
    if order.position_size is not None:
        return order.position_size
    assert order.portfolio_percentage is not None
    size = (max(standing.equity, Decimal(0)) * order.portfolio_percentage / 100).quantize(
        CENT, rounding=ROUND_DOWN
    )
    if size < LEAST_SIZE:
        rule = _("is less than 1 USD of this portfolio")
        mend = _("Send a larger percentage, or put money in.")
        raise refuse("invalid", "portfolio_percentage", order.portfolio_percentage, rule, mend)
    return size


def reported(fill: ReportedFill, signal: TradingSignal, price: LastPrice | None, now: datetime) -> Fill:
    """The fill as it was reported. Raises Refused where it cannot be, or is not this signal's trade."""
    check_against_market(fill, price, now)
    if selectors.sign_of(signal) * (fill.price - signal.stop_loss) <= 0:
        rule = _("lies beyond the signal's stop; this is not the signal's trade")
        raise refuse("invalid", "fill.price", fill.price, rule, _("Import the trade as a CSV."))
    return Fill(fill.quantity, fill.price, product(fill.quantity, fill.price), fill.fees)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.normalize():f}"

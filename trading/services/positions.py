"""Ending people's positions: with their signal's target, stop or time, or by hand. Each ends once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import ActivityType, User
from accounts.services import record
from assets import selectors as assets
from selection.engine.lots import product
from selection.models import Side
from trading import selectors
from trading.engine import paper
from trading.models import (
    ExecutionStatus,
    ExecutionType,
    ExitReason,
    RiskProfile,
    SignalExecution,
    Venue,
)
from trading.selectors import BROKER
from trading.services import orders
from trading.services.announcements import notify_closed, notify_ended, tell_owner
from trading.services.executions import settle
from trading.services.orders import ReportedFill
from trading.services.profiles import lock
from trading.services.refusals import refuse


@dataclass(frozen=True, slots=True)
class Ending:
    """How a signal ended: at `price` (None: no bar gave one) in the bar from `opened` to `at`."""

    signal_id: int
    outcome: str
    price: Decimal | None
    opened: datetime
    at: datetime
    bar_close: Decimal | None


@transaction.atomic
def close_positions(*, endings: Sequence[Ending], tell: bool = True) -> int:
    """Close every open paper position on signals that have ended; returns how many.

    Of a live one only its owner knows the exit: they are asked to report it. Closed is at the signal's
    exit price. A position that was entered within the very bar that reached the target may
    have come after it: it is closed at that bar's close. Where no bar came any more the coin counts as
    delisted, and the last price known is what it goes for. With `tell` its owners hear of it.
    """
    by_signal = {ending.signal_id: ending for ending in endings}
    waiting = SignalExecution.objects.filter(
        signal__in=list(by_signal), opens=None, closed_at=None, quantity__gt=0
    )
    if tell:
        notify_ended(list(waiting.filter(venue=Venue.LIVE).select_related("signal__asset", "user")))
    waiting = waiting.filter(venue=Venue.PAPER)
    users = list(waiting.order_by("user_id").values_list("user_id", flat=True).distinct())
    if not users:
        return 0
    # In the order of their ids, after the signals: whoever executes takes the same locks in the same order.
    list(
        RiskProfile.objects.select_for_update(no_key=True)
        .filter(user__in=users)
        .order_by("user_id")
        .values("pk")
    )
    rows = list(waiting.select_related("signal__asset", "user", "portfolio").order_by("user_id", "pk"))
    last = _last_prices(rows, by_signal)
    closed = [
        _close(row, *_exit(row, by_signal[row.signal_id], last.get(row.signal.asset_id))) for row in rows
    ]
    if tell:
        tell_owner(closed)
        notify_closed(closed)
    return len(closed)


@transaction.atomic
def exit_position(
    *, execution: SignalExecution, user: User, now: datetime, fill: ReportedFill | None = None
) -> SignalExecution:
    """Close an open position of `user`: on paper at the last price known at `now`, live as `fill` reports it.

    Raises Refused; then nothing has been written.
    """
    lock(user)
    rows = SignalExecution.objects.select_related("signal__asset", "user", "portfolio")
    current = rows.get(pk=execution.pk, user=user)
    if current.opens_id is not None or current.closed_at is not None:
        rule = _("is not an open position")
        raise refuse("state", "execution", current.pk, rule, _("Choose an execution that is still open."))
    price = selectors.quote(current.signal, now)
    if current.venue == Venue.LIVE:
        got = _reported_exit(current, fill, price, now)
        closed = _book(current, got, fill.executed_at if fill else now, ExitReason.MANUAL, {})
    else:
        closed = _close(current, _fresh(price, fill, now), now, ExitReason.MANUAL)
    record(
        user=user,
        activity_type=ActivityType.EXECUTE_TRADE,
        entity_type="execution",
        entity_id=closed.pk,
        action="close",
        details={"signal": current.signal_id, "symbol": current.signal.asset.symbol},
    )
    tell_owner([closed])
    return closed


def _fresh(price: assets.LastPrice | None, fill: ReportedFill | None, now: datetime) -> Decimal:
    if fill is not None:
        rule = _("is for the live account; on paper our broker fills")
        raise refuse("invalid", "fill", None, rule, _("Leave it out."))
    if price is None or price.is_stale(now):
        value = None if price is None else price.closed_at
        rule = _("is too old to trade on; the coin has no candle of its last two bars")
        raise refuse("state", "price", value, rule, _("Import newer candles, or wait until they arrive."))
    return price.price


def _reported_exit(
    position: SignalExecution, fill: ReportedFill | None, price: assets.LastPrice | None, now: datetime
) -> paper.Fill:
    if fill is None:
        rule = _("is missing; orders are not placed for you")
        raise refuse("invalid", "fill", None, rule, _("Send the quantity, price and time of your own fill."))
    orders.check_figures(fill)
    if fill.quantity != position.quantity:
        rule = _("is not the whole position of %s coins") % f"{position.quantity.normalize():f}"
        raise refuse("invalid", "fill.quantity", fill.quantity, rule, _("Import partial sales as a CSV."))
    if fill.executed_at < position.executed_at:
        rule = _("lies before the position was opened")
        raise refuse("invalid", "fill.executed_at", fill.executed_at, rule, _("Correct the time."))
    orders.check_against_market(fill, price, now)
    return paper.Fill(fill.quantity, fill.price, product(fill.quantity, fill.price), fill.fees)


def _last_prices(rows: Sequence[SignalExecution], endings: dict[int, Ending]) -> dict[int, assets.LastPrice]:
    ids = {row.signal.asset_id for row in rows}
    return assets.last_prices(ids, max(endings[row.signal_id].at for row in rows))


def _exit(
    row: SignalExecution, ending: Ending, last: assets.LastPrice | None
) -> tuple[Decimal, datetime, str]:
    at = max(ending.at, row.executed_at)
    quiet = last is None or last.closed_at + 2 * (ending.at - ending.opened) < ending.at
    if ending.price is None or (ending.outcome == ExitReason.TIME and quiet):
        price = ending.price or (last.price if last is not None else row.execution_price)
        assert price is not None
        return price, at, ExitReason.DELISTED
    if ending.outcome == ExitReason.TARGET and row.executed_at > ending.opened and ending.bar_close:
        return ending.bar_close, at, ExitReason.TARGET
    return ending.price, at, ending.outcome


def _close(row: SignalExecution, price: Decimal, at: datetime, reason: str) -> SignalExecution:
    """Book the closing fill of an open position on paper; the whole of it goes, as a stop must."""
    got = paper.leave(BROKER, price, row.quantity, selectors.sign_of(row.signal))
    return _book(row, got, at, reason, _details(price, reason))


def _book(
    row: SignalExecution, got: paper.Fill, at: datetime, reason: str, details: dict[str, Any]
) -> SignalExecution:
    assert row.portfolio is not None
    sign = selectors.sign_of(row.signal)
    closing = SignalExecution.objects.create(
        signal=row.signal,
        user=row.user,
        portfolio=row.portfolio,
        opens=row,
        idempotency_key=f"close:{row.pk}",
        venue=row.venue,
        execution_type=ExecutionType.MANUAL if reason == ExitReason.MANUAL else ExecutionType.AUTOMATIC,
        status=ExecutionStatus.FILLED,
        execution_price=got.price,
        position_size=got.value,
        filled_size=got.value,
        quantity=got.quantity,
        fees=got.fees,
        exit_reason=reason,
        realised_pnl=sign * (got.value - row.filled_size) - got.fees - row.fees,
        execution_details=details,
        executed_at=at,
    )
    SignalExecution.objects.filter(pk=row.pk).update(closed_at=at)
    settle(closing, Side.SELL if sign > 0 else Side.BUY)
    return closing


def _details(price: Decimal, reason: str) -> dict[str, Any]:
    details = {
        "quoted_price": str(price),
        "fee_share": str(BROKER.fee),
        "slippage_share": str(BROKER.slippage),
    }
    if reason == ExitReason.DELISTED:
        details["note"] = "no candle came any more; this is the last price known"
    return details

"""What the pages show of orders and positions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from assets import selectors as assets
from trading.engine.limits import Check, Rule
from trading.models import SignalExecution, TradingSignal
from trading.selectors.quotes import sign_of
from trading.selectors.sizes import Sizing
from trading.words import RULES, WAYS, field_name, rule_name

GATES = (Rule.OPPOSITE, Rule.DAILY_LOSS)


def plainly(value: Decimal | None) -> str:
    """A figure for a field or a sentence: all its digits, no padding, no exponent."""
    return "" if value is None else f"{value.normalize() if value else Decimal(0):f}"


def check_rows(checks: Sequence[Check], size: Decimal) -> list[dict[str, Any]]:
    """Each limit: its name, what it allows, what the order would bring, and the largest size it lets pass.

    `used` is the share of the limit that the order takes; None where the limit is nothing.
    """
    return [
        {
            "rule": check.rule.value,
            "name": rule_name(check.rule),
            "limit": check.limit,
            "value": check.value,
            "used": float(check.value / check.limit) if check.limit > 0 else None,
            "largest": None if check.rule in GATES else check.largest,
            "passed": check.passed,
            "said": "" if check.passed else str(RULES[check.rule][0]),
        }
        for check in checks
    ]


def way_rows(sizing: Sizing) -> list[dict[str, Any]]:
    """Each way to size with its name, what it means, its size and why there is none."""
    return [
        {
            "name": str(WAYS[way.method][0]),
            "meaning": str(WAYS[way.method][1]),
            "size": way.size,
            "plain": plainly(way.size),
            "share": way.share,
            "reason": way.reason,
        }
        for way in sizing.ways
    ]


def fault_rows(faults: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Faults as the page says them: the field by its name, figures where a limit is broken."""
    return [
        {
            **fault,
            "said": field_name(str(fault["field"])),
            "is_limit": "largest_size" in fault,
            "title": rule_name(str(fault["name"])) if "largest_size" in fault else "",
        }
        for fault in faults
    ]


def own_positions(signal: TradingSignal, user: Any) -> list[SignalExecution]:
    """What `user` has open on a signal, oldest first."""
    rows = SignalExecution.objects.filter(
        signal=signal, user=user.pk, opens=None, closed_at=None, quantity__gt=0
    )
    return list(rows.order_by("executed_at", "pk"))


def position_row(
    execution: SignalExecution, now: datetime, price: assets.LastPrice | None = None
) -> dict[str, Any]:
    """One open position at `price` (looked up where it is not given): profit after fees so far, in USD."""
    signal = execution.signal
    known = price or assets.last_prices([signal.asset_id], now).get(signal.asset_id)
    sign, entry = sign_of(signal), execution.execution_price
    pnl = None
    if known is not None and entry is not None:
        pnl = sign * (known.price - entry) * execution.quantity - execution.fees
    return {
        "row": execution,
        "signal": signal,
        "price": None if known is None else known.price,
        "priced_at": None if known is None else known.closed_at,
        "is_stale": known is None or known.is_stale(now),
        "pnl": pnl,
        "share": float(pnl / execution.filled_size) if pnl is not None and execution.filled_size else None,
    }

"""Whether a signal can be entered now, and at what price."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.translation import gettext as _

from assets import selectors as assets
from trading.engine.barriers import Direction
from trading.models import SignalStatus, TradingSignal


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a signal cannot be entered: the field that tells, its value, the rule and how to mend it."""

    field: str
    value: object
    rule: str
    mend: str


def sign_of(signal: TradingSignal) -> int:
    """+1 for a long, -1 for a short."""
    return int(Direction(signal.signal_type).sign)


def closed_to_entry(signal: TradingSignal, at: datetime) -> Obstacle | None:
    """Whether the signal itself is over at `at`: called off, ended or out of time."""
    if signal.status != SignalStatus.ACTIVE or signal.outcome is not None:
        status = signal.get_status_display().lower()
        rule = _("is %s; only an active signal can be executed") % status
        return Obstacle("status", signal.status, rule, _("Choose one of the active signals."))
    if at >= signal.expires_at:
        rule = _("has passed; the signal's time is up")
        return Obstacle("expires_at", signal.expires_at, rule, _("Choose one of the active signals."))
    return None


def quote(signal: TradingSignal, now: datetime) -> assets.LastPrice | None:
    """The coin's last price known at `now`."""
    return assets.last_prices([signal.asset_id], now).get(signal.asset_id)


def out_of_reach(signal: TradingSignal, price: assets.LastPrice | None, now: datetime) -> Obstacle | None:
    """Whether the market has left the plan: no fresh price, a price beyond a level, or a level touched
    since."""
    if price is None or price.is_stale(now):
        value = None if price is None else price.closed_at
        rule = _("is too old to trade on; the coin has no candle of its last two bars")
        return Obstacle("price", value, rule, _("Import newer candles, or wait until they arrive."))
    sign = sign_of(signal)
    if not _between(signal, price.price, price.price, sign):
        rule = _("lies beyond the signal's stop or target; the plan no longer holds")
        return Obstacle("price", price.price.normalize(), rule, _("Wait for a new signal."))
    seen = assets.extremes(signal.asset_id, signal.as_of, now)
    if seen is not None and not _between(signal, *seen, sign):
        rule = _("has touched the signal's stop or target since it was issued; it is about to be closed")
        return Obstacle("price", price.price.normalize(), rule, _("Wait for a new signal."))
    return None


def _between(signal: TradingSignal, low: Decimal, high: Decimal, sign: int) -> bool:
    worst, best = (low, high) if sign > 0 else (high, low)
    return sign * (worst - signal.stop_loss) > 0 and sign * (best - signal.target_price) < 0

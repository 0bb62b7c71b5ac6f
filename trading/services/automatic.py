"""What rules execute for people who asked for it: new signals, on paper, in the size their profile
reckons."""

from __future__ import annotations

import logging
from datetime import datetime

from assets.engine.timeframe import Timeframe
from selection import selectors as selection
from selection.models import Account
from trading import selectors
from trading.models import ExecutionType, RiskProfile, SignalExecution, TradingSignal
from trading.services.announcements import notify_executed
from trading.services.executions import execute
from trading.services.orders import LEAST_SIZE
from trading.services.refusals import Refused

logger = logging.getLogger(__name__)


def execute_new(*, timeframe: Timeframe, as_of: datetime, now: datetime) -> list[SignalExecution]:
    """Execute the signals of the close `as_of` for everyone whose profile says so; each once.

    The size is the smallest of what fixed fraction, volatility target, Kelly and the limits say. What the
    limits or the market do not let pass is left out. Run again, nothing is done twice.
    """
    signals = list(selectors.active(timeframe=timeframe).filter(as_of=as_of, generated_by=None))
    if not signals:
        return []
    made = []
    asking = RiskProfile.objects.filter(is_automatic=True, user__is_active=True, user__deleted_at=None)
    for profile in asking.select_related("user").order_by("user_id"):
        own = [done for signal in signals if (done := _one(signal, profile, now)) is not None]
        notify_executed(own)
        made += own
    return made


def _one(signal: TradingSignal, profile: RiskProfile, now: datetime) -> SignalExecution | None:
    key = f"rule:{signal.pk}"
    if SignalExecution.objects.filter(user=profile.user, idempotency_key=key).exists():
        return None
    price = selectors.quote(signal, now)
    if price is None or selectors.out_of_reach(signal, price, now) is not None:
        return None
    standing = selectors.standing(selection.account_of(profile.user, Account.PAPER), now)
    size = selectors.sizes(signal, standing, profile, price.price, now).recommended
    if size < LEAST_SIZE:
        return None
    try:
        done = execute(
            signal=signal,
            user=profile.user,
            now=now,
            position_size=size,
            execution_type=ExecutionType.AUTOMATIC,
            risk_confirmation=True,  # given once, by switching the rule on
            idempotency_key=key,
        )
    except Refused as refused:
        logger.info("signal %s was not executed for user %s: %s", signal.pk, profile.user_id, refused)
        return None
    return None if done.is_replay else done.execution

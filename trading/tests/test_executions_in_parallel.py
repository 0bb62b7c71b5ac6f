"""Two hundred requests at once, each with a connection of its own, against one limit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier

import pytest
from django.db import connection

from accounts.models import User
from selection.models import Portfolio, PortfolioAsset
from trading.models import SignalExecution, TradingSignal
from trading.services import Refused, execute, set_profile
from trading.tests.executions import NOW, live_signal
from trading.tests.factories import UserFactory

REQUESTS, CONNECTIONS = 200, 25


@pytest.mark.django_db(transaction=True)
def test_two_hundred_parallel_executions_never_exceed_the_limit_and_never_lock_up() -> None:
    user, plan = UserFactory(), live_signal()
    set_profile(user=user, max_position_size=Decimal(1000), max_open_risk=1.0, max_portfolio_risk=1.0)
    together = Barrier(CONNECTIONS)

    def work(first: int) -> list[str]:
        try:
            together.wait(timeout=30)
            return [one(user, plan, key) for key in range(first, REQUESTS, CONNECTIONS)]
        finally:
            connection.close()

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        told = [word for words in pool.map(work, range(CONNECTIONS)) for word in words]
    assert told.count("done") == 12  # 12 x 80 USD are 960; a thirteenth would be 1,040
    assert told.count("limit") == REQUESTS - 12
    made = SignalExecution.objects.filter(user=user)
    spent = sum(row.filled_size + row.fees for row in made)
    assert sum(row.filled_size for row in made) <= 1000
    assert Portfolio.objects.get(user=user).cash == Decimal(10_000) - spent
    assert PortfolioAsset.objects.get().quantity == sum(row.quantity for row in made)


def one(user: User, plan: TradingSignal, key: int) -> str:
    try:
        execute(
            signal=plan,
            user=user,
            now=NOW,
            position_size=Decimal(80),
            risk_confirmation=True,
            idempotency_key=f"client:{key}",
        )
    except Refused as refused:
        return refused.code
    return "done"


@pytest.mark.django_db(transaction=True)
def test_one_key_sent_by_many_at_once_is_one_execution() -> None:
    user, plan = UserFactory(), live_signal()
    together = Barrier(8)

    def work(_n: int) -> int:
        try:
            together.wait(timeout=30)
            return execute(
                signal=plan,
                user=user,
                now=NOW,
                position_size=Decimal(80),
                risk_confirmation=True,
                idempotency_key="client:same",
            ).execution.pk
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(work, range(8)))) == 1
    assert SignalExecution.objects.count() == 1

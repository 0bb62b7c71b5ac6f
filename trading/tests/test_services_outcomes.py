from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from accounts.models import ActivityType, UserActivity
from assets.engine.timeframe import Timeframe
from assets.models import Asset
from assets.tests.stored import AssetFactory, batch, store
from trading.models import RiskProfile, SignalCandidate, SignalStatus, TradingSignal
from trading.services import cancel, close, set_profile
from trading.tests.factories import MOMENT, CandidateFactory, SignalFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = Timeframe.DAY

# A long at 100, target 110, stop 95. The bar that closes at MOMENT is day 0; the first after it is day 1.
QUIET = (100.0, 101.0, 99.0, 100.0)
GAP_DOWN = (90.0, 92.0, 88.0, 91.0)
BOTH = (100.0, 111.0, 94.0, 105.0)
UP = (104.0, 112.0, 103.0, 111.0)


def bars(coin: Asset, *rows: tuple[float, float, float, float]) -> None:
    times = [MOMENT - timedelta(days=1) + timedelta(days=day) for day in range(len(rows))]
    columns = {name: [row[j] for row in rows] for j, name in enumerate(("open", "high", "low"))}
    store(DAY, batch(coin.pk, times, [row[3] for row in rows], **columns))


def after(days: int) -> Any:
    return MOMENT + timedelta(days=days)


@pytest.fixture
def coin() -> Asset:
    return AssetFactory()


def test_a_gap_through_the_stop_is_filled_at_the_open(coin: Asset) -> None:
    bars(coin, QUIET, QUIET, GAP_DOWN)
    plan, candidate = SignalFactory(asset=coin), CandidateFactory(asset=coin)
    assert close(timeframe=DAY, as_of=after(2)) == 2
    plan.refresh_from_db()
    candidate.refresh_from_db()
    # Entered at the open of day 1, 100; out at the open of day 2, 90, not at the stop of 95.
    # Costs 0.15 % a side: 0.0015 x 190 = 0.285. (90 - 100 - 0.285) / 5 = -2.057 R.
    assert (plan.outcome, plan.exit_price, plan.status) == ("stop", 90, SignalStatus.EXPIRED)
    assert plan.return_r == candidate.return_r == pytest.approx(-2.057)
    assert plan.closed_at == after(2)
    assert candidate.outcome == "stop"


def test_a_bar_that_touches_both_is_a_stop(coin: Asset) -> None:
    bars(coin, QUIET, BOTH)
    SignalFactory(asset=coin)
    close(timeframe=DAY, as_of=after(1))
    plan = TradingSignal.objects.get()
    assert (plan.outcome, plan.exit_price) == ("stop", 95)


def test_a_short_is_followed_the_other_way(coin: Asset) -> None:
    bars(coin, QUIET, GAP_DOWN)
    SignalFactory(asset=coin, signal_type="short", target_price="92", stop_loss="105")
    close(timeframe=DAY, as_of=after(1))
    plan = TradingSignal.objects.get()
    assert (plan.outcome, plan.exit_price) == ("target", 90)


def test_only_bars_that_have_closed_decide(coin: Asset) -> None:
    bars(coin, QUIET, QUIET, UP)
    SignalFactory(asset=coin)
    assert close(timeframe=DAY, as_of=after(1)) == 0
    assert close(timeframe=DAY, as_of=after(2) - timedelta(seconds=1)) == 0
    assert TradingSignal.objects.get().status == SignalStatus.ACTIVE
    assert close(timeframe=DAY, as_of=after(2)) == 1
    assert TradingSignal.objects.get().outcome == "target"


def test_an_outcome_is_filled_in_once(coin: Asset) -> None:
    bars(coin, QUIET, UP, GAP_DOWN)
    SignalFactory(asset=coin)
    CandidateFactory(asset=coin)
    assert close(timeframe=DAY, as_of=after(1)) == 2
    before = TradingSignal.objects.values().get(), SignalCandidate.objects.values().get()
    assert close(timeframe=DAY, as_of=after(2)) == 0
    assert (TradingSignal.objects.values().get(), SignalCandidate.objects.values().get()) == before


def test_after_seven_days_time_is_over_at_the_last_close(coin: Asset) -> None:
    bars(coin, *[QUIET] * 8)
    SignalFactory(asset=coin)
    assert close(timeframe=DAY, as_of=after(6)) == 0
    assert close(timeframe=DAY, as_of=after(7)) == 1
    plan = TradingSignal.objects.get()
    assert (plan.outcome, plan.exit_price, plan.closed_at) == ("time", 100, plan.expires_at)
    assert plan.status == SignalStatus.EXPIRED


def test_a_coin_without_bars_runs_out_of_time_without_a_price(coin: Asset) -> None:
    bars(coin, *[QUIET] * 8)
    SignalFactory()
    close(timeframe=DAY, as_of=after(7))
    plan = TradingSignal.objects.get()
    assert (plan.outcome, plan.exit_price, plan.return_r) == ("time", None, None)
    assert plan.status == SignalStatus.EXPIRED


def test_what_was_executed_or_called_off_is_judged_too_and_keeps_its_status(coin: Asset) -> None:
    bars(coin, QUIET, UP)
    executed = SignalFactory(asset=coin, status=SignalStatus.EXECUTED)
    other = SignalFactory(asset=coin, as_of=MOMENT - timedelta(seconds=1))
    cancel(other, UserFactory(role="admin"))
    called_off_at = TradingSignal.objects.get(pk=other.pk).closed_at
    close(timeframe=DAY, as_of=after(1))
    for row, status in ((executed, SignalStatus.EXECUTED), (other, SignalStatus.CANCELLED)):
        row.refresh_from_db()
        assert (row.status, row.outcome) == (status, "target")
    assert other.closed_at == called_off_at


def test_closing_takes_as_many_queries_for_many_as_for_one(
    coin: Asset, django_assert_num_queries: Any
) -> None:
    bars(coin, *[QUIET] * 30)
    SignalFactory(asset=coin)
    CandidateFactory(asset=coin)
    # 2 reads, 2 for the panel, savepoint and release, 2 updates, newest bar, finer lengths, and for open
    # positions savepoint, look and release
    queries = 13
    with django_assert_num_queries(queries):
        close(timeframe=DAY, as_of=after(8))
    for day in range(1, 20):
        SignalFactory(asset=coin, as_of=after(day))
        CandidateFactory(asset=coin, as_of=after(day))
    with django_assert_num_queries(queries):
        close(timeframe=DAY, as_of=after(27))
    assert not TradingSignal.objects.filter(outcome=None).exists()


def test_cancelling_is_recorded_and_announced_after_commit(
    coin: Asset, sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    admin = UserFactory(role="admin")
    with django_capture_on_commit_callbacks(execute=True):
        told = cancel(SignalFactory(asset=coin), admin)
        assert sent == []
    assert (told.status, told.cancelled_by) == (SignalStatus.CANCELLED, admin)
    [(_topic, [data])] = sent
    assert (data["id"], data["status"]) == (told.pk, "cancelled")
    assert UserActivity.objects.get().activity_type == ActivityType.CANCEL_SIGNAL


@pytest.mark.parametrize("status", ["executed", "expired", "cancelled"])
def test_only_an_active_signal_can_be_cancelled(status: str) -> None:
    with pytest.raises(ValidationError, match=f"this one is {status}"):
        cancel(SignalFactory(status=status), UserFactory(role="admin"))
    assert not UserActivity.objects.exists()


def test_limits_are_kept_and_bad_ones_refused() -> None:
    user = UserFactory()
    set_profile(user=user, max_position_size=500, max_portfolio_risk=0.01)
    set_profile(user=user, max_position_size=700, max_portfolio_risk=0.03)
    profile = RiskProfile.objects.get()
    assert (profile.max_position_size, profile.max_portfolio_risk) == (700, 0.03)
    with pytest.raises(ValidationError) as refused:
        set_profile(user=user, max_position_size=0, max_portfolio_risk=2)
    assert set(refused.value.message_dict) == {"max_position_size", "max_portfolio_risk"}

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.db import ProgrammingError, transaction

from accounts.models import Notification
from assets.engine.timeframe import Timeframe
from assets.selectors import load_panel
from assets.tests.stored import batch, store
from selection.models import PortfolioAsset
from selection.selectors import portfolio_of
from trading.engine import Costs, Issued
from trading.models import SignalExecution, SignalStatus, TradingSignal
from trading.services import Refused, ReportedFill, cancel, close, execute, exit_position
from trading.services.outcomes import decide
from trading.tests.executions import DAY, NOW, bars, days, live_signal, traded
from trading.tests.factories import MOMENT, UserFactory

pytestmark = pytest.mark.django_db
FLAT = (100.0, 100.0, 100.0, 100.0)
BOTH = (100.0, 111.0, 94.0, 105.0)


@pytest.fixture
def plan() -> TradingSignal:
    return live_signal()


@pytest.fixture
def position(plan: TradingSignal) -> SignalExecution:
    """Entered at MOMENT itself, before the bar that opens then."""
    return enter(plan)


def enter(plan: TradingSignal, **order: Any) -> SignalExecution:
    order = {"now": MOMENT, "position_size": Decimal(500), "risk_confirmation": True, **order}
    return execute(signal=plan, user=order.pop("user", None) or UserFactory(), **order).execution


def closing(position: SignalExecution) -> SignalExecution:
    return SignalExecution.objects.get(opens=position)


def went(coin: Any, *rows: tuple[float, float, float, float], until: int | None = None) -> None:
    bars(coin, FLAT, *rows)
    close(timeframe=DAY, as_of=days(until or len(rows)))


def test_a_target_closes_the_position_at_the_target_less_costs(
    plan: TradingSignal, position: SignalExecution
) -> None:
    went(plan.asset, (100, 112, 99, 108))
    done = closing(position)
    assert (done.exit_reason, done.execution_price) == ("target", Decimal("109.945"))
    gain = position.quantity * (Decimal("109.945") - Decimal("100.05")) - position.fees - done.fees
    assert done.realised_pnl == pytest.approx(gain, abs=Decimal("1e-9"))
    position.refresh_from_db()
    assert position.closed_at == done.executed_at == days(1)
    held = PortfolioAsset.objects.get()
    assert (held.quantity, held.realised_pnl) == (0, pytest.approx(gain, abs=Decimal("1e-9")))
    assert portfolio_of(position.user, "paper").cash == pytest.approx(10_000 + gain, abs=Decimal("1e-9"))
    plan.refresh_from_db()
    assert plan.status == SignalStatus.EXECUTED


def test_a_gap_over_the_stop_is_filled_at_the_open(plan: TradingSignal, position: SignalExecution) -> None:
    went(plan.asset, (90, 92, 88, 91))
    assert closing(position).execution_details["quoted_price"] == "90.0"
    assert closing(position).exit_reason == "stop"


def test_where_one_bar_touches_both_the_stop_comes_first(
    plan: TradingSignal, position: SignalExecution
) -> None:
    went(plan.asset, BOTH)
    assert closing(position).exit_reason == "stop"


@pytest.mark.parametrize(("first", "outcome"), [(111.0, "target"), (94.0, "stop")])
def test_finer_candles_decide_where_they_fill_the_bar(
    plan: TradingSignal, position: SignalExecution, first: float, outcome: str
) -> None:
    path = [100.0, first, 94.0 if first > 100 else 111.0, 105.0, 105.0, 105.0]
    store(
        Timeframe.HOURS_4,
        batch(plan.asset_id, [MOMENT + timedelta(hours=4 * n) for n in range(6)], path),
    )
    went(plan.asset, BOTH)
    assert closing(position).exit_reason == outcome
    plan.refresh_from_db()
    assert plan.outcome == outcome
    # In at the open, 100; bars of one price, so the level is met at what the bar opened with.
    gain = first - 100 - 0.0015 * (first + 100)
    assert plan.return_r == pytest.approx(gain / 5)


def test_finer_candles_with_a_hole_decide_nothing(plan: TradingSignal, position: SignalExecution) -> None:
    store(Timeframe.HOURS_4, batch(plan.asset_id, [MOMENT, MOMENT + timedelta(hours=8)], [111.0, 111.0]))
    went(plan.asset, BOTH)
    assert closing(position).exit_reason == "stop"


def test_time_closes_at_the_last_close(plan: TradingSignal, position: SignalExecution) -> None:
    went(plan.asset, *[FLAT] * 6, (100, 103, 99, 102))
    done = closing(position)
    assert (done.exit_reason, done.execution_details["quoted_price"]) == ("time", "102.0")
    assert done.executed_at == days(7)


def test_a_coin_that_trades_no_more_goes_for_its_last_price(
    plan: TradingSignal, position: SignalExecution
) -> None:
    bars(traded(), *[FLAT] * 8)
    went(plan.asset, FLAT, (100, 101, 97, 98), until=7)
    done = closing(position)
    assert (done.exit_reason, done.execution_details["quoted_price"]) == ("delisted", "98.0")
    assert "no candle" in done.execution_details["note"]


def test_a_coin_without_any_bar_after_the_entry_goes_for_the_last_known(
    plan: TradingSignal, position: SignalExecution
) -> None:
    went(plan.asset, until=7)
    assert closing(position).exit_reason == "delisted"
    assert closing(position).execution_details["quoted_price"] == "100.0"


def test_entered_within_the_bar_that_reached_the_target_it_goes_for_the_close(plan: TradingSignal) -> None:
    position = enter(plan, now=NOW)
    went(plan.asset, (100, 112, 99, 104))
    done = closing(position)
    assert (done.exit_reason, done.execution_details["quoted_price"]) == ("target", "104.0")


def test_a_short_is_bought_back(plan: TradingSignal) -> None:
    short = live_signal(signal_type="short", target_price="90", stop_loss="105")
    position = enter(short)
    went(short.asset, (100, 101, 89, 91))
    done = closing(position)
    assert done.exit_reason == "target"
    gain = position.filled_size - done.filled_size - position.fees - done.fees
    assert done.realised_pnl == pytest.approx(gain, abs=Decimal("1e-9"))
    held = PortfolioAsset.objects.get(asset=short.asset)
    assert (held.quantity, held.realised_pnl) == (0, pytest.approx(gain, abs=Decimal("1e-9")))


def test_the_position_on_a_cancelled_signal_runs_on(plan: TradingSignal, position: SignalExecution) -> None:
    cancel(plan, UserFactory(role="admin"))
    went(plan.asset, (100, 112, 99, 108))
    assert closing(position).exit_reason == "target"


def test_closing_again_changes_nothing(plan: TradingSignal, position: SignalExecution) -> None:
    went(plan.asset, (100, 112, 99, 108))
    close(timeframe=DAY, as_of=days(1))
    assert SignalExecution.objects.count() == 2


def test_owners_hear_of_it_once_it_is_stored(
    plan: TradingSignal,
    position: SignalExecution,
    sent: list[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        went(plan.asset, (100, 112, 99, 108))
        assert sent == []
    assert [topic for topic, _data in sent] == ["trading.portfolio", "trading.signal"]
    assert [row["exit_reason"] for row in sent[0][1]] == ["target"]
    [note] = Notification.objects.filter(user=position.user)
    assert "target reached" in note.message


def test_a_live_position_waits_for_its_owner_to_report_the_exit(plan: TradingSignal) -> None:
    entry = ReportedFill(Decimal(5), Decimal(100), MOMENT, Decimal(1))
    position = enter(plan, venue="live", fill=entry, position_size=None)
    went(plan.asset, (100, 112, 99, 108))
    assert not SignalExecution.objects.filter(opens=position).exists()
    [note] = Notification.objects.filter(user=position.user)
    assert "Report your exit" in note.message
    at = days(1)
    for wrong in (
        None,
        ReportedFill(Decimal(4), Decimal(109), at),
        ReportedFill(Decimal(5), Decimal(900), at),
        ReportedFill(Decimal(5), Decimal(109), at + timedelta(days=1)),
        ReportedFill(Decimal(5), Decimal(109), MOMENT - timedelta(hours=1)),
    ):
        with pytest.raises(Refused):
            exit_position(execution=position, user=position.user, now=at, fill=wrong)
    done = exit_position(
        execution=position,
        user=position.user,
        now=at,
        fill=ReportedFill(Decimal(5), Decimal(109), at, Decimal(2)),
    )
    assert (done.venue, done.realised_pnl) == ("live", 42)  # 5 x 9 less 3 of fees
    assert portfolio_of(position.user, "live").cash == 42


def test_two_peoples_positions_take_as_many_looks_as_one_but_for_what_is_written(
    plan: TradingSignal, position: SignalExecution
) -> None:
    others = [enter(plan, user=UserFactory()) for _ in range(3)]
    went(plan.asset, (100, 112, 99, 108))
    assert {closing(row).exit_reason for row in [position, *others]} == {"target"}


def test_an_execution_can_be_neither_changed_nor_deleted(position: SignalExecution) -> None:
    own = SignalExecution.objects.filter(pk=position.pk)
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        own.update(execution_price=1)
    with pytest.raises(ProgrammingError, match="Cannot delete"), transaction.atomic():
        own.delete()
    own.update(closed_at=days(1))
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        own.update(closed_at=days(2))


def test_candidates_of_a_backfill_are_decided_by_finer_candles_too(plan: TradingSignal) -> None:
    path = [100.0, 111.0, 94.0, 105.0, 105.0, 105.0]
    times = [MOMENT + timedelta(hours=4 * n) for n in range(6)]
    store(Timeframe.HOURS_4, batch(plan.asset_id, times, path))
    bars(plan.asset, FLAT, BOTH)
    panel = load_panel(DAY, days(1), 2)
    one = np.array
    issued = Issued(one([0]), one([0]), one([1.0]), one([100.0]), one([110.0]), one([95.0]), one([7]))
    assert decide(panel, issued, Costs()).code.tolist() == [1]

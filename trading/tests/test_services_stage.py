from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Notification, Role
from aimodels.models import AIModel
from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from assets.models import Analysis, Asset
from macro import selectors as macro
from selection import selectors as selection
from trading import selectors
from trading.models import Refusal, SignalCandidate, SignalStatus, TradingSignal
from trading.services import candidates, signal
from trading.tests.conftest import Stored
from trading.tests.factories import CandidateFactory, SignalFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = Timeframe.DAY
RECORDS: tuple[type[Analysis], ...] = (SignalCandidate, TradingSignal)


def days(count: int) -> timedelta:
    return timedelta(days=count)


def rows_of(model: type[Analysis], *left_out: str) -> list[dict[str, Any]]:
    left_out = ("id", "created_at", "updated_at", "watchlist_tier", "model_id", *left_out)
    rows = model._default_manager.order_by("as_of", "asset_id", "signal_type").values()
    return [{name: value for name, value in row.items() if name not in left_out} for row in rows]


def test_every_candidate_is_recorded_with_the_rule_against_it(market: Stored) -> None:
    written = signal(timeframe=DAY, as_of=market.last, since=market.last - days(9))
    assert written == SignalCandidate.objects.count() + TradingSignal.objects.count()
    assert SignalCandidate.objects.values("as_of").distinct().count() == 10
    for row in SignalCandidate.objects.all():
        assert row.is_issued == (row.refusal == Refusal.NONE)
        assert 0 < row.probability < 1 and 0 < row.break_even < 1
        low, high = sorted((row.stop_loss, row.target_price))
        assert 0 < low < row.entry_price < high
    by_type = Counter(SignalCandidate.objects.values_list("signal_type", flat=True))
    assert by_type["long"] == by_type["short"]


def test_an_issued_signal_carries_what_stands_behind_it(market: Stored, lenient: None) -> None:
    Asset.objects.update(watchlist_tier="tier1", sector_name="DeFi")
    signal(timeframe=DAY, as_of=market.last, since=market.last - days(9))
    assert TradingSignal.objects.exists()
    for row in TradingSignal.objects.select_related("model"):
        assert row.model.fitted_as_of <= row.as_of == row.generated_at
        assert row.model.name == f"timing_{row.signal_type}"
        assert set(row.ai_analysis["probability_analysis"]) == {"24h_target", "3d_target", "7d_target"}
        assert row.ai_analysis["probability_analysis"]["7d_target"] == row.confidence_score
        assert len(row.ai_analysis["key_factors"]) == 5
        assert row.market_context["sector"] == "DeFi"
        assert row.expires_at == row.as_of + days(7) and row.time_horizon_hours == 168
        assert row.watchlist_tier == ("tier1" if row.as_of == market.last else "")


def test_the_layers_above_enter_as_rules(
    market: Stored, monkeypatch: pytest.MonkeyPatch, lenient: None
) -> None:
    def scores(panel: Any, first: int = 0) -> Any:
        out = np.full(panel.shape, np.nan)
        out[first:] = 0.9
        return out

    monkeypatch.setattr(macro, "exposures", lambda timeframe, times: np.full(len(times), 0.45))
    monkeypatch.setattr(macro, "regimes", lambda timeframe, times: np.full(len(times), "bull"))
    monkeypatch.setattr(selection, "score_percentiles", scores)
    signal(timeframe=DAY, as_of=market.last)
    refused = SignalCandidate.objects.filter(is_issued=False, signal_type="short")
    assert set(refused.values_list("refusal", flat=True)) == {Refusal.REGIME}
    row = TradingSignal.objects.first()
    assert row is not None
    context = {name: row.market_context[name] for name in ("regime", "exposure", "score_percentile")}
    assert context == {"regime": "bull", "exposure": 0.45, "score_percentile": 0.9}


def test_the_administrators_threshold_refuses_what_is_less_sure(market: Stored) -> None:
    signal(timeframe=DAY, as_of=market.last, least_confidence=0.99)
    unsure = SignalCandidate.objects.filter(refusal=Refusal.CONFIDENCE)
    assert unsure.exists()
    assert all(row.refusal_limit == 0.99 and row.refusal_value == row.probability for row in unsure)
    assert not TradingSignal.objects.exists()


def test_a_threshold_that_is_no_share_is_refused(market: Stored) -> None:
    with pytest.raises(ValueError, match="least_confidence is 70; it has to lie between 0 and 1"):
        signal(timeframe=DAY, as_of=market.last, least_confidence=70)


def test_run_again_nothing_is_written_and_nothing_changes(market: Stored, lenient: None) -> None:
    signal(timeframe=DAY, as_of=market.last, since=market.last - days(4))
    before = {model: list(model._default_manager.order_by("pk").values()) for model in RECORDS}
    models = AIModel.objects.count()
    assert signal(timeframe=DAY, as_of=market.last, since=market.last - days(4)) == 0
    assert {model: list(model._default_manager.order_by("pk").values()) for model in RECORDS} == before
    assert AIModel.objects.count() == models


def test_what_was_told_stays_when_the_rules_have_changed(
    market: Stored, request: pytest.FixtureRequest
) -> None:
    signal(timeframe=DAY, as_of=market.last - days(2), least_confidence=1.0)
    request.getfixturevalue("lenient")
    signal(timeframe=DAY, as_of=market.last, since=market.last - days(4))
    told = SignalCandidate.objects.filter(as_of=market.last - days(2))
    assert told.exists() and not told.filter(is_issued=True).exists()
    assert not TradingSignal.objects.filter(as_of=market.last - days(2)).exists()


def test_days_one_by_one_are_the_span_at_once(market: Stored, lenient: None) -> None:
    """Also the outcomes, which the span writes at once and the days fill in later, digit by digit."""
    since = market.last - days(11)
    with transaction.atomic():
        signal(timeframe=DAY, as_of=market.last, since=since)
        at_once = {model: rows_of(model) for model in RECORDS}
        transaction.set_rollback(True)
    for day in range(12):
        signal(timeframe=DAY, as_of=since + days(day))
    for model in RECORDS:
        for row, expected in zip(rows_of(model), at_once[model], strict=True):
            assert row == expected
    outcomes = Counter(row["outcome"] for row in at_once[TradingSignal])
    assert outcomes[None] and len(outcomes) > 1


def test_at_most_one_signal_is_open_a_coin_and_direction(market: Stored, lenient: None) -> None:
    signal(timeframe=DAY, as_of=market.last, since=market.last - days(29))
    by_key: dict[tuple[int, str], list[TradingSignal]] = {}
    for row in TradingSignal.objects.order_by("as_of"):
        by_key.setdefault((row.asset_id, row.signal_type), []).append(row)
    assert max(len(rows) for rows in by_key.values()) > 1
    for rows in by_key.values():
        for before, after in pairwise(rows):
            assert before.closed_at is not None and before.closed_at <= after.as_of
    refused = SignalCandidate.objects.filter(refusal=Refusal.OPEN_SIGNAL)
    assert refused.exists()
    for candidate in refused:
        rows = by_key[candidate.asset_id, candidate.signal_type]
        assert any(
            row.as_of < candidate.as_of and (row.closed_at is None or row.closed_at > candidate.as_of)
            for row in rows
        )


def test_a_cancelled_signal_makes_room_for_the_next(market: Stored, lenient: None) -> None:
    before = market.last - days(1)
    signal(timeframe=DAY, as_of=before)
    going = TradingSignal.objects.filter(status=SignalStatus.ACTIVE)
    called_off, kept = going.order_by("pk")[:2]
    TradingSignal.objects.filter(pk=called_off.pk).update(status="cancelled", closed_at=market.last)
    signal(timeframe=DAY, as_of=market.last)

    def again(row: TradingSignal) -> SignalCandidate:
        return SignalCandidate.objects.get(as_of=market.last, asset=row.asset_id, signal_type=row.signal_type)

    assert again(called_off).is_issued
    kept.refresh_from_db()
    assert again(kept).is_issued == (kept.outcome is not None)


def test_prices_keep_every_digit_the_table_has() -> None:
    prices = np.array([1234.5678901234567, 7.123456789012345e-06, 0.1, 3e-9])
    texts, kept = candidates.keep(prices)
    assert texts == ["1234.5678901234567", "0.000007123456789012", "0.1", "0.000000003000000000"]
    SignalFactory(entry_price=texts[1], stop_loss="0.000007", target_price="0.0000072")
    stored = TradingSignal.objects.get().entry_price
    assert float(stored) == kept[1] == pytest.approx(prices[1], rel=1e-12)


def test_the_panel_handed_over_is_the_panel_loaded(market: Stored, lenient: None) -> None:
    need = selectors.rows_needed(DAY, market.last, market.last)
    with transaction.atomic():
        signal(timeframe=DAY, as_of=market.last)
        loaded = {model: rows_of(model) for model in RECORDS}
        transaction.set_rollback(True)
    signal(timeframe=DAY, as_of=market.last, panel=assets.load_panel(DAY, market.last, need + 50))
    assert {model: rows_of(model) for model in RECORDS} == loaded


def test_a_panel_that_does_not_fit_is_refused(market: Stored) -> None:
    need = selectors.rows_needed(DAY, market.last, market.last)
    panel = assets.load_panel(DAY, market.last, need)
    with pytest.raises(ValueError, match=f"a panel of {need - 1} rows .* needs {need} rows"):
        signal(timeframe=DAY, as_of=market.last, panel=panel.rows(1, None))
    with pytest.raises(ValueError, match="needs"):
        signal(timeframe=DAY, as_of=market.last - days(1), panel=panel)
    assert not SignalCandidate.objects.exists()


def test_too_little_history_is_said_and_nothing_is_issued(market: Stored, lenient: None) -> None:
    signal(timeframe=DAY, as_of=market.first + days(90))
    rows = SignalCandidate.objects.all()
    assert rows.exists()
    assert set(rows.values_list("refusal", "probability")) == {(Refusal.NO_MODEL, None)}
    assert not TradingSignal.objects.exists()


def test_the_number_of_queries_depends_on_neither_coins_nor_bars(
    store: Callable[..., Stored], lenient: None, sent: list[Any]
) -> None:
    def queries(market: Stored, span: int) -> int:
        with CaptureQueriesContext(connection) as captured:
            signal(timeframe=DAY, as_of=market.last, since=market.last - days(span))
        return len(captured)

    def warmed(count: int) -> Stored:
        stored = store(500, count)
        signal(timeframe=DAY, as_of=stored.last - days(1), since=stored.last - days(80))
        return stored

    UserFactory()
    with transaction.atomic():
        few = warmed(12)
        for_few = queries(few, 0)
        transaction.set_rollback(True)
    many = warmed(40)
    with transaction.atomic():
        for_many = queries(many, 0)
        transaction.set_rollback(True)
    assert for_few == for_many


def test_new_signals_are_announced_after_the_commit_and_not_before(
    market: Stored, lenient: None, sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        signal(timeframe=DAY, as_of=market.last)
        assert sent == []
    [(topic, data)] = sent
    assert topic == "trading.signal"
    assert {row["id"] for row in data} == set(TradingSignal.objects.values_list("pk", flat=True))
    assert all(isinstance(row["entry_price"], float | int) for row in data)


def test_signals_of_a_past_bar_are_not_announced(
    market: Stored, lenient: None, sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    UserFactory()
    with django_capture_on_commit_callbacks(execute=True):
        signal(timeframe=DAY, as_of=market.last - days(3))
    assert TradingSignal.objects.exists()
    assert sent == [] and not Notification.objects.exists()


def test_filling_in_the_past_does_not_announce_today_again(
    market: Stored, lenient: None, sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        signal(timeframe=DAY, as_of=market.last)
        signal(timeframe=DAY, as_of=market.last, since=market.last - days(3))
    created = [row["id"] for _topic, data in sent for row in data if row["status"] == "active"]
    assert len(created) == len(set(created))


def test_a_signal_that_ends_is_announced(
    market: Stored, lenient: None, sent: list[Any], django_capture_on_commit_callbacks: Any
) -> None:
    signal(timeframe=DAY, as_of=market.last - days(1), since=market.last - days(7))
    open_ones = set(TradingSignal.objects.filter(outcome=None).values_list("pk", flat=True))
    with django_capture_on_commit_callbacks(execute=True):
        signal(timeframe=DAY, as_of=market.last)
    told = {row["id"]: row["status"] for _topic, data in sent for row in data}
    ended = set(
        TradingSignal.objects.filter(pk__in=open_ones, outcome__isnull=False).values_list("pk", flat=True)
    )
    assert ended
    assert all(told[pk] == SignalStatus.EXPIRED for pk in ended)


def test_who_may_read_signals_is_notified_once_in_their_language(market: Stored, lenient: None) -> None:
    people = [UserFactory(role=role) for role in Role]
    UserFactory(is_active=False)
    signal(timeframe=DAY, as_of=market.last)
    signal(timeframe=DAY, as_of=market.last)
    told = Notification.objects.all()
    assert {row.user_id for row in told} == {person.pk for person in people if person.role != Role.GUEST}
    assert told.count() == 3
    issued = TradingSignal.objects.count()
    assert all(row.title == f"{issued} new signals" and "break-even" in row.message for row in told)


def test_a_dead_redis_fails_nothing(
    market: Stored, lenient: None, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with django_capture_on_commit_callbacks(execute=True):
        assert signal(timeframe=DAY, as_of=market.last) > 0
    assert TradingSignal.objects.exists()


@pytest.mark.parametrize("factory", [SignalFactory, CandidateFactory], ids=["signal", "candidate"])
def test_what_was_issued_cannot_be_taken_back(factory: Any) -> None:
    row = factory()
    rows = type(row).objects.filter(pk=row.pk)
    for change in ({"entry_price": "101"}, {"base_rate": 0.9}, {"as_of": row.as_of - days(1)}):
        with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(ProgrammingError, match="Cannot delete"), transaction.atomic():
        rows.delete()
    rows.update(outcome="stop", return_r=-1.0)
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        rows.update(outcome="target")

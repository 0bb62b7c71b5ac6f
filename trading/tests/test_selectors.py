from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from assets.engine.timeframe import Timeframe
from assets.tests.stored import AssetFactory, batch, store
from trading import selectors
from trading.engine import lookback
from trading.selectors.coin import flip
from trading.tests.factories import MOMENT, CandidateFactory, SignalFactory

pytestmark = pytest.mark.django_db
DAY = Timeframe.DAY
USER = AnonymousUser()


def after(days: int) -> Any:
    return MOMENT + timedelta(days=days)


def test_a_run_sees_its_windows_its_training_and_every_undecided_plan() -> None:
    needed = selectors.rows_needed(DAY, after(0), after(0))
    assert needed > lookback(DAY) + 1460
    CandidateFactory(as_of=after(-3000))
    assert selectors.rows_needed(DAY, after(0), after(0)) == 3001


def test_signals_open_then_are_told_apart_from_signals_open_now() -> None:
    ended = SignalFactory(status="expired", outcome="stop", closed_at=after(2))
    going = SignalFactory(as_of=after(1), confidence_score=0.6)
    assert list(selectors.active()) == [going]
    assert list(selectors.active(after(1))) == [going, ended]
    assert list(selectors.active(after(2))) == [going]
    assert list(selectors.active(after(0))) == [ended]
    assert list(selectors.active(timeframe=Timeframe.HOUR)) == []


def test_the_dashboard_gets_each_open_signal_surest_first() -> None:
    SignalFactory(confidence_score=0.42)
    best = SignalFactory(asset__symbol="SOL", confidence_score=0.55)
    first, _second = selectors.active_signals(USER)
    assert first == {
        "id": best.pk,
        "symbol": "SOL",
        "name": "Sol",
        "direction": "long",
        "direction_name": "Long",
        "entry": 100,
        "target": 110,
        "stop": 95,
        "risk_reward": 2.0,
        "confidence": 0.55,
        "base_rate": 0.3,
        "break_even": 0.4,
        "generated_at": MOMENT,
        "url": f"/trading/signals/{best.pk}/",
    }


def test_the_nearest_passed_most_rules_and_then_lacks_least() -> None:
    CandidateFactory(as_of=after(-1), probability=0.9)
    regime = CandidateFactory(refusal="regime", probability=0.6)
    short_of = CandidateFactory(probability=0.35)
    shorter = CandidateFactory(probability=0.31)
    value = CandidateFactory(refusal="expected_value", probability=0.41)
    CandidateFactory(refusal="open_signal", probability=0.6)
    CandidateFactory(refusal="no_model", probability=None)
    CandidateFactory(refusal="", is_issued=True, probability=0.6)
    assert list(selectors.nearest(9)) == [value, short_of, shorter, regime]


def test_before_the_first_run_there_is_no_card() -> None:
    assert selectors.card(USER, after(0)) is None


def test_without_a_signal_the_card_says_what_came_nearest() -> None:
    CandidateFactory(asset__symbol="SOL")
    card = selectors.card(USER, after(0))
    assert card is not None
    assert (card["figure"], card["state"], card["indicator_dots"]) == (0, "No signal", 0)
    assert card["sentence"] == "No signal today; the nearest is SOL long, 35 % where 40 % breaks even."
    assert (card["confidence"], card["base_rate"], card["break_even"]) == (0.35, 0.3, 0.4)
    assert card["track_record"] == "0 signals ended in 90 days: too few to judge"
    assert (card["as_of"], card["is_stale"]) == (MOMENT, False)


def test_with_signals_the_card_counts_them_and_names_the_surest() -> None:
    for n in range(6):
        SignalFactory(asset__symbol=f"S{n}", confidence_score=0.40 + 0.01 * n)
        CandidateFactory(is_issued=True, refusal="")
    card = selectors.card(USER, after(0))
    assert card is not None
    assert (card["figure"], card["state"], card["indicator_dots"]) == (6, "6 signals", 4)
    assert card["sentence"] == "6 signals are open; the surest is S5 long, 45 % where 40 % breaks even."
    assert list(card["sparkline"]) == [6.0]


def test_the_track_record_counts_what_ended_with_its_interval() -> None:
    for n in range(40):
        SignalFactory(outcome="target" if n < 16 else "stop", status="expired", closed_at=after(3))
    SignalFactory(outcome="target", status="expired", closed_at=after(-200))
    # Wilson for 16 of 40: centre (0.4 + 3.8416/80) / (1 + 3.8416/40) = 0.4088, half 0.1455: 26 to 55.
    assert (
        selectors.track_record(after(10)) == "40 % of 40 signals reached their target in 90 days (26 to 55)"
    )


def test_the_layer_is_stale_two_bars_after_its_last_close() -> None:
    assert selectors.freshness(after(0)).as_of is None
    CandidateFactory()
    assert selectors.freshness(after(2)).stale_reason == ""
    assert "No candles have arrived" in selectors.freshness(after(3)).stale_reason
    store(DAY, batch(AssetFactory().pk, [after(2)], [1.0]))
    assert "run the pipeline" in selectors.freshness(after(3)).stale_reason


def test_the_trail_says_what_each_layer_said_and_nothing_it_did_not() -> None:
    context = {"regime": "bull", "exposure": 0.45, "score_percentile": 0.82, "sector": "DeFi"}
    signal = SignalFactory(market_context=context)
    steps = selectors.trail(signal)
    assert [step["text"] for step in steps] == [
        "The market is rising. 45 % invested is advised.",
        "The coin belongs to DeFi.",
        "Its score beats 82 % of the coins.",
        "The target comes before the stop with 45 %; +0.12 R are expected after costs.",
    ]
    silent = selectors.trail(SignalFactory())
    assert [bool(step["text"]) for step in silent] == [False, False, False, True]
    assert not silent[0]["would_flip"]


def test_what_was_lowered_for_its_unlikeness_says_so() -> None:
    row = CandidateFactory(refusal="unlike", refusal_value=0.3, refusal_limit=0.4)
    assert row.get_refusal_display() == "Too unlike what was learned from"
    assert flip(row) == ("Lowered to 30 %, for it is unlike the cases learned from; 40 % would be needed.")
    assert "40 % would be needed" in flip(CandidateFactory(refusal="confidence"))

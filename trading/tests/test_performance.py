"""What signals were worth: figures of the stored, of one origin, in a constant number of queries."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from assets.engine.timeframe import Timeframe
from assets.tests.stored import AssetFactory
from trading import selectors
from trading.models import RiskLevel, TradingSignal
from trading.tests.factories import MOMENT, CandidateFactory, SignalFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/layer4/performance"
CONTRACT = {
    "total_signals", "successful_signals", "success_rate", "average_return", "best_performing_model",
    "performance_by_risk_level",
}  # fmt: skip


def ended(day: int, outcome: str, return_r: float, **given: Any) -> TradingSignal:
    """A signal told `day` days after MOMENT, with its candidate, that ended two days later."""
    at = MOMENT + timedelta(days=day)
    signal = SignalFactory(
        as_of=at,
        outcome=outcome,
        exit_price="100",
        return_r=return_r,
        closed_at=at + timedelta(days=2),
        status="expired",
        **{"ai_analysis": {"position_share": 0.2}, "market_context": {"regime": "bull"}, **given},
    )
    CandidateFactory(
        asset=signal.asset,
        as_of=at,
        is_issued=True,
        refusal="",
        refusal_value=None,
        refusal_limit=None,
        outcome=outcome,
        return_r=return_r,
        signal_type=signal.signal_type,
        probability=0.45,
    )
    return signal


@pytest.fixture
def casual(client: Client) -> Client:
    client.force_login(UserFactory())
    return client


def get(client: Client, **query: Any) -> dict[str, Any]:
    response = client.get(URL, query)
    assert response.status_code == 200, response.content
    return dict(json.loads(response.content))


def test_the_figures_are_those_of_the_contract_and_of_the_signals(casual: Client) -> None:
    ended(0, "target", 1.9)
    ended(3, "stop", -1.1, risk_level="high", market_context={"regime": "bear", "sector": "AI"})
    ended(3, "time", 0.2)
    SignalFactory(as_of=MOMENT + timedelta(days=4))  # open: no part of it yet
    CandidateFactory(as_of=MOMENT + timedelta(days=9))
    told = get(casual, timeframe="30d", model="all")
    assert set(told) > CONTRACT
    assert (told["total_signals"], told["successful_signals"]) == (3, 1)
    assert told["success_rate"] == pytest.approx(1 / 3)
    assert told["average_return"] == pytest.approx((1.9 - 1.1 + 0.2) * 0.05 / 3)
    assert told["origin"] == "replay"
    assert told["ended_by_origin"] == {"live": 0, "replay": 3}
    assert set(told["performance_by_risk_level"]) == set(RiskLevel.values)
    assert told["performance_by_risk_level"]["high"]["total_signals"] == 1
    assert told["performance_by_risk_level"]["low"]["success_rate"] is None
    assert (told["by_regime"]["bear"]["total_signals"], told["by_sector"]["AI"]["total_signals"]) == (1, 1)
    assert told["figures"]["profit_factor"]["value"] == pytest.approx(2.1 / 1.1)
    assert told["best_performing_model"] is None
    assert "too few" in told["best_performing_model_reason"]
    assert sum(bucket["total_signals"] for bucket in told["by_confidence"]) == 3
    assert told["portfolio"]["total_return"] == pytest.approx(
        (1 + 0.2 * 1.9 * 0.05) * (1 + 0.2 * (0.2 - 1.1) * 0.05) - 1
    )


def test_signals_are_measured_against_all_candidates_of_their_bars(casual: Client) -> None:
    ended(0, "target", 1.9)
    other = AssetFactory()
    CandidateFactory(asset=other, as_of=MOMENT, outcome="stop", return_r=-1.1)
    CandidateFactory(asset=other, as_of=MOMENT + timedelta(days=5), outcome="stop", return_r=-1.1)
    rival = get(casual)["rivals"]["random_entries"]
    assert rival["expectancy_r"]["value"] == pytest.approx((1.9 - 1.1) / 2)
    assert rival["lead_r"]["value"] == pytest.approx(1.5)


def test_live_signals_and_replays_are_never_mixed(casual: Client) -> None:
    ended(0, "target", 1.9)
    live = ended(1, "stop", -1.1)
    CandidateFactory(as_of=MOMENT + timedelta(days=9))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE trading_tradingsignal SET origin = 'live' WHERE id = %s", [live.pk])
        cursor.execute("SET LOCAL session_replication_role = origin")
    assert (get(casual)["origin"], get(casual)["total_signals"]) == ("live", 1)
    assert get(casual, origin="live")["successful_signals"] == 0
    assert get(casual, origin="replay")["successful_signals"] == 1


def test_a_span_ends_at_what_was_known_then(casual: Client) -> None:
    ended(0, "target", 1.9)
    ended(40, "stop", -1.1)
    CandidateFactory(as_of=MOMENT + timedelta(days=45))
    assert get(casual, timeframe="30d")["total_signals"] == 1
    assert get(casual, timeframe="all")["total_signals"] == 2
    early = get(casual, timeframe="all", as_of=(MOMENT + timedelta(days=10)).isoformat())
    assert (early["total_signals"], early["as_of"]) == (1, "2024-01-12T00:00:00Z")


def test_nothing_that_ended_is_said_to_be_nothing(casual: Client) -> None:
    told = get(casual)
    assert (told["total_signals"], told["success_rate"], told["portfolio"]) == (0, None, None)


def test_the_number_of_queries_does_not_grow(casual: Client) -> None:
    def count() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            get(casual)
        return len(queries)

    ended(0, "target", 1.9)
    CandidateFactory(as_of=MOMENT + timedelta(days=20))
    get(casual)  # what is kept from the first request on
    ended(1, "stop", -1.0)
    few = count()
    for day in range(2, 9):
        ended(day, "stop", -1.0)
    assert count() == few


def test_no_request_works_out_what_a_run_has_worked_out(
    casual: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trading.selectors import worth

    ended(0, "target", 1.9)
    CandidateFactory(as_of=MOMENT + timedelta(days=20))
    assert selectors.prepare_figures(Timeframe.DAY) == len(selectors.SPANS)
    worked, before = [], worth.performance
    monkeypatch.setattr(worth, "performance", lambda *given: worked.append(given) or before(*given))
    assert get(casual, timeframe="30d")["total_signals"] == 1
    assert get(casual, timeframe="all")["rivals"]["holding"]["reason"]
    assert worked == []
    ended(1, "stop", -1.0)
    assert get(casual, timeframe="30d")["total_signals"] == 2
    row = CandidateFactory(as_of=MOMENT + timedelta(days=20))
    get(casual, timeframe="30d")
    type(row).objects.filter(pk=row.pk).update(outcome="stop", return_r=-1.0)
    get(casual, timeframe="30d")
    assert len(worked) == 3  # a signal that ended, a candidate that was weighed, one that ended


def test_a_model_or_a_past_moment_is_one_query_beside_what_a_run_has_left(casual: Client) -> None:
    for day in range(4):
        ended(day, "target", 1.9)
        CandidateFactory(as_of=MOMENT + timedelta(days=day), outcome="stop", return_r=-1.0)
    selectors.prepare_figures(Timeframe.DAY)
    stand = selectors.stand(Timeframe.DAY)
    past = stand.span("all", as_of=MOMENT + timedelta(days=4))
    with CaptureQueriesContext(connection) as seen:
        told = selectors.worked_out(past, stand)
    assert told["total_signals"] == 3
    assert told["rivals"]["random_entries"]["expectancy_r"]["value"] == pytest.approx(0.45)
    assert [query["sql"] for query in seen if "signalcandidate" in query["sql"]] == []
    assert len([query for query in seen if "tradingsignal" in query["sql"]]) == 1


def test_the_csv_holds_the_signals_behind_the_figures(client: Client) -> None:
    client.force_login(UserFactory(role=Role.PROFESSIONAL))
    signal = ended(0, "target", 1.9, asset=AssetFactory(symbol="=EVIL"))
    CandidateFactory(as_of=MOMENT + timedelta(days=9))
    response = client.get(f"{URL}/signals", {"timeframe": "all", "format": "csv"})
    assert response.headers["Content-Type"].startswith("text/csv")
    [row] = csv.DictReader(io.StringIO(response.content.decode()))
    assert (row["id"], row["symbol"], row["outcome"], row["return_r"]) == (
        str(signal.pk), "'=EVIL", "target", "1.9",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"timeframe": "31d"}, "timeframe"),
        ({"model": "oracle"}, "model"),
        ({"origin": "dream"}, "origin"),
        ({"bars": "1w"}, "bars"),
        ({"as_of": "soon"}, "as_of"),
        ({"as_of": "1999-01-01"}, "as_of"),
        ({"as_of": "2999-01-01T00:00:00Z"}, "as_of"),
        ({"modle": "all"}, "modle"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_field(casual: Client, query: Any, field: str) -> None:
    response = casual.get(URL, query)
    assert response.status_code == 400
    [error] = json.loads(response.content)["errors"]
    assert error["field"] == field
    assert error["mend"]


@pytest.mark.parametrize("role", Role.values)
def test_performance_is_for_casual_users_and_up(client: Client, role: str) -> None:
    client.force_login(UserFactory(role=role))
    for url in (URL, f"{URL}/signals"):
        assert client.get(url).status_code == (403 if role == Role.GUEST else 200)


def test_the_reliability_diagram_has_equally_full_bins(django_assert_num_queries: Any) -> None:
    coin = AssetFactory()
    for n in range(40):
        outcome = "target" if n >= 30 else "stop"
        at = MOMENT + timedelta(days=n)
        CandidateFactory(asset=coin, as_of=at, probability=n / 40, outcome=outcome, return_r=0.0)
    CandidateFactory(as_of=MOMENT, probability=0.9)  # not decided
    span = {"since": MOMENT, "until": MOMENT + timedelta(days=60)}
    with django_assert_num_queries(1):
        table = selectors.reliability("long", **span, bins=4)
    assert [row["count"] for row in table] == [10, 10, 10, 10]
    assert [row["true"] for row in table] == [0.0, 0.0, 0.0, 1.0]
    assert table[0]["said"] == pytest.approx(4.5 / 40)
    assert table[3]["low"] < 1.0 == table[3]["high"]
    assert selectors.reliability("short", **span) == []
    months = selectors.accuracy_over_time(**span, timeframe=Timeframe.DAY)
    assert [(row["month"].month, row["count"]) for row in months] == [(1, 30), (2, 10)]
    assert months[1]["true"] == 1.0
    assert months[1]["brier"] < months[1]["base_brier"]


def test_the_page_shows_every_figure_with_its_groups_and_its_file_to_those_who_may(
    casual: Client, client: Client
) -> None:
    for day in range(24):
        outcome, paid = ("target", 1.9) if day % 2 else ("stop", -1.1)
        ended(day, outcome, paid, market_context={"regime": "bull", "sector": "DeFi"})
    CandidateFactory(as_of=MOMENT + timedelta(days=30))
    text = casual.get("/trading/performance/?span=90d").content.decode()
    for said in (
        "Reached the target", "50.0 %", "Profit factor", "1.7", "Sharpe", "Sortino", "Calmar",
        "Deepest fall from", "Turnover", "By sector", "DeFi", "By regime", "Bull", "By confidence",
        "Every candidate of those bars",
    ):  # fmt: skip
        assert said in text, said
    assert "format=csv" not in text
    assert "No signal has ended" in casual.get("/trading/performance/?origin=live").content.decode()
    assert casual.get("/trading/performance/?span=odd&origin=odd&model=odd").status_code == 200
    client.force_login(UserFactory(role=Role.PROFESSIONAL))
    text = client.get("/trading/performance/?span=90d").content.decode()
    address = text.split('href="/api/v1/layer4/performance/signals?')[1].split('"')[0].replace("&amp;", "&")
    rows = list(csv.DictReader(io.StringIO(client.get(f"{URL}/signals?{address}").content.decode())))
    assert len(rows) == 24
    client.force_login(UserFactory(role=Role.GUEST))
    assert client.get("/trading/performance/").status_code == 403

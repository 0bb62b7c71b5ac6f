from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from trading.models import TradingSignal
from trading.serializers import SignalSerializer
from trading.tests.factories import MOMENT, SignalFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/layer4/signals"
CONTRACT = {
    "id", "crypto_id", "symbol", "signal_type", "entry_price", "target_price", "stop_loss",
    "confidence_score", "risk_level", "risk_reward_ratio", "time_horizon_hours", "generated_at", "expires_at",
}  # fmt: skip
BESIDE = {
    "break_even",
    "base_rate",
    "as_of",
    "is_stale",
    "stale_reason",
    "last_updated",
    "status",
    "outcome",
    "return_r",
}


@pytest.fixture
def casual(client: Client) -> Client:
    client.force_login(UserFactory())
    return client


def ids(response: Any) -> list[int]:
    return [row["id"] for row in json.loads(response.content)]


@pytest.mark.parametrize("role", Role.values)
def test_signals_are_for_casual_users_and_up(client: Client, role: str) -> None:
    SignalFactory()
    client.force_login(UserFactory(role=role))
    assert client.get(URL).status_code == (403 if role == Role.GUEST else 200)


def test_strangers_read_nothing(client: Client) -> None:
    response = client.get(URL)
    assert response.status_code in (401, 403)
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_signal_reads_as_the_contract_has_it_with_numbers(casual: Client) -> None:
    row = SignalFactory(
        asset__symbol="SHIB", entry_price="0.00000712", stop_loss="0.000007", target_price="0.0000074"
    )
    response = casual.get(URL, {"status": "active", "limit": 20, "confidence_min": 0.4})
    [found] = json.loads(response.content)
    assert set(found) == CONTRACT | BESIDE
    assert (found["id"], found["crypto_id"], found["symbol"]) == (row.pk, row.asset_id, "SHIB")
    assert (found["entry_price"], found["stop_loss"]) == (7.12e-06, 7e-06)
    assert b'"entry_price":0.00000712,' in response.content
    assert (found["confidence_score"], found["break_even"], found["base_rate"]) == (0.45, 0.4, 0.3)
    assert (found["generated_at"], found["expires_at"]) == ("2024-01-02T00:00:00Z", "2024-01-09T00:00:00Z")
    assert found["is_stale"] is True


def test_an_event_has_the_shape_of_the_answer(casual: Client) -> None:
    SignalFactory()
    [event] = SignalSerializer(TradingSignal.objects.all(), many=True, context={"stale_reason": ""}).data
    [found] = json.loads(casual.get(URL).content)
    assert list(event) == list(found)


@pytest.mark.parametrize(
    "query",
    [
        {"status": "expired"},
        {"signal_type": "short"},
        {"symbol": "sol"},
        {"confidence_min": "0.6"},
        {"risk_level": "high"},
        {"timeframe": "1h"},
    ],
    ids=lambda query: next(iter(query)),
)
def test_each_filter_keeps_what_it_names(casual: Client, query: dict[str, str]) -> None:
    SignalFactory()
    wanted = SignalFactory(
        asset__symbol="SOL",
        signal_type="short",
        target_price="90",
        stop_loss="105",
        status="expired",
        risk_level="high",
        confidence_score=0.6,
        timeframe="1h",
    )
    assert ids(casual.get(URL, query)) == [wanted.pk]


def test_a_coin_can_be_named_by_its_number(casual: Client) -> None:
    wanted, _other = SignalFactory(), SignalFactory()
    assert ids(casual.get(URL, {"crypto_id": wanted.asset_id})) == [wanted.pk]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "open"),
        ("confidence_min", "70"),
        ("confidence_min", "much"),
        ("confidence_min", "nan"),
        ("crypto_id", "SOL"),
        ("crypto_id", "99999999999999999999999"),
        ("timeframe", "7d"),
        ("limit", "0"),
        ("limit", "many"),
        ("cursor", "nowhere"),
        ("confidence", "0.7"),
    ],
)
def test_a_bad_parameter_is_refused_by_name(casual: Client, name: str, value: str) -> None:
    response = casual.get(URL, {name: value})
    assert response.status_code == 400
    [error] = json.loads(response.content)["errors"]
    assert error["field"] == name and error["mend"]


def test_pages_follow_one_another_newest_first_without_gap_or_repeat(casual: Client) -> None:
    rows = [SignalFactory(as_of=MOMENT + timedelta(days=n // 3)) for n in range(10)]
    found, address = [], f"{URL}?limit=4"
    while address:
        response = casual.get(address)
        found += ids(response)
        links = response.headers.get("Link", "")
        following = [link for link in links.split(", ") if 'rel="next"' in link]
        address = following[0].split(">")[0].lstrip("<") if following else ""
    assert found == [row.pk for row in sorted(rows, key=lambda row: (row.as_of, row.pk), reverse=True)]


def test_writing_is_not_offered(casual: Client) -> None:
    for method in (casual.post, casual.put, casual.patch, casual.delete):
        assert method(URL).status_code in (403, 405)


def test_thirty_signals_take_as_many_queries_as_three(casual: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert casual.get(URL).status_code == 200
        return len([query for query in captured if "trading_" in query["sql"]])

    SignalFactory.create_batch(3)
    assert queries() == 2  # the page, and the newest close
    SignalFactory.create_batch(27)
    assert queries() == 2
    assert len(ids(casual.get(URL))) == 30


def test_signals_are_told_as_they_stood_then(casual: Client) -> None:
    row = SignalFactory(
        status="expired", outcome="target", return_r=1.9, closed_at=MOMENT + timedelta(days=2)
    )
    SignalFactory(as_of=MOMENT + timedelta(days=9))

    def at(moment: Any, **query: str) -> Any:
        return json.loads(casual.get(URL, {"as_of": moment.isoformat(), **query}).content)

    (then,) = at(MOMENT + timedelta(days=1))
    assert (then["id"], then["status"], then["outcome"], then["return_r"]) == (row.pk, "active", None, None)
    (later,) = at(MOMENT + timedelta(days=3))
    assert (later["status"], later["outcome"]) == ("expired", "target")
    assert at(MOMENT + timedelta(days=1), status="expired") == []
    assert len(at(MOMENT + timedelta(days=1), status="active")) == 1
    assert at(MOMENT - timedelta(days=1)) == []

    def detail(moment: Any) -> Any:
        return casual.get(f"{URL}/{row.pk}", {"as_of": moment.isoformat()})

    found = json.loads(detail(MOMENT + timedelta(days=1)).content)["signal_details"]
    assert (found["status"], found["outcome"], found["return_r"]) == ("active", None, None)
    assert json.loads(detail(MOMENT + timedelta(days=3)).content)["signal_details"]["outcome"] == "target"
    assert detail(MOMENT - timedelta(days=1)).status_code == 404
    assert casual.get(f"{URL}/{row.pk}", {"as_of": "2999-01-01"}).status_code == 400


def test_a_signal_whose_time_is_over_is_not_active_then_even_if_nobody_has_closed_it(casual: Client) -> None:
    SignalFactory(closed_at=MOMENT + timedelta(days=20), outcome="time")
    found = casual.get(URL, {"as_of": (MOMENT + timedelta(days=10)).isoformat()})
    assert [(row["status"], row["outcome"]) for row in json.loads(found.content)] == [("expired", None)]


def test_nobody_may_ask_for_the_signals_of_the_future(casual: Client) -> None:
    assert casual.get(URL, {"as_of": "2999-01-01"}).status_code == 400


def test_the_record_behind_signals_is_told_or_why_there_is_none(casual: Client) -> None:
    from aimodels.engine.artefact import digest, encode
    from aimodels.models import AIModel
    from trading.engine import SPECS
    from trading.tests.test_engine_signals import FITS

    address = "/api/v1/layer4/risk-coverage"
    empty = json.loads(casual.get(address).content)
    assert [row["direction"] for row in empty] == ["long", "short"]
    assert all(row["reason"] and row["curve"] == [] and not row["is_shown"] for row in empty)
    fit = next(iter(FITS[SPECS[0].name].values()))
    data = encode(fit)
    AIModel.objects.create(
        name=SPECS[0].name, timeframe="1d", version=f"{SPECS[0].version}.20240101", model_type="timing",
        fitted_as_of=MOMENT, artefact=data, artefact_sha256=digest(data), target_variable="target",
    )  # fmt: skip
    found = json.loads(casual.get(address).content)
    assert found[0]["base_rate"] == pytest.approx(fit.calibration.base_rate)
    assert found[0]["is_shown"] == fit.proof.shown
    assert found[0]["curve"][-1]["cases"] == fit.coverage.cases[-1]
    assert found[1]["reason"]
    before = casual.get(address, {"as_of": (MOMENT - timedelta(days=1)).isoformat()})
    assert json.loads(before.content) == empty  # nobody knew of that fit yet
    AIModel.objects.update(is_active=True, status="active", expires_at=MOMENT)
    late = json.loads(casual.get(address).content)[0]
    assert (late["is_shown"], "expired" in late["reason"]) == (False, True)

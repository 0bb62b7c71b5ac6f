from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from trading.models import SignalExecution, TradingSignal
from trading.tests.executions import NOW, live_signal
from trading.tests.factories import ExecutionFactory, UserFactory

pytestmark = pytest.mark.django_db
BODY = {
    "position_size": 1250.0,
    "portfolio_percentage": 5.2,
    "execution_type": "manual",
    "risk_confirmation": True,
}
CONTRACT = {
    "id", "signal_id", "execution_price", "position_size", "portfolio_percentage", "execution_type", "status",
    "executed_at",
}  # fmt: skip


@pytest.fixture
def user() -> User:
    return UserFactory()


@pytest.fixture
def casual(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def _an_hour_after_the_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    for door in ("executions", "signals"):
        monkeypatch.setattr(f"trading.api.{door}.timezone.now", lambda: NOW)


@pytest.fixture
def plan() -> TradingSignal:
    return live_signal()


def post(client: Client, path: str, body: Any = None, **headers: str) -> Any:
    return client.post(
        f"/api/v1/layer4/{path}", json.dumps(body), content_type="application/json", headers=headers
    )


def test_the_contracts_body_executes_with_201(casual: Client, plan: TradingSignal) -> None:
    response = post(casual, f"signals/{plan.pk}/execute", BODY)
    assert response.status_code == 201
    told = response.json()
    assert set(told) >= CONTRACT
    assert (told["position_size"], told["status"], told["symbol"]) == (1250, "filled", plan.asset.symbol)


@pytest.mark.parametrize("role", Role.values)
def test_executing_is_for_casual_users_and_up(client: Client, plan: TradingSignal, role: str) -> None:
    client.force_login(UserFactory(role=role))
    assert post(client, f"signals/{plan.pk}/execute", BODY).status_code == (403 if role == "guest" else 201)


def test_a_repeated_key_answers_the_same_and_another_body_under_it_is_refused(
    casual: Client, plan: TradingSignal
) -> None:
    first = post(casual, f"signals/{plan.pk}/execute", BODY, **{"Idempotency-Key": "k"})
    again = post(casual, f"signals/{plan.pk}/execute", BODY, **{"Idempotency-Key": "k"})
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    other = post(
        casual, f"signals/{plan.pk}/execute", {**BODY, "position_size": 9}, **{"Idempotency-Key": "k"}
    )
    assert other.status_code == 422
    assert other.json()["errors"][0]["field"] == "Idempotency-Key"
    assert SignalExecution.objects.count() == 1


def test_a_key_cannot_stand_in_the_way_of_the_systems_own(casual: Client, plan: TradingSignal) -> None:
    first = post(casual, f"signals/{plan.pk}/execute", BODY).json()
    post(
        casual,
        f"signals/{plan.pk}/execute",
        {**BODY, "position_size": 5},
        **{"Idempotency-Key": f"close:{first['id']}"},
    )
    assert post(casual, f"executions/{first['id']}/close").status_code == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"position_size": 0}, "position_size"),
        ({"position_size": -1}, "position_size"),
        ({"position_size": 1e300}, "position_size"),
        ({"position_size": "much"}, "position_size"),
        ({"position_size": "NaN"}, "position_size"),
        ({"risk_confirmation": False}, "risk_confirmation"),
        ({"risk_confirmation": "yes"}, "risk_confirmation"),
        ({"position_szie": 5}, "position_szie"),
        ({"execution_type": "magic"}, "execution_type"),
        ({"venue": "backtest"}, "venue"),
    ],
)
def test_a_bad_body_is_refused_by_field_and_nothing_is_written(
    casual: Client, plan: TradingSignal, change: dict[str, Any], field: str
) -> None:
    response = post(casual, f"signals/{plan.pk}/execute", {**BODY, **change})
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert not SignalExecution.objects.exists()


@pytest.mark.parametrize("body", [[], "text", 5, None])
def test_a_body_that_is_no_object_is_refused(casual: Client, plan: TradingSignal, body: Any) -> None:
    assert post(casual, f"signals/{plan.pk}/execute", body).status_code == 400


def test_a_limit_is_refused_with_422_and_all_its_figures(casual: Client, plan: TradingSignal) -> None:
    response = post(casual, f"signals/{plan.pk}/execute", {**BODY, "position_size": 4000})
    assert response.status_code == 422
    [size, share, risk, asset] = response.json()["errors"]
    assert (size["name"], size["value"], size["limit"], size["would_be"]) == (
        "position_size",
        4000,
        2500,
        4000,
    )
    assert (
        size["largest_size"] == share["largest_size"] == risk["largest_size"] == asset["largest_size"] == 2500
    )
    assert post(casual, f"signals/{plan.pk}/execute", {**BODY, "position_size": 2500}).status_code == 201


def test_an_expired_signal_is_refused_with_409(
    casual: Client, plan: TradingSignal, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = plan.expires_at + timedelta(seconds=1)
    monkeypatch.setattr("trading.api.executions.timezone.now", lambda: late)
    response = post(casual, f"signals/{plan.pk}/execute", BODY)
    assert response.status_code == 409
    assert response.json()["errors"][0]["field"] == "expires_at"


def test_a_preview_shows_every_limit_and_writes_nothing(casual: Client, plan: TradingSignal) -> None:
    told = post(casual, f"signals/{plan.pk}/preview", {"position_size": 4000}).json()
    assert told["is_allowed"] is False
    assert told["largest_size"] == 2500
    assert {check["rule"] for check in told["checks"]} >= {"position_size", "trade_risk", "open_risk", "cash"}
    assert not SignalExecution.objects.exists()
    assert post(casual, f"signals/{plan.pk}/preview", {}).json()["is_allowed"] is True


def test_sizing_says_what_each_way_would_put_in(casual: Client, plan: TradingSignal) -> None:
    told = casual.get(f"/api/v1/layer4/signals/{plan.pk}/sizing").json()
    ways = {way["method"]: way for way in told["methods"]}
    assert ways["volatility_target"]["size"] is None and ways["volatility_target"]["reason"]
    known = [way["size"] for way in ways.values() if way["size"] is not None]
    assert told["recommended_size"] == min([*known, told["largest_size"]])


def test_own_executions_are_listed_and_nobody_elses(casual: Client, user: User) -> None:
    own = ExecutionFactory(user=user, execution_price=5)
    ExecutionFactory()
    [row] = casual.get("/api/v1/layer4/executions?limit=50").json()
    assert row["id"] == own.pk
    assert set(row) >= CONTRACT


def test_a_position_closed_later_was_open_then(casual: Client, user: User) -> None:
    ExecutionFactory(user=user, executed_at=NOW - timedelta(days=4), closed_at=NOW - timedelta(days=2))
    ExecutionFactory(user=user, executed_at=NOW - timedelta(days=1))

    def at(days: int) -> list[bool]:
        moment = (NOW - timedelta(days=days)).isoformat()
        found = casual.get("/api/v1/layer4/executions", {"as_of": moment})
        return [row["closed_at"] is None for row in json.loads(found.content)]

    assert (at(5), at(3), at(2), at(0)) == ([], [True], [False], [True, False])


def test_thirty_executions_take_as_many_queries_as_three(casual: Client, user: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert casual.get("/api/v1/layer4/executions").status_code == 200
        return len(captured)

    ExecutionFactory.create_batch(3, user=user)
    queries()
    few = queries()
    ExecutionFactory.create_batch(27, user=user)
    assert queries() == few


def test_somebody_elses_position_cannot_be_closed(casual: Client) -> None:
    assert post(casual, f"executions/{ExecutionFactory().pk}/close").status_code == 404


def test_a_signal_tells_its_analysis_and_its_risk(casual: Client) -> None:
    plan = live_signal(
        ai_analysis={"key_factors": [{"name": "body"}], "probability_analysis": {"3d_target": 0.2}},
        market_context={"regime": "bull"},
    )
    told = casual.get(f"/api/v1/layer4/signals/{plan.pk}").json()
    assert set(told) == {"id", "signal_details", "ai_analysis", "risk_assessment"}
    assert told["ai_analysis"] == {
        "key_factors": [{"name": "body"}],
        "market_context": {"regime": "bull"},
        "probability_analysis": {"3d_target": 0.2},
    }
    assert told["signal_details"]["symbol"] == plan.asset.symbol
    assert told["risk_assessment"]["stop_distance"] == 0.05


def test_administrators_alone_call_a_signal_off_and_once(client: Client, plan: TradingSignal) -> None:
    client.force_login(UserFactory(role="professional"))
    assert client.delete(f"/api/v1/layer4/signals/{plan.pk}").status_code == 403
    client.force_login(UserFactory(role="admin"))
    response = client.delete(f"/api/v1/layer4/signals/{plan.pk}")
    assert (response.status_code, response.content) == (204, b"")
    plan.refresh_from_db()
    assert plan.status == "cancelled"
    assert client.delete(f"/api/v1/layer4/signals/{plan.pk}").status_code == 409


@pytest.mark.parametrize("number", [0, 2**62, 10**30])
def test_a_signal_that_does_not_exist_is_not_found(casual: Client, number: int) -> None:
    assert casual.get(f"/api/v1/layer4/signals/{number}").status_code == 404
    assert post(casual, f"signals/{number}/execute", BODY).status_code == 404
    assert post(casual, f"executions/{number}/close").status_code == 404

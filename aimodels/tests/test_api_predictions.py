"""Predictions over HTTP: the contract's keys, who may do what, and figures that are null with a reason."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aimodels import services
from aimodels.models import LayerSource, Prediction
from aimodels.tests.factories import MOMENT, PredictionFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/predictions"
LISTED = {
    "id", "crypto_id", "symbol", "layer_source", "predicted_price", "confidence_score", "prediction_horizon",
    "macro_context", "model_name", "target_datetime",
}  # fmt: skip
CREATED = {"id", "predicted_price", "confidence_score", "target_datetime", "model_name"}
ANALYSED = {"overall_accuracy", "accuracy_by_layer", "accuracy_by_horizon", "best_performing_models"}


def as_role(role: str) -> tuple[Client, Any]:
    user, client = UserFactory(role=role), Client()
    client.force_login(user)
    return client, user


def body(response: Any) -> Any:
    return json.loads(response.content)


@pytest.mark.parametrize(("role", "status"), [("guest", 403), ("casual", 200), ("admin", 200)])
def test_reading_is_for_casual_users_and_up(role: str, status: int) -> None:
    client, _ = as_role(role)
    assert client.get(URL).status_code == status
    assert client.get(f"{URL}/analytics").status_code == status
    assert Client().get(URL).status_code in (401, 403)


def test_a_prediction_reads_as_the_contract_has_it() -> None:
    row = PredictionFactory(predicted_price="0.00000712", lower_price="0.000007", upper_price="0.0000073")
    client, _ = as_role("casual")
    response = client.get(URL, {"layer": "layer3", "limit": 10})
    [found] = body(response)
    assert set(found) >= LISTED
    assert (found["id"], found["predicted_price"]) == (row.pk, 7.12e-06)
    assert b'"predicted_price":0.00000712,' in response.content
    assert (found["actual_price"], found["is_realized"], found["outcome_reason"]) == (None, False, None)


def test_each_sees_the_system_s_and_their_own() -> None:
    client, user = as_role("professional")
    system, mine = PredictionFactory(), PredictionFactory(user=user)
    PredictionFactory(user=UserFactory())
    assert {row["id"] for row in body(client.get(URL))} == {system.pk, mine.pk}
    assert [row["id"] for row in body(client.get(URL, {"asked": "true"}))] == [mine.pk]


@pytest.mark.parametrize(
    "query", [{"layer": "layer1"}, {"symbol": "none"}, {"horizon": "168"}, {"realized": "true"}]
)
def test_filters_leave_out_what_was_not_asked_for(query: dict[str, str]) -> None:
    PredictionFactory()
    client, _ = as_role("casual")
    assert body(client.get(URL, query)) == []


@pytest.mark.parametrize("query", [{"layer": "layer9"}, {"horizon": "0"}, {"colour": "red"}, {"limit": "0"}])
def test_a_query_that_is_none_is_refused_by_field(query: dict[str, str]) -> None:
    client, _ = as_role("casual")
    response = client.get(URL, query)
    assert response.status_code == 400
    assert [row["field"] for row in body(response)["errors"]] == list(query)


def test_thirty_rows_take_as_many_queries_as_three() -> None:
    client, _ = as_role("casual")
    client.get(URL)  # what the first request of a session does besides
    counts = []
    for size in (3, 27):
        PredictionFactory.create_batch(size)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(URL).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_professional_asks_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    client, user = as_role("professional")
    row = PredictionFactory()
    asked: list[dict[str, Any]] = []

    def ask(**given: Any) -> Prediction:
        asked.append(given)
        return row

    monkeypatch.setattr(services, "ask", ask)
    wanted = {"crypto_id": 1, "layer_source": "layer4", "prediction_horizon": 4}
    response = client.post(URL, wanted, content_type="application/json")
    assert response.status_code == 201
    assert set(body(response)) >= CREATED
    [given] = asked
    assert (given["user_id"], given["asset_id"], given["hours"]) == (user.pk, 1, 4)
    assert given["layer"] is LayerSource.LAYER4


def test_who_asks_a_model_too_often_is_told_when_it_answers_again(monkeypatch: pytest.MonkeyPatch) -> None:
    client, _ = as_role("professional")

    def ask(**given: Any) -> Prediction:
        raise services.LimitError("interval_1d", 20, 90.4)

    monkeypatch.setattr(services, "ask", ask)
    wanted = {"crypto_id": 1, "layer_source": "layer4", "prediction_horizon": 4}
    response = client.post(URL, wanted, content_type="application/json")
    assert response.status_code == 429
    assert response["Retry-After"] == "91"
    assert "20 predictions an hour" in body(response)["detail"]


@pytest.mark.parametrize("role", ["guest", "casual"])
def test_asking_is_for_professionals(role: str) -> None:
    client, _ = as_role(role)
    wanted = {"crypto_id": 1, "prediction_horizon": 4}
    assert client.post(URL, wanted, content_type="application/json").status_code == 403


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"crypto_id": 10**12}, "crypto_id"),
        ({"crypto_id": "x"}, "crypto_id"),
        ({"layer_source": "layer7"}, "layer_source"),
        ({"prediction_horizon": 0}, "prediction_horizon"),
        ({"prediction_horizon": 10**6}, "prediction_horizon"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_by_field(change: dict[str, Any], field: str) -> None:
    client, _ = as_role("professional")
    wanted = {"crypto_id": 1, "layer_source": "layer3", "prediction_horizon": 24} | change
    response = client.post(URL, wanted, content_type="application/json")
    assert response.status_code == 400
    assert [row["field"] for row in body(response)["errors"]] == [field]
    assert not Prediction.objects.exists()


def ended(**given: Any) -> None:
    moment = timezone.now() - timedelta(days=3)
    PredictionFactory(as_of=moment, evaluated_at=timezone.now(), **given)


def test_analytics_count_what_was_right_by_layer_horizon_and_model() -> None:
    ended(actual_price=101, is_accurate=True, is_inside=True, accuracy_percentage=99.0)
    ended(actual_price=110, is_accurate=False, is_inside=False, accuracy_percentage=90.0)
    ended(outcome_reason="delisted")
    PredictionFactory(as_of=MOMENT, actual_price=101, is_accurate=True, evaluated_at=MOMENT)  # long ago
    client, user = as_role("casual")
    ended(user=user, actual_price=101, is_accurate=True, is_inside=True, accuracy_percentage=99.0)
    found = body(client.get(f"{URL}/analytics", {"days": 30, "layer": "all"}))
    assert set(found) >= ANALYSED
    assert found["overall_accuracy"] == 0.5
    assert (found["overall"]["count"], found["overall"]["coverage"], found["overall"]["claimed"]) == (
        2,
        0.5,
        0.8,
    )
    assert found["overall"]["mean_accuracy_percentage"] == 94.5
    assert found["accuracy_by_layer"]["layer3"]["accuracy"] == 0.5
    assert found["accuracy_by_layer"]["layer1"]["accuracy"] is None
    assert found["accuracy_by_layer"]["layer1"]["reason"]
    assert list(found["accuracy_by_horizon"]) == ["24"]
    assert [row["model_name"] for row in found["best_performing_models"]] == ["interval_1d"]
    assert found["without_outcome"] == {"delisted": 1}


def test_without_outcomes_the_figures_are_null_with_the_reason() -> None:
    client, _ = as_role("casual")
    found = body(client.get(f"{URL}/analytics"))
    assert found["overall_accuracy"] is None
    assert found["overall"]["reason"]
    assert found["best_performing_models"] == []


@pytest.mark.parametrize("query", [{"days": "0"}, {"days": "many"}, {"layer": "layer5"}, {"since": "now"}])
def test_analytics_refuse_what_they_do_not_know(query: dict[str, str]) -> None:
    client, _ = as_role("casual")
    response = client.get(f"{URL}/analytics", query)
    assert response.status_code == 400
    assert [row["field"] for row in body(response)["errors"]] == list(query)

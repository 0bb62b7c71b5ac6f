"""The registry over HTTP, as the contract has it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from aimodels import selectors, services
from aimodels.models import JobStatus, TrainingJob
from aimodels.selectors import text
from aimodels.tests import toys as toy
from aimodels.tests.test_services_serving import serve

pytestmark = pytest.mark.django_db
MODELS = "/api/v1/admin/ai-models"
CONTRACT = {"id", "name", "type", "status", "last_trained", "performance_metrics"}


@pytest.fixture(autouse=True)
def _toys(toys: Any, settings: Any, monkeypatch: Any) -> None:
    settings.WHITENOISE_AUTOREFRESH = True
    monkeypatch.setattr("aimodels.services.jobs._send", lambda pk: None)


def as_role(client: Client, role: str) -> Client:
    client.force_login(get_user_model().objects.create_user(f"{role}@example.org", "x", role=role))
    return client


@pytest.fixture
def admin(client: Client) -> Client:
    return as_role(client, Role.ADMIN)


def body(response: Any) -> Any:
    return json.loads(response.content)


def retrain(client: Client, pk: int, **sent: Any) -> Any:
    return client.post(f"{MODELS}/{pk}/retrain", json.dumps(sent), content_type="application/json")


def serving() -> int:
    serve()
    found = selectors.active("toy", toy.PANEL.timeframe)
    assert found is not None
    return found.pk


def test_models_have_the_keys_of_the_contract_one_row_a_model(admin: Client) -> None:
    pk = serving()
    (row,) = body(admin.get(MODELS))
    assert set(row) >= CONTRACT
    assert (row["id"], row["name"], row["type"], row["status"]) == (pk, "toy", "asset", "active")
    every = body(admin.get(MODELS, {"versions": "all"}))
    assert len(every) == 4
    assert len({one["version"] for one in every}) == 4


@pytest.mark.parametrize("role", [Role.GUEST, Role.CASUAL, Role.PROFESSIONAL])
def test_administration_is_for_administrators(client: Client, role: str) -> None:
    pk = serving()
    as_role(client, role)
    assert client.get(MODELS).status_code == 403
    assert retrain(client, pk).status_code == 403
    assert client.get("/api/v1/admin/training-jobs").status_code == 403
    assert client.get("/api/v1/models").status_code == (403 if role == Role.GUEST else 200)
    assert not TrainingJob.objects.exists()


def test_a_retraining_as_the_contract_sends_it_is_accepted_and_waits(admin: Client) -> None:
    answer = retrain(admin, serving(), training_data_days=90, validation_split=0.2, hyperparameters={})
    assert answer.status_code == 202
    job = TrainingJob.objects.get()
    assert (job.status, job.parameters["days"], job.requested_by.role) == ("pending", 90, Role.ADMIN)
    assert body(answer)["id"] == job.pk
    second = retrain(admin, serving())
    assert second.status_code == 409
    assert "waits or runs already" in body(second)["errors"][0]["rule"]
    assert TrainingJob.objects.count() == 1


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"training_data_days": 5}, "training_data_days"),
        ({"training_data_days": "many"}, "training_data_days"),
        ({"validation_split": 1.5}, "validation_split"),
        ({"hyperparameters": {"depth": 4}}, "hyperparameters.depth"),
        ({"hyperparameters": 7}, "hyperparameters"),
    ],
)
def test_a_bad_retraining_names_the_field_and_how_to_mend_it(
    admin: Client, sent: dict[str, Any], field: str
) -> None:
    answer = retrain(admin, serving(), **sent)
    assert answer.status_code == 400
    (error,) = body(answer)["errors"]
    assert error["field"] == field
    assert error["rule"]
    assert error["mend"]
    assert not TrainingJob.objects.exists()


def test_a_model_that_is_not_there_is_not_found(admin: Client) -> None:
    assert retrain(admin, 99_999).status_code == 404
    assert admin.get("/api/v1/models/ghost").status_code == 404
    assert admin.post("/api/v1/admin/training-jobs/99999/cancel").status_code == 404


def test_a_waiting_training_is_listed_and_cancelled_once(admin: Client) -> None:
    retrain(admin, serving())
    (row,) = body(admin.get("/api/v1/admin/training-jobs", {"status": "pending"}))
    cancelled = admin.post(f"/api/v1/admin/training-jobs/{row['id']}/cancel")
    assert body(cancelled)["status"] == JobStatus.CANCELLED
    again = admin.post(f"/api/v1/admin/training-jobs/{row['id']}/cancel")
    assert again.status_code == 409


def test_a_card_is_made_from_what_is_stored(admin: Client) -> None:
    services.train(name="toy", as_of=toy.LAST, days=300)
    services.evaluate(until=toy.LAST, since=toy.LAST - timedelta(days=200))
    card = body(admin.get("/api/v1/models/toy"))
    assert card["features"] == list(toy.NAMES)
    assert (card["rival"], card["metric"], card["horizon_days"]) == ("base rate", "skill", 7)
    assert card["training_data_range"]["labels_until"] < card["training_data_range"]["until"]
    assert len(card["artefact"]["sha256"]) == 64
    assert card["artefact"]["frameworks"]["scikit-learn"]
    assert card["evaluation"]["figures"]["skill"]["low"] is not None
    assert card["decisions"][0]["verdict"] == "promoted"
    assert card["trainings"][0]["status"] == "completed"
    (short,) = body(admin.get("/api/v1/models"))
    assert short["version"] == card["version"]
    written = text(selectors.card("toy"))
    assert written.startswith("# toy")
    assert card["artefact"]["sha256"] in written
    assert "| skill |" in written


def test_a_model_nobody_has_trained_has_a_card_that_says_so(admin: Client) -> None:
    card = body(admin.get("/api/v1/models/toy"))
    assert (card["state"], card["withheld"], card["version"]) == ("missing", True, None)
    assert text(selectors.card("toy")).startswith("# toy")


def test_judgements_and_decisions_are_listed_newest_first(admin: Client) -> None:
    services.train(name="toy", as_of=toy.LAST, days=300)
    for days in (150, 200):
        services.evaluate(until=toy.LAST, since=toy.LAST - timedelta(days=days))
    newest, older = body(admin.get("/api/v1/evaluations", {"name": "toy"}))
    assert newest["window_start"] < older["window_start"]
    assert set(newest["metrics"]["skill"]) >= {"value", "low", "high", "rival", "floor", "grade", "cases"}
    assert body(admin.get("/api/v1/evaluations", {"name": "other"})) == []
    (decision,) = body(admin.get("/api/v1/promotions"))
    assert (decision["verdict"], decision["champion"]) == ("promoted", None)
    assert decision["checks"][0]["passed"] is True


@pytest.mark.parametrize("path", ["/api/v1/evaluations", "/api/v1/promotions", "/api/v1/models", MODELS])
def test_reading_takes_the_same_queries_for_few_and_many_rows(admin: Client, path: str) -> None:

    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert admin.get(path).status_code == 200
        return len(seen)

    services.train(name="toy", as_of=toy.LAST - timedelta(days=90), days=200)
    services.evaluate(until=toy.LAST, since=toy.LAST - timedelta(days=100))
    count()  # the first request of a session writes that down
    few = count()
    services.train(name="toy", as_of=toy.LAST, days=200)
    services.evaluate(until=toy.LAST, since=toy.LAST - timedelta(days=150))
    assert count() == few

"""Models on the desk: what the services refuse is told, and what they cannot do is not offered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from aimodels import services
from aimodels.models import AIModel, JobStatus, TrainingJob
from assets.engine.timeframe import Timeframe

pytestmark = pytest.mark.django_db
MODELS = "admin:aimodels_aimodel_changelist"


@pytest.fixture
def browser() -> Client:
    user = User.objects.create_user("admin@example.com", role=Role.ADMIN)
    client = Client()
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def model(version: str = "1", name: str = "selection", **more: Any) -> AIModel:
    return AIModel.objects.create(
        name=name,
        version=version,
        timeframe=Timeframe.DAY,
        model_type="asset",
        architecture="ridge",
        target_variable="return",
        fitted_as_of=datetime(2024, 1, 1, tzinfo=UTC),
        artefact=b"secret bytes",
        **more,
    )


def act(browser: Client, action: str, rows: list[Any], name: str = MODELS) -> str:
    body = {"action": action, "_selected_action": [row.pk for row in rows]}
    page = browser.post(reverse(name), body, follow=True)
    return " ".join(str(message) for message in page.context["messages"])


def test_a_version_is_let_serve_by_the_service(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(services, "rollback", lambda **given: asked.append(given), raising=False)
    assert "done" in act(browser, "serve", [model("7")])
    (given,) = asked
    assert (given["name"], given["to"], given["timeframe"]) == ("selection", "7", Timeframe.DAY)
    assert given["decided_by"] == User.objects.get().pk


def test_two_versions_of_a_model_cannot_serve_at_once(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(services, "rollback", lambda **given: asked.append(given), raising=False)
    assert "Choose one version" in act(browser, "serve", [model("1"), model("2")])
    assert asked == []


def test_a_training_is_asked_for_once_a_name_and_refusals_are_told(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def request(**given: Any) -> None:
        asked.append(given["name"])
        if given["name"] == "timing":
            raise ValueError("it runs already")

    monkeypatch.setattr(services, "request", request, raising=False)
    told = act(browser, "retrain", [model("1"), model("2"), model("1", "timing")])
    assert asked == ["selection", "timing"]
    assert "selection 1d: done" in told
    assert "timing 1d: it runs already" in told


def test_what_the_services_cannot_do_is_not_offered(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    model()
    for name in ("request", "rollback"):
        monkeypatch.delattr(services, name, raising=False)
    page = browser.get(reverse(MODELS)).content.decode()
    assert 'value="retrain"' not in page
    assert 'value="serve"' not in page


def test_the_artefact_is_not_shown(browser: Client) -> None:
    row = model()
    page = browser.get(reverse("admin:aimodels_aimodel_change", args=[row.pk])).content.decode()
    assert "secret bytes" not in page
    assert 'name="_save"' not in page


def test_a_training_is_stopped_by_the_service(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    job = TrainingJob.objects.create(
        name="selection",
        timeframe=Timeframe.DAY,
        fit_as_of=datetime(2024, 1, 1, tzinfo=UTC),
        status=JobStatus.RUNNING,
    )
    asked: list[int] = []
    monkeypatch.setattr(services, "cancel", lambda pk: asked.append(pk), raising=False)
    act(browser, "stop", [job], "admin:aimodels_trainingjob_changelist")
    assert asked == [job.pk]

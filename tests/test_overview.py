"""The four layers in one look, over the API."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.services import create_user

KEYS = {"layer", "name", "status", "confidence", "key_metric", "indicator_dots"}


def client_of(role: str) -> Client:
    client = Client()
    client.force_login(create_user(email=f"{role}@example.org", role=role))
    return client


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "most"), [("guest", 2), ("casual", 4), ("professional", 4), ("admin", 4)])
def test_each_role_sees_the_layers_that_are_for_it(
    role: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptopredict import dashboard

    def told(part: dashboard.Part, user: object) -> dict[str, object]:
        return {
            "layer": part.number,
            "name": str(part.title),
            "status": "bull",
            "confidence": None,
            "key_metric": "65 % invested",
            "indicator_dots": 3,
            "base_rate": 0.5,
            "as_of": None,
            "is_stale": False,
            "stale_reason": "",
        }

    monkeypatch.setattr(dashboard, "ask", told)
    answer = client_of(role).get("/api/v1/ui/layer-overview")
    assert answer.status_code == 200
    assert [row["layer"] for row in answer.json()] == list(range(1, most + 1))
    assert all(row.keys() >= KEYS for row in answer.json())


@pytest.mark.django_db
def test_before_anything_was_analysed_the_overview_answers_and_invents_nothing() -> None:
    answer = client_of("casual").get("/api/v1/ui/layer-overview")
    assert answer.status_code == 200
    assert all(row["confidence"] is None and row["as_of"] is None for row in answer.json())


@pytest.mark.django_db
def test_who_is_not_logged_in_is_refused_with_a_problem_document() -> None:
    answer = Client().get("/api/v1/ui/layer-overview")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["layer1/market-regime", "layer2/sectors", "layer3/watchlists", "layer4/signals"]
)
def test_every_layer_answers_a_person_in_a_browser(path: str) -> None:
    answer = client_of("casual").get(f"/api/v1/{path}", HTTP_ACCEPT="text/html")
    assert answer.status_code in (200, 404)
    assert answer["Content-Type"].startswith("text/html")

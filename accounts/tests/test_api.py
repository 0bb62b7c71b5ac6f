"""A person's own things over HTTP: session, profile, keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, User, UserActivity
from accounts.services import create_user, token_issue

pytestmark = pytest.mark.django_db
JSON = "application/json"
SESSION, TOKENS = "/api/v1/account/session", "/api/v1/account/tokens"


@pytest.fixture
def user() -> User:
    return create_user(email="a@example.org", role="casual", password="correct horse battery")


def log_in(client: Client, password: str, content_type: str = JSON) -> Any:
    body = {"email": "a@example.org", "password": password}
    return client.post(SESSION, body, content_type=content_type, headers={"X-Forwarded-For": "10.0.0.1"})


def test_a_person_logs_in_and_out_and_both_are_written_down(user: User) -> None:
    client = Client()
    response = log_in(client, "correct horse battery")
    assert response.status_code == 200, response.content
    assert response.json()["user"]["email"] == user.email
    assert client.get(SESSION).status_code == 200
    assert client.delete(SESSION).status_code == 204
    assert client.get(SESSION).status_code == 401
    assert list(UserActivity.objects.values_list("activity_type", flat=True)) == ["login", "logout"]


def test_a_wrong_password_opens_nothing_and_says_not_which_was_wrong(user: User) -> None:
    response = log_in(Client(), "wrong")
    assert response.status_code == 401
    assert "wrong" not in response.content.decode()


def test_a_form_of_another_site_logs_nobody_in(user: User) -> None:
    assert log_in(Client(), "correct horse battery", "text/plain").status_code == 415


def test_a_session_needs_its_csrf_token_to_write(user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    token = log_in(client, "correct horse battery").json()["csrf_token"]
    assert client.post(TOKENS, {"name": "x"}, content_type=JSON).status_code == 403
    sent = client.post(TOKENS, {"name": "x"}, content_type=JSON, headers={"X-CSRFToken": token})
    assert sent.status_code == 201


def test_a_key_is_shown_once_and_opens_until_it_is_revoked(user: User) -> None:
    client = Client()
    client.force_login(user)
    made = client.post(TOKENS, {"name": "script"}, content_type=JSON).json()
    program = Client(headers={"Authorization": f"Token {made['token']}"})
    assert program.get("/api/v1/account/profile").json()["email"] == user.email
    assert all("token" not in row for row in client.get(TOKENS).json())
    assert client.delete(f"{TOKENS}/{made['id']}").status_code == 204
    assert program.get("/api/v1/account/profile").status_code == 401


def test_a_key_made_with_a_key_ends_with_it(user: User) -> None:
    end = timezone.now() + timedelta(hours=1)
    _token, text = token_issue(user=user, name="short", expires_at=end)
    program = Client(headers={"Authorization": f"Token {text}"})
    later = (timezone.now() + timedelta(days=9)).isoformat()
    for name, expires_at in (("none", None), ("later", later)):
        body = {"name": name, "expires_at": expires_at}
        assert program.post(TOKENS, body, content_type=JSON).status_code == 201
        assert ApiToken.objects.get(name=name).expires_at == end


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "a", "expires_at": "2020-01-01"}, {"name": "taken"}, {"name": None}]
)
def test_a_key_that_cannot_be_is_refused(user: User, body: dict[str, Any]) -> None:
    token_issue(user=user, name="taken")
    client = Client()
    client.force_login(user)
    response = client.post(TOKENS, body, content_type=JSON)
    assert response.status_code == 400
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("body", [{"language": "xx"}, {"timezone": "Mars/Base"}, {"first_name": "x" * 51}])
def test_a_profile_that_makes_no_sense_is_refused(user: User, body: dict[str, str]) -> None:
    client = Client()
    client.force_login(user)
    assert client.patch("/api/v1/account/profile", body, content_type=JSON).status_code == 400


def test_nobody_changes_their_own_role(user: User) -> None:
    client = Client()
    client.force_login(user)
    client.patch("/api/v1/account/profile", {"role": "admin", "first_name": "A"}, content_type=JSON)
    user.refresh_from_db()
    assert (user.role, user.first_name) == ("casual", "A")

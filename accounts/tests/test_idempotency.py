from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.idempotency import KEPT_FOR, answer_once
from accounts.models import IdempotentAnswer, User, UserActivity
from accounts.services import record
from cryptopredict.common import restapi


class Act(restapi.View):
    """Writes one activity; fails where it is told to."""

    role = "casual"

    def post(self, request: Any) -> Any:
        def act() -> restapi.Response:
            entry = record(user=request.user, activity_type="view_signal", action="once")
            if request.data.get("fail"):
                raise restapi.Conflict("fail", True, "told to fail", "do not tell it to")
            return restapi.Response({"id": entry.pk, "size": 0.5}, status=201)

        return answer_once(request, act)


def post(user: User, body: dict[str, Any], key: str | None = "k1") -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    request = APIRequestFactory().post("/act", body, format="json", headers=headers)
    force_authenticate(request, user)
    response = Act.as_view()(request)
    return response.render() if hasattr(response, "render") else response


@pytest.fixture
def user(db: None) -> User:
    return User.objects.create_user("a@example.org", role="casual")


def test_a_repeated_request_is_carried_out_once_and_answered_the_same(user: User) -> None:
    first, second = post(user, {"n": 1}), post(user, {"n": 1})
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert second["Idempotent-Replayed"] == "true"
    assert UserActivity.objects.count() == 1


def test_the_key_with_another_body_is_refused_and_does_nothing(user: User) -> None:
    post(user, {"n": 1})
    response = post(user, {"n": 2})
    assert (response.status_code, response["Content-Type"]) == (409, restapi.PROBLEM)
    assert json.loads(response.content)["errors"][0]["field"] == "Idempotency-Key"
    assert UserActivity.objects.count() == 1


def test_the_order_of_the_fields_is_not_another_body(user: User) -> None:
    assert post(user, {"a": 1, "b": 2}).content == post(user, {"b": 2, "a": 1}).content


def test_keys_belong_to_their_person(user: User) -> None:
    other = User.objects.create_user("b@example.org", role="casual")
    assert post(user, {"n": 1}).content != post(other, {"n": 2}).content
    assert UserActivity.objects.count() == 2


def test_a_request_that_failed_can_be_sent_again(user: User) -> None:
    assert post(user, {"fail": True}).status_code == 409
    assert (UserActivity.objects.count(), IdempotentAnswer.objects.count()) == (0, 0)
    assert post(user, {}).status_code == 201


def test_without_a_key_every_request_counts(user: User) -> None:
    post(user, {}, None), post(user, {}, None)
    assert UserActivity.objects.count() == 2


@pytest.mark.parametrize("key", ["", "a b", "x" * 101, "schlüssel"])
def test_a_malformed_key_is_refused(user: User, key: str) -> None:
    assert post(user, {}, key).status_code == 400
    assert UserActivity.objects.count() == 0


def test_a_key_is_forgotten_after_a_week(user: User) -> None:
    post(user, {})
    IdempotentAnswer.objects.update(created_at=timezone.now() - KEPT_FOR * 2)
    assert "Idempotent-Replayed" not in post(user, {}).headers
    assert UserActivity.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_carried_out_once() -> None:
    user = User.objects.create_user("c@example.org", role="casual")
    start, answers = threading.Barrier(4), []

    def go() -> None:
        try:
            start.wait(5)
            answers.append(post(user, {"n": 1}))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=go) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert [answer.status_code for answer in answers] == [201] * 4
    assert len({bytes(answer.content) for answer in answers}) == 1
    assert UserActivity.objects.count() == 1

"""Deciding over HTTP, to the letter of the contract: the same services as the desk."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from assets.tests.stored import AssetFactory
from selection import selectors, services
from selection.models import Suggestion, SuggestionReview, Watchlist
from selection.tests.factories import SuggestionFactory, UserFactory, reviewer

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/"
SUGGESTION = {"id", "crypto_id", "symbol", "suggestion_type", "confidence_score", "ai_reasoning"}
SUGGESTION |= {"suggested_at", "expires_at"}
QUEUE = {"id", "crypto_id", "symbol", "suggestion_type", "confidence_score", "priority"}


@pytest.fixture
def admin_user() -> User:
    return UserFactory(role=Role.ADMIN)


def client(user: User) -> Client:
    found = Client()
    found.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return found


def send(user: User, path: str, body: Any, **headers: str) -> Any:
    return client(user).post(ROOT + path, json.dumps(body), content_type="application/json", headers=headers)


def get(user: User, path: str) -> Any:
    return client(user).get(ROOT + path)


def test_suggestions_are_listed_by_status_with_the_contracts_keys(admin_user: User) -> None:
    waits, done = SuggestionFactory(), SuggestionFactory()
    later = SuggestionFactory(deferred_until=Now() + timedelta(days=2))
    services.review(suggestion=done, reviewer=admin_user, decision="reject", notes="thin")
    found = {
        status: get(UserFactory(), f"layer3/suggestions?status={status}&limit=50").json()
        for status in ("pending", "rejected", "deferred", "all")
    }
    ids = {status: {row["id"] for row in rows} for status, rows in found.items()}
    assert ids == {
        "pending": {waits.pk},
        "rejected": {done.pk},
        "deferred": {later.pk},
        "all": {waits.pk, done.pk, later.pk},
    }
    assert set(found["pending"][0]) >= SUGGESTION
    assert get(UserFactory(), "layer3/suggestions?status=odd").status_code == 400


def test_suggestions_are_told_as_they_stood_then(admin_user: User) -> None:
    """Decided, put off and ended later than asked: still waiting."""
    done, later, over, young = (SuggestionFactory() for _n in range(4))
    now = Suggestion.objects.values_list(Now(), flat=True).first()
    made = now - timedelta(days=20)
    with connection.cursor() as cursor:  # append-only: only the past itself can be stored
        cursor.execute("SET LOCAL session_replication_role = replica")
        Suggestion.objects.exclude(pk=young.pk).update(suggested_at=made, expires_at=made + timedelta(days=7))
        Suggestion.objects.filter(pk=done.pk).update(
            status="approved", reviewed_by=admin_user, reviewed_at=made + timedelta(days=3)
        )
        SuggestionReview.objects.create(
            suggestion=later,
            reviewer=admin_user,
            decision="defer",
            review_criteria={"days": 12},
        )
        SuggestionReview.objects.update(reviewed_at=made + timedelta(days=2))
        Suggestion.objects.filter(pk=later.pk).update(expires_at=made + timedelta(days=21))
        cursor.execute("SET LOCAL session_replication_role = origin")

    def at(days: int, status: str = "pending") -> set[int]:
        moment = (made + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows = get(admin_user, f"layer3/suggestions?status={status}&as_of={moment}&limit=50").json()
        assert status in ("all", "deferred") or {row["status"] for row in rows} <= {status}
        return {row["id"] for row in rows}

    assert at(-1, "all") == set()
    assert at(1) == {done.pk, later.pk, over.pk}
    assert at(4) == {over.pk}
    assert (at(4, "approved"), at(4, "deferred")) == ({done.pk}, {later.pk})
    assert (at(8), at(8, "expired")) == (set(), {over.pk})
    assert at(15) == {later.pk}
    early = get(admin_user, f"layer3/suggestions?as_of={made + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}").json()
    assert {row["expires_at"][:10] for row in early} == {f"{made + timedelta(days=7):%Y-%m-%d}"}
    assert get(admin_user, "layer3/suggestions?as_of=2999-01-01").status_code == 400


def test_a_review_is_carried_out_and_answered(admin_user: User) -> None:
    row = SuggestionFactory()
    body = {"decision": "approve", "review_notes": "Strong", "target_tier": "tier2"}
    answer = send(admin_user, f"layer3/suggestions/{row.pk}/review", body)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["decision"], told["status"], told["watchlist_tier"]) == ("approve", "approved", "tier2")
    assert selectors.tiers() == {row.asset_id: "tier2"}


def test_a_second_review_is_told_who_and_when(admin_user: User) -> None:
    row, other = SuggestionFactory(), UserFactory(role=Role.ADMIN)
    services.review(suggestion=row, reviewer=other, decision="approve")
    answer = send(admin_user, f"layer3/suggestions/{row.pk}/review", {"decision": "approve"})
    assert answer.status_code == 409
    (error,) = answer.json()["errors"]
    assert f"approved by {other} on " in error["rule"]
    assert error["mend"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "decision"),
        ({"decision": "maybe"}, "decision"),
        ({"decision": "reject"}, "review_notes"),
        ({"decision": "approve", "target_tier": "tier9"}, "target_tier"),
        ({"decision": "reject", "review_notes": "x", "target_tier": "tier1"}, "target_tier"),
        ({"decision": "defer", "days": 99}, "days"),
    ],
)
def test_a_bad_review_is_refused_with_field_and_mend(admin_user: User, body: Any, field: str) -> None:
    row = SuggestionFactory()
    answer = send(admin_user, f"layer3/suggestions/{row.pk}/review", body)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    row.refresh_from_db()
    assert (row.status, row.deferred_until) == ("pending", None)


def test_what_does_not_exist_is_not_found(admin_user: User) -> None:
    assert send(admin_user, "layer3/suggestions/999999/review", {"decision": "approve"}).status_code == 404


def test_a_review_with_a_key_is_made_once(admin_user: User) -> None:
    row = SuggestionFactory()
    key = {"Idempotency-Key": "one"}
    path, body = f"layer3/suggestions/{row.pk}/review", {"decision": "approve"}
    first, second = (send(admin_user, path, body, **key) for _time in range(2))
    assert first.status_code == second.status_code == 200
    assert first.json() == second.json()
    assert SuggestionReview.objects.count() == 1


def test_many_coins_are_moved_and_each_says_what_became_of_it(admin_user: User) -> None:
    lists = services.ensure_lists()
    Watchlist.objects.filter(pk=lists["tier1"].pk).update(max_items=1)
    coins = [AssetFactory(), AssetFactory()]
    body = {"action": "promote_to_tier1", "crypto_ids": [coins[0].pk, coins[1].pk, 10**6]}
    answer = send(admin_user, "layer3/watchlists/bulk-actions", {**body, "review_notes": "Strong"})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["done"], told["refused"]) == (1, 2)
    assert [row["status"] for row in told["results"]] == ["done", "refused", "refused"]
    assert "is full" in told["results"][1]["rule"]
    assert selectors.tiers() == {coins[0].pk: "tier1"}
    (move,) = selectors.tier_history(coins[0].pk)
    assert move.details["notes"] == "Strong"


@pytest.mark.parametrize(
    "body",
    [
        {"action": "explode", "crypto_ids": [1]},
        {"action": "remove", "crypto_ids": []},
        {"action": "remove", "crypto_ids": ["x"]},
        {"action": "remove"},
    ],
)
def test_a_bad_bulk_action_is_refused(admin_user: User, body: Any) -> None:
    assert send(admin_user, "layer3/watchlists/bulk-actions", body).status_code == 400


def test_the_queue_comes_most_urgent_first(admin_user: User) -> None:
    low = SuggestionFactory(priority=0, confidence_score=0.9)
    high = SuggestionFactory(priority=2, confidence_score=0.5, suggestion_type="remove")
    rows = get(admin_user, "admin/suggestions/queue").json()
    assert [row["id"] for row in rows] == [high.pk, low.pk]
    assert set(rows[0]) >= QUEUE
    rows = get(admin_user, "admin/suggestions/queue?priority=high&days=3").json()
    assert [(row["id"], row["priority"]) for row in rows] == [(high.pk, "high")]
    assert get(admin_user, "admin/suggestions/queue?priority=odd").status_code == 400


def test_queue_and_list_ask_as_much_for_3_as_for_30(admin_user: User) -> None:
    counts: list[list[int]] = []
    for size in (3, 27):
        SuggestionFactory.create_batch(size)
        counts.append([])
        for path in ("admin/suggestions/queue", "layer3/suggestions?limit=100"):
            reader = client(admin_user)
            reader.get(ROOT + path)
            with CaptureQueriesContext(connection) as queries:
                answer = reader.get(ROOT + path)
            counts[-1].append(len(queries))
        assert len(answer.json()) == Suggestion.objects.count()
    assert counts[0] == counts[1]


PATHS = [
    ("get", "admin/suggestions/queue", True),
    ("get", "admin/suggestions/worth", True),
    ("post", "layer3/suggestions/1/review", True),
    ("post", "layer3/watchlists/bulk-actions", False),
]


@pytest.mark.parametrize(("method", "path", "for_reviewers"), PATHS)
def test_who_may_not_decide_is_refused(method: str, path: str, for_reviewers: bool) -> None:
    for user in (UserFactory(role=Role.GUEST), UserFactory(role=Role.PROFESSIONAL)):
        assert getattr(client(user), method)(ROOT + path).status_code == 403
    assert getattr(Client(), method)(ROOT + path).status_code == 401
    assert (getattr(client(reviewer()), method)(ROOT + path).status_code == 403) is not for_reviewers


def test_what_decisions_were_worth_says_why_it_is_not_known(admin_user: User) -> None:
    told = get(admin_user, "admin/suggestions/worth").json()
    assert (told["horizons"], told["sentence"]) == ([], "")
    assert told["reason"]

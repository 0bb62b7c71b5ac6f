"""Settings, activity, audit and people over HTTP: for administrators, to the letter of the contract."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.models import Role, User, UserActivity
from assets.tests.stored import AssetFactory
from cryptopredict import configuration
from cryptopredict.models import RuntimeSettings
from selection import services as selection
from selection.tests.factories import SuggestionFactory, UserFactory, reviewer

pytestmark = pytest.mark.django_db
CONFIG = "/api/v1/admin/config"
DEFAULTS = {
    "watchlist_limits": {"tier1_max": 20, "tier2_max": 100},
    "ai_thresholds": {"suggestion_confidence_min": 0.5, "signal_confidence_min": None},
    "prediction_limits": {"per_hour": None},
}


@pytest.fixture
def admin_user() -> User:
    return UserFactory(role=Role.ADMIN)


def client(user: User) -> Client:
    found = Client()
    found.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return found


def send(user: User, path: str, body: Any, method: str = "post") -> Any:
    return getattr(client(user), method)(path, json.dumps(body), content_type="application/json")


def test_the_settings_in_force_are_read(admin_user: User) -> None:
    assert client(admin_user).get(CONFIG).json() == DEFAULTS


def test_a_change_is_in_force_at_once_and_what_it_leaves_out_stays(admin_user: User) -> None:
    body = {"watchlist_limits": {"tier1_max": 30}, "ai_thresholds": {"signal_confidence_min": 0.8}}
    answer = send(admin_user, CONFIG, body)
    assert answer.status_code == 200
    assert answer.json() == client(admin_user).get(CONFIG).json()
    assert answer.json() == {
        "watchlist_limits": {"tier1_max": 30, "tier2_max": 100},
        "ai_thresholds": {"suggestion_confidence_min": 0.5, "signal_confidence_min": 0.8},
        "prediction_limits": {"per_hour": None},
    }
    assert RuntimeSettings.objects.get().changed_by == admin_user
    told = UserActivity.objects.get(activity_type="change_setting")
    assert told.details["watchlist_limits.tier1_max"] == {"from": 20, "to": 30}
    back = send(admin_user, CONFIG, {"ai_thresholds": {"signal_confidence_min": None}})
    assert back.json()["ai_thresholds"]["signal_confidence_min"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"watchlist_limits": {"tier1_max": -1}}, "watchlist_limits.tier1_max"),
        ({"watchlist_limits": {"tier1_max": "many"}}, "watchlist_limits.tier1_max"),
        ({"watchlist_limits": {"tier2_max": 10**9}}, "watchlist_limits.tier2_max"),
        ({"watchlist_limits": {"tier3_max": 5}}, "watchlist_limits.tier3_max"),
        ({"ai_thresholds": {"suggestion_confidence_min": 1.5}}, "ai_thresholds.suggestion_confidence_min"),
        ({"ai_thresholds": {"suggestion_confidence_min": None}}, "ai_thresholds.suggestion_confidence_min"),
        ({"prediction_limits": {"per_hour": -1}}, "prediction_limits.per_hour"),
        ({"limits": {}}, "limits"),
    ],
)
def test_a_bad_setting_is_refused_and_nothing_is_changed(admin_user: User, body: Any, field: str) -> None:
    good = {"ai_thresholds": {"signal_confidence_min": 0.9}}
    merged = {**good, **body}
    answer = send(admin_user, CONFIG, merged)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert configuration.read() == DEFAULTS


def test_a_limit_below_what_a_list_holds_is_refused(admin_user: User) -> None:
    for _number in range(2):
        selection.set_tier(asset=AssetFactory(), tier="tier1", user=admin_user)
    answer = send(admin_user, CONFIG, {"watchlist_limits": {"tier1_max": 1}})
    assert "2 coins" in answer.json()["errors"][0]["rule"]
    assert send(admin_user, CONFIG, {"watchlist_limits": {"tier1_max": 2}}).status_code == 200


def test_activity_is_listed_newest_first_and_by_kind(admin_user: User) -> None:
    row = SuggestionFactory()
    selection.review(suggestion=row, reviewer=admin_user, decision="approve")
    selection.set_tier(asset=row.asset, tier="tier2", user=admin_user)
    address = "/api/v1/admin/user-activities"
    rows = client(admin_user).get(f"{address}?days=7&activity_type=all").json()
    assert [each["activity_type"] for each in rows] == ["set_tier", "review_suggestion"]
    assert set(rows[0]) >= {"id", "user_id", "activity_type", "activity_time"}
    rows = client(admin_user).get(f"{address}?activity_type=set_tier").json()
    assert [each["action"] for each in rows] == ["tier2"]
    assert client(admin_user).get(f"{address}?activity_type=odd").status_code == 400
    assert client(admin_user).get(f"{address}?days=0").status_code == 400


def test_the_audit_is_read_and_filtered(admin_user: User) -> None:
    selection.ensure_lists()
    send(admin_user, CONFIG, {"watchlist_limits": {"tier1_max": 30}})
    rows = client(admin_user).get("/api/v1/admin/audit?table_name=selection_watchlist").json()
    assert [(row["before"], row["after"]) for row in rows] == [({"max_items": 20}, {"max_items": 30})]
    assert rows[0]["place"] == CONFIG


def test_people_are_listed_and_their_role_is_changed(admin_user: User) -> None:
    person = UserFactory(email="anna@example.com")
    rows = client(admin_user).get("/api/v1/admin/users?search=anna").json()
    assert [(row["email"], row["role"]) for row in rows] == [("anna@example.com", "casual")]
    assert "password" not in rows[0]
    address = f"/api/v1/admin/users/{person.pk}"
    answer = send(admin_user, address, {"role": "professional", "is_active": False}, "patch")
    assert (answer.json()["role"], answer.json()["is_active"]) == ("professional", False)
    assert send(admin_user, address, {"role": "king"}, "patch").status_code == 400
    assert send(admin_user, "/api/v1/admin/users/999999", {"role": "guest"}, "patch").status_code == 404


def test_nobody_takes_their_own_rights_and_one_administrator_stays(admin_user: User) -> None:
    with pytest.raises(ValidationError, match="your own rights"):
        accounts.user_change(user=admin_user, by=admin_user, role="guest")
    other = UserFactory(role=Role.ADMIN)
    accounts.user_change(user=other, by=admin_user, is_active=False)
    assert not User.objects.get(pk=other.pk).is_active


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_close_each_others_accounts_leave_one() -> None:
    first, second = UserFactory(role=Role.ADMIN), UserFactory(role=Role.ADMIN)
    start, refused = threading.Barrier(2), []

    def close(user: User, by: User) -> None:
        start.wait(timeout=10)
        try:
            accounts.user_change(user=user, by=by, is_active=False)
        except ValidationError as error:
            refused.append(error.messages)
        finally:
            connection.close()

    threads = [threading.Thread(target=close, args=pair) for pair in ((first, second), (second, first))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert len(refused) == 1
    assert User.objects.filter(role=Role.ADMIN, is_active=True).count() == 1


@pytest.mark.parametrize("name", ["config", "user-activities", "audit", "users"])
def test_all_of_it_is_for_administrators(name: str) -> None:
    address = f"/api/v1/admin/{name}"
    for user in (UserFactory(role=Role.PROFESSIONAL), reviewer()):
        assert client(user).get(address).status_code == 403
    assert Client().get(address).status_code == 401
    assert client(UserFactory(role=Role.ADMIN)).get(address).status_code == 200


def test_lists_ask_as_much_for_3_as_for_30(admin_user: User) -> None:
    counts: list[list[int]] = []
    for size in (3, 27):
        for _number in range(size):
            selection.set_tier(asset=AssetFactory(), tier="tier2", user=admin_user)
            UserFactory()
        counts.append([])
        for name in ("user-activities", "users", "audit"):
            reader = client(admin_user)
            reader.get(f"/api/v1/admin/{name}")
            with CaptureQueriesContext(connection) as queries:
                reader.get(f"/api/v1/admin/{name}?limit=200")
            counts[-1].append(len(queries))
    assert counts[0] == counts[1]

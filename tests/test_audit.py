"""What a person changes is kept as it was and as it became, by the database, unalterable."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import ProgrammingError, connection, transaction
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import AuditEntry, Role, User
from accounts.services import token_issue
from assets.models import Asset
from assets.tests.stored import AssetFactory
from cryptopredict.common.audit import acting
from selection import services
from selection.tests.factories import SuggestionFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin_user() -> User:
    return UserFactory(role=Role.ADMIN)


def browser(user: User) -> Client:
    found = Client()
    found.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return found


def entries(**where: Any) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(**where).order_by("pk"))


def test_a_change_is_kept_with_who_where_before_and_after(admin_user: User) -> None:
    coin = AssetFactory(name="Old")
    with acting(admin_user.pk, "/desk"):
        Asset.objects.filter(pk=coin.pk).update(name="New", is_active=coin.is_active)
    (entry,) = entries()
    assert (entry.user, entry.table_name, entry.object_id) == (admin_user, "assets_asset", str(coin.pk))
    assert (entry.operation, entry.before, entry.after) == ("update", {"name": "Old"}, {"name": "New"})
    assert (entry.place, entry.at is not None) == ("/desk", True)


def test_what_adds_and_deletes_is_kept_whole(admin_user: User) -> None:
    with acting(admin_user.pk, "/desk"):
        group = Group.objects.create(name="Editors")
        pk = group.pk
        group.delete()
    added, deleted = entries(table_name="auth_group")
    assert (added.operation, added.before, added.after) == ("insert", None, {"id": pk, "name": "Editors"})
    assert (deleted.operation, deleted.before, deleted.after) == ("delete", added.after, None)


def test_nothing_is_kept_of_what_nobody_did_or_what_changed_nothing(admin_user: User) -> None:
    coin = AssetFactory()
    Asset.objects.filter(pk=coin.pk).update(name="By a task")
    with acting(admin_user.pk, "/desk"):
        Asset.objects.filter(pk=coin.pk).update(name="By a task")
    Asset.objects.filter(pk=coin.pk).update(name="By another task")
    assert entries() == []


def test_what_is_taken_back_is_not_kept(admin_user: User) -> None:
    coin = AssetFactory()
    with acting(admin_user.pk, "/desk"), transaction.atomic():
        Asset.objects.filter(pk=coin.pk).update(name="New")
        transaction.set_rollback(True)
    assert entries() == []


def test_secrets_are_not_repeated(admin_user: User) -> None:
    with acting(admin_user.pk, "/desk"):
        token, _text = token_issue(user=admin_user, name="script")
        admin_user.set_password("another long one")
        admin_user.save(update_fields=["password"])
    told = json.dumps([[entry.before, entry.after] for entry in entries()])
    assert len(entries()) == 2
    assert token.digest not in told
    assert admin_user.password not in told
    assert "•" in json.loads(json.dumps(entries(table_name="accounts_user")[0].after))["password"]


def test_an_entry_can_be_neither_changed_nor_deleted(admin_user: User) -> None:
    coin = AssetFactory()
    with acting(admin_user.pk, "/desk"):
        Asset.objects.filter(pk=coin.pk).update(name="New")
    rows = AuditEntry.objects.all()
    for change in (lambda: rows.update(after={}), lambda: rows[0].delete()):
        with pytest.raises(ProgrammingError), transaction.atomic():
            change()
    assert entries()[0].after == {"name": "New"}


def test_a_decision_in_the_browser_leaves_the_coin_the_suggestion_and_the_review(admin_user: User) -> None:
    row = SuggestionFactory()
    body = {"action": "approve", "_selected_action": [row.pk], "ids": row.pk, "confirmed": "1"}
    browser(admin_user).post(reverse("admin:selection_suggestion_changelist"), body)
    told = {entry.table_name: entry for entry in entries()}
    assert told["assets_asset"].after == {"watchlist_tier": "tier1"}
    assert told["selection_suggestion"].before["status"] == "pending"
    assert set(told) >= {"selection_suggestionreview", "selection_watchlistitem"}
    assert {entry.user for entry in told.values()} == {admin_user}


def test_what_comes_with_a_token_is_kept_too(admin_user: User) -> None:
    row = SuggestionFactory()
    _token, text = token_issue(user=admin_user, name="script")
    address = f"/api/v1/layer3/suggestions/{row.pk}/review"
    body = json.dumps({"decision": "reject", "review_notes": "thin"})
    headers = {"Authorization": f"Token {text}"}
    answer = Client().post(address, body, content_type="application/json", headers=headers)
    assert answer.status_code == 200
    (entry,) = entries(table_name="selection_suggestion")
    assert (entry.user, entry.place, entry.after["status"]) == (admin_user, address, "rejected")


def test_no_trace_of_who_acted_is_left_on_the_connection(admin_user: User) -> None:
    with acting(admin_user.pk, "/desk"):
        services.set_tier(asset=AssetFactory(), tier="tier2", user=admin_user)
    Asset.objects.filter(pk=AssetFactory().pk).update(name="By a task")
    assert not entries(after={"name": "By a task"})


def test_every_table_that_the_desk_can_write_is_audited(admin_user: User) -> None:
    request = RequestFactory().get("/")
    request.user = admin_user
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'audit'")
        audited = {name for (name,) in cursor.fetchall()}
    ours = {config.label for config in apps.get_app_configs()} - {"usersessions", "mfa", "sites"}
    writable = {
        model._meta.db_table
        for model, page in admin.site._registry.items()
        if model._meta.app_label in ours
        and (
            page.has_add_permission(request)
            or page.has_change_permission(request)
            or page.has_delete_permission(request)
        )
    }
    assert writable <= audited

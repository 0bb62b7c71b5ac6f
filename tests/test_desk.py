"""The desk: who enters, what its first page says, and that every page of it opens under the strict policy."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Notification, Role, User, UserActivity
from accounts.services import second_factor_remove, token_issue
from aimodels.tests.test_admin import model as stored_model
from assets.engine.timeframe import Timeframe
from assets.tests.stored import AssetFactory
from cryptopredict import configuration, desksite
from cryptopredict.common import desk
from cryptopredict.models import PipelineRun, RunStatus, RuntimeSettings
from selection import services as selection
from selection.tests.factories import SuggestionFactory, UserFactory, reviewer

pytestmark = pytest.mark.django_db
AS_OF = timezone.now() - timedelta(days=1)


@pytest.fixture
def admin_user() -> User:
    return UserFactory(role=Role.ADMIN)


def client(user: User) -> Client:
    found = Client()
    found.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    return found


@pytest.fixture
def browser(admin_user: User) -> Client:
    return client(admin_user)


def run(status: str = RunStatus.COMPLETED, **more: Any) -> PipelineRun:
    return PipelineRun.objects.create(
        timeframe=Timeframe.DAY, since=AS_OF, as_of=AS_OF, status=status, seconds=2.0, **more
    )


def test_the_first_page_has_figures_of_queue_runs_and_errors(browser: Client) -> None:
    SuggestionFactory(priority=2)
    run()
    run(RunStatus.FAILED, error="ValueError: no candles")
    page = browser.get(reverse("admin:index"))
    assert page.context["queue"]["waiting"] == page.context["queue"]["high"] == 1
    text = page.content.decode()
    assert "no candles" in text
    assert 'class="bad"' in text


def test_the_first_page_asks_as_much_with_few_as_with_many_rows(browser: Client) -> None:
    counts = []
    for size in (3, 27):
        for _number in range(size):
            SuggestionFactory()
            run()
        browser.get(reverse("admin:index"))
        with CaptureQueriesContext(connection) as queries:
            browser.get(reverse("admin:index"))
        counts.append(len(queries))
    assert counts[0] == counts[1] < 25


def test_bars_stay_in_their_box_and_show_how_each_run_ended() -> None:
    runs = [run(), run(RunStatus.FAILED, error="x"), run(RunStatus.RUNNING)]
    runs[0].seconds, runs[2].seconds = 8.0, None
    drawn = desksite.bars(runs)
    assert [bar["tone"] for bar in drawn] == ["good", "bad", "none"]
    assert all(0 <= bar["y"] <= 28 and bar["y"] + bar["height"] == 30 for bar in drawn)
    assert desksite.bars([]) == []


def test_a_reviewer_sees_the_queue_but_nothing_about_people_or_runs() -> None:
    SuggestionFactory()
    run()
    page = client(reviewer()).get(reverse("admin:index"))
    assert page.status_code == 200
    assert page.context["queue"]["waiting"] == 1
    assert "activities" not in page.context
    assert "bars" not in page.context
    apps = {app["app_label"] for app in page.context["app_list"]}
    assert apps <= {"assets", "macro", "sectors", "selection", "trading"}


@pytest.mark.parametrize("name", ["accounts_user", "accounts_auditentry", "auth_group", "accounts_apitoken"])
def test_a_reviewer_does_not_manage_people(name: str) -> None:
    assert client(reviewer()).get(reverse(f"admin:{name}_changelist")).status_code == 403


def test_who_is_not_logged_in_is_sent_to_the_sites_own_log_in() -> None:
    answer = Client().get(reverse("admin:index"))
    assert answer.status_code == 302
    login = Client().get(answer.url)
    assert login.status_code == 302
    assert login.url.startswith(reverse("account_login"))


@pytest.mark.parametrize("role", [Role.GUEST, Role.CASUAL, Role.PROFESSIONAL])
def test_others_see_none_of_it(role: str) -> None:
    reader = client(UserFactory(role=role))
    for model in admin.site._registry:
        opts = model._meta
        answer = reader.get(reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"), follow=True)
        assert answer.status_code == 403, opts.label


INLINE = re.compile(
    r"<script(?![^>]*\bsrc=)(?![^>]*application/json)|<style|\son\w+=|\sstyle=", re.IGNORECASE
)


def test_every_list_and_form_opens_and_needs_no_inline_script_or_style(browser: Client) -> None:
    run()
    SuggestionFactory()
    for model in admin.site._registry:
        opts = model._meta
        answer = browser.get(reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"), follow=True)
        assert answer.status_code == 200, opts.label
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert not INLINE.search(answer.content.decode()), opts.label


def test_the_secrets_of_second_factors_are_nobodys_to_look_at() -> None:
    assert not {"mfa.authenticator"} & {model._meta.label_lower for model in admin.site._registry}


def test_settings_are_one_form_with_limits_and_thresholds(browser: Client, admin_user: User) -> None:
    selection.ensure_lists()
    address = reverse("admin:cryptopredict_runtimesettings_change", args=[1])
    assert browser.get(reverse("admin:cryptopredict_runtimesettings_changelist")).url == address
    body = {"tier1_max": 12, "tier2_max": 90, "suggestion_confidence_min": 0.6, "signal_confidence_min": ""}
    browser.post(address, body)
    assert selection.ensure_lists()["tier1"].max_items == 12
    row = RuntimeSettings.objects.get()
    assert (row.suggestion_confidence_min, row.changed_by) == (0.6, admin_user)
    selection.set_tier(asset=AssetFactory(), tier="tier1", user=admin_user)
    bad = {"tier1_max": 0, "suggestion_confidence_min": 1.4, "signal_confidence_min": "much", "per_hour": -1}
    page = browser.post(address, {**body, **bad})
    errors = page.context["adminform"].form.errors
    assert set(errors) == set(bad)
    assert "1 coins that the list holds" in errors["tier1_max"][0]
    assert selection.ensure_lists()["tier1"].max_items == 12


def test_the_hourly_limit_of_predictions_is_set_for_every_model(browser: Client) -> None:
    model = stored_model(is_active=True, status="active")
    address = reverse("admin:cryptopredict_runtimesettings_change", args=[1])
    body = {"tier1_max": 20, "tier2_max": 100, "suggestion_confidence_min": 0.5}
    browser.get(reverse("admin:cryptopredict_runtimesettings_changelist"))  # makes the row
    for given, stored in (("30", 30), ("0", 0), ("", None)):
        assert browser.post(address, {**body, "per_hour": given}).status_code == 302
        model.refresh_from_db(fields=["max_predictions_per_hour"])
        assert model.max_predictions_per_hour == stored
        assert configuration.read()["prediction_limits"] == {"per_hour": stored}


def act(browser: Client, name: str, action: str, row: Any) -> str:
    body = {"action": action, "_selected_action": [row.pk]}
    page = browser.post(reverse(f"admin:{name}_changelist"), body, follow=True)
    return " ".join(str(message) for message in page.context["messages"])


def test_lock_outs_are_lifted_and_accounts_closed(browser: Client, admin_user: User) -> None:
    person = UserFactory(lockout_expires=timezone.now() + timedelta(hours=1), failed_login_attempts=5)
    act(browser, "accounts_user", "unlock", person)
    person.refresh_from_db()
    assert (person.lockout_expires, person.failed_login_attempts) == (None, 0)
    act(browser, "accounts_user", "close", person)
    assert not User.objects.get(pk=person.pk).is_active
    assert "your own rights" in act(browser, "accounts_user", "close", admin_user)
    assert User.objects.get(pk=admin_user.pk).is_active


def test_a_lost_second_factor_is_removed_by_an_administrator_and_its_owner_is_told(browser: Client) -> None:
    person = UserFactory()
    assert "has no second factor" in act(browser, "accounts_user", "remove_second_factor", person)
    for kind in ("totp", "recovery_codes"):
        Authenticator.objects.create(user=person, type=kind, data={})
    listed = browser.get(reverse("admin:accounts_user_change", args=[person.pk])).content.decode()
    assert "TOTP" in listed
    assert "done" in act(browser, "accounts_user", "remove_second_factor", person)
    assert not Authenticator.objects.exists()
    assert Notification.objects.get(user=person).priority == "urgent"
    assert UserActivity.objects.get(action="remove_second_factor").entity_id == str(person.pk)
    with pytest.raises(PermissionDenied):
        second_factor_remove(user=person, by=UserFactory(role=Role.PROFESSIONAL))


def test_a_role_is_changed_and_a_reviewer_made(browser: Client) -> None:
    person = UserFactory()
    group = selection.ensure_group()
    body = {"role": "professional", "is_active": "on", "groups": [group.pk], "language": "en"}
    page = browser.post(
        reverse("admin:accounts_user_change", args=[person.pk]), {**body, "timezone": "UTC", "notes": ""}
    )
    assert page.status_code == 302
    person = User.objects.get(pk=person.pk)
    assert (person.role, person.is_staff) == ("professional", True)
    assert UserActivity.objects.get(entity_type="user").details["role"]["to"] == "professional"


def test_a_token_is_revoked(browser: Client) -> None:
    token, _text = token_issue(user=UserFactory(), name="script")
    assert "1 token was revoked" in act(browser, "accounts_apitoken", "revoke", token)
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_a_message_goes_to_everyone_of_a_role_and_above(browser: Client, admin_user: User) -> None:
    high, low = UserFactory(role=Role.PROFESSIONAL), UserFactory(role=Role.GUEST)
    UserFactory(role=Role.PROFESSIONAL, is_active=False)
    body = {"role": "professional", "notification_type": "system", "priority": "high"}
    page = browser.post(
        reverse("admin:accounts_notification_send"), {**body, "title": "Maintenance", "message": "At noon."}
    )
    assert page.status_code == 302
    assert set(Notification.objects.values_list("user", flat=True)) == {high.pk, admin_user.pk}
    assert low.pk not in Notification.objects.values_list("user", flat=True)


def test_the_audit_is_exported_without_formulas(browser: Client, admin_user: User) -> None:
    person = UserFactory(notes="")
    body = {"role": "casual", "is_active": "on", "language": "en", "timezone": "UTC", "notes": "=1+1"}
    browser.post(reverse("admin:accounts_user_change", args=[person.pk]), body)
    rows = {"action": "export", "select_across": "1", "_selected_action": ["1"]}
    answer = browser.post(reverse("admin:accounts_auditentry_changelist"), rows)
    assert answer.headers["Content-Type"].startswith("text/csv")
    text = answer.content.decode()
    assert text.startswith("id,user_id,at,table_name,object_id,operation,before,after,place")
    assert "accounts_user" in text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.1552205826376767, "0.1552"), (Decimal("2643.459258674100500000"), "2,643.46"),
        (7.124e-06, "0.000007124"), (58247331530328.0, "58,247,331,530,328"), (18.0, "18"),
        (-0.5, "-0.5000"), (float("nan"), "—"), (None, "—"), (["a", 0.25], "a, 0.2500"), (True, "True"),
    ],
)  # fmt: skip
def test_figures_are_as_short_as_they_can_be_read(value: Any, words: str) -> None:
    assert desk.short(value) == words


def test_documents_are_read_as_names_and_tables() -> None:
    told = desk.document(
        {"risk_level": "low", "proof": {"cases": 151}, "factors": [{"name": "<b>", "value": 1.5}]}
    )
    assert "risk level: low" in told
    assert '<div class="inner"><div>cases: 151</div></div>' in told
    assert "<td>&lt;b&gt;</td><td>1.5" in told
    assert desk.document({}) == desk.document([]) == desk.UNKNOWN


def test_rows_are_looked_at_in_the_readers_zone_and_changed_in_fields(
    browser: Client, admin_user: User
) -> None:
    User.objects.filter(pk=admin_user.pk).update(timezone="Asia/Tehran")
    coin = AssetFactory(
        current_price=0.1552205826376767, last_price_update=datetime(2026, 1, 1, 12, tzinfo=UTC)
    )
    page = browser.get(reverse("admin:assets_asset_change", args=[coin.pk])).content.decode()
    assert "2026-01-01 15:30" in page
    assert ">0.1552<" in page
    assert 'name="symbol"' in page
    listed = browser.get(reverse("admin:assets_asset_changelist")).content.decode()
    assert 'class="field-current_price">0.1552<' in listed


def test_somebody_is_let_in_with_a_password_that_is_shown_once(browser: Client) -> None:
    address = reverse("admin:accounts_user_add")
    page = browser.post(address, {"email": "New@example.org", "role": "professional"}, follow=True)
    told = str(next(iter(page.context["messages"])))
    found = re.search(r"with (\S+);", told)
    assert found
    person = User.objects.get(email="new@example.org")
    assert person.role == "professional" and person.check_password(found.group(1))
    again = browser.post(address, {"email": "new@EXAMPLE.org", "role": "casual"})
    assert "exists already" in again.content.decode()
    assert User.objects.filter(email__iexact="new@example.org").count() == 1


def test_a_token_is_revoked_once_by_who_did_it(browser: Client, admin_user: User) -> None:
    token, _text = token_issue(user=UserFactory(), name="script")
    for _twice in range(2):
        act(browser, "accounts_apitoken", "revoke", token)
    (row,) = UserActivity.objects.filter(activity_type="revoke_token")
    assert (row.user, row.details["owner"]) == (admin_user, token.user.email)


def test_secrets_of_sessions_and_second_factors_have_no_page(browser: Client) -> None:
    text = browser.get(reverse("admin:index")).content.decode()
    assert not {"/admin/usersessions/", "/admin/mfa/", "/admin/account/"} & set(
        re.findall(r"/admin/\w+/", text)
    )

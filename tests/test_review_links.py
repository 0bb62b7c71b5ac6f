"""Deciding from an e-mail: a link shows, its button decides, once, and only for whom it was made."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail, signing
from django.db.models.functions import Now
from django.test import Client

from accounts import services as accounts
from accounts.models import (
    AuditEntry,
    Notification,
    NotificationChannel,
    NotificationDelivery,
    Role,
    User,
)
from cryptopredict import reviewlinks
from selection import selectors, services
from selection.models import Suggestion, SuggestionReview
from selection.services import links
from selection.tests.factories import SuggestionFactory, UserFactory, reviewer

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return reviewer()


def link(row: Suggestion, user: User, decision: str = "approve") -> str:
    text = links.sign(suggestion=row, reviewer=user, decision=decision, after=links.last_review(row))
    return f"/review/{text}"


def test_looking_changes_nothing_and_the_button_decides(person: User) -> None:
    row = SuggestionFactory()
    address = link(row, person)
    for _look in range(2):
        page = Client().get(address)
        assert page.status_code == 200
        assert "not listed → <b>Tier 1</b>" in page.content.decode()
    assert (selectors.tiers(), SuggestionReview.objects.count()) == ({}, 0)
    assert Client().post(address).status_code == 200
    assert selectors.tiers() == {row.asset_id: "tier1"}
    assert SuggestionReview.objects.get().reviewer == person
    assert AuditEntry.objects.filter(table_name="selection_suggestion").get().user_id == person.pk


def test_a_link_is_good_for_one_use_even_where_the_suggestion_stays_open(person: User) -> None:
    row = SuggestionFactory()
    address = link(row, person, "defer")
    assert Client().post(address).status_code == 200
    page = Client().post(address)
    assert page.status_code == 410
    assert f"{person} has decided on" in page.content.decode()
    assert SuggestionReview.objects.count() == 1


def test_another_decision_makes_every_link_worthless(person: User) -> None:
    row, other = SuggestionFactory(), UserFactory(role=Role.ADMIN)
    address = link(row, person)
    services.review(suggestion=row, reviewer=other, decision="reject", notes="thin")
    page = Client().get(address)
    assert page.status_code == 410
    assert f"{other} has decided on" in page.content.decode()


def test_a_rejection_asks_for_its_reason(person: User) -> None:
    row = SuggestionFactory()
    address = link(row, person, "reject")
    assert Client().post(address, {"notes": " "}).status_code == 200
    assert not SuggestionReview.objects.exists()
    Client().post(address, {"notes": "too thin"})
    assert SuggestionReview.objects.get().review_notes == "too thin"


def test_a_button_pressed_from_elsewhere_is_refused(person: User) -> None:
    row = SuggestionFactory()
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(link(row, person)).status_code == 403
    assert not SuggestionReview.objects.exists()


def test_a_changed_link_is_refused(person: User) -> None:
    row = SuggestionFactory()
    text = links.sign(suggestion=row, reviewer=person, decision="reject", after=0)
    for bad in (text[:-2], "x" + text, "nonsense", signing.dumps([row.pk, person.pk, "approve", 0])):
        assert Client().post(f"/review/{bad}").status_code == 410
    assert not SuggestionReview.objects.exists()


def test_who_may_not_decide_any_more_cannot_use_old_links(person: User) -> None:
    row = SuggestionFactory()
    address = link(row, person)
    person.groups.clear()
    assert Client().post(address).status_code == 410
    other = UserFactory(role=Role.ADMIN)
    address = link(row, other)
    User.objects.filter(pk=other.pk).update(is_active=False)
    assert Client().post(address).status_code == 410
    assert not SuggestionReview.objects.exists()


def test_an_old_link_is_refused(person: User, monkeypatch: pytest.MonkeyPatch) -> None:
    address = link(SuggestionFactory(), person)
    monkeypatch.setattr(links, "GOOD_FOR", links.GOOD_FOR * 0)
    assert Client().get(address).status_code == 410


def test_the_page_keeps_its_address_to_itself(person: User) -> None:
    page = Client().get(link(SuggestionFactory(), person))
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in page.headers["Cache-Control"]


def test_reviewers_are_told_once_and_mailed_links_that_work(
    person: User, django_capture_on_commit_callbacks: Any
) -> None:
    admin_user, stranger = UserFactory(role=Role.ADMIN), UserFactory()
    NotificationChannel.objects.create(user=person, notification_type="alert", address="email")
    row = SuggestionFactory()
    for told in (2, 0):
        with django_capture_on_commit_callbacks(execute=True):
            assert reviewlinks.tell_reviewers() == told
    assert accounts.deliver() == 1
    assert set(Notification.objects.values_list("user", flat=True)) == {person.pk, admin_user.pk}
    assert stranger.pk not in Notification.objects.values_list("user", flat=True)
    (letter,) = mail.outbox
    assert letter.to == [person.email]
    (approve, *_rest) = re.findall(r"http://127.0.0.1:8000(/review/\S+)", letter.body)
    assert Client().post(approve).status_code == 200
    assert selectors.tiers() == {row.asset_id: "tier1"}


def test_a_letter_that_does_not_leave_is_tried_again_and_tells_how_things_stand_then(
    person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    NotificationChannel.objects.create(user=person, notification_type="alert", address="email")
    first, second = SuggestionFactory(), SuggestionFactory()
    reviewlinks.tell_reviewers()
    with monkeypatch.context() as broken:
        broken.setattr(mail, "get_connection", _no_server)
        assert accounts.deliver() == 0
    row = NotificationDelivery.objects.get()
    assert (row.status, row.attempts, "no mail server" in row.error) == ("pending", 1, True)
    services.review(suggestion=first, reviewer=person, decision="reject", notes="thin")
    NotificationDelivery.objects.update(next_try_at=Now())
    assert accounts.deliver() == 1
    (letter,) = mail.outbox
    assert second.asset.symbol in letter.body
    assert first.asset.symbol not in letter.body
    assert NotificationDelivery.objects.get().status == "sent"


def test_a_letter_about_what_is_decided_already_is_not_sent(person: User) -> None:
    NotificationChannel.objects.create(user=person, notification_type="alert", address="email")
    row = SuggestionFactory()
    reviewlinks.tell_reviewers()
    services.review(suggestion=row, reviewer=person, decision="reject", notes="thin")
    assert (accounts.deliver(), mail.outbox) == (0, [])
    assert "over before" in NotificationDelivery.objects.get().error


def _no_server(*_args: Any, **_options: Any) -> Any:
    raise ConnectionRefusedError("no mail server")


def test_only_what_is_new_is_told_the_next_time(person: User) -> None:
    SuggestionFactory()
    reviewlinks.tell_reviewers()
    new = SuggestionFactory()
    assert reviewlinks.tell_reviewers() == 1
    last = Notification.objects.order_by("-pk")[0]
    assert last.data["suggestions"] == [new.pk]

"""Messages reach people where they asked for them, once, and what fails is tried again and told."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import apprise
import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import clients, services
from accounts.models import Notification, NotificationChannel, NotificationDelivery, User

pytestmark = pytest.mark.django_db
HOOK = "json://example.com/hook"


@pytest.fixture
def person() -> User:
    return User.objects.create_user("reader@example.com", role="casual")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What left for other services; each arrives."""
    found: list[str] = []
    monkeypatch.setattr(clients, "_addresses", lambda host: ["93.184.216.34"])

    def take(self: Any, title: str, **more: Any) -> bool:
        found.append(title)
        return True

    monkeypatch.setattr(apprise.plugins.N_MGR["json"], "notify", take)
    return found


def tell(person: User, kind: str = "alert", priority: str = "normal", **more: Any) -> Notification:
    (made,) = services.notify(
        users=[person], notification_type=kind, title="Careful", message="Look.", priority=priority, **more
    )
    return made


def test_a_message_goes_where_its_kind_and_priority_were_asked_for_and_only_once(
    person: User, sent: list[str]
) -> None:
    services.channel_add(user=person, address=HOOK, kinds=["alert"], least_priority="high")
    services.own_places_set(user=person, wanted={("alert", "email"): "normal"})
    tell(person, "system", "urgent")
    tell(person, "alert", "normal")
    tell(person, "alert", "urgent")
    assert services.deliver() == 3
    assert services.deliver() == 0
    assert [letter.to for letter in mail.outbox] == [[person.email]] * 2
    assert "/accounts/notifications/" in mail.outbox[0].body
    assert sent == ["Careful"]
    assert Notification.objects.filter(user=person, status="unread").count() == 3


def test_what_is_muted_in_the_app_lies_in_the_list_as_read(person: User) -> None:
    services.own_places_set(user=person, wanted={("alert", "app"): "", ("signal", "app"): "high"})
    assert tell(person, "alert", "urgent").status == "read"
    assert tell(person, "signal", "normal").status == "read"
    assert tell(person, "signal", "high").status == "unread"


def test_a_failure_is_told_tried_again_later_and_at_last_given_up(
    person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.channel_add(user=person, address=HOOK, kinds=["alert"])
    monkeypatch.setattr(clients, "send", lambda **told: "the door was shut")
    tell(person)
    for attempt in range(1, 6):
        assert services.deliver() == 0
        row = NotificationDelivery.objects.get()
        assert (row.attempts, row.error) == (attempt, "the door was shut")
        assert row.status == ("failed" if attempt == 5 else "pending")
        services.deliver()
        assert NotificationDelivery.objects.get().attempts == attempt  # not before its time
        NotificationDelivery.objects.update(next_try_at=Now())
    services.deliver()
    assert NotificationDelivery.objects.get().attempts == 5


def test_what_was_over_before_it_could_be_sent_is_not_sent(person: User, sent: list[str]) -> None:
    services.channel_add(user=person, address=HOOK, kinds=["alert"])
    note = tell(person)
    Notification.objects.filter(pk=note.pk).update(expires_at=Now() - timedelta(minutes=1))
    services.deliver()
    assert (sent, NotificationDelivery.objects.get().status) == ([], "failed")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("nonsense", "begins like"),
        ("nowhere://x", "not known"),
        ("syslog://", "the server itself"),
        ("json://127.0.0.1:6379/", "own network"),
        ("json://[::1]/", "own network"),
        ("json://10.1.2.3/", "own network"),
        ("json://[::ffff:169.254.169.254]/", "own network"),
        ("json://localhost/", "own network"),
        ("mailto://a:b@example.com?smtp=192.168.0.1", "own network"),
        ("json://example.com/?template=/etc/passwd", "file of the server"),
        ("tgram://" + "x" * 500, "at most"),
    ],
)
def test_an_address_that_would_reach_inside_is_refused(person: User, address: str, why: str) -> None:
    with pytest.raises(ValidationError) as refused:
        services.channel_add(user=person, address=address, kinds=["alert"])
    assert why in str(refused.value.message_dict["address"])
    assert not NotificationChannel.objects.exists()


def test_a_name_that_leads_inside_is_refused_when_it_is_sent_to(
    person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.channel_add(user=person, address=HOOK, kinds=["alert"])
    monkeypatch.setattr(clients, "_addresses", lambda host: ["192.168.1.1"])
    tell(person)
    services.deliver()
    row = NotificationDelivery.objects.get()
    assert (row.status, row.attempts) == ("failed", 1)
    assert "own network" in row.error


def test_an_address_is_stored_sealed_and_shown_by_kind_and_host_alone(person: User, settings: Any) -> None:
    address = "json://user:secret@example.com/hooks/T0KEN-9876"
    (row,) = services.channel_add(user=person, address=address, kinds=["alert"])
    (again,) = services.channel_add(user=person, address=address, kinds=["alert"])
    assert again.pk == row.pk  # found by its seal
    with connection.cursor() as cursor:
        cursor.execute("SELECT address FROM accounts_notificationchannel")
        ((stored,),) = cursor.fetchall()
    assert stored.startswith("sealed:")
    assert not {"secret", "T0KEN", "example"} & set(re.split(r"\W+", stored))
    assert NotificationChannel.objects.get().address == address
    assert clients.masked(address) == "json://example.com…76"
    assert clients.masked("ntfy://my-own-topic") == "ntfy://my…ic"
    assert str(row) == "Alert → json"
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert NotificationChannel.objects.get().address == address
    settings.SECRET_KEY_FALLBACKS = []
    tell(person)
    services.deliver()
    failed = NotificationDelivery.objects.get()
    assert (failed.status, "another secret key" in failed.error) == ("failed", True)


def test_what_a_service_says_is_kept_without_the_keys_it_repeats() -> None:
    address = "json://user:secret@example.com/hooks/T0KEN-9876"
    said = clients.without_secrets("404 at https://user:secret@example.com/hooks/T0KEN-9876", address)
    assert said == "404 at https://…:…@example.com/…/…"


def test_no_redirect_is_followed_from_where_an_address_leads() -> None:
    assert clients._plugin(HOOK).redirects is False
    assert clients._plugin(f"{HOOK}?redirect=yes").redirects is False


def test_services_are_limited_and_removed_by_their_owner_alone(
    person: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("accounts.services.channels.MOST_CHANNELS", 3)
    client.force_login(person)
    data = {
        "address": "json://user:secret@example.com",
        "kinds": ["alert", "signal"],
        "least_priority": "low",
    }
    assert client.post("/accounts/notifications/settings/add/", data).status_code == 302
    page = client.get("/accounts/notifications/settings/").content.decode()
    assert "json://" in page and "secret" not in page
    row = NotificationChannel.objects.first()
    assert row is not None
    stranger = Client()
    stranger.force_login(User.objects.create_user("other@example.com", role="casual"))
    stranger.post(f"/accounts/notifications/settings/{row.pk}/remove/")
    assert stranger.post(f"/accounts/notifications/settings/{row.pk}/test/").status_code == 404
    assert NotificationChannel.objects.count() == 2
    client.post(f"/accounts/notifications/settings/{row.pk}/test/")
    assert NotificationDelivery.objects.get().channel == row
    for _twice in range(2):
        client.post(f"/accounts/notifications/settings/{row.pk}/remove/")
    assert NotificationChannel.objects.count() == 1
    many = [f"json://h{number}.example.com" for number in range(3)]
    answers = [
        client.post("/accounts/notifications/settings/add/", {**data, "address": one, "kinds": ["alert"]})
        for one in many
    ]
    assert answers[-1].status_code == 422
    assert NotificationChannel.objects.count() == 3


def test_a_message_is_read_and_dismissed_by_its_owner_alone(person: User, client: Client) -> None:
    note, other = tell(person), tell(person)
    client.force_login(person)
    assert "Careful" in client.get("/accounts/notifications/").content.decode()
    stranger = Client()
    stranger.force_login(User.objects.create_user("other@example.com", role="casual"))
    assert stranger.post(f"/accounts/notifications/{note.pk}/dismiss/").status_code == 404
    client.post(f"/accounts/notifications/{note.pk}/dismiss/")
    client.post(f"/accounts/notifications/{other.pk}/read/")
    assert list(Notification.objects.order_by("pk").values_list("status", flat=True)) == ["dismissed", "read"]
    tell(person)
    client.post("/accounts/notifications/read/")
    assert "bell" in client.get("/accounts/notifications/unread/").content.decode()
    assert not Notification.objects.filter(status="unread").exists()


def test_the_list_costs_as_many_queries_with_many_as_with_few(person: User, client: Client) -> None:
    client.force_login(person)

    def count() -> int:
        client.get("/accounts/notifications/")
        with CaptureQueriesContext(connection) as seen:
            client.get("/accounts/notifications/")
        return len(seen)

    tell(person, data={"suggestions": [1]})
    few = count()
    for _each in range(5):
        tell(person, data={"suggestions": [1]})
    assert count() == few


def test_places_are_kept_as_they_were_chosen(person: User, client: Client) -> None:
    client.force_login(person)
    data = {
        f"{kind}_{place}": "high"
        for kind in ("signal", "alert", "system", "educational")
        for place in ("app", "email")
    }
    assert client.post("/accounts/notifications/settings/", {**data, "system_email": ""}).status_code == 302
    rows = NotificationChannel.objects.filter(user=person)
    assert rows.filter(least_priority="high", is_active=True).count() == 7
    assert not rows.get(notification_type="system", address="email").is_active
    refused = client.post("/accounts/notifications/settings/", {**data, "system_email": "loud"})
    assert refused.status_code == 422

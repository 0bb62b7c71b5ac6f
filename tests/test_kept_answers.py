"""Reads that change once a run: finished once, served from what is kept, never after a change."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core import signals
from django.db import close_old_connections, connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from accounts.models import ApiToken, User
from accounts.services import create_user, token_issue, token_revoke
from cryptopredict.common import identities, realtime
from cryptopredict.common.realtime import changed
from cryptopredict.common.remembered import remembered
from cryptopredict.common.restapi import kept
from cryptopredict.wsgi import application
from macro.tests.factories import MOMENT, RegimeAnalysisFactory

pytestmark = pytest.mark.django_db(transaction=True)
REGIME = "/api/v1/layer1/market-regime"


@pytest.fixture(autouse=True)
def _keeping(settings: Any, servers: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep answers, under names that no other test's process uses."""
    settings.API_KEEP_SECONDS = 60
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
    own = uuid.uuid4().hex
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)  # the server's end of a request is not the tests' end
    monkeypatch.setattr(kept, "PREFIX", f"test.{own}:")
    monkeypatch.setattr(realtime, "VERSION", f"test.{own}.version")
    monkeypatch.setattr(identities, "PREFIX", f"test.{own}.identity:")
    monkeypatch.setattr(identities, "EPOCH", f"test.{own}.epoch")
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


class Program:
    """A program with a key, at the door that the web server opens: the WSGI application."""

    def __init__(self, key: str) -> None:
        self.key = key

    def get(self, address: str, headers: dict[str, str] | None = None) -> HttpResponse:
        return self._ask("get", address, headers)

    def post(self, address: str) -> HttpResponse:
        return self._ask("post", address, None)

    def _ask(self, method: str, address: str, headers: dict[str, str] | None) -> HttpResponse:
        asked = {"Authorization": f"Token {self.key}", **(headers or {})}
        environ = getattr(RequestFactory(), method)(address, headers=asked).environ
        found: list[Any] = []
        parts = application(environ, lambda status, given: found.extend((status, given)))
        response = Answer(b"".join(parts), status=int(found[0].split()[0]), headers=dict(found[1]))
        if hasattr(parts, "close"):
            parts.close()
        return response


class Answer(HttpResponse):
    def json(self) -> Any:
        return json.loads(self.content)


def program(role: str = "guest", name: str = "script") -> tuple[Program, ApiToken]:
    user = User.objects.filter(email=f"{role}@example.org").first() or create_user(
        email=f"{role}@example.org", role=role
    )
    token, text = token_issue(user=user, name=name)
    return Program(text), token


def queries(client: Client | Program, address: str, **headers: str) -> tuple[Any, int]:
    with CaptureQueriesContext(connection) as found:
        response = client.get(address, headers=headers or None)
    return response, len(found)


def test_the_second_answer_is_the_first_without_the_database() -> None:
    RegimeAnalysisFactory()
    client, _token = program()
    first = client.get(REGIME)
    second, count = queries(client, REGIME)
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert first["ETag"] == second["ETag"]
    assert first["Last-Modified"] == second["Last-Modified"]
    assert count == 0


def test_who_has_it_already_gets_304_without_the_database() -> None:
    RegimeAnalysisFactory()
    client, _token = program()
    etag = client.get(REGIME)["ETag"]
    response, count = queries(client, REGIME, **{"If-None-Match": etag})
    assert (response.status_code, response.content, response["ETag"], count) == (304, b"", etag, 0)


def test_a_session_gets_304_with_what_it_takes_to_know_whose_it_is() -> None:
    RegimeAnalysisFactory()
    client = Client()
    client.force_login(create_user(email="a@example.org", role="guest"))
    etag = client.get(REGIME)["ETag"]
    response, count = queries(client, REGIME, **{"If-None-Match": etag})
    assert response.status_code == 304
    assert count == 1  # the user


def test_what_changed_is_never_answered_from_before_the_change() -> None:
    RegimeAnalysisFactory(as_of=MOMENT, market_regime="bear")
    client, _token = program()
    assert client.get(REGIME).json()["regime"] == "bear"
    RegimeAnalysisFactory(as_of=MOMENT + timedelta(days=1), market_regime="bull")
    changed()
    assert client.get(REGIME).json()["regime"] == "bull"


def test_a_change_that_is_rolled_back_leaves_what_is_kept() -> None:
    RegimeAnalysisFactory()
    client, _token = program()
    client.get(REGIME)
    with pytest.raises(RuntimeError), transaction.atomic():
        changed()
        raise RuntimeError
    assert queries(client, REGIME)[1] == 0


def test_an_announcement_outdates_what_is_kept_but_a_price_does_not() -> None:
    RegimeAnalysisFactory()
    client, _token = program()
    client.get(REGIME)
    realtime.publish(realtime.Topic.CANDLE, {}, 1)
    assert queries(client, REGIME)[1] == 0
    realtime.publish(realtime.Topic.REGIME, {})
    assert queries(client, REGIME)[1] > 0


def test_the_same_answer_made_anew_is_not_newer() -> None:
    RegimeAnalysisFactory()
    client, _token = program()
    before = client.get(REGIME)
    changed()
    after = client.get(REGIME)
    assert (after["ETag"], after["Last-Modified"]) == (before["ETag"], before["Last-Modified"])


def test_roles_languages_hosts_and_parameters_are_kept_apart() -> None:
    RegimeAnalysisFactory(as_of=MOMENT)
    client, _token = program()
    client.get(REGIME)
    assert queries(client, f"{REGIME}?as_of=2999-01-01")[0].status_code == 400
    assert queries(client, REGIME, **{"Accept-Language": "fa"})[1] > 0
    assert queries(client, REGIME, Host="127.0.0.1")[1] > 0
    assert queries(program("casual")[0], REGIME)[1] > 0


def test_a_revoked_token_is_refused_at_once() -> None:
    RegimeAnalysisFactory()
    client, token = program()
    assert client.get(REGIME).status_code == 200
    token_revoke(token=token)
    assert client.get(REGIME).status_code == 401


def test_a_closed_account_is_refused_at_once() -> None:
    RegimeAnalysisFactory()
    client, token = program()
    assert client.get(REGIME).status_code == 200
    user = User.objects.get(pk=token.user_id)
    user.is_active = False
    user.save()
    assert client.get(REGIME).status_code == 401


def test_a_token_is_not_remembered_past_its_end() -> None:
    now = timezone.now()
    epoch = identities.epoch()
    identities.remember("soon", epoch, role="guest", user_id=1, until=now + timedelta(seconds=5), now=now)
    assert 0 < realtime.connection().ttl(identities.name_of("soon")) <= 5
    identities.remember("over", epoch, role="guest", user_id=1, until=now, now=now)
    assert realtime.connection().get(identities.name_of("over")) is None


def test_without_redis_every_answer_is_made_anew(settings: Any) -> None:
    RegimeAnalysisFactory()
    client, _token = program()
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    first, second = client.get(REGIME), client.get(REGIME)
    assert first.status_code == second.status_code == 200
    assert first["ETag"] == second["ETag"]


def test_refusals_are_not_kept() -> None:
    client, _token = program()
    assert client.get(REGIME).status_code == 404
    RegimeAnalysisFactory()
    assert client.get(REGIME).status_code == 200


def test_the_page_of_a_list_keeps_its_way_on() -> None:
    from trading.tests.factories import SignalFactory

    SignalFactory.create_batch(3)
    client, _token = program("casual")
    first = client.get("/api/v1/layer4/signals?limit=2")
    second, count = queries(client, "/api/v1/layer4/signals?limit=2")
    assert count == 0
    assert 'rel="next"' in second["Link"]
    assert second["Link"] == first["Link"]


DASHBOARD = "/api/v1/ui/dashboard"


def test_what_is_ones_own_is_kept_for_oneself_only() -> None:
    first, second = program("casual"), program("professional")
    told = first[0].get(DASHBOARD).json()
    again, count = queries(first[0], DASHBOARD)
    assert (again.json(), count) == (told, 0)
    assert second[0].get(DASHBOARD).json()["user_profile"]["role"] == "professional"


def test_a_message_to_me_and_what_i_send_outdate_what_is_kept_for_me_and_for_nobody_else() -> None:
    from accounts.services import notify

    (mine, _token), (theirs, _other) = program("casual"), program("professional")
    mine.get(DASHBOARD), theirs.get(DASHBOARD)
    (row,) = notify(
        users=[User.objects.get(role="casual")], notification_type="alert", title="A", message="B"
    )
    assert [one["id"] for one in mine.get(DASHBOARD).json()["notifications"]] == [row.pk]
    assert queries(theirs, DASHBOARD)[1] == 0
    assert mine.post(f"/api/v1/ui/notifications/{row.pk}/read").status_code == 200
    assert mine.get(DASHBOARD).json()["notifications"] == []
    assert queries(theirs, DASHBOARD)[1] == 0


def test_what_people_did_is_kept_until_somebody_does_something() -> None:
    from accounts.services import record

    RegimeAnalysisFactory()
    address = "/api/v1/admin/user-activities"
    (admin, token), (guest, _other) = program("admin"), program()
    guest.get(REGIME), admin.get(address)
    again, count = queries(admin, address)
    assert count == 0
    record(user=token.user, activity_type="login")
    assert [row["activity_type"] for row in admin.get(address).json()] == [
        "login",
        *(row["activity_type"] for row in again.json()),
    ]
    assert queries(guest, REGIME)[1] == 0


def test_the_health_is_looked_at_every_few_seconds_however_many_watch() -> None:
    admin, _token = program("admin")
    address = "/api/v1/admin/system-health"
    told = admin.get(address).json()
    again, count = queries(admin, address)
    assert (again.json(), count) == (told, 0)
    (name,) = (
        name
        for name in realtime.connection().scan_iter(f"{kept.PREFIX}*")
        if b"overall_health_score" in (realtime.connection().get(name) or b"")
    )
    assert 0 < realtime.connection().ttl(name) <= 5
    realtime.connection().delete(name)
    assert admin.get(address).json()["last_updated"] > told["last_updated"]


def test_what_lies_ready_has_the_headers_of_what_is_made() -> None:
    RegimeAnalysisFactory()
    client, _token = program()
    asked = {"X-Request-ID": "mine-1", "X-Forwarded-Proto": "https"}
    made, (ready, count) = client.get(REGIME, headers=asked), queries(client, REGIME, **asked)
    assert count == 0
    own = {"Allow", "Content-Security-Policy", "X-Frame-Options", "Content-Language"}  # of pages
    assert {k: v for k, v in made.headers.items() if k not in own} == dict(ready.headers)


@pytest.mark.parametrize(
    "unusual",
    [
        {"If-Match": '"x"'},
        {"Cookie": "sessionid=x"},
        {"Accept": "text/html"},
        {"Accept": "text/csv, application/json"},
    ],
    ids=str,
)
def test_what_is_unusual_goes_the_usual_way(unusual: dict[str, str]) -> None:
    RegimeAnalysisFactory()
    client, _token = program()
    client.get(REGIME)
    assert queries(client, REGIME, **unusual)[1] > 0


def test_a_date_counts_only_where_no_tag_is_given() -> None:
    RegimeAnalysisFactory()
    client, _token = program()
    date = client.get(REGIME)["Last-Modified"]
    assert client.get(REGIME, headers={"If-Modified-Since": date}).status_code == 304
    both = {"If-Modified-Since": date, "If-None-Match": '"other"'}
    assert client.get(REGIME, headers=both).status_code == 200


def test_a_reader_above_its_rate_is_refused_though_the_answer_lies_ready(settings: Any) -> None:
    RegimeAnalysisFactory()
    client, _token = program()
    settings.API_RATES = {"guest": 1}
    assert client.get(REGIME).status_code == 200
    assert client.get(REGIME).status_code == 429


def test_redis_that_was_restarted_is_reached_again() -> None:
    RegimeAnalysisFactory()
    client, _token = program()
    client.get(REGIME)
    assert queries(client, REGIME)[1] == 0
    realtime.connection().client_kill_filter(_type="normal", skipme=True)
    realtime.connection().script_flush()
    assert queries(client, REGIME)[1] == 0


def test_what_is_kept_for_a_reviewer_who_is_a_guest_is_answered_to_no_other_guest() -> None:
    from selection.services.reviewers import ensure_group
    from selection.tests.factories import SuggestionFactory

    SuggestionFactory()
    keys = []
    for name in ("reviewer", "other"):
        user = create_user(email=f"{name}@example.org", role="guest")
        keys.append(token_issue(user=user, name="desk")[1])
        if name == "reviewer":
            user.groups.add(ensure_group())
    reviewer, other = (Program(key) for key in keys)
    address = "/api/v1/admin/suggestions/queue"
    assert [reviewer.get(address).status_code for _n in range(3)] == [200] * 3
    assert [other.get(address).status_code for _n in range(2)] == [403] * 2


def test_a_setting_outdates_what_is_kept_of_it() -> None:
    from aimodels.services import limit_predictions
    from cryptopredict import configuration

    admin = create_user(email="boss@example.org", role="admin")
    for change in (
        lambda: configuration.change(user=admin, values={"ai_thresholds": {"signal_confidence_min": 0.5}}),
        lambda: limit_predictions(name="any", per_hour=3),
    ):
        before = kept.version()
        change()
        assert kept.version() != before


def test_figures_that_pages_share_are_made_once_a_language_and_anew_when_data_changed() -> None:
    made: list[int] = []

    def figures() -> int:
        made.append(1)
        return len(made)

    name = f"test:{uuid.uuid4()}"
    assert [remembered(name, figures), remembered(name, figures)] == [1, 1]
    with translation.override("fa"):
        assert remembered(name, figures) == 2
    changed()
    assert remembered(name, figures) == 3

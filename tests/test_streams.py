"""The whole way of an event, through a real Redis and the real ASGI application."""

import asyncio
import hashlib
import json
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.db import connections, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import ApiToken, User
from accounts.services import token_issue, token_revoke
from cryptopredict import consumers
from cryptopredict import hub as hubs
from cryptopredict.common import realtime
from cryptopredict.common.realtime import Topic, publish
from selection.services.reviewers import ensure_group

pytestmark = pytest.mark.django_db(transaction=True)
HOME = (b"origin", b"http://localhost:8000")


@pytest.fixture(autouse=True)
async def _redis(servers: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Threads of its own for each test, which end with it and leave no connection open."""
    pools = [ThreadPoolExecutor(1), ThreadPoolExecutor(1)]
    for name, pool in zip(("DOORS", "HEARTS"), pools, strict=True):
        monkeypatch.setattr(consumers, name, pool)
    yield
    for pool in pools:
        pool.submit(connections.close_all)
        pool.shutdown()
    await sync_to_async(connections.close_all)()


@pytest.fixture
def casual() -> User:
    return User.objects.create_user("casual@example.com", role="casual")


def cookie(user: User) -> tuple[bytes, bytes]:
    client = Client()
    client.force_login(user)
    session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    return b"cookie", f"{django_settings.SESSION_COOKIE_NAME}={session}".encode()


@asynccontextmanager
async def listening(path: str, *headers: tuple[bytes, bytes]) -> AsyncIterator[WebsocketCommunicator]:
    socket = connection(path, headers)
    accepted, _ = await socket.connect(timeout=5)
    assert accepted
    assert json.loads(await socket.receive_from(timeout=5))["topic"] == "stream.ready"
    try:
        yield socket
    finally:
        await socket.disconnect()


def connection(path: str, headers: tuple[tuple[bytes, bytes], ...]) -> WebsocketCommunicator:
    from cryptopredict.asgi import application  # builds the middleware: after the settings of the test

    return WebsocketCommunicator(application, path, headers=list(headers))


async def refused(path: str, *headers: tuple[bytes, bytes]) -> bool:
    socket = connection(path, headers)
    accepted, _ = await socket.connect(timeout=5)
    return not accepted


async def test_a_committed_signal_reaches_the_open_stream(casual: User) -> None:
    header = await sync_to_async(cookie)(casual)
    async with listening(f"/api/v1/ws/signals/{casual.pk}", header, HOME) as socket:

        def store() -> None:
            with transaction.atomic():
                publish(Topic.SIGNAL, {"id": 7, "symbol": "BTC"})

        await sync_to_async(store)()
        event = json.loads(await socket.receive_from(timeout=5))
    assert event["topic"] == "trading.signal"
    assert event["data"] == {"id": 7, "symbol": "BTC"}
    assert event["time"].endswith("Z")
    assert set(event) == {"topic", "recipient", "id", "time", "sequence", "data"}


async def test_a_rolled_back_signal_reaches_nobody(casual: User) -> None:
    header = await sync_to_async(cookie)(casual)
    async with listening(f"/api/v1/ws/signals/{casual.pk}", header, HOME) as socket:

        def fail_and_succeed() -> None:
            with pytest.raises(RuntimeError), transaction.atomic():
                publish(Topic.SIGNAL, {"id": 1})
                raise RuntimeError("the stage failed")
            publish(Topic.SIGNAL, {"id": 2})

        await sync_to_async(fail_and_succeed)()
        assert json.loads(await socket.receive_from(timeout=5))["data"] == {"id": 2}


async def test_numbers_rise_by_one_so_that_a_gap_shows(casual: User) -> None:
    header = await sync_to_async(cookie)(casual)
    async with listening(f"/api/v1/ws/signals/{casual.pk}", header, HOME) as socket:
        for number in range(3):
            await sync_to_async(publish)(Topic.SIGNAL, {"id": number})
        numbers = [json.loads(await socket.receive_from(timeout=5))["sequence"] for _ in range(3)]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]


async def test_what_is_meant_for_one_person_is_not_heard_by_another(casual: User) -> None:
    other = await sync_to_async(User.objects.create_user)("other@example.com", role="casual")
    mine, theirs = await sync_to_async(cookie)(casual), await sync_to_async(cookie)(other)
    async with (
        listening(f"/api/v1/ws/signals/{casual.pk}", mine, HOME) as socket,
        listening(f"/api/v1/ws/signals/{other.pk}", theirs, HOME) as their_socket,
    ):
        await sync_to_async(publish)(Topic.SIGNAL, {"id": 3}, recipient=casual.pk)
        await sync_to_async(publish)(Topic.SIGNAL, {"id": 4})
        assert json.loads(await socket.receive_from(timeout=5))["data"] == {"id": 3}
        assert json.loads(await their_socket.receive_from(timeout=5))["data"] == {"id": 4}


async def test_anonymous_foreign_and_strangers_are_refused_before_accept(casual: User) -> None:
    header = await sync_to_async(cookie)(casual)
    mine = f"/api/v1/ws/signals/{casual.pk}"
    assert await refused(mine, HOME)
    assert await refused(mine, header, (b"origin", b"https://evil.example"))
    assert await refused(mine, header)
    assert await refused(f"/api/v1/ws/signals/{casual.pk + 1}", header, HOME)
    assert await refused("/api/v1/ws/admin/suggestions", header, HOME)
    assert await refused("/api/v1/ws/nowhere", header, HOME)


async def test_a_price_stream_of_no_assets_is_refused(casual: User) -> None:
    header = await sync_to_async(cookie)(casual)
    for ids in ("0x1", "1,,2", "", ",".join("1" * 101), "1.5"):
        assert await refused(f"/api/v1/ws/prices/{ids}", header, HOME), ids


async def test_a_guest_hears_prices_of_the_assets_they_named_only() -> None:
    guest = await sync_to_async(User.objects.create_user)("guest@example.com", role="guest")
    header = await sync_to_async(cookie)(guest)
    async with listening("/api/v1/ws/prices/1,3", header, HOME) as socket:
        await sync_to_async(publish)(Topic.CANDLE, {"asset": 2}, recipient=2)
        await sync_to_async(publish)(Topic.CANDLE, {"asset": 3}, recipient=3)
        assert json.loads(await socket.receive_from(timeout=5))["data"] == {"asset": 3}
    assert await refused(f"/api/v1/ws/signals/{guest.pk}", header, HOME)


async def test_an_administrator_may_listen_for_anyone() -> None:
    admin = await sync_to_async(User.objects.create_user)("admin@example.com", role="admin")
    header = await sync_to_async(cookie)(admin)
    async with (
        listening(f"/api/v1/ws/dashboard/{admin.pk + 1}", header, HOME),
        listening("/api/v1/ws/admin/system-status", header, HOME),
    ):
        pass


async def test_a_program_comes_in_by_token_until_it_is_revoked(casual: User) -> None:
    digest = hashlib.sha256(b"secret").hexdigest()
    token = await sync_to_async(ApiToken.objects.create)(user=casual, name="bot", digest=digest, prefix="sec")
    path, header = f"/api/v1/ws/signals/{casual.pk}", (b"authorization", b"Token secret")
    async with listening(path, header):
        pass
    token.revoked_at = timezone.now()
    await sync_to_async(token.save)()
    assert await refused(path, header)
    assert await refused(path, (b"authorization", b"Token wrong"))


@pytest.mark.parametrize("way", ["token", "session", "role"])
async def test_an_open_stream_ends_once_what_let_it_in_counts_no_longer(
    casual: User, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "HEARTBEAT", 0.1)
    token, text = await sync_to_async(token_issue)(user=casual, name="bot")
    headers = [(b"authorization", f"Token {text}".encode())]
    if way == "session":
        headers = [await sync_to_async(cookie)(casual), HOME]
    async with listening(f"/api/v1/ws/signals/{casual.pk}", *headers) as socket:
        assert json.loads(await socket.receive_from(timeout=5))["topic"] == "stream.beat"
        if way == "token":
            await sync_to_async(token_revoke)(token=token)
        elif way == "session":
            await sync_to_async(end_sessions)()
        else:
            await User.objects.filter(pk=casual.pk).aupdate(role="guest")
        told = await socket.receive_output(timeout=5)
        while told["type"] == "websocket.send":
            told = await socket.receive_output(timeout=5)
        assert (told["type"], told["code"]) == ("websocket.close", 4401)


async def test_hearts_that_wait_for_the_database_keep_nobody_at_the_door(
    casual: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A heart is stuck in its thread until a newcomer has come in; in one thread with it nobody would."""
    monkeypatch.setattr(consumers, "HEARTBEAT", 0.05)
    stuck, let_go, known = threading.Event(), threading.Event(), consumers.remembered_user

    def slow(scope: dict[str, Any]) -> Any:
        stuck.set()
        assert let_go.wait(20)
        return known(scope)

    monkeypatch.setattr(consumers, "remembered_user", slow)
    _token, text = await sync_to_async(token_issue)(user=casual, name="bot")
    header, path = (b"authorization", f"Token {text}".encode()), f"/api/v1/ws/signals/{casual.pk}"
    try:
        async with listening(path, header) as first:
            while not stuck.is_set():
                await asyncio.sleep(0.01)
            async with listening(path, header):
                let_go.set()
            assert json.loads(await first.receive_from(timeout=5))["topic"] == "stream.beat"
    finally:
        let_go.set()


async def test_a_reviewer_who_is_a_guest_has_a_live_desk_and_no_signals() -> None:
    guest = await sync_to_async(User.objects.create_user)("guest@example.com", role="guest")
    path, header = f"/api/v1/ws/dashboard/{guest.pk}", await sync_to_async(cookie)(guest)
    assert await refused(path, header, HOME)
    await sync_to_async(lambda: guest.groups.add(ensure_group()))()
    async with listening(path, header, HOME) as socket:
        await sync_to_async(publish)(Topic.SIGNAL, {"id": 1})
        await sync_to_async(publish)(Topic.SUGGESTION, {"id": 2})
        assert json.loads(await socket.receive_from(timeout=5))["data"] == {"id": 2}
    assert await refused(f"/api/v1/ws/signals/{guest.pk}", header, HOME)
    assert await refused(f"/api/v1/ws/dashboard/{guest.pk + 1}", header, HOME)


def end_sessions() -> None:
    store = import_module(django_settings.SESSION_ENGINE).SessionStore
    for session in Session.objects.all():
        store(session.pk).flush()


async def test_the_last_to_leave_ends_the_subscription(casual: User) -> None:
    header = await sync_to_async(cookie)(casual)
    async with listening(f"/api/v1/ws/signals/{casual.pk}", header, HOME):
        assert hubs.hub().size() == 1
    assert hubs.hub().size() == 0
    assert hubs.hub()._reader is None


async def test_a_dead_redis_is_logged_and_fails_nothing(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    await sync_to_async(publish)(Topic.SIGNAL, {"id": 1})
    assert "trading.signal was stored but could not be announced" in caplog.text


async def test_what_json_cannot_say_is_refused_at_the_call() -> None:
    with pytest.raises(ValueError, match=r"price is not a finite number"):
        realtime.publish(Topic.SIGNAL, {"price": float("nan")})


async def test_a_message_to_a_person_is_streamed_read_and_dismissed(casual: User) -> None:
    from accounts.services import notification_dismiss, notification_read, notify

    header = await sync_to_async(cookie)(casual)
    async with listening(f"/api/v1/ws/dashboard/{casual.pk}", header, HOME) as socket:
        (row,) = await sync_to_async(notify)(
            users=[casual], notification_type="alert", title="Careful", message="It falls."
        )
        await sync_to_async(notification_read)(notification=row)
        await sync_to_async(notification_dismiss)(notification=row)
        told = [json.loads(await socket.receive_from(timeout=5)) for _ in range(3)]
    assert [event["topic"] for event in told] == ["accounts.notification"] * 3
    assert [event["data"]["status"] for event in told] == ["unread", "read", "dismissed"]
    assert told[0]["data"]["id"] == row.pk
    client = Client()
    await sync_to_async(client.force_login)(casual)
    listed = await sync_to_async(client.get)("/api/v1/ui/notifications")
    assert listed.json() == []


async def test_a_new_price_reaches_who_watches_the_asset_as_the_api_says_it(casual: User) -> None:
    from datetime import UTC, datetime

    from assets.engine.timeframe import Timeframe
    from assets.services.quotes import refresh_assets
    from assets.tests.stored import AssetFactory, batch, store

    asset = await sync_to_async(AssetFactory)()
    day = datetime(2024, 6, 1, tzinfo=UTC)
    header = await sync_to_async(cookie)(casual)
    async with listening(f"/api/v1/ws/prices/{asset.pk},{asset.pk + 1}", header, HOME) as socket:
        await sync_to_async(store)(Timeframe.DAY, batch(asset.pk, [day], [101.5]))
        await sync_to_async(refresh_assets)(Timeframe.DAY)
        event = json.loads(await socket.receive_from(timeout=5))
        await sync_to_async(refresh_assets)(Timeframe.DAY)  # nothing moved: nothing is told
        assert await socket.receive_nothing(timeout=0.5)
    client = Client()
    await sync_to_async(client.force_login)(casual)
    asked = await sync_to_async(client.get)(f"/api/v1/assets/{asset.pk}")
    assert event["topic"] == "assets.candle"
    assert event["data"] == asked.json()
    assert event["data"]["current_price"] == 101.5


async def test_the_health_is_streamed_to_administrators_as_it_is_checked() -> None:
    from cryptopredict import monitoring

    admin = await sync_to_async(User.objects.create_user)("boss@example.com", role="admin")
    header = await sync_to_async(cookie)(admin)
    async with listening("/api/v1/ws/admin/system-status", header, HOME) as socket:
        row = await sync_to_async(monitoring.record)(timezone.now())
        event = json.loads(await socket.receive_from(timeout=5))
    assert event["topic"] == "cryptopredict.system"
    assert event["data"]["overall_health_score"] == row.overall_health_score
    assert set(event["data"]["api_status"]) == {"layer1", "layer2", "layer3", "layer4"}

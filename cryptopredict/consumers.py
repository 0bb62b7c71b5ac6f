"""The streams: five addresses, one consumer. Who may listen is settled before the handshake is answered."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.db import aclose_old_connections, database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed

from accounts.authentication import authenticate, token_of
from cryptopredict.common.realtime import Topic, channel
from cryptopredict.common.restapi import role_at_least
from cryptopredict.hub import hub
from cryptopredict.sockets import Client, Message, client_of

logger = logging.getLogger(__name__)
HEARTBEAT = 25.0  # seconds; below the idle limits of usual proxies
BEAT = Message('{"topic":"stream.beat","data":{}}')
READY = Message('{"topic":"stream.ready","data":{}}')
MOST_ASSETS = 100
TOO_SLOW = (4408, "You read slower than we send. Connect again and ask for the current state first.")
NO_LONGER = (4401, "What let you in counts no longer. Log in again, or use another token.")


@dataclass(frozen=True)
class Stream:
    """Who may listen at an address, and to what."""

    role: str
    topics: tuple[Topic, ...]
    mine: tuple[Topic, ...] = ()  # topics that are also sent to one user alone
    permission: str = ""  # who has it need not have the role
    desk: tuple[Topic, ...] = ()  # what administrators hear besides

    def channels(self, user: Any, address: dict[str, Any]) -> list[str] | None:
        """Return what `user` hears at `address`; None if it is not for them."""
        if not role_at_least(user, self.role) and not self._permitted(user):
            return None
        owner = address.get("user_id")
        if owner is not None and owner != user.pk and not role_at_least(user, "admin"):
            return None
        topics = self.topics + (self.desk if role_at_least(user, "admin") else ())
        return [channel(topic) for topic in topics] + [channel(topic, owner) for topic in self.mine]

    def _permitted(self, user: Any) -> bool:
        """By permission; asks the database, so not to be called from a loop."""
        return bool(self.permission) and user.is_active and user.has_perm(self.permission)


@dataclass(frozen=True)
class PriceStream(Stream):
    """Prices of the assets that the address names, comma-separated."""

    def channels(self, user: Any, address: dict[str, Any]) -> list[str] | None:
        names = address["crypto_ids"].split(",")
        if not role_at_least(user, self.role) or not 0 < len(names) <= MOST_ASSETS:
            return None
        if not all(name.isascii() and name.isdigit() and len(name) < 19 for name in names):
            return None
        return [channel(Topic.CANDLE, int(name)) for name in names]


STREAMS = {
    "dashboard": Stream(
        "casual",
        (Topic.REGIME, Topic.SECTORS, Topic.WATCHLIST, Topic.SUGGESTION, Topic.SIGNAL, Topic.OUTCOME),
        (Topic.SIGNAL, Topic.PORTFOLIO, Topic.NOTIFICATION, Topic.WATCHLIST),
        desk=(Topic.SYSTEM, Topic.TRAINING),
    ),
    "prices": PriceStream("guest", ()),
    "signals": Stream("casual", (Topic.SIGNAL,), (Topic.SIGNAL, Topic.PORTFOLIO)),
    "system": Stream("admin", (Topic.SYSTEM, Topic.TRAINING)),
    "suggestions": Stream("admin", (Topic.SUGGESTION,), permission="selection.review_suggestion"),
}


class StreamConsumer(AsyncWebsocketConsumer):
    """Hands one client what the hub brings. It never writes, and what the client says is not read."""

    client: Client | None = None
    heart: asyncio.Task[None] | None = None

    def __init__(self, stream: str) -> None:
        super().__init__()
        self.stream = stream

    async def connect(self) -> None:
        channels = await self._channels(self.scope["user"])
        if channels is None:
            await self.close()  # before accept: the browser sees 403
            return
        await aclose_old_connections()  # the session was read; a stream of hours must not hold a connection
        await self.accept()
        self.client = client_of(self.scope["server_send"], self._hand_over, self._let_go)
        await hub().join(self.client, channels)
        self.client.put(READY)
        self.heart = asyncio.create_task(self._beat())

    async def _channels(self, user: Any) -> list[str] | None:
        stream, address = STREAMS[self.stream], self.scope["url_route"]["kwargs"]
        if not stream.permission:
            return stream.channels(user, address)
        return await database_sync_to_async(stream.channels)(user, address)

    async def disconnect(self, code: int) -> None:
        if self.heart is not None:
            self.heart.cancel()
        if self.client is not None:
            await hub().leave(self.client)

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Like the parent's, without its thread hop a message: only `connect` needs the database."""
        if message["type"] != "websocket.receive":
            await getattr(self, message["type"].replace(".", "_"))(message)

    async def _hand_over(self, text: str) -> None:
        await self.base_send({"type": "websocket.send", "text": text})

    async def _let_go(self) -> None:
        await self.close(*TOO_SLOW)

    async def _beat(self) -> None:
        """Keep proxies from closing a quiet stream, let pages notice a dead one, and end it for whose token
        was revoked, whose session is over or who may no longer listen."""
        while self.client is not None:
            await asyncio.sleep(HEARTBEAT * random.uniform(0.8, 1.0))  # never all at once
            try:
                user = await _whom_it_stands_for(self.scope)
                channels = await self._channels(user)
            except Exception:  # the database is away: that is no reason to let anyone go
                logger.exception("Who listens could not be checked")
            else:
                if channels is None:
                    await self.close(*NO_LONGER)
                    return
            self.client.put(BEAT)


_checked: dict[str, tuple[float, Any]] = {}  # by token or session: when, and whom it stood for
MOST_CHECKED = 10_000


async def _whom_it_stands_for(scope: dict[str, Any]) -> Any:
    """Asked once for all streams that one token or session has open."""
    name = scope.get("token") or scope["session"].session_key or ""
    now = asyncio.get_running_loop().time()
    known = _checked.get(name)
    if known is None or now - known[0] > HEARTBEAT / 5:
        if len(_checked) >= MOST_CHECKED:
            _checked.clear()
        known = _checked[name] = now, await _present_user(scope)
    return known[1]


@database_sync_to_async
def _present_user(scope: dict[str, Any]) -> Any:
    """Whom the token or session of an open stream stands for now; anonymous where it counts no longer."""
    if scope.get("token") is not None:
        return _owner(scope["token"])
    store = import_module(settings.SESSION_ENGINE).SessionStore
    request = HttpRequest()
    request.session = store(scope["session"].session_key)
    return get_user(request)


App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def gate(app: App) -> App:
    """Let in API tokens (programs send no origin), and session cookies from one of our own pages."""
    pages = AllowedHostsOriginValidator(AuthMiddlewareStack(app))

    async def enter(scope: dict[str, Any], receive: Any, send: Any) -> None:
        scope = {**scope, "server_send": send}  # what is around the application wraps it
        header = next((value for name, value in scope["headers"] if name == b"authorization"), None)
        if header is None:
            await pages(scope, receive, send)
        else:
            await app({**scope, **await _bearer(header)}, receive, send)

    return enter


@database_sync_to_async
def _bearer(header: bytes) -> dict[str, Any]:
    try:
        token = token_of(header)
    except AuthenticationFailed:
        token = None
    return {"token": token, "user": AnonymousUser() if token is None else _owner(token)}


def _owner(token: str) -> Any:
    try:
        return authenticate(token, timezone.now())[0]
    except AuthenticationFailed:
        return AnonymousUser()

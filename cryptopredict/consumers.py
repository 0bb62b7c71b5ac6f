"""The streams: five addresses, one consumer. Who may listen is settled before the handshake is answered."""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, TypeVar

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.security.websocket import AllowedHostsOriginValidator
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.db import close_old_connections
from django.http import HttpRequest, parse_cookie
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed

from accounts.authentication import authenticate, token_of
from cryptopredict.common.realtime import Topic, channel
from cryptopredict.common.restapi import role_at_least
from cryptopredict.hub import hub
from cryptopredict.sockets import Client, Message, client_of
from selection.services.reviews import PERMISSION as REVIEW

logger = logging.getLogger(__name__)
# Who comes in and who is still let in are asked by threads of their own: a thousand hearts that beat, or a
# database that is slow to answer them, keep nobody waiting at the door until Daphne closes it on them.
DOORS = ThreadPoolExecutor(4, "stream-door")
HEARTS = ThreadPoolExecutor(1, "stream-heart")
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
    reviewers: tuple[Topic, ...] = ()  # topics of who may decide on suggestions and has not the role
    desk: tuple[Topic, ...] = ()  # what administrators hear besides

    def channels(self, user: Any, address: dict[str, Any]) -> list[str] | None:
        """Return what `user` hears at `address`; None if it is not for them."""
        topics = self.topics
        if not role_at_least(user, self.role):
            if not self.reviewers or not (user.is_active and user.has_perm(REVIEW)):
                return None
            topics = self.reviewers
        owner = address.get("user_id")
        if owner is not None and owner != user.pk and not role_at_least(user, "admin"):
            return None
        if role_at_least(user, "admin"):
            topics += self.desk
        return [channel(topic) for topic in topics] + [channel(topic, owner) for topic in self.mine]


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
        reviewers=(Topic.REGIME, Topic.SECTORS, Topic.WATCHLIST, Topic.SUGGESTION),
        desk=(Topic.SYSTEM, Topic.TRAINING),
    ),
    "prices": PriceStream("guest", ()),
    "signals": Stream("casual", (Topic.SIGNAL,), (Topic.SIGNAL, Topic.PORTFOLIO)),
    "system": Stream("admin", (Topic.SYSTEM, Topic.TRAINING)),
    "suggestions": Stream("admin", (Topic.SUGGESTION,), reviewers=(Topic.SUGGESTION,)),
}


class StreamConsumer(AsyncWebsocketConsumer):
    """Hands one client what the hub brings. It never writes, and what the client says is not read."""

    client: Client | None = None
    heart: asyncio.Task[None] | None = None

    def __init__(self, stream: str) -> None:
        super().__init__()
        self.stream = stream

    async def connect(self) -> None:
        channels = await ask(DOORS, self._channels, present_user)
        if channels is None:
            await self.close()  # before accept: the browser sees 403
            return
        await self.accept()
        self.client = client_of(self.scope["server_send"], self._hand_over, self._let_go)
        await hub().join(self.client, channels)
        self.client.put(READY)
        self.heart = asyncio.create_task(self._beat())

    def _channels(self, whom: Callable[[dict[str, Any]], Any]) -> list[str] | None:
        """Asks the database: not to be called from a loop."""
        return STREAMS[self.stream].channels(whom(self.scope), self.scope["url_route"]["kwargs"])

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
                channels = await ask(HEARTS, self._channels, remembered_user)
            except Exception:  # the database is away: that is no reason to let anyone go
                logger.exception("Who listens could not be checked")
            else:
                if channels is None:
                    await self.close(*NO_LONGER)
                    return
            self.client.put(BEAT)


T = TypeVar("T")


async def ask(threads: ThreadPoolExecutor, question: Callable[..., T], *about: Any) -> T:
    """The answer to a question to the database, from one of `threads`. A thread holds its connection for as
    long as CONN_MAX_AGE lets it, a stream of hours holds none."""
    return await asyncio.get_running_loop().run_in_executor(threads, partial(_answer, question, *about))


def _answer(question: Callable[..., T], *about: Any) -> T:
    close_old_connections()
    try:
        return question(*about)
    finally:
        close_old_connections()


_checked: dict[tuple[str, str], tuple[float, Any]] = {}  # of `HEARTS` alone: when, and whom it stood for
MOST_CHECKED = 10_000


def remembered_user(scope: dict[str, Any]) -> Any:
    """As `present_user`, asked once for all streams that one token or session has open."""
    name, now = (scope["let_in_by"], scope["secret"]), time.monotonic()
    known = _checked.get(name)
    if known is None or now - known[0] > HEARTBEAT / 5:
        if len(_checked) >= MOST_CHECKED:
            _checked.clear()
        known = _checked[name] = now, present_user(scope)
    return known[1]


def present_user(scope: dict[str, Any]) -> Any:
    """Whom the token or session of a stream stands for now; anonymous where it counts no longer."""
    if not scope["secret"]:
        return AnonymousUser()
    if scope["let_in_by"] == "token":
        try:
            return authenticate(scope["secret"], timezone.now())[0]
        except AuthenticationFailed:
            return AnonymousUser()
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(scope["secret"])
    return get_user(request)


App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]


def gate(app: App) -> App:
    """Let in API tokens (programs send no origin), and session cookies from one of our own pages."""
    pages = AllowedHostsOriginValidator(app)

    async def enter(scope: dict[str, Any], receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        header = headers.get(b"authorization")
        if header is None:
            cookies = parse_cookie(headers.get(b"cookie", b"").decode("latin-1"))
            way, door, secret = "session", pages, cookies.get(settings.SESSION_COOKIE_NAME, "")
        else:
            way, door, secret = "token", app, _token(header)
        # What is around the application wraps `send`; the hub wants the server's own.
        await door({**scope, "server_send": send, "let_in_by": way, "secret": secret}, receive, send)

    return enter


def _token(header: bytes) -> str:
    try:
        return token_of(header) or ""
    except AuthenticationFailed:
        return ""

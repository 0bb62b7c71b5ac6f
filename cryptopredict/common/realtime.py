"""Tell open pages what has happened, once it has really happened."""

import logging
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from django.db import transaction

from cryptopredict.common.encoding import encode

logger = logging.getLogger(__name__)
PREFIX = "cryptopredict.stream:"
VERSION = "cryptopredict.kept:version"  # of the answers that the API keeps
ACTIVITY = "activity"  # of what people did: see `changed`
# Number and message leave in one step, so that the order of numbers is the order of arrival.
# What the API keeps was made before this, so its version is raised first.
_PUBLISH = """
local number = redis.call('INCR', KEYS[1])
if ARGV[4] ~= '' then redis.call('INCR', ARGV[4]) end
redis.call('PUBLISH', ARGV[1], ARGV[2] .. number .. ARGV[3])
return number
"""


class Topic(StrEnum):
    """The whole push protocol: what may be announced, named like the DOM event that it becomes."""

    CANDLE = "assets.candle"
    OUTCOME = "aimodels.outcome"
    TRAINING = "aimodels.training"
    REGIME = "macro.regime"
    SECTORS = "sectors.ranking"
    WATCHLIST = "selection.watchlist"
    SUGGESTION = "selection.suggestion"
    SIGNAL = "trading.signal"
    PORTFOLIO = "trading.portfolio"
    NOTIFICATION = "accounts.notification"
    SYSTEM = "cryptopredict.system"


_PASSING = {Topic.CANDLE, Topic.NOTIFICATION, Topic.SYSTEM}  # do not change what is kept for all


def channel(topic: Topic, recipient: int | None = None) -> str:
    """Return the name that a topic's messages travel under: to everyone, or to one user (or asset) only."""
    return f"{PREFIX}{topic}" if recipient is None else f"{PREFIX}{topic}:{recipient}"


def publish(topic: Topic, data: list[Any] | dict[str, Any], recipient: int | None = None) -> None:
    """Announce `data` (an API serializer's output) after the running transaction has committed.

    With `recipient` only that user hears it (for candles: only who watches that asset). Raises ValueError
    at once if `data` cannot be said in JSON; a dead Redis is logged and does not undo what is stored.
    """
    time = datetime.now(UTC)
    head = encode({"topic": topic.value, "recipient": recipient, "id": uuid.uuid4().hex, "time": time})
    before = head[:-1] + b',"sequence":'
    after = b',"data":' + encode(data) + b"}"
    outdated = _outdated(topic, recipient)
    transaction.on_commit(lambda: _send(channel(topic, recipient), before, after, outdated), robust=True)


def publish_each(topic: Topic, data: Mapping[int, dict[str, Any]]) -> None:
    """Announce to each recipient (user or asset) its own `data`, in one trip, after the commit."""
    if not data:
        return
    time = datetime.now(UTC)
    messages = []
    for recipient, told in data.items():
        head = encode({"topic": topic.value, "recipient": recipient, "id": uuid.uuid4().hex, "time": time})
        parts = (head[:-1] + b',"sequence":', b',"data":' + encode(told) + b"}")
        messages.append((channel(topic, recipient), *parts, _outdated(topic, recipient)))
    transaction.on_commit(lambda: _send_all(messages), robust=True)


def _outdated(topic: Topic, recipient: int | None) -> str:
    """Which version of kept answers a message raises: everyone's, its person's, or none."""
    if topic not in _PASSING:
        return VERSION
    return own_version(recipient) if topic == Topic.NOTIFICATION and recipient is not None else ""


def own_version(of: int | str) -> str:
    """Name of the version of what is kept for one person, or of what is told apart by name (`ACTIVITY`)."""
    return f"{VERSION}:{of}"


def _send_all(messages: list[tuple[str, bytes, bytes, str]]) -> None:
    try:
        with connection().pipeline(transaction=False) as pipeline:
            for name, before, after, outdated in messages:
                number = f"{PREFIX}sequence:{name.removeprefix(PREFIX)}"
                pipeline.eval(_PUBLISH, 1, number, name, before, after, outdated)
            pipeline.execute()
    except redis.RedisError as error:
        logger.warning("%d messages were stored but could not be announced: %s", len(messages), error)


def changed(of: int | str | None = None) -> None:
    """Serve nothing that was kept before, once the running transaction has committed (`publish` does too).

    With the id of a person only what was kept for them, with a name only what is kept under it.
    """
    name = VERSION if of is None else own_version(of)
    transaction.on_commit(lambda: _raise_version(name), robust=True)


def _raise_version(name: str) -> None:
    try:
        connection().incr(name)
    except redis.RedisError as error:
        logger.warning("Kept answers could not be marked as old: %s", error)


def connection() -> redis.Redis:
    """The process's connections to Redis, which answer within two seconds or raise RedisError."""
    return _client(settings.REDIS_URL)


def _send(name: str, before: bytes, after: bytes, outdated: str) -> None:
    number = f"{PREFIX}sequence:{name.removeprefix(PREFIX)}"
    try:
        connection().eval(_PUBLISH, 1, number, name, before, after, outdated)
    except redis.RedisError as error:
        logger.warning("%s was stored but could not be announced: %s", name.removeprefix(PREFIX), error)


@lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)

"""Tell open pages what has happened, once it has really happened."""

import logging
import uuid
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
# Number and message leave in one step, so that the order of numbers is the order of arrival.
_PUBLISH = """
local number = redis.call('INCR', KEYS[1])
redis.call('PUBLISH', ARGV[1], ARGV[2] .. number .. ARGV[3])
return number
"""


class Topic(StrEnum):
    """The whole push protocol: what may be announced, named like the DOM event that it becomes."""

    CANDLE = "assets.candle"
    OUTCOME = "aimodels.outcome"
    REGIME = "macro.regime"
    SECTORS = "sectors.ranking"
    WATCHLIST = "selection.watchlist"
    SUGGESTION = "selection.suggestion"
    SIGNAL = "trading.signal"
    PORTFOLIO = "trading.portfolio"
    NOTIFICATION = "accounts.notification"
    SYSTEM = "cryptopredict.system"


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
    transaction.on_commit(lambda: _send(channel(topic, recipient), before, after), robust=True)


def _send(name: str, before: bytes, after: bytes) -> None:
    client = _client(settings.REDIS_URL)
    try:
        client.eval(_PUBLISH, 1, f"{PREFIX}sequence:{name.removeprefix(PREFIX)}", name, before, after)
    except redis.RedisError as error:
        logger.warning("%s was stored but could not be announced: %s", name.removeprefix(PREFIX), error)


@lru_cache(maxsize=4)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)

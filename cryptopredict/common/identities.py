"""Who a token belongs to, remembered for half a minute so that a kept answer needs no database.

What is remembered counts only while the epoch is the one that was current before the database was read:
whoever changes a user or a token raises it after the commit (`forget`), and nothing older is believed.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime

from django.conf import settings
from django.db import transaction
from redis.exceptions import RedisError

from cryptopredict.common import realtime

logger = logging.getLogger(__name__)
EPOCH = "cryptopredict.identity:epoch"
PREFIX = "cryptopredict.identity:"
REMEMBERED_FOR = 30  # seconds: how long a change behind the services' back may go unnoticed


def name_of(token: str) -> str:
    """Under which a token's owner is remembered; the token itself is stored nowhere."""
    return PREFIX + hashlib.sha256(token.encode(errors="replace")).hexdigest()


def epoch() -> str | None:
    """To be read before the database; None where nothing is to be remembered."""
    if not settings.API_KEEP_SECONDS:
        return None
    try:
        found = realtime.connection().get(EPOCH)
    except RedisError:
        return None
    return found.decode() if isinstance(found, bytes) else "0"


def remember(
    token: str, epoch_: str | None, *, role: str, user_id: int, until: datetime | None, now: datetime
) -> None:
    """Note whose token this is, as read from the database after `epoch_` was."""
    if epoch_ is None:
        return
    seconds = REMEMBERED_FOR if until is None else min(REMEMBERED_FOR, int((until - now).total_seconds()))
    if seconds < 1:
        return
    try:
        realtime.connection().set(name_of(token), f"{epoch_}|{role}|{user_id}", ex=seconds)
    except RedisError:
        return


def forget() -> None:
    """Believe no remembered identity any more, from the running transaction's commit on."""
    transaction.on_commit(_raise_epoch, robust=True)


def _raise_epoch() -> None:
    try:
        realtime.connection().incr(EPOCH)
    except RedisError as error:
        logger.warning("Remembered tokens stay valid for up to %d s: %s", REMEMBERED_FOR, error)

"""Figures that pages share, remembered as long as nothing they are made from has changed.

What is remembered lies under the version that was current before it was made (`restapi.kept`): whoever
changes what is read raises it after the commit. Without Redis, or with `API_KEEP_SECONDS` 0, everything is
made anew. Only what is the same for all readers of a language belongs here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from cryptopredict.common.restapi import kept

logger = logging.getLogger(__name__)
T = TypeVar("T")
DAY = 86_400
_ABSENT = object()


def remembered(name: str, make: Callable[[], T], seconds: int | None = None) -> T:
    """What `make` returns, at most `seconds` old (None: `API_KEEP_SECONDS`, for what the clock judges).

    `name` tells it from all else, with everything that `make` depends on beside data and language.
    """
    version = kept.version()
    if version is None:
        return make()
    lasting = settings.API_KEEP_SECONDS if seconds is None else seconds
    return once(f"cryptopredict.remembered:{version}:{kept.language()}:{name}", make, lasting)


def once(name: str, make: Callable[[], T], seconds: int) -> T:
    """What `make` returns, made once in `seconds`; `name` says all it depends on, the data's state too."""
    found = _found(name)
    if found is not _ABSENT:
        return cast(T, found)
    made = make()
    try:
        cache.set(name, made, seconds)
    except RedisError as error:
        logger.warning("%s is not remembered: %s", name, error)
    return made


def _found(name: str) -> Any:
    try:
        return cache.get(name, _ABSENT)
    except RedisError as error:
        logger.warning("%s cannot be looked up: %s", name, error)
        return _ABSENT

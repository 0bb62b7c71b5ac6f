"""How often each role may ask: a sliding minute in Redis, shared by all processes."""

from __future__ import annotations

import logging
import time
from typing import Any

from django.conf import settings
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from cryptopredict.common import realtime

logger = logging.getLogger(__name__)
WINDOW = 60  # seconds

# Counts a request and returns how many there were in the last minute: this minute's and what is left of the
# one before. KEYS: this minute, the one before. ARGV: share of the minute before that still counts.
COUNT = """
local now = redis.call('INCR', KEYS[1])
if now == 1 then redis.call('EXPIRE', KEYS[1], 130) end
return tostring(now + ARGV[1] * (tonumber(redis.call('GET', KEYS[2])) or 0))
"""


def rate_of(role: str) -> int | None:
    """Requests a minute that `role` may make (`anonymous` without one); None where it is not limited."""
    limit = settings.API_RATES.get(role)
    return None if limit is None else int(limit)


def window(role: str, who: str, now: float) -> tuple[str, str, float]:
    """Names of the counters of this minute and the one before, and how much of that one still counts."""
    minute, into = divmod(now, WINDOW)
    name = f"cryptopredict.rate:{role}:{who}"
    return f"{name}:{int(minute)}", f"{name}:{int(minute) - 1}", 1.0 - into / WINDOW


class RoleThrottle(BaseThrottle):
    """429 with Retry-After above the role's rate (`API_RATES`). Without Redis everyone is let in."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        user = request.user
        known = user is not None and user.is_authenticated
        role = str(getattr(user, "role", "guest")) if known else "anonymous"
        limit = rate_of(role)
        if limit is None:
            return True
        now = time.time()
        this, before, share = window(role, str(user.pk) if known else self.get_ident(request), now)
        self._pause = WINDOW - now % WINDOW
        try:
            count = realtime.connection().eval(COUNT, 2, this, before, str(share))
        except RedisError as error:
            logger.warning("Requests are not counted: %s", error)
            return True
        return _number(count) <= limit

    def wait(self) -> float:
        return max(1.0, self._pause)


def _number(reply: Any) -> float:
    return float(reply.decode() if isinstance(reply, bytes) else reply)

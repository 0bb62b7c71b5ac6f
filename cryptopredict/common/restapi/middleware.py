"""Before any view: bodies that are too large, and answers that lie ready."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from cryptopredict.common import identities, realtime
from cryptopredict.common.restapi import kept
from cryptopredict.common.restapi.problems import refuse
from cryptopredict.common.restapi.throttling import rate_of, window

logger = logging.getLogger(__name__)
API = "/api/"
Answer = Callable[[HttpRequest], HttpResponseBase]

# Identity, version, answer and count in one trip. KEYS: identity, epoch, version. ARGV: answers' prefix,
# place, rates' prefix, this minute. Returns role, user and answer, or nothing where any of them is missing.
_READY = """
local who = redis.call('GET', KEYS[1])
if not who then return false end
local epoch, role, user = string.match(who, '^(%d+)|(%a+)|(%d+)$')
if epoch ~= (redis.call('GET', KEYS[2]) or '0') then return false end
local version = redis.call('GET', KEYS[3]) or '0'
local kept = redis.call('GET', ARGV[1] .. version .. ':' .. role .. ':' .. ARGV[2])
if not kept then
    local own = version .. '.' .. (redis.call('GET', KEYS[3] .. ':' .. user) or '0')
    kept = redis.call('GET', ARGV[1] .. own .. ':' .. role .. '.' .. user .. ':' .. ARGV[2])
end
if not kept then return false end
local rate = ARGV[3] .. role .. ':' .. user .. ':'
local before = tonumber(redis.call('GET', rate .. (ARGV[4] - 1))) or 0
local now = redis.call('INCR', rate .. ARGV[4])
if now == 1 then redis.call('EXPIRE', rate .. ARGV[4], 130) end
return {role, now, before, kept}
"""


class BodyLimitMiddleware:
    """413 for a body of more than `API_BODY_LIMIT` bytes, before any of it is read."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info.startswith(API) and _length(request) > settings.API_BODY_LIMIT:
            text = _("The body may have at most %(most)d bytes. Send less, or several requests.")
            return refuse(413, "too_large", text % {"most": settings.API_BODY_LIMIT})
        return self.get_response(request)


def _length(request: HttpRequest) -> int:
    given = request.META.get("CONTENT_LENGTH") or "0"
    return int(given) if given.isascii() and given.isdigit() else 0


class KeptAnswersMiddleware:
    """Serve a program's repeated read from what is kept: one trip to Redis, no view, no database.

    Only what a view has answered before to the same role under the current version lies there, and only
    for tokens that a view has let in within the last half minute. All else goes the usual way.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        token = _plain_read(request) if settings.API_KEEP_SECONDS else None
        found = None if token is None else _ready(request, token)
        return self.get_response(request) if found is None else found.response(request)


class OwnChangesMiddleware:
    """What a person sends may change what is kept for them: after it, nothing older is served to them."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method not in ("GET", "HEAD", "OPTIONS") and settings.API_KEEP_SECONDS:
            user = getattr(request, "user", None)
            if user is not None and user.is_authenticated:
                realtime.changed(user.pk)
        return response


def _plain_read(request: HttpRequest) -> str | None:
    """The token of a GET that takes JSON; None for everything else."""
    if request.method != "GET" or not request.path_info.startswith(API):
        return None
    scheme, _space, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    accept = request.META.get("HTTP_ACCEPT", "*/*")
    if scheme.lower() != "token" or not token or " " in token:
        return None
    plain = "text/" not in accept and ("*/*" in accept or "application/json" in accept)
    return token if plain and "format=" not in request.META.get("QUERY_STRING", "") else None


def _ready(request: HttpRequest, token: str) -> kept.Kept | None:
    now = time.time()
    _this, _before, share = window("", "", now)
    place = kept.place(request, "json", translation.get_language_from_request(request))
    try:
        found: Any = _script()(
            keys=[identities.name_of(token), identities.EPOCH, realtime.VERSION],
            args=[kept.PREFIX, place, "cryptopredict.rate:", int(now // 60)],
        )
    except RedisError as error:
        logger.warning("Kept answers are not served: %s", error)
        return None
    if not found:
        return None
    role, count, before, packed = found
    limit = rate_of(role.decode())
    if limit is not None and count + share * before > limit:
        return None  # the usual way counts it again and refuses it with the reason
    return kept.Kept.unpack(packed)


_scripts: dict[int, Any] = {}


def _script() -> Any:
    connection = realtime.connection()
    if id(connection) not in _scripts:
        _scripts[id(connection)] = connection.register_script(_READY)
    return _scripts[id(connection)]

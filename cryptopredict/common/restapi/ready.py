"""Answers that lie ready leave before Django wakes up: one trip to Redis, no request object, no middleware.

Only what a view has answered before to the same role under the current version lies there, and only for
tokens that a view has let in within the last half minute. All else goes the usual way, and so does whatever
is in any way unusual: cookies, conditions on writing, odd characters in the address.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import sha1
from http import HTTPStatus
from io import BytesIO
from typing import Any

import redis
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware
from django.utils import translation
from django.utils.http import http_date, parse_etags, parse_http_date_safe
from redis.exceptions import NoScriptError, RedisError

from cryptopredict.common import identities, realtime, tracing
from cryptopredict.common.restapi import kept
from cryptopredict.common.restapi.throttling import rate_of, window

logger = logging.getLogger(__name__)
API = "/api/"
Environ = dict[str, Any]
Start = Callable[..., Any]
Headers = list[tuple[str, str]]
# What `get_full_path` leaves as it is; another address is written differently there and goes the usual way.
_PATH = re.compile(r"[A-Za-z0-9/._~,-]*")
_QUERY = re.compile(r"[A-Za-z0-9/._~,=&:%+-]*")
_UNUSUAL = ("HTTP_COOKIE", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_RANGE", "SCRIPT_NAME")

# Identity, version, answer and count in one trip. KEYS: identity, epoch, version. ARGV: answers' prefix,
# place, rates' prefix, this minute, a name that answers may be kept under. Returns role, count of this minute
# and of the last, and answer, or nothing where any of them is missing.
_SCRIPT = """
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
if not kept then
    local named = version .. '.' .. (redis.call('GET', KEYS[3] .. ':' .. ARGV[5]) or '0')
    kept = redis.call('GET', ARGV[1] .. named .. ':' .. role .. ':' .. ARGV[2])
end
if not kept then return false end
local rate = ARGV[3] .. role .. ':' .. user .. ':'
local before = tonumber(redis.call('GET', rate .. (ARGV[4] - 1))) or 0
local now = redis.call('INCR', rate .. ARGV[4])
if now == 1 then redis.call('EXPIRE', rate .. ARGV[4], 130) end
return {role, now, before, kept}
"""
_DIGEST = sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()


class ReadyAnswers:
    """A WSGI application in front of Django's."""

    def __init__(self, application: Callable[[Environ, Start], Iterable[bytes]]) -> None:
        self.application = application

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        token = _plain_read(environ) if settings.API_KEEP_SECONDS else None
        found = None if token is None else _find(environ, token)
        if found is None:
            return self.application(environ, start_response)
        status, headers, body = _answer(environ, found)
        start_response(status, headers)
        return [body]


def _plain_read(environ: Environ) -> str | None:
    """The token of a GET that takes JSON; None for everything else."""
    path = environ["PATH_INFO"]
    if environ["REQUEST_METHOD"] != "GET" or not path.startswith(API) or any(map(environ.get, _UNUSUAL)):
        return None
    scheme, _space, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    query = environ.get("QUERY_STRING", "")
    if scheme.lower() != "token" or not token or " " in token or "format=" in query:
        return None
    if not _PATH.fullmatch(path) or not _QUERY.fullmatch(query):
        return None
    return token if _takes_json(environ.get("HTTP_ACCEPT", "*/*")) else None


def _takes_json(accept: str) -> bool:
    return "text/" not in accept and ("*/*" in accept or "application/json" in accept)


def _find(environ: Environ, token: str) -> kept.Kept | None:
    now = time.time()
    _this, _before, share = window("", "", now)
    secure = _is_secure(environ)
    if settings.SECURE_SSL_REDIRECT and not secure:
        return None
    query = environ.get("QUERY_STRING", "")
    place = kept.place_of(
        "https" if secure else "http",
        environ.get("HTTP_HOST", ""),
        environ["PATH_INFO"] + (f"?{query}" if query else ""),
        form="json",
        language=_language(environ.get("HTTP_ACCEPT_LANGUAGE", "")),
    )
    keys = (identities.name_of(token), identities.EPOCH, realtime.VERSION)
    try:
        minute = int(now // 60)
        found = _ask(*keys, kept.PREFIX, place, "cryptopredict.rate:", minute, realtime.ACTIVITY)
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


def _is_secure(environ: Environ) -> bool:
    """As `HttpRequest.scheme` finds it."""
    if settings.SECURE_PROXY_SSL_HEADER:
        name, secure = settings.SECURE_PROXY_SSL_HEADER
        told = environ.get(name)
        if told is not None:
            return bool(told.split(",", 1)[0].strip() == secure)
    return bool(environ.get("wsgi.url_scheme") == "https")


@lru_cache(maxsize=256)
def _language(accepted: str) -> str:
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = accepted
    return translation.get_language_from_request(request)


# The answer


def _answer(environ: Environ, found: kept.Kept) -> tuple[str, Headers, bytes]:
    """Status line, headers and body; 304 and no body where the caller has it already."""
    headers = [
        ("ETag", found.etag),
        ("Last-Modified", _date(found.modified)),
        (tracing.HEADER, tracing.number_of(environ.get("HTTP_X_REQUEST_ID", ""))),
        *kept.CACHING.items(),
        *_security(_is_secure(environ)),
    ]
    if found.link:
        headers.append(("Link", found.link))
    if _is_known(environ, found):
        return _line(HTTPStatus.NOT_MODIFIED), headers, b""
    headers += [("Content-Type", found.content_type), ("Content-Length", str(len(found.body)))]
    return _line(HTTPStatus.OK), headers, found.body


def _is_known(environ: Environ, found: kept.Kept) -> bool:
    """RFC 9110, 13.1.2 and 13.1.3: the date counts only where no tag is given."""
    tags = environ.get("HTTP_IF_NONE_MATCH")
    if tags:
        bare = found.etag.removeprefix("W/")
        return any(tag == "*" or tag.removeprefix("W/") == bare for tag in parse_etags(tags))
    date = environ.get("HTTP_IF_MODIFIED_SINCE")
    since = parse_http_date_safe(date) if date else None
    return since is not None and found.modified <= since


def _line(status: HTTPStatus) -> str:
    return f"{status.value} {status.phrase}"


_date = lru_cache(maxsize=512)(http_date)


@lru_cache(maxsize=2)
def _security(secure: bool) -> Headers:
    """What Django's own middleware would add by the settings."""
    environ = {
        "REQUEST_METHOD": "GET",
        "wsgi.url_scheme": "https" if secure else "http",
        "wsgi.input": BytesIO(),
    }
    if secure and settings.SECURE_PROXY_SSL_HEADER:
        name, told = settings.SECURE_PROXY_SSL_HEADER
        environ[name] = told
    request, response = WSGIRequest(environ), HttpResponse()
    blank = set(response.headers)
    filled = SecurityMiddleware(lambda _request: response).process_response(request, response)
    return [(name, value) for name, value in filled.headers.items() if name not in blank]


# The trip

_local = threading.local()


def _ask(*arguments: str | int) -> Any:
    """Run the script over a connection of this thread's own.

    The client of redis-py spends as long around a command as Redis on it; its connections do not.
    Raises RedisError.
    """
    link = _link()
    try:
        return _run(link, arguments)
    except (redis.ConnectionError, redis.TimeoutError):  # it was restarted, or let an idle connection go
        return _run(link, arguments)


def _run(link: Any, arguments: tuple[str | int, ...]) -> Any:
    try:
        return _exchange(link, link.pack_command("EVALSHA", _DIGEST, 3, *arguments))
    except NoScriptError:
        return _exchange(link, link.pack_command("EVAL", _SCRIPT, 3, *arguments))


def _exchange(link: Any, command: Any) -> Any:
    try:
        link.send_packed_command(command, check_health=False)
        return link.read_response()
    except NoScriptError:
        raise
    except BaseException:
        link.disconnect()  # what is left of a reply must not be read as the next one
        raise


def _link() -> Any:
    url, found = getattr(_local, "link", (None, None))
    if url != settings.REDIS_URL:
        if found is not None:
            found.disconnect()
        url, found = settings.REDIS_URL, realtime.connection().connection_pool.make_connection()
        _local.link = url, found
    return found

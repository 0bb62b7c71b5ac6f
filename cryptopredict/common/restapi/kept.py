"""Answers that change once a run are finished once: bytes with an ETag, kept in Redis.

An answer is kept under the version that was current before its data was read. Whoever changes what is
read raises the version after its commit (`realtime.changed`, `publish`), so an old answer is never found
again. It also has an age limit, for its freshness is judged by the clock. Without Redis every answer is made
anew.
"""

from __future__ import annotations

import hashlib
import logging
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from redis.exceptions import RedisError

from cryptopredict.common import realtime

logger = logging.getLogger(__name__)
PREFIX = "cryptopredict.kept:"
MODIFIED_FOR = 7 * 86_400  # seconds that the time of a body's first appearance is remembered
CACHING = {
    "Cache-Control": "private, no-cache",
    "Vary": "Accept, Accept-Language, Authorization, Cookie",
}
LARGEST = 2_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A finished answer."""

    etag: str
    modified: int  # seconds since 1970
    content_type: str
    link: str
    body: bytes

    def pack(self) -> bytes:
        """As it lies in Redis: four lines and the body."""
        head = f"{self.etag}\n{self.modified}\n{self.content_type}\n{self.link}\n"
        return head.encode() + self.body

    @classmethod
    def unpack(cls, packed: bytes) -> Kept:
        """Inverse of `pack`."""
        etag, modified, content_type, link, body = packed.split(b"\n", 4)
        return cls(etag.decode(), int(modified), content_type.decode(), link.decode(), body)

    def response(self, request: HttpRequest) -> HttpResponseBase:
        """The answer to `request`: 304 where the caller has it already."""
        response = HttpResponse(self.body, content_type=self.content_type)
        if self.link:
            response.headers["Link"] = self.link
        response.headers["Content-Length"] = str(len(self.body))  # no other middleware will
        return conditional(request, response, self.etag, self.modified)


def conditional(
    request: HttpRequest, response: HttpResponse, etag: str, modified: int | None
) -> HttpResponseBase:
    """Give `response` its validators, or answer 304 where the caller's still hold."""
    response.headers["ETag"] = etag
    for name, value in CACHING.items():
        response.headers[name] = value
    if modified is not None:
        response.headers["Last-Modified"] = http_date(modified)
    found = get_conditional_response(request, etag, modified, response) or response
    if found.status_code == 304:
        for name in (*CACHING, "Link"):
            if name in response.headers:
                found.headers[name] = response.headers[name]
    return found


def place(request: HttpRequest, form: str, language: str) -> str:
    """What distinguishes this request's answer from others of the same version and role."""
    host = request.META.get("HTTP_HOST", "")
    return place_of(request.scheme or "", host, request.get_full_path(), form=form, language=language)


def place_of(scheme: str, host: str, address: str, *, form: str, language: str) -> str:
    """The same from the request's parts; `address` is path and query as `get_full_path` writes them."""
    text = "|".join((scheme, host, language, form, address))
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=16).hexdigest()


def version(of: int | str | None = None) -> str | None:
    """The current version (of one person's or name's answers); None where nothing can be or is to be kept."""
    if not settings.API_KEEP_SECONDS:
        return None
    names = [realtime.VERSION] if of is None else [realtime.VERSION, realtime.own_version(of)]
    try:
        found: list[Any] = list(realtime.connection().mget(names))
    except RedisError as error:
        logger.warning("Answers are not kept: %s", error)
        return None
    return ".".join(one.decode() if isinstance(one, bytes) else "0" for one in found)


def find(version_: str, role: str, place_: str) -> Kept | None:
    """The answer that is kept for this place, if any."""
    try:
        packed = realtime.connection().get(f"{PREFIX}{version_}:{role}:{place_}")
    except RedisError:
        return None
    return Kept.unpack(packed) if isinstance(packed, bytes) else None


def keep(
    version_: str | None, role: str, place_: str, response: HttpResponse, seconds: int | None = None
) -> Kept:
    """Finish a 200 answer: give it its validators and keep it where there is a version to keep it under.

    It is kept for `seconds`, or for `API_KEEP_SECONDS`.
    """
    body = bytes(response.content)
    etag = f'W/"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    modified = _first_seen(role, place_, etag) if version_ is not None else None
    kept = Kept(
        etag=etag,
        modified=int(time.time()) if modified is None else modified,
        content_type=response.headers["Content-Type"],
        link=response.headers.get("Link", ""),
        body=body,
    )
    if version_ is not None and len(body) <= LARGEST:
        try:
            name = f"{PREFIX}{version_}:{role}:{place_}"
            realtime.connection().set(name, kept.pack(), ex=seconds or settings.API_KEEP_SECONDS)
        except RedisError as error:
            logger.warning("An answer could not be kept: %s", error)
    return kept


def _first_seen(role: str, place_: str, etag: str) -> int | None:
    """When this body first appeared here, for Last-Modified: remaking an answer does not make it newer."""
    name = f"{PREFIX}modified:{role}:{place_}"
    try:
        redis = realtime.connection()
        known = redis.get(name)
        if isinstance(known, bytes):
            before, _, moment = known.decode().rpartition("|")
            if before == etag:
                return int(moment)
        now = int(time.time())
        redis.set(name, f"{etag}|{now}", ex=MODIFIED_FOR)
    except RedisError:
        return None
    return now


def language() -> str:
    """The language that answers are written in right now."""
    return translation.get_language() or ""


def role_of(user: Any) -> str:
    """The role that an answer is kept for."""
    return str(getattr(user, "role", "anonymous"))

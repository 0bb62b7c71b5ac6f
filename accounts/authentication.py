"""API tokens: ``Authorization: Token …``, known to the database by their digest only; sessions' last use."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.core.cache import cache
from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from redis.exceptions import RedisError
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from cryptopredict.common import identities

KEYWORD = "Token"
USE_IS_NOTED_EVERY = timedelta(minutes=1)


def token_of(header: bytes) -> str | None:
    """Return the token in an ``Authorization`` header; None where the header speaks of something else.

    Raises AuthenticationFailed where it names our scheme but carries no single token.
    """
    scheme, *rest = header.decode("latin-1").split() or [""]
    if scheme.lower() != KEYWORD.lower():
        return None
    if len(rest) != 1:
        raise AuthenticationFailed(
            _("Send the header as “Authorization: Token” and the token, one space between.")
        )
    return rest[0]


def authenticate(token: str, now: datetime) -> tuple[User, ApiToken]:
    """Return whose `token` this is, and note that it was used. Raises AuthenticationFailed, saying why."""
    epoch = identities.epoch()
    digest = hashlib.sha256(token.encode(errors="replace")).hexdigest()
    found = ApiToken.objects.select_related("user").filter(digest=digest).first()
    if found is None:
        raise AuthenticationFailed(_("This token is not known. Make a new one under your account."))
    if found.revoked_at is not None:
        raise AuthenticationFailed(_("This token was revoked. Make a new one under your account."))
    if found.expires_at is not None and found.expires_at <= now:
        raise AuthenticationFailed(_("This token has expired. Make a new one under your account."))
    if not found.user.is_active or found.user.deleted_at is not None:
        raise AuthenticationFailed(_("The account of this token is closed."))
    # One write a minute a token, not one a request.
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=now - USE_IS_NOTED_EVERY)
    if found.last_used_at is None or found.last_used_at < now - USE_IS_NOTED_EVERY:
        ApiToken.objects.filter(stale, pk=found.pk).update(last_used_at=now)
    identities.remember(
        token, epoch, role=found.user.role, user_id=found.user_id, until=found.expires_at, now=now
    )
    return found.user, found


class SessionActivityMiddleware:
    """Notes where and when each session was last used: once a minute, not with each request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        key = request.session.session_key
        if key and not self._noted(key) and request.user.is_authenticated:
            UserSession.objects.create_from_request(request)
        return self.get_response(request)

    def _noted(self, key: str) -> bool:
        name = f"session.noted:{hashlib.sha256(key.encode()).hexdigest()}"
        try:
            return not cache.add(name, 1, timeout=USE_IS_NOTED_EVERY.total_seconds())
        except RedisError:
            return False


class TokenAuthentication(BaseAuthentication):
    """DRF's door for API tokens; first in the settings, so that a 401 says which scheme to use."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        token = token_of(get_authorization_header(request))
        return None if token is None else authenticate(token, timezone.now())

    def authenticate_header(self, request: Request) -> str:
        return f'{KEYWORD} realm="api"'

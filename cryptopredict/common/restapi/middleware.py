"""Around every view: bodies that are too large, and what a person's writes make old."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from cryptopredict.common import realtime
from cryptopredict.common.restapi.problems import refuse

API = "/api/"
Answer = Callable[[HttpRequest], HttpResponseBase]


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

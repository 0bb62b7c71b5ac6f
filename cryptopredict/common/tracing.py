"""One number a request: from the caller or the proxy, through the log, back to the caller."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest
from django.http.response import HttpResponseBase

HEADER = "X-Request-ID"
_FORM = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def request_id() -> str:
    """The number of the request that is being served; empty outside of one."""
    return _current.get()


def number_of(given: str) -> str:
    """The number for a request whose caller gave this one: theirs if it is decent, else a new one."""
    return given if _FORM.fullmatch(given) else uuid.uuid4().hex


class RequestIdMiddleware:
    """Take a decent `X-Request-ID` from the caller or make one; say it in the log and in the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        number = number_of(request.headers.get(HEADER, ""))
        token = _current.set(number)
        try:
            response = self.get_response(request)
            response.headers[HEADER] = number
            return response
        finally:
            _current.reset(token)


class RequestIdFilter(logging.Filter):
    """Gives every line of the log its `request_id`, a dash outside of a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id() or "-"
        return True

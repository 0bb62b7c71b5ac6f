"""What may be sent: strict JSON, and the moments that reads are asked about."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import parsers, serializers

from cryptopredict.common.restapi.problems import Refusal

DEEPEST = 32  # levels of nesting in a body


class JSONParser(parsers.BaseParser):
    """JSON to the letter: no NaN, no 1e400, no lone surrogate, no NUL character, no endless nesting."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = stream.read()
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            mend = _("Send UTF-8 JSON with Content-Type: application/json; numbers are finite.")
            raise Refusal("body", _start(body), _("is not JSON: %s") % error, mend) from None
        if bad := _unstorable(data, "body", 0):
            raise Refusal(*bad)
        return data


def _start(body: bytes) -> str:
    return body[:100].decode(errors="replace")


def _unstorable(value: Any, place: str, depth: int) -> tuple[str, Any, str, str] | None:
    if depth > DEEPEST:
        return place, None, _("is nested too deeply"), _("Send at most %d levels.") % DEEPEST
    if isinstance(value, str) and "\x00" in value:
        return place, value.replace("\x00", "\\u0000"), _("holds a NUL character"), _("Take it out.")
    inner: Any = ()
    if isinstance(value, Mapping):
        if any("\x00" in name for name in value):
            return place, None, _("holds a NUL character"), _("Take it out.")
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    found = (_unstorable(item, f"{place}.{name}", depth + 1) for name, item in inner)
    return next((bad for bad in found if bad), None)


class MomentField(serializers.DateTimeField):
    """A moment that is not in the future: ISO 8601, a date means its start, UTC without a zone.

    For `as_of`: the law of no lookahead also means that nobody may ask what will be known.
    """

    default_error_messages = {
        "future": gettext_lazy("lies in the future (now is {now}); ask for a moment that has come"),
        "invalid": gettext_lazy("must be a moment such as 2024-12-31 or 2024-12-31T12:00Z"),
        "overflow": gettext_lazy("lies outside the calendar"),
    }

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("default", None)
        super().__init__(default_timezone=UTC, **kwargs)

    def to_internal_value(self, value: Any) -> datetime:
        if isinstance(value, str) and len(value) == 10:
            try:
                day = parse_date(value)
            except ValueError:
                day = None
            if day is not None:
                value = f"{value}T00:00:00Z"
        try:
            moment = super().to_internal_value(value).astimezone(UTC)
        except OverflowError:
            self.fail("overflow")
        now = timezone.now()
        if moment > now:
            self.fail("future", now=f"{now:%Y-%m-%dT%H:%M:%SZ}")
        return moment

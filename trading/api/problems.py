"""Refusals of the services, as the API tells them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.request import Request

from trading.services import Refused

STATUS = {"invalid": 400, "state": 409, "limit": 422, "reused": 422}
MOST_KEY = 80


class Problem(exceptions.APIException):
    """A problem document with one entry a fault."""

    def __init__(self, code: str, faults: list[dict[str, Any]], status_code: int) -> None:
        super().__init__("; ".join(f"{fault['field']}: {fault['rule']}" for fault in faults))
        self.status_code = status_code
        self.default_code = code
        self.errors = faults


@contextmanager
def told(given: Any = None) -> Iterator[None]:
    """Turns what a service refuses into a problem document; `given` is the body, to repeat its values."""
    try:
        yield
    except Refused as refused:
        raise Problem(refused.code, refused.faults, STATUS[refused.code]) from refused
    except ValidationError as error:
        values = given if isinstance(given, dict) else {}
        mend = _("Correct the value and send the request again.")
        faults = [
            {"field": name, "value": values.get(name), "rule": " ".join(texts), "mend": mend}
            for name, texts in error.message_dict.items()
        ]
        raise Problem("invalid", faults, 400) from error


def idempotency_key(request: Request) -> str:
    """The caller's key for this request; empty where they sent none. Raises Problem for one that is no
    key."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return ""
    if not (0 < len(key) <= MOST_KEY and key.isascii() and key.isprintable()):
        fault = {
            "field": "Idempotency-Key",
            "value": key[:MOST_KEY],
            "rule": _("must be 1 to %d printable characters") % MOST_KEY,
            "mend": _("Send a new random text, such as a UUID, with each new request."),
        }
        raise Problem("invalid", [fault], 400)
    return f"client:{key}"

"""A request with an `Idempotency-Key` is carried out once, however often it arrives.

The key is claimed, the work done and the answer stored in one transaction. A second request with the key
waits for the first, and gets its answer if it asks for the same; if it asks for something else it is refused.
A request that failed leaves nothing behind, so it can be sent again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import IdempotentAnswer, User
from cryptopredict.common.encoding import encode
from cryptopredict.common.restapi import Conflict, Refusal

HEADER = "Idempotency-Key"
KEPT_FOR = timedelta(days=7)
_FORM = re.compile(r"[\x21-\x7e]{1,100}")


def answer_once(request: Request, act: Callable[[], Response]) -> HttpResponseBase:
    """Return what `act` answers, or what it answered when this request came before.

    Without the header `act` is simply called. Raises Refusal (400) for a key that is none, Conflict (409)
    for a key that was used for another request. `act` runs inside a transaction.
    """
    key = key_of(request)
    if key is None:
        return act()
    user, digest = request.user, _digest(request)
    assert isinstance(user, User)
    with transaction.atomic():
        _forget_old(user)
        claim = IdempotentAnswer(user=user, key=key, digest=digest)
        IdempotentAnswer.objects.bulk_create([claim], ignore_conflicts=True)  # waits for who claims it now
        stored = IdempotentAnswer.objects.select_for_update().get(user=user, key=key)
        if stored.digest != digest:
            raise Conflict(
                HEADER,
                key,
                _("was used for another request"),
                _("Choose a new key for each request; repeat a key only with the same body."),
            )
        if stored.status is not None:
            return _again(stored)
        response = act()
        stored.status, stored.body = response.status_code, encode(response.data)
        stored.save(update_fields=["status", "body"])
    return response


def key_of(request: Request) -> str | None:
    """The request's key; None without one. Raises Refusal for one that is malformed."""
    given = request.headers.get(HEADER)
    if given is None:
        return None
    if not _FORM.fullmatch(given):
        mend = _("Send 1 to 100 visible ASCII characters, for example a UUID.")
        raise Refusal(HEADER, given, _("is not a key"), mend)
    return given


def _digest(request: Request) -> str:
    data = request.data
    body = json.dumps(dict(data.lists()) if hasattr(data, "lists") else data, sort_keys=True, default=str)
    return hashlib.sha256(f"{request.method} {request.path}\n{body}".encode()).hexdigest()


def _again(stored: IdempotentAnswer) -> HttpResponseBase:
    body = bytes(stored.body)
    answer = HttpResponse(b"" if body == b"null" else body, status=stored.status)
    answer.headers["Content-Type"] = "application/json"
    answer.headers["Idempotent-Replayed"] = "true"
    return answer


def _forget_old(user: User) -> None:
    IdempotentAnswer.objects.filter(user=user, created_at__lt=timezone.now() - KEPT_FOR).delete()

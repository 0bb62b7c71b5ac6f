"""Tells the database who is acting, so that its triggers can write down what a person changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

_SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
_WRITES = ("INSERT", "UPDATE", "DELETE")
_TELL = "SELECT set_config('cryptopredict.actor', %s, true), set_config('cryptopredict.place', %s, true)"


class AuditMiddleware:
    """Whatever an unsafe request of a person who is logged in writes is written down with it.

    Who that is is asked at the first write: a token is read by the API's views, after this.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method in _SAFE:
            return self.get_response(request)

        def who() -> int | None:
            user = getattr(request, "user", None)
            return user.pk if user is not None and user.is_authenticated else None

        with recorded(who, request.path):
            return self.get_response(request)


@contextmanager
def acting(user_id: int, place: str) -> Iterator[None]:
    """What is written inside is written down as done by this user, where no request says so."""
    with recorded(lambda: user_id, place):
        yield


@contextmanager
def recorded(who: Callable[[], int | None], place: str) -> Iterator[None]:
    """Before each write, tell the transaction it belongs to who acts, and from where.

    The setting ends with the transaction, so nothing of it is left on a connection that others use next;
    inside a transaction that goes on it ends here.
    """
    told = False

    def tell(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if not (isinstance(sql, str) and sql.lstrip()[:6].upper() in _WRITES):
            return execute(sql, params, many, context)
        user = who()
        if user is None:
            return execute(sql, params, many, context)
        nonlocal told
        told = True
        with transaction.atomic(using=context["connection"].alias, savepoint=False):
            context["connection"].connection.execute(_TELL, [str(user), place])
            return execute(sql, params, many, context)

    try:
        with connection.execute_wrapper(tell):
            yield
    finally:
        if told and connection.in_atomic_block and not connection.needs_rollback:
            connection.connection.execute(_TELL, ["", ""])

"""One shape of refusal (RFC 9457): which field, what it was, which rule, how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler

from cryptopredict.common.encoding import JSONRenderer, encode
from cryptopredict.common.tracing import request_id

PROBLEM = "application/problem+json"
LONGEST = 200  # characters of a refused value that are repeated


class Refusal(exceptions.APIException):
    """A request that cannot be served as it stands: which field, what it was, which rule, how to mend it."""

    status_code: int = status.HTTP_400_BAD_REQUEST
    default_code = "invalid"

    def __init__(
        self, field: str, value: Any, rule: str, mend: str, *, status_code: int = status.HTTP_400_BAD_REQUEST
    ) -> None:
        super().__init__(rule)
        self.status_code = status_code
        self.errors = [{"field": field, "value": _short(value), "rule": rule, "mend": mend}]


class Conflict(Refusal):
    """The request is right in itself but does not fit how things stand (409)."""

    default_code = "conflict"

    def __init__(self, field: str, value: Any, rule: str, mend: str) -> None:
        super().__init__(field, value, rule, mend, status_code=status.HTTP_409_CONFLICT)


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer every refusal as a problem document; leave bugs to Django, which logs them."""
    request = context.get("request")
    if isinstance(exc, DjangoValidationError):
        exc = _restated(exc)
    elif isinstance(exc, Http404) and request is not None:
        exc = exceptions.NotFound(_("There is nothing at %s, or it is not for you.") % _short(request.path))
    response = drf_exception_handler(exc, context)
    if response is None:
        return None
    code = getattr(exc, "default_code", HTTPStatus(response.status_code).name.lower())
    errors = list(getattr(exc, "errors", ()) or _field_errors(exc, request))
    response.data = problem(response.status_code, code, _detail(exc, response, errors), errors)
    renderer = getattr(request, "accepted_renderer", None)
    if renderer is None or renderer.format != "api":
        if request is not None and renderer is not None:
            request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        response.content_type = PROBLEM
    return response


def _restated(error: DjangoValidationError) -> exceptions.ValidationError:
    """A service's refusal; 409 where all that is wrong is how things stand (`code="conflict"`)."""
    found = exceptions.ValidationError(_as_rest(error))
    if {one.code for one in _each(error)} == {"conflict"}:
        found.status_code, found.default_code = status.HTTP_409_CONFLICT, "conflict"
    return found


def _each(error: DjangoValidationError) -> Iterator[DjangoValidationError]:
    if hasattr(error, "error_dict"):
        yield from (one for rows in error.error_dict.values() for one in rows)
    else:
        yield from error.error_list


def _as_rest(error: DjangoValidationError) -> Any:
    """A service's refusal in the API's shape."""
    if hasattr(error, "error_dict"):
        return {name: [_message(one) for one in found] for name, found in error.error_dict.items()}
    return {"non_field_errors": [_message(one) for one in error.error_list]}


def _message(error: DjangoValidationError) -> exceptions.ErrorDetail:
    return exceptions.ErrorDetail(" ".join(error.messages), code=error.code or "invalid")


def problem(
    status_code: int, code: str, detail: str, errors: Iterable[dict[str, Any]] = ()
) -> dict[str, Any]:
    """Return the problem document; `errors` names each field, its value, the rule and how to mend it."""
    document: dict[str, Any] = {
        "type": f"urn:cryptopredict:problem:{code}",
        "title": HTTPStatus(status_code).phrase,
        "status": status_code,
        "detail": detail,
    }
    if rows := list(errors):
        document["errors"] = rows
    if number := request_id():
        document["request_id"] = number
    return document


def refuse(status_code: int, code: str, detail: str) -> HttpResponse:
    """A problem document where no view has been reached yet."""
    body = encode(problem(status_code, code, detail))
    return HttpResponse(body, content_type=PROBLEM, status=status_code)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that Django itself found malformed."""
    detail = _("The request is malformed: check its address, headers and the number of its fields.")
    return refuse(400, "bad_request", detail)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that is not allowed before any view was reached."""
    return refuse(403, "permission_denied", _("You may not do this."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer an API address that does not exist."""
    detail = _("There is nothing at %s. The addresses are listed in the API's schema.") % _short(request.path)
    return refuse(404, "not_found", detail)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an API request that ran into a bug; the log has it, the caller gets no inner parts."""
    detail = _("This is our fault and has been logged. Try again; if it stays, tell the administrator.")
    return refuse(500, "error", detail)


def _short(value: Any) -> Any:
    """What is repeated to the caller is cut: a refusal must not be as long as what it refuses."""
    return f"{value[:LONGEST]}…" if isinstance(value, str) and len(value) > LONGEST else value


def _detail(exc: Exception, response: Response, errors: list[dict[str, Any]]) -> str:
    if errors:
        return "; ".join(f"{row['field']}: {row['rule']}" for row in errors)
    if isinstance(response.data, dict) and "detail" in response.data:
        return str(response.data["detail"])
    return str(exc)


def _field_errors(exc: Exception, request: Request | None) -> Iterator[dict[str, Any]]:
    if not isinstance(exc, exceptions.ValidationError):
        return
    for field, message in _flat(exc.detail, ""):
        code = getattr(message, "code", "invalid")
        yield {
            "field": field or "body",
            "value": _given(request, field),
            "rule": _short(str(message)),
            "mend": _advice(code),
        }


def _flat(detail: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Walk DRF's nested errors; yield (``items.0.price``, message)."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            own = "" if name == "non_field_errors" else str(name)
            yield from _flat(inner, f"{place}.{own}".strip("."))
    elif isinstance(detail, list):
        nested = any(isinstance(inner, dict | list) for inner in detail)
        for number, inner in enumerate(detail):
            yield from _flat(inner, f"{place}.{number}".strip(".") if nested else place)
    else:
        yield place, detail


def _given(request: Request | None, field: str) -> Any:
    """Return what the caller sent under `field`; secrets are not repeated."""
    if request is None or "password" in field or "token" in field:
        return None
    value: Any = request.query_params if field in request.query_params else request.data
    for part in field.split("."):
        if isinstance(value, list):
            value = value[int(part)] if part.isdigit() and int(part) < len(value) else None
        else:
            value = value.get(part) if hasattr(value, "get") else None
    return _short(value) if isinstance(value, str | int | float | bool) else None


def _advice(code: str) -> str:
    return {
        "required": _("Send a value for this field."),
        "null": _("Send a value for this field, not null."),
        "blank": _("Send a text that is not empty."),
        "invalid_choice": _("Send one of the values that the schema lists."),
        "does_not_exist": _("Send the id of something that exists."),
        "unique": _("Send a value that is not taken yet."),
        "min_value": _("Send a larger number."),
        "max_value": _("Send a smaller number."),
        "max_length": _("Send a shorter text."),
        "future": _("Send a moment that has come, or leave it out for now."),
    }.get(code, _("Correct the value and send the request again."))

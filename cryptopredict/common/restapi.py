"""What every API view shares: roles, pages, the JSON it speaks, one shape of refusal (RFC 9457)."""

from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions, mixins, pagination, permissions, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.views import exception_handler as drf_exception_handler

from cryptopredict.common.encoding import encode

ROLES = ("guest", "casual", "professional", "admin")
PROBLEM = "application/problem+json"


def role_at_least(user: Any, role: str) -> bool:
    """Say whether `user` is logged in, active, and has `role` or one above it."""
    if not getattr(user, "is_authenticated", False) or not user.is_active:
        return False
    held = getattr(user, "role", "")
    return held in ROLES and ROLES.index(held) >= ROLES.index(role)


def RoleAtLeast(role: str) -> type[permissions.BasePermission]:
    """Return the permission class that lets `role` and those above it in."""
    if role not in ROLES:
        raise ValueError(f"{role!r} is not one of the roles {', '.join(ROLES)}")

    class Permission(permissions.BasePermission):
        message = gettext_lazy("This needs the role “%(role)s” or one above it.") % {"role": role}

        def has_permission(self, request: Request, view: APIView) -> bool:
            return role_at_least(request.user, role)

    Permission.__name__ = f"RoleAtLeast{role.title()}"
    return Permission


class Refusal(exceptions.APIException):
    """A request that cannot be served as it stands: which field, what it was, which rule, how to mend it."""

    status_code: int = status.HTTP_400_BAD_REQUEST
    default_code = "invalid"

    def __init__(
        self, field: str, value: Any, rule: str, mend: str, *, status_code: int = status.HTTP_400_BAD_REQUEST
    ) -> None:
        super().__init__(rule)
        self.status_code = status_code
        self.errors = [{"field": field, "value": value, "rule": rule, "mend": mend}]


class CursorPages(pagination.CursorPagination):
    """Pages whose body is the bare list; the way on stands in the ``Link`` header (RFC 8288)."""

    page_size = 50
    max_page_size = 500
    page_size_query_param = "limit"
    # Rows of one analysis share their time, so a place among them must be allowed to be far in.
    offset_cutoff = None  # type: ignore[assignment]  # DRF reads None as "no limit"

    def get_page_size(self, request: Request) -> int:
        given = request.query_params.get("limit")
        if given is None:
            return int(self.page_size)
        mend = _("Send a whole number from 1 to %(most)d, or leave it out for %(default)d.") % {
            "most": self.max_page_size,
            "default": self.page_size,
        }
        if not given.isascii() or not given.isdigit():
            raise Refusal("limit", given, _("must be a whole number of rows, at least 1"), mend)
        if not 1 <= int(given[:9]) <= self.max_page_size:
            raise Refusal("limit", given, _("must lie between 1 and %d") % self.max_page_size, mend)
        return int(given)

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        ordering = tuple(view.ordering)
        if ordering[-1].lstrip("-") not in ("id", "pk"):
            raise ValueError(f"{type(view).__name__}.ordering must end in id: pages need one fixed order")
        return ordering

    def decode_cursor(self, request: Request) -> Any:
        try:
            return super().decode_cursor(request)
        except exceptions.NotFound:
            mend = _(
                "Follow the address in the Link header of the page before, or leave it out to start anew."
            )
            given = request.query_params.get("cursor")
            raise Refusal("cursor", given, _("is not a place in this list"), mend) from None

    def get_paginated_response(self, data: Any) -> Response:
        ways = {"next": self.get_next_link(), "prev": self.get_previous_link()}
        links = ", ".join(f'<{address}>; rel="{rel}"' for rel, address in ways.items() if address)
        return Response(data, headers={"Link": links} if links else None)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return schema


class KnownParameters:
    """Refuses query parameters that the view does not know: a misspelt one must not look obeyed."""

    query_parameters: Sequence[str] = ()

    def known_parameters(self) -> set[str]:
        filters = getattr(getattr(self, "filterset_class", None), "base_filters", {})
        pages = ("limit", "cursor") if getattr(self, "detail", None) is False else ()
        return {"format", *filters, *pages, *self.query_parameters}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        known = self.known_parameters()
        for name, value in request.query_params.items():
            if name not in known:
                mend = _("Known here: %s.") % ", ".join(sorted(known))
                raise Refusal(name, value, _("is not a parameter of this address"), mend)


class View(KnownParameters, APIView):
    """A view for one document; `role` is the least that may read it."""

    role = "guest"

    def get_permissions(self) -> list[permissions.BasePermission]:
        return [RoleAtLeast(self.role)()]


class ReadOnlyViewSet(
    KnownParameters, mixins.RetrieveModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Any]
):
    """A list with pages, and its elements.

    Set `queryset`, `serializer_class`, `ordering`, `role` and `filterset_class`. It only reads:
    a write is a named action of its own that calls a service.
    """

    role = "guest"
    ordering: Sequence[str] = ("-id",)
    pagination_class = CursorPages
    serializer_class: type[BaseSerializer[Any]]

    def get_permissions(self) -> list[permissions.BasePermission]:
        return [RoleAtLeast(self.role)()]


# Refusals


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """Answer every refusal as a problem document; leave bugs to Django, which logs them."""
    response = drf_exception_handler(exc, context)
    if response is None:
        return None
    request = context.get("request")
    code = getattr(exc, "default_code", HTTPStatus(response.status_code).name.lower())
    errors = list(getattr(exc, "errors", ()) or _field_errors(exc, request))
    response.data = problem(response.status_code, code, _detail(exc, response, errors), errors)
    renderer = getattr(request, "accepted_renderer", None)
    if renderer is None or renderer.format == "json":
        response.content_type = PROBLEM
    return response


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
    return document


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer an API address that does not exist."""
    detail = _("There is nothing at %s. The addresses are listed in the API's schema.") % request.path
    return HttpResponse(encode(problem(404, "not_found", detail)), content_type=PROBLEM, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer an API request that ran into a bug; the log has it, the caller gets no inner parts."""
    detail = _("This is our fault and has been logged. Try again; if it stays, tell the administrator.")
    return HttpResponse(encode(problem(500, "error", detail)), content_type=PROBLEM, status=500)


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
            "rule": str(message),
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
    return value if isinstance(value, str | int | float | bool | list | dict) else None


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
    }.get(code, _("Correct the value and send the request again."))

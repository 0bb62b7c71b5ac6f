"""Lists in pages: the body is the bare list, the way on stands in the ``Link`` header (RFC 8288)."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import exceptions, pagination
from rest_framework.request import Request
from rest_framework.response import Response

from cryptopredict.common.restapi.problems import Refusal

EXPORT_ROWS = 10_000  # rows of a list that leave as CSV in one piece


class CursorPages(pagination.CursorPagination):
    """Pages by a place in one fixed order: stable while rows arrive, one query each."""

    page_size = 50
    max_page_size = 500
    page_size_query_param = "limit"
    # Rows of one analysis share their time, so a place among them must be allowed to be far in.
    offset_cutoff = None  # type: ignore[assignment]  # DRF reads None as "no limit"

    def get_page_size(self, request: Request) -> int:
        export = getattr(getattr(request, "accepted_renderer", None), "format", "") == "csv"
        default = EXPORT_ROWS if export else int(self.page_size)
        return whole_number(request, "limit", default, EXPORT_ROWS if export else self.max_page_size)

    def get_ordering(self, request: Request, queryset: QuerySet[Any], view: Any) -> tuple[str, ...]:
        ordering = tuple(view.ordering)
        if ordering[-1].lstrip("-") not in ("id", "pk"):
            raise ValueError(f"{type(view).__name__}.ordering must end in id: pages need one fixed order")
        return ordering

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, TypeError, OverflowError, exceptions.APIException) as error:
            # A tampered place may hold what the order's column cannot be compared with.
            if isinstance(error, Refusal) or "cursor" not in request.query_params:
                raise
            raise self._no_place(request) from None

    def decode_cursor(self, request: Request) -> Any:
        try:
            cursor = super().decode_cursor(request)
        except exceptions.NotFound:
            raise self._no_place(request) from None
        # The place is compared with a column: what cannot stand in one must not reach the database.
        if cursor is not None and (cursor.offset > 2**31 or "\x00" in str(cursor.position)):
            raise self._no_place(request)
        return cursor

    def _no_place(self, request: Request) -> Refusal:
        mend = _("Follow the address in the Link header of the page before, or leave it out to start anew.")
        return Refusal("cursor", request.query_params.get("cursor"), _("is not a place in this list"), mend)

    def get_paginated_response(self, data: Any) -> Response:
        ways = {"next": self.get_next_link(), "prev": self.get_previous_link()}
        links = ", ".join(f'<{address}>; rel="{rel}"' for rel, address in ways.items() if address)
        return Response(data, headers={"Link": links} if links else None)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return schema


def whole_number(request: Request, name: str, default: int, most: int, least: int = 1) -> int:
    """The query parameter `name` as a whole number from `least` to `most`. Raises Refusal."""
    given = request.query_params.get(name)
    if given is None:
        return default
    mend = _("Send a whole number from %(least)d to %(most)d, or leave it out for %(default)d.") % {
        "least": least,
        "most": most,
        "default": default,
    }
    if not given.isascii() or not given.isdigit():
        raise Refusal(name, given, _("must be a whole number, at least %d") % least, mend)
    if not least <= int(given[:9]) <= most:
        raise Refusal(
            name,
            given,
            _("must lie between %(least)d and %(most)d") % {"least": least, "most": most},
            mend,
        )
    return int(given)

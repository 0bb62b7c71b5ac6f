"""What every page of the administrators' desk shares: records are read-only, refusals are told in words."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cryptopredict.common.encoding import encode

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin

UNKNOWN = "—"
MOST_EXPORTED = 100_000


class RecordAdmin(_ModelAdmin):
    """Records: to be read, never to be written by hand."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Exportable(_ModelAdmin):
    """What is shown leaves as CSV: the rows that filters and search leave, at most MOST_EXPORTED."""

    actions = ["export"]

    @admin.action(description=gettext_lazy("Export as CSV"), permissions=["view"])
    def export(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse:
        """The chosen rows, every column of the table, times in UTC."""
        fields = [field for field in self.opts.concrete_fields if field.name not in self.hidden]
        response = HttpResponse(content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{self.opts.model_name}.csv"'
        writer = csv.writer(response)
        writer.writerow([field.attname for field in fields])
        rows = queryset.values_list(*[field.attname for field in fields])[:MOST_EXPORTED]
        writer.writerows([_cell(value) for value in row] for row in rows.iterator())
        return response

    hidden: tuple[str, ...] = ("password", "digest", "artefact")


def _cell(value: Any) -> Any:
    """A value as a spreadsheet may have it: no formula is run by who opens the file."""
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    if isinstance(value, dict | list):
        value = encode(value).decode()
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value


class RefusalsAsMessages(_ModelAdmin):
    """What a service refuses is told to the person; the whole save is undone."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        parent = super().changelist_view
        return self._told(request, lambda: parent(request, extra_context))

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        parent = super().changeform_view
        return self._told(request, lambda: parent(request, object_id, form_url, extra_context))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        parent = super().delete_view
        return self._told(request, lambda: parent(request, object_id, extra_context))

    def _told(self, request: HttpRequest, answer: Callable[[], HttpResponse]) -> HttpResponse:
        try:
            return answer()
        except ValidationError as error:
            for text in error.messages:
                self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())


def refusal(error: ValidationError | PermissionDenied) -> str:
    """The reason of a refusal in one line."""
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)


def percent(share: float | None, places: int = 0) -> str:
    """A share as a percentage."""
    return UNKNOWN if share is None else f"{100 * share:.{places}f} %"


def lines(texts: Iterable[str]) -> SafeString | str:
    """Texts one below the other."""
    return format_html_join(mark_safe("<br>"), "{}", ((text,) for text in texts)) or UNKNOWN


def pairs(values: dict[str, Any]) -> SafeString | str:
    """Named figures one below the other."""
    return lines(
        f"{name.replace('_', ' ')}: {UNKNOWN if value is None else short(value)}"
        for name, value in values.items()
    )


def table(head: Iterable[Any], rows: list[tuple[Any, ...]]) -> SafeString | str:
    """A small table; words where there are no rows."""
    if not rows:
        return _("none stored")
    top = format_html_join("", "<th>{}</th>", ((cell,) for cell in head))
    body = format_html_join(
        "", "<tr>{}</tr>", ((format_html_join("", "<td>{}</td>", ((c,) for c in row)),) for row in rows)
    )
    return format_html("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>", top, body)


def short(value: Any) -> str:
    """A figure as short as it can be read."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def spark(points: Sequence[float], label: str) -> SafeString | str:
    """A small line, oldest first, in a box of 100 x 30, without a template: a list draws one a row.

    Points that are not known leave gaps; a dash where there are fewer than two.
    """
    known = [value for value in points if math.isfinite(value)]
    if len(known) < 2:
        return UNKNOWN
    low, span = min(known), (max(known) - min(known)) or 1.0
    step = 100 / (len(points) - 1)
    path, pen = [], "M"
    for place, value in enumerate(points):
        if math.isfinite(value):
            path.append(f"{pen}{place * step:.1f} {28 - 26 * (value - low) / span:.1f}")
            pen = "L"
        else:
            pen = "M"
    return format_html(
        '<svg class="sparkline" viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="line" d="{}"/></svg>',
        label,
        "".join(path),
    )

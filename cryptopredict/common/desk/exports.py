"""What is shown on the desk, as a file."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy

from cryptopredict.common.encoding import encode

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin

MOST_EXPORTED = 100_000


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

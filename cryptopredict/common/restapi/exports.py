"""Lists as CSV, and which form an answer takes."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import exceptions, negotiation, renderers

from cryptopredict.common.encoding import encode

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class CSVRenderer(renderers.BaseRenderer):
    """A list as one table: a column a key, nested keys with dots, lists as JSON, null as nothing."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        rows = [flat(row) for row in data or ()]
        columns = list(dict.fromkeys(name for row in rows for name in row))
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(columns)
        writer.writerows([cell(row.get(name)) for name in columns] for row in rows)
        return out.getvalue().encode()


def flat(row: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """`{"a": {"b": 1}}` as `{"a.b": 1}`."""
    out: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping) and value:
            out |= flat(value, f"{before}{name}.")
        else:
            out[f"{before}{name}"] = value
    return out


def cell(value: Any) -> str:
    """A value as the table has it; text that a spreadsheet would run as a formula is quoted."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return encode(value).decode()


class Negotiation(negotiation.DefaultContentNegotiation):
    """DRF's, but a form that does not exist here is 406 with the ones that do, not "not found"."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        found = [one for one in renderers if one.format == format]
        if not found:
            known = ", ".join(sorted({one.format for one in renderers}))
            raise NoSuchForm(_("There is no form “%(form)s” here; known are %(known)s.") % {
                "form": format[:40],
                "known": known,
            })  # fmt: skip
        return found


class NoSuchForm(exceptions.NotAcceptable):
    """Asked for in a form that this address does not have."""

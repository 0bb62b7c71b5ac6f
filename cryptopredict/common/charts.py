"""What a chart is drawn from: columns with units, and rows. JSON for the drawing, CSV for a spreadsheet.

Every chart of the pages answers in this one shape, so that the table and the file behind a chart need no
code of their own: ``{"columns": [{"key", "name", "unit", "kind", ...}], "rows": [[...], ...], "note": ""}``.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cryptopredict.common.encoding import encode
from cryptopredict.common.restapi import PROBLEM, problem, role_at_least

#: How far back each choice of the range buttons looks, in days; None is all there is.
RANGES: dict[str, int | None] = {"1m": 30, "3m": 91, "1y": 365, "all": None}
DEFAULT_RANGE = "1y"
FORMATS = ("json", "csv")
Kind = Literal["time", "number", "share", "word"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: `share` is a share of 1 that is shown in percent; `colour` is that of its line."""

    key: str
    name: str | Promise
    unit: str | Promise = ""
    kind: Kind = "number"
    colour: str = ""
    words: Mapping[str, str | Promise] = field(default_factory=dict)  # what people call a word's values

    def said(self) -> dict[str, Any]:
        """The column for the page, in its language."""
        return {
            "key": self.key,
            "name": str(self.name),
            "unit": str(self.unit),
            "kind": self.kind,
            "colour": self.colour,
            "words": {key: str(word) for key, word in self.words.items()},
        }


@dataclass(frozen=True, slots=True)
class ChartData:
    """Rows in the order of `columns`, oldest first; `note` says why there are none; `extra` is for marks."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    note: str | Promise = ""
    extra: dict[str, Any] = field(default_factory=dict)


class UnknownChoice(ValueError):
    """A query parameter with a value that is none of those known: field, value, known values."""

    def __init__(self, name: str, value: str, known: Sequence[str]) -> None:
        super().__init__(f"{name}={value!r} is none of {', '.join(known)}")
        self.name, self.value, self.known = name, value, known


def choice(request: HttpRequest, name: str, known: Sequence[str], default: str) -> str:
    """The value of the query parameter `name`. Raises UnknownChoice where it is none of `known`."""
    given = request.GET.get(name, default)
    if given not in known:
        raise UnknownChoice(name, given, known)
    return given


def since(request: HttpRequest, until: datetime | None) -> datetime | None:
    """First moment of the range asked for, counted back from `until`; None is from the beginning."""
    days = RANGES[choice(request, "range", tuple(RANGES), DEFAULT_RANGE)]
    return None if days is None or until is None else until - timedelta(days=days)


def respond(request: HttpRequest, data: ChartData, name: str) -> HttpResponse:
    """Answer `data` as JSON, or with ``?format=csv`` as the file `name`; a known ETag costs no transfer."""
    if choice(request, "format", FORMATS, "json") == "csv":
        response = HttpResponse(_csv(data), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response
    columns = [column.said() for column in data.columns]
    body = encode({"columns": columns, "rows": data.rows, "note": str(data.note), **data.extra})
    etag = f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'
    response = HttpResponse(body, content_type="application/json")
    response["Cache-Control"] = "private, no-cache"  # kept by the browser, asked about each time
    response["ETag"] = etag
    response["Vary"] = "Cookie, Accept-Language"
    return get_conditional_response(request, etag=etag, response=response) or response


def chart_view(role: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Guard a view that calls `respond`: for `role` and those above; refusals are problem documents."""

    def guard(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _problem(401, "not_authenticated", _("Log in first: your session has ended."))
            if not role_at_least(request.user, role):
                return _problem(403, "permission_denied", _("This is not part of your role."))
            try:
                return view(request, *args, **kwargs)
            except UnknownChoice as error:
                return _refuse(error)

        return require_safe(guarded)

    return guard


def _problem(status: int, code: str, detail: str, errors: Sequence[dict[str, Any]] = ()) -> HttpResponse:
    body = encode(problem(status, code, detail, errors))
    return HttpResponse(body, content_type=PROBLEM, status=status)


def _refuse(error: UnknownChoice) -> HttpResponse:
    """Say which parameter was wrong, what it was, and what is known."""
    row = {
        "field": error.name,
        "value": error.value,
        "rule": _("is not one of the values known here"),
        "mend": _("Known here: %s.") % ", ".join(error.known),
    }
    return _problem(400, "invalid", f"{error.name}: {row['rule']}", [row])


def _csv(data: ChartData) -> str:
    """The table as CSV (RFC 4180): names with units first; a text that a spreadsheet would run is quoted."""
    out = io.StringIO()
    writer = csv.writer(out)
    units = (str(column.unit) for column in data.columns)
    writer.writerow(
        f"{column.name} ({unit})" if unit else str(column.name)
        for column, unit in zip(data.columns, units, strict=True)
    )
    writer.writerows([_cell(value) for value in row] for row in data.rows)
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return "" if value is None else value

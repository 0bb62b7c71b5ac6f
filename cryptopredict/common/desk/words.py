"""Words, figures, moments and small drawings as every page of the desk writes them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _

from cryptopredict.common.encoding import encode

UNKNOWN = "—"
LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"


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
    """Named figures one below the other; what is a document itself stands indented below its name."""
    return format_html_join(
        "",
        "<div>{}: {}</div>",
        ((name.replace("_", " "), _inner(value)) for name, value in values.items()),
    )


def _inner(value: Any) -> SafeString | str:
    nested = isinstance(value, dict) or (isinstance(value, list) and any(isinstance(x, dict) for x in value))
    return format_html('<div class="inner">{}</div>', document(value)) if value and nested else short(value)


def document(value: Any) -> SafeString | str:
    """A stored document (JSON) to be read: named values one below the other, rows of one kind as a table."""
    if isinstance(value, dict) and value:
        return pairs(value)
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        names = list(dict.fromkeys(name for row in value for name in row))
        head = [name.replace("_", " ") for name in names]
        return table(head, [tuple(short(row.get(name)) for name in names) for row in value])
    return UNKNOWN if value in ({}, [], None, "") else short(value)


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
    """A value as short as it can be read: 2,643.46, 0.1552, 0.00000712; a dash where there is none.

    The export has every digit.
    """
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool | str | int):
        return str(value)
    if isinstance(value, float | Decimal):
        return _figure(float(value))
    if isinstance(value, list) and not any(isinstance(each, dict | list) for each in value):
        return ", ".join(short(each) for each in value) or UNKNOWN
    return encode(value).decode()


def _figure(value: float) -> str:
    if not math.isfinite(value):
        return UNKNOWN
    # Without the mark a page that runs from right to left puts the sign behind the number.
    return (LEFT_TO_RIGHT if value < 0 and get_language_bidi() else "") + _digits(value)


def _digits(value: float) -> str:
    size = abs(value)
    if size >= 1e5 or value == int(value):
        return f"{value:,.0f}"
    if size >= 1:
        return f"{value:,.2f}" if size >= 100 else f"{value:.4g}"
    places = min(3 - math.floor(math.log10(size)), 18)  # four digits that count
    return f"{value:.{places}f}"


def moment(value: datetime | None) -> str:
    """A moment to the minute, in the reader's zone."""
    return UNKNOWN if value is None else f"{localtime(value):%Y-%m-%d %H:%M}"


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

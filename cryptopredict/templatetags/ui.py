"""Tags and filters that every page uses: figures, changes, times, small drawings without inline style."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, TypeGuard

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

register = template.Library()
FIGURE = re.compile(r"\d(?:[\d.,]*\d)?")
PERSIAN = str.maketrans("0123456789,.", "۰۱۲۳۴۵۶۷۸۹٬٫")
NOT_KNOWN = "–"
LARGE = ((1e12, "T"), (1e9, "B"), (1e6, "M"))


def _known(value: Any) -> TypeGuard[float]:
    """Whether `value` is a number that can be shown; templates pass an empty text for what is missing."""
    return isinstance(value, int | float | Decimal) and math.isfinite(value)


@register.filter
def digits(value: Any) -> str:
    """Write the figures in a text as the page's language does; its full stops and commas stay."""
    text = str(value)
    if not (get_language() or "").startswith("fa"):
        return text
    return FIGURE.sub(lambda found: found.group().translate(PERSIAN), text)


@register.filter
def figure(value: Any) -> str:
    """Write a number as precisely as its size deserves: 0.00000712, 67,234.56, 2.45 T; – if unknown."""
    if isinstance(value, str) and value:
        return digits(value)
    if not _known(value):
        return NOT_KNOWN
    size = abs(value)
    for unit, letter in LARGE:
        if size >= unit:
            return _signed(f"{value / unit:,.2f}") + f" {letter}"
    return _signed(_plain(value, size))


def _plain(value: Any, size: float) -> str:
    if value == int(value) and size < 1e6:
        return f"{int(value):,}"
    if size >= 100:
        return f"{value:,.2f}"
    if size >= 1:
        text = f"{value:.4f}" if size < 10 else f"{value:.2f}00"
        return text.removesuffix("00")
    places = min(2 - math.floor(math.log10(size)), 18)  # three digits that count
    return f"{value:.{places}f}"


def _signed(text: str) -> str:
    return digits(text.replace("-", "\N{MINUS SIGN}"))


@register.filter
def percent(share: Any, places: int = 0) -> str:
    """Write a share of 1 as per cent."""
    if not _known(share):
        return NOT_KNOWN
    text = _signed(f"{100 * float(share):.{places}f}")
    return _("%(number)s %%") % {"number": text}


@register.filter
def change(share: Any, places: int = 1) -> SafeString:
    """Write a change (a share of 1) with arrow, sign and colour, so that none of them is needed alone."""
    if not _known(share):
        return format_html('<span class="change">{}</span>', NOT_KNOWN)
    rounded = round(100 * float(share), places)
    tone, arrow = ("up", "▲") if rounded > 0 else ("down", "▼") if rounded < 0 else ("", "")
    text = percent(abs(float(share)), places)
    sign = {"up": "+", "down": "\N{MINUS SIGN}"}.get(tone, "")
    return format_html(
        '<bdi class="change {}"><span aria-hidden="true">{}</span> {}{}</bdi>', tone, arrow, sign, text
    )


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """Write a moment relative to now; the exact one is in the title and in the markup."""
    if moment is None:
        return NOT_KNOWN
    exact = moment.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        exact.strftime("%Y-%m-%dT%H:%M:%SZ"),
        digits(exact.strftime("%Y-%m-%d %H:%M UTC")) + jalali(exact, " · "),
        digits(naturaltime(moment)),
    )


def jalali(moment: datetime, before: str = "") -> str:
    """Return the Solar Hijri date after `before` on Persian pages, nothing elsewhere."""
    if not (get_language() or "").startswith("fa"):
        return ""
    year, month, day = solar_hijri(moment.year, moment.month, moment.day)
    return before + digits(f"{year}/{month:02d}/{day:02d}")


def solar_hijri(year: int, month: int, day: int) -> tuple[int, int, int]:
    """Convert a Gregorian date by the arithmetic calendar whose 33-year cycle has eight leap years."""
    # The cycle is anchored so that the years people live in begin on the day that the almanac gives them.
    days = date(year, month, day).toordinal() - date(622, 3, 21).toordinal()
    # In a cycle of 12,053 days the years 1, 5, 9, 13, 17, 22, 26, 30 are leap.
    cycle, left = divmod(days, 12_053)
    inner = 1
    while left >= (length := 366 if inner in (1, 5, 9, 13, 17, 22, 26, 30) else 365):
        left -= length
        inner += 1
    month_number, day_number = (
        (left // 31, left % 31) if left < 186 else (6 + (left - 186) // 30, (left - 186) % 30)
    )
    return 33 * cycle + inner, month_number + 1, day_number + 1


@register.inclusion_tag("partials/sparkline.html")
def sparkline(points: Sequence[float] | None, label: str = "") -> dict[str, Any]:
    """Draw a small line, oldest first, in a box of 100 x 30; unknown points leave gaps."""
    values = [float(point) if _known(point) else math.nan for point in points or ()]
    known = [value for value in values if not math.isnan(value)]
    if len(known) < 2:
        return {"runs": [], "label": label}
    low, span = min(known), (max(known) - min(known)) or 1.0
    flat = max(known) == min(known)
    runs: list[list[tuple[float, float]]] = [[]]
    for number, value in enumerate(values):
        if math.isnan(value):
            runs.append([])
        else:
            height = 15.0 if flat else 28 - 26 * (value - low) / span
            runs[-1].append((round(100 * number / (len(values) - 1), 2), round(height, 2)))
    drawn = [run for run in runs if run]
    lines = ["M" + " L".join(f"{x} {y}" for x, y in run) for run in drawn]
    areas = [f"{line} L{run[-1][0]} 30 L{run[0][0]} 30 Z" for line, run in zip(lines, drawn, strict=True)]
    return {"runs": list(zip(lines, areas, strict=True)), "last": drawn[-1][-1], "label": label}


@register.inclusion_tag("partials/confidence.html")
def confidence(
    value: float | None,
    base_rate: float | None = None,
    break_even: float | None = None,
    track_record: str = "",
) -> dict[str, Any]:
    """Draw a confidence as a bar with base rate and break-even marked: never a bare percentage."""

    def place(share: float | None) -> float | None:
        return round(100 * min(max(float(share), 0.0), 1.0), 2) if _known(share) else None

    return {
        "value": value if _known(value) else None,
        "width": place(value),
        "base_rate": base_rate if _known(base_rate) else None,
        "base": place(base_rate),
        "break_even": break_even if _known(break_even) else None,
        "even": place(break_even),
        "track_record": track_record,
    }


@register.inclusion_tag("partials/strength.html")
def strength(value: float | None, label: str = "") -> dict[str, Any]:
    """Draw a strength between -1 and 1 as a bar from the middle."""
    if not _known(value):
        return {"width": None}
    held = min(max(float(value or 0), -1.0), 1.0)
    return {
        "value": value,
        "start": round(50 + min(50 * held, 0), 2),
        "width": round(abs(50 * held), 2),
        "tone": "up" if held >= 0 else "down",
        "label": label,
    }

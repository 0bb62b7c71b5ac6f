"""Tags and filters that every page uses: figures, changes, times, confidence, charts, sorted headings."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeGuard

import jdatetime
from django import template
from django.contrib.humanize.templatetags.humanize import NaturalTimeFormatter, naturaltime
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince, timeuntil
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from aimodels.words import model_name
from sectors.words import sector_description, sector_name

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
def unbroken(text: str) -> str:
    """Keep a per cent sign on the line of its number."""
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


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
            return _signed(f"{float(value) / unit:,.2f}") + f" {letter}"
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
    """The figure with a proper minus, which stays before it where the page runs from right to left."""
    said = digits(text.replace("-", "\N{MINUS SIGN}"))
    if said.startswith("\N{MINUS SIGN}") and (get_language() or "").startswith("fa"):
        return f"\N{LEFT-TO-RIGHT ISOLATE}{said}\N{POP DIRECTIONAL ISOLATE}"
    return said


@register.filter
def percent(share: Any, places: int = 0) -> str:
    """Write a share of 1 as per cent."""
    if not _known(share):
        return NOT_KNOWN
    text = _signed(f"{100 * float(share):,.{places}f}")
    return _("%(number)s %%") % {"number": text}


@register.filter
def multiple(value: Any) -> str:
    """Write a result in R (multiples of what was risked) with its sign and two places."""
    if not _known(value):
        return NOT_KNOWN
    rounded = round(float(value), 2) + 0.0
    text = _signed(f"{rounded:,.2f}")
    if rounded <= 0:
        return text
    said = f"+{text}"
    if (get_language() or "").startswith("fa"):
        return f"\N{LEFT-TO-RIGHT ISOLATE}{said}\N{POP DIRECTIONAL ISOLATE}"
    return said


@register.filter
def money(value: Any) -> str:
    """Write an amount in USD to the cent; what is less than a cent or over a million as any figure."""
    if not _known(value) or value == int(value) or not 0.005 <= abs(value) < 1e6:
        return figure(value)
    return _signed(f"{value:,.2f}")


@register.filter
def ratio(value: Any) -> str:
    """Write a ratio (of Sharpe, of profit to loss) with two places."""
    return _signed(f"{round(float(value), 2) + 0.0:,.2f}") if _known(value) else NOT_KNOWN


@register.filter
def model_title(name: str) -> str:
    """What people call a model."""
    return model_name(str(name))


@register.filter
def sector_title(name: str | None) -> str:
    """What people call a sector."""
    return sector_name(name or "")


@register.filter
def sector_about(text: str | None) -> str:
    """What a sector is."""
    return sector_description(text or "")


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
def signed(share: Any, places: int = 1) -> str:
    """A change (a share of 1) with arrow and sign as plain text, for drawings."""
    if not _known(share):
        return NOT_KNOWN
    rounded = round(100 * float(share), places)
    arrow, sign = ("▲ ", "+") if rounded > 0 else ("▼ ", "\N{MINUS SIGN}") if rounded < 0 else ("", "")
    return arrow + sign + percent(abs(float(share)), places)


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """Write a moment relative to now; the exact one is in the title and in the markup."""
    if moment is None:
        return NOT_KNOWN
    return _time(moment, digits(_relative(moment)))


def _relative(moment: datetime) -> str:
    """The moment as humanize says it, in one unit: "1 day ago", not "1 day, 15 hours ago"."""
    now, words = timezone.now(), NaturalTimeFormatter
    if abs(now - moment) < timedelta(days=1):
        return str(naturaltime(moment))
    if moment < now:
        delta = timesince(moment, now, time_strings=words.past_substrings, depth=1)
        return str(words.time_strings["past-day"] % {"delta": delta})
    delta = timeuntil(moment, now, time_strings=words.future_substrings, depth=1)
    return str(words.time_strings["future-day"] % {"delta": delta})


@register.filter
def day(moment: datetime | None) -> SafeString | str:
    """Write a day; on Persian pages in the Solar Hijri calendar, with the Gregorian one beside it."""
    if moment is None:
        return NOT_KNOWN
    local = localtime(moment)
    return _time(moment, jalali(local) or local.strftime("%Y-%m-%d"))


def _time(moment: datetime, text: str) -> SafeString:
    """The moment in words, with the exact one of the reader's zone in its title and UTC in the markup."""
    local = localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        digits(local.strftime("%Y-%m-%d %H:%M %Z")) + jalali(local, " · "),
        text,
    )


def jalali(moment: datetime, before: str = "") -> str:
    """Return the Solar Hijri date after `before` on Persian pages, nothing elsewhere."""
    if not (get_language() or "").startswith("fa"):
        return ""
    found = jdatetime.date.fromgregorian(date=moment.date())
    return before + digits(f"{found.year}/{found.month:02d}/{found.day:02d}")


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


@register.inclusion_tag("partials/chart.html")
def chart(
    kind: str, url: str, title: str, caption: str = "", reload: str = "", **more: Any
) -> dict[str, Any]:
    """A chart of `kind` whose figures stand at `url`, asked again when a topic of `reload` is announced.

    `title` says the finding or the question. `ranges=False` leaves the range buttons out, `tall=True` makes
    it higher, `keys` is a list of {tone, name}; all else becomes a data attribute that the kind reads.
    """
    ranges, tall, keys = more.pop("ranges", True), more.pop("tall", False), more.pop("keys", ())
    return {
        "kind": kind, "url": url, "title": title, "caption": caption, "reload": reload,
        "ranges": ranges, "tall": tall, "keys": keys, "more": more,
    }  # fmt: skip


@register.inclusion_tag("partials/sort.html", takes_context=True)
def sort_by(context: Any, name: str, key: str, kind: str = "num") -> dict[str, Any]:
    """A heading that sorts its table by `key` through the address bar: largest first, then smallest first.

    The page's context has `sort`, the key that is on (with "-" for largest first).
    """
    on = str(context.get("sort", ""))
    query = context["request"].GET.copy()
    query.pop("page", None)
    query["sort"] = key if on == f"-{key}" else f"-{key}"
    state = "descending" if on == f"-{key}" else "ascending" if on == key else ""
    return {"name": name, "kind": kind, "state": state, "query": query.urlencode()}


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """The value of a dictionary at a key that is known only on the page."""
    return mapping.get(key) if hasattr(mapping, "get") else None


@register.filter
def hundredth(percentage: Any) -> float | None:
    """A share of 1 from a figure in percent; None stays None."""
    return float(percentage) / 100.0 if _known(percentage) else None


@register.simple_tag(takes_context=True)
def page_url(context: Any, number: int) -> str:
    """The address bar as it is, at another page of the list."""
    query = context["request"].GET.copy()
    query["page"] = number
    return f"?{query.urlencode()}"

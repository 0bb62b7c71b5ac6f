"""Drawings that the server makes, so that they are there without script: treemap, gauge, odds, shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, isfinite, pi, sin
from typing import Any

from django import template

register = template.Library()
TONES = 3  # shades a direction
SHADE = 0.05  # change of one shade, as a fraction
LEAST_HEIGHT = 14.0  # percent of the map that two lines of words take
LETTER, MARGIN, CHANGE = 7.6, 16.0, 55.0  # pixels of a letter, beside the words, and of a change
ROOMS = ((300, ""), (440, "tight"), (680, "tighter"))  # pixels of a map's width, and who has words from there


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in percent of the map."""

    x: float
    y: float
    width: float
    height: float


def squarify(sizes: Sequence[float], box: Box, aspect: float = 1.0) -> list[Box]:
    """Boxes whose areas are as `sizes` (positive, largest first), as square as can be.

    Squarified treemaps (Bruls, Huizing and van Wijk 2000); `aspect` is the map's width over its height.
    """
    total = sum(sizes)
    if not sizes or total <= 0:
        return []
    scale = box.width * box.height / total
    areas = [size * scale for size in sizes]
    boxes: list[Box] = []
    while areas:
        wide = box.width * aspect >= box.height
        side = box.height if wide else box.width
        stretch = aspect if wide else 1 / aspect
        count = _row(areas, side, stretch)
        row, areas = areas[:count], areas[count:]
        depth = sum(row) / side
        place = 0.0
        for area in row:
            length = area / depth
            boxes.append(
                Box(box.x, box.y + place, depth, length) if wide else Box(box.x + place, box.y, length, depth)
            )
            place += length
        if wide:
            box = Box(box.x + depth, box.y, box.width - depth, box.height)
        else:
            box = Box(box.x, box.y + depth, box.width, box.height - depth)
    return boxes


def _row(areas: Sequence[float], side: float, stretch: float) -> int:
    """How many of the next areas share a row: as long as their worst ratio of sides gets better."""
    best, count = float("inf"), 0
    for number in range(1, len(areas) + 1):
        depth = sum(areas[:number]) / side
        ratios = [depth * stretch / (area / depth) for area in areas[:number]]
        worst = max(max(ratio, 1 / ratio) for ratio in ratios)
        if worst > best:
            break
        best, count = worst, number
    return count


@register.filter
def tone(change: float | None) -> str:
    """Class of a change: up or down in three shades of five points each, flat, or unknown."""
    if change is None or not isfinite(change):
        return "unknown"
    if abs(change) < 0.005:
        return "flat"
    shade = min(TONES, 1 + int(abs(change) / SHADE))
    return f"{'up' if change > 0 else 'down'}{shade}"


@register.inclusion_tag("partials/treemap.html")
def treemap(cells: Sequence[dict[str, Any]], label: str) -> dict[str, Any]:
    """A map of {name, size, change, url}: area by size, shade by change; unknown sizes are left out."""
    known = sorted((cell for cell in cells if cell["size"]), key=lambda cell: -cell["size"])
    total = sum(cell["size"] for cell in known)
    # A cell of less than a three-hundredth could be neither seen nor hit; it stands in the table.
    shown = [cell for cell in known if cell["size"] * 300 >= total]
    boxes = squarify([cell["size"] for cell in shown], Box(0, 0, 100, 100), aspect=2.2)
    return {
        "label": label,
        "left_out": len(cells) - len(shown),
        "cells": [
            {
                **cell,
                "room": _room(cell, box),
                "x": f"{box.x:.3f}%", "y": f"{box.y:.3f}%", "width": f"{box.width:.3f}%",
                "height": f"{box.height:.3f}%", "tone": tone(cell["change"]),
            }
            for cell, box in zip(shown, boxes, strict=True)
        ],
    }  # fmt: skip


def _room(cell: dict[str, Any], box: Box) -> str | None:
    """Which maps are wide enough for the cell's words: a name of ROOMS; None where none is."""
    needed = 100.0 * (MARGIN + max(LETTER * len(cell["name"]), CHANGE)) / box.width
    if box.height < LEAST_HEIGHT:
        return None
    return next((name for width, name in ROOMS if needed <= width), None)


@register.inclusion_tag("partials/gauge.html")
def gauge(value: float | None, word: str = "", label: str = "") -> dict[str, Any]:
    """A half circle from 0 to 100 with a needle at `value`; `word` says it."""
    if value is None or not isfinite(value):
        return {"known": False, "label": label}
    angle = pi * (1 - min(max(value, 0.0), 100.0) / 100.0)
    return {
        "known": True, "value": value, "word": word, "label": label,
        "x": f"{100 + 74 * cos(angle):.1f}", "y": f"{100 - 74 * sin(angle):.1f}",
        "parts": [_arc(start) for start in range(0, 100, 20)],
    }  # fmt: skip


def _arc(start: int) -> dict[str, Any]:
    """A fifth of the half circle."""
    ends = [pi * (1 - edge / 100) for edge in (start + 0.8, start + 19.2)]
    (x1, y1), (x2, y2) = ((100 + 88 * cos(end), 100 - 88 * sin(end)) for end in ends)
    return {"step": start // 20, "path": f"M{x1:.1f} {y1:.1f}A88 88 0 0 1 {x2:.1f} {y2:.1f}"}


@register.inclusion_tag("partials/odds.html")
def odds(rows: Sequence[tuple[str, str, float | None]], label: str = "") -> dict[str, Any]:
    """One bar cut into shares of 1: (tone, name, share)."""
    known = [(kind, name, share) for kind, name, share in rows if share]
    total = sum(share for _kind, _name, share in known) or 1.0
    place, parts = 0.0, []
    for kind, name, share in known:
        width = 100 * share / total
        parts.append(
            {"tone": kind, "name": name, "share": share, "x": f"{place:.2f}", "width": f"{width:.2f}"}
        )
        place += width
    return {"parts": parts, "label": label}


@register.inclusion_tag("partials/share.html")
def share_bar(value: float | None, most: float = 1.0) -> dict[str, Any]:
    """A bar from the start: `value` of `most`."""
    if value is None or not isfinite(value) or most <= 0:
        return {"width": None}
    return {"width": f"{100 * min(max(value / most, 0.0), 1.0):.2f}"}


@register.inclusion_tag("partials/ladder.html")
def ladder(stop: Any, entry: Any, target: Any, now: Any = None) -> dict[str, Any]:
    """A signal's plan as a line from its stop to its target, with the entry and the last price on it.

    Each level comes with its distance from the entry, a share of it. Longs and shorts look the same: the stop
    is at the start.
    """
    low, start, high = float(stop), float(entry), float(target)
    now = now or None  # a template passes an empty text for what is missing

    def place(price: Any) -> float:
        return round(min(max(100 * (float(price) - low) / (high - low), 0.0), 100.0), 2)

    at = place(entry)
    return {
        "stop": stop, "entry": entry, "target": target, "now": now,
        "to_stop": low / start - 1, "to_target": high / start - 1,
        "at_entry": f"{at:.2f}", "rest": f"{100 - at:.2f}",
        "at_now": "" if now is None else f"{place(now):.2f}",
    }  # fmt: skip


@register.inclusion_tag("partials/coverage.html")
def coverage(curve: Sequence[dict[str, Any]], label: str = "") -> dict[str, Any]:
    """What the surest cases earned: mean net R with its interval, by the share of cases taken."""
    points = sorted((one for one in curve if one["net_r"] is not None), key=lambda one: one["share"])
    if len(points) < 2:
        return {"points": points, "label": label}
    ends = [0.0] + [one[key] for one in points for key in ("net_r", "low", "high") if one[key] is not None]
    top, bottom = max(ends), min(ends)
    span = (top - bottom) or 1.0

    def spot(one: dict[str, Any], key: str) -> str:
        height = one[key] if one[key] is not None else one["net_r"]
        return f"{100 * one['share']:.2f} {50 - 50 * (height - bottom) / span:.2f}"

    line = "M" + " L".join(spot(one, "net_r") for one in points)
    around = [spot(one, "high") for one in points] + [spot(one, "low") for one in reversed(points)]
    return {
        "points": points, "label": label, "line": line, "band": f"M{' L'.join(around)} Z",
        "zero": f"{50 + 50 * bottom / span:.2f}", "top": top, "bottom": bottom, "first": points[0]["share"],
    }  # fmt: skip


@register.inclusion_tag("partials/whisker.html")
def whisker(
    value: float | None,
    low: float | None = None,
    high: float | None = None,
    rival: float | None = None,
) -> dict[str, Any]:
    """A figure as a dot on its 95 % interval, with the rival's as a stroke; a scale of its own.

    The exact numbers stand beside it: the drawing says whether the interval reaches the rival.
    """
    known = [point for point in (value, low, high, rival) if point is not None and isfinite(point)]
    if value is None or not isfinite(value) or len(known) < 2:
        return {"known": False}
    bottom, span = min(known), (max(known) - min(known)) or 1.0

    def place(point: float | None) -> str | None:
        return f"{6 + 88 * (point - bottom) / span:.2f}" if point is not None and isfinite(point) else None

    start, end = place(low), place(high)
    return {
        "known": True,
        "at": place(value),
        "start": start,
        "width": f"{float(end) - float(start):.2f}" if start and end else None,
        "rival": place(rival),
    }

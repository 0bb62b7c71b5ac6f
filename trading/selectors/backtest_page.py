"""A backtest's report as a page that stands alone: what its template shows."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from assets.engine.timeframe import Timeframe
from trading.models import Backtest
from trading.words import GROUPED, GROUPS, bias, grouped, variant

WIDTH, HEIGHT, MARGIN = 900.0, 280.0, 8.0
LEFT, BOTTOM = 64.0, 26.0  # room for what the axes say
FRAME = {  # as text: a page's language must not change how a drawing writes numbers
    "box": f"0 0 {WIDTH:.0f} {HEIGHT:.0f}",
    "left": f"{LEFT:.0f}",
    "right": f"{WIDTH - MARGIN:.0f}",
    "words": f"{LEFT - 6:.0f}",
    "foot": f"{HEIGHT - 8:.0f}",
}
MOST_POINTS = 900
MOST_TICKS = 8
MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)  # between two dates of an axis
LEVELS = 3
SHOWN_TRADES = 500
DAYS = (Timeframe.DAY, Timeframe.WEEK, Timeframe.MONTH)


def page_context(backtest: Backtest) -> dict[str, Any]:
    """Context of `trading/backtest_report.html`; the backtest has to be completed."""
    report = backtest.report or {}
    curve = report["curve"]
    falls = [drawdowns(curve["equity"]), drawdowns(curve["holding"])]
    return {
        "backtest": backtest,
        "report": report,
        "growth": chart([curve["equity"], curve["holding"]], logarithmic=True),
        "falls": chart(falls),
        "invested": chart([curve["invested"]], low=0.0),
        "dates": dates([datetime.fromisoformat(text) for text in curve["times"]]),
        "groups": groups(report),
        "variants": [each | {"name": variant(each["values"])} for each in report["variants"]],
        "rows": rows(report),
        "biases": [bias(code) for code in report["not_point_in_time"]],
        "trades": [
            trade
            | {
                "signal_type": grouped("direction", trade["signal_type"]),
                "outcome": grouped("outcome", trade["outcome"]),
            }
            for trade in report["trade_list"][:SHOWN_TRADES]
        ],
        "trade_count": len(report["trade_list"]),
        "frame": FRAME,
        "stamp": ":10" if backtest.timeframe in DAYS else ":16",  # a day needs no hour
    }


def chart(
    series: list[list[float | None]], *, logarithmic: bool = False, low: float | None = None
) -> dict[str, Any]:
    """SVG polylines of series of one length on one scale, thinned to what can be seen, and `levels` of the
    scale: height and value, from the lowest on."""
    kept = [thinned(values) for values in series]
    known = [scaled(v, logarithmic) for values in kept for v in values if v is not None]
    bottom, top = (min(known, default=0.0) if low is None else low), max(known, default=1.0)
    span = top - bottom or 1.0

    def height(level: float) -> float:
        return HEIGHT - BOTTOM - (level - bottom) / span * (HEIGHT - BOTTOM - MARGIN)

    lines = [
        " ".join(
            f"{place(n, len(values)):.1f},{height(scaled(v, logarithmic)):.1f}"
            for n, v in enumerate(values)
            if v is not None
        )
        for values in kept
    ]
    steps = [bottom + span * n / (LEVELS - 1) for n in range(LEVELS)]
    levels = [(f"{height(step):.1f}", math.exp(step) if logarithmic else step) for step in steps]
    return {"lines": lines, "levels": levels}


def place(row: float, count: int) -> float:
    """How far to the right one of `count` rows stands."""
    return LEFT + row * (WIDTH - LEFT - MARGIN) / max(count - 1, 1)


def dates(times: list[datetime]) -> list[tuple[str, str]]:
    """What the axis of time says, where: the first bars of months, or of a short span some days."""
    for step in MONTHS:
        ages = [(time.year * 12 + time.month - 1) // step for time in times]
        turns = [row for row in range(1, len(times)) if ages[row] != ages[row - 1]]
        if 2 <= len(turns) <= MOST_TICKS:
            return [(f"{place(row, len(times)):.1f}", f"{times[row]:%Y-%m}") for row in turns]
        if len(turns) < 2:
            break
    few = range(0, len(times), max(1, math.ceil(len(times) / (MOST_TICKS - 2))))
    return [(f"{place(row, len(times)):.1f}", f"{times[row]:%Y-%m-%d}") for row in few]


def groups(report: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Trade figures of each group: what it is of, its name in words, the figures."""
    order = {group: place for place, (_grouping, group) in enumerate(GROUPED)}
    return [
        (str(title), grouped(grouping, group), report["groups"][grouping][group])
        for grouping, title in GROUPS.items()
        for group in sorted(report["groups"].get(grouping, ()), key=lambda name: (order.get(name, 0), name))
    ]


def scaled(value: float, logarithmic: bool) -> float:
    """The value, or its logarithm: a tenfold rise then looks alike wherever it begins."""
    return math.log(max(value, 1e-6)) if logarithmic else value


def thinned(values: list[float | None]) -> list[float | None]:
    """Every n-th value, and the last, so that at most MOST_POINTS are left."""
    step = max(1, math.ceil(len(values) / MOST_POINTS))
    few = values[::step]
    return few if not values or (len(values) - 1) % step == 0 else [*few, values[-1]]


def drawdowns(equity: list[float | None]) -> list[float | None]:
    """How far below its last peak each worth is, at most 0."""
    peak, out = 0.0, []
    for value in equity:
        peak = max(peak, value or 0.0)
        out.append(None if value is None else value / peak - 1.0 if peak > 0 else 0.0)
    return out


def rows(report: dict[str, Any]) -> list[tuple[str, Any, Any, bool]]:
    """The figures beside those of holding: name, ours, holding's, whether they are shares of 1."""
    ours, theirs = report["portfolio"], report["holding"]

    def depth(figures: dict[str, Any]) -> float | None:
        return figures["drawdown"] and figures["drawdown"]["depth"]

    return [
        (_("Total return"), ours["total_return"], theirs["total_return"], True),
        (_("Return a year"), ours["annual_return"], theirs["annual_return"], True),
        (_("Volatility a year"), ours["volatility"], theirs["volatility"], True),
        (_("Sharpe ratio"), ours["sharpe"]["value"], theirs["sharpe"]["value"], False),
        (_("Sortino ratio"), ours["sortino"], theirs["sortino"], False),
        (_("Calmar ratio"), ours["calmar"], theirs["calmar"], False),
        (_("Maximum drawdown"), depth(ours), depth(theirs), True),
        (_("Share in the market"), ours["exposure"], 1.0, True),
        (_("Turnover a year"), ours["turnover"], None, False),
    ]

"""A backtest's report as a page that stands alone: what its template shows."""

from __future__ import annotations

import math
from typing import Any

from django.utils.translation import gettext as _

from assets.engine.timeframe import Timeframe
from trading.models import Backtest
from trading.words import bias

WIDTH, HEIGHT, MARGIN = 900.0, 260.0, 8.0
MOST_POINTS = 900
SHOWN_TRADES = 500
DAYS = (Timeframe.DAY, Timeframe.WEEK, Timeframe.MONTH)


def page_context(backtest: Backtest) -> dict[str, Any]:
    """Context of `trading/backtest_report.html`; the backtest has to be completed."""
    report = backtest.report or {}
    curve = report["curve"]
    growth = chart([curve["equity"], curve["holding"]], logarithmic=True)
    falls = [drawdowns(curve["equity"]), drawdowns(curve["holding"])]
    return {
        "backtest": backtest,
        "report": report,
        "growth": growth,
        "falls": chart(falls),
        "invested": chart([curve["invested"]], low=0.0),
        "rows": rows(report),
        "biases": [bias(code) for code in report["not_point_in_time"]],
        "trades": report["trade_list"][:SHOWN_TRADES],
        "trade_count": len(report["trade_list"]),
        "width": WIDTH,
        "height": HEIGHT,
        "stamp": ":10" if backtest.timeframe in DAYS else ":16",  # a day needs no hour
    }


def chart(
    series: list[list[float | None]], *, logarithmic: bool = False, low: float | None = None
) -> dict[str, Any]:
    """SVG polylines of series of one length on one scale, with the scale's ends; thinned to what can be
    seen."""
    kept = [thinned(values) for values in series]
    known = [scaled(v, logarithmic) for values in kept for v in values if v is not None]
    bottom, top = (min(known, default=0.0) if low is None else low), max(known, default=1.0)
    span = top - bottom or 1.0
    lines = []
    for values in kept:
        step = (WIDTH - 2 * MARGIN) / max(len(values) - 1, 1)
        points = [
            f"{MARGIN + n * step:.1f},"
            f"{HEIGHT - MARGIN - (scaled(v, logarithmic) - bottom) / span * (HEIGHT - 2 * MARGIN):.1f}"
            for n, v in enumerate(values)
            if v is not None
        ]
        lines.append(" ".join(points))
    ends = (math.exp(bottom), math.exp(top)) if logarithmic else (bottom, top)
    return {"lines": lines, "low": ends[0], "high": ends[1]}


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

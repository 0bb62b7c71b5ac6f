"""A backtest as the site shows it: a line of the list, curves for charts, trades to take away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import FloatField, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from cryptopredict.common.charts import ChartData, Column
from trading.models import Backtest, BacktestStatus, Outcome, SignalType
from trading.selectors.backtest_page import drawdowns, rows

MOST_POINTS = 1500
COMPARED = (2, 4)  # at least, at most
OPEN = (BacktestStatus.QUEUED, BacktestStatus.RUNNING)
FIGURES = {
    "total_return": "report__portfolio__total_return",
    "holding_return": "report__holding__total_return",
    "sharpe": "report__portfolio__sharpe__value",
    "holding_sharpe": "report__holding__sharpe__value",
    "depth": "report__portfolio__drawdown__depth",
    "deflated": "report__deflated_sharpe__deflated",
    "expectancy": "report__trades__expectancy_r__value",
    "trades": "report__trades__cases",
}


def backtest_lines() -> QuerySet[Backtest]:
    """All backtests, newest first, with the figures of a line taken out of the report by the database."""
    figures = {name: Cast(KT(path), FloatField()) for name, path in FIGURES.items()}
    listed = Backtest.objects.defer("report", "sharpe_ratios").select_related("requested_by")
    return listed.annotate(**figures).order_by("-created_at", "-pk")


def growth(backtest: Backtest) -> ChartData:
    """What 1 became in the backtest and by holding the market."""
    columns = (
        Column("time", _("Close"), kind="time"),
        Column("equity", _("Backtest")),
        Column("holding", _("Holding")),
    )
    curve = _curve(backtest)
    return _thin(columns, [curve["times"], curve["equity"], curve["holding"]])


def drawdown(backtest: Backtest) -> ChartData:
    """How far each was below its last peak."""
    columns = (
        Column("time", _("Close"), kind="time"),
        Column("equity", _("Backtest"), kind="share"),
        Column("holding", _("Holding"), kind="share"),
    )
    curve = _curve(backtest)
    return _thin(columns, [curve["times"], drawdowns(curve["equity"]), drawdowns(curve["holding"])])


def invested(backtest: Backtest) -> ChartData:
    """Which share of the portfolio stood in the market."""
    columns = (Column("time", _("Close"), kind="time"), Column("invested", _("Invested"), kind="share"))
    curve = _curve(backtest)
    return _thin(columns, [curve["times"], curve["invested"]])


def compared_growth(backtests: Sequence[Backtest]) -> ChartData:
    """What 1 became in each; a line begins and ends with its own span."""
    curves = [_curve(backtest) for backtest in backtests]
    lines = [dict(zip(curve["times"], curve["equity"], strict=True)) for curve in curves]
    times = sorted(set().union(*lines))
    columns = (
        Column("time", _("Close"), kind="time"),
        *(Column(f"b{backtest.pk}", _("Backtest %d") % backtest.pk) for backtest in backtests),
    )
    return _thin(columns, [times, *([line.get(time) for time in times] for line in lines)])


def trades(backtest: Backtest) -> ChartData:
    """Every trade."""
    columns = (
        Column("symbol", _("Coin"), kind="word"),
        Column("signal_type", _("Direction"), kind="word", words=dict(SignalType.choices)),
        Column("entered_at", _("In"), kind="time"),
        Column("exited_at", _("Out"), kind="time"),
        Column("entry_price", _("Entry"), _("USD")),
        Column("exit_price", _("Exit"), _("USD")),
        Column("outcome", _("Outcome"), kind="word", words=dict(Outcome.choices)),
        Column("return_r", _("Net R"), "R"),
        Column("size", _("Share of the portfolio"), kind="share"),
    )
    listed = (backtest.report or {}).get("trade_list", [])
    return ChartData(columns, [[trade[column.key] for column in columns] for trade in listed])


def told_trades(backtest: Backtest) -> list[dict[str, Any]]:
    """The trades with moments as such and outcomes in words."""
    outcomes = dict(Outcome.choices)
    return [
        {
            **trade,
            "entered_at": _moment(trade["entered_at"]),
            "exited_at": _moment(trade["exited_at"]),
            "outcome": outcomes.get(trade["outcome"], _("Open")),
        }
        for trade in (backtest.report or {}).get("trade_list", [])
    ]


def comparison(backtests: Sequence[Backtest]) -> list[dict[str, Any]]:
    """Figures in rows, backtests in columns."""
    tables = [rows(backtest.report or {}) for backtest in backtests]
    found = [
        {"name": each[0][0], "figures": [row[1] for row in each], "share": each[0][3]}
        for each in zip(*tables, strict=True)
    ]
    reports = [backtest.report or {} for backtest in backtests]
    extra = (
        (_("Trades"), [r["trades"]["cases"] for r in reports], False),
        (_("Net R a trade"), [r["trades"]["expectancy_r"]["value"] for r in reports], False),
        (_("Deflated Sharpe ratio"), [r["deflated_sharpe"]["deflated"] for r in reports], True),
        (_("Variants tried over this time"), [r["variants_tried"] for r in reports], False),
        (_("Holding the market"), [r["holding"]["total_return"] for r in reports], True),
    )
    return found + [{"name": name, "figures": values, "share": share} for name, values, share in extra]


def _curve(backtest: Backtest) -> dict[str, Any]:
    curve = (backtest.report or {})["curve"]
    return {**curve, "times": [datetime.fromisoformat(text) for text in curve["times"]]}


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _thin(columns: Sequence[Column], series: Sequence[Sequence[Any]]) -> ChartData:
    """Rows of the series, every n-th and the last, so that a screen can show them."""
    found = [list(row) for row in zip(*series, strict=True)]
    step = max(1, math.ceil(len(found) / MOST_POINTS))
    kept = found[::step]
    if found and (len(found) - 1) % step:
        kept.append(found[-1])
    return ChartData(columns, kept, _("The span has no bars."))

"""Backtests as they are asked for, kept and served. What is not known is null."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np
from rest_framework import serializers

from assets.engine.timeframe import Timeframe
from trading.engine import OUTCOMES
from trading.engine.backtest import Report, Run
from trading.models import Backtest
from trading.words import bias

Variant = tuple[dict[str, float], int, float]


def report_as_json(
    report: Report, variants: Sequence[Variant], biases: Sequence[str], trials: int, seconds: float
) -> dict[str, Any]:
    """Everything said of a backtest; `variants`: what was varied, signals, Sharpe ratio of a bar."""
    run = report.run
    per_year = run.panel.timeframe.bars_per_year
    return {
        "bars": len(run.panel.times),
        "coins": int(run.result.candidates.any(axis=0).sum()),
        "candidates": int((run.result.refusal >= 0).sum()),
        "signals": int(run.result.issued.sum()),
        "trades_taken": int((run.book.size > 0).sum()),
        "open_at_end": int(((run.trades.exited < 0) & (run.book.size > 0)).sum()),
        "portfolio": _plain(asdict(report.portfolio)),
        "holding": _plain(asdict(report.rival)),
        "trades": _plain(asdict(report.trades)),
        "groups": {
            name: {word: _plain(asdict(figures)) for word, figures in words.items()}
            for name, words in report.groups.items()
        },
        "deflated_sharpe": _plain(asdict(report.deflated)),
        "monte_carlo": _plain(asdict(report.shuffled)),
        "random_entries": _plain(asdict(report.chance)),
        "variants": [
            {"values": values, "signals": issued, "sharpe": _number(ratio * math.sqrt(per_year))}
            for values, issued, ratio in variants
        ],
        "variants_tried": trials,
        "not_point_in_time": list(biases),
        "curve": {
            "times": [moment.isoformat() for moment in run.times],
            "equity": _column(run.book.equity),
            "holding": _column(report.holding),
            "invested": _column(run.book.invested),
        },
        "trade_list": _trades(run),
        "seconds": round(seconds, 2),
    }


def _trades(run: Run) -> list[dict[str, Any]]:
    trades, times = run.trades, run.times
    return [
        {
            "symbol": run.panel.symbols[int(trades.column[k])],
            "signal_type": "long" if trades.sign[k] > 0 else "short",
            "signalled_at": times[int(trades.row[k])].isoformat(),
            "entered_at": _moment(times, int(trades.entered[k]) - 1),  # an open is the close before it
            "exited_at": _moment(times, int(trades.exited[k])),
            "entry_price": _number(trades.fill[k]),
            "exit_price": _number(trades.exit_price[k]),
            "outcome": OUTCOMES[trades.code[k]].value,
            "net_return": _number(trades.net[k]),
            "return_r": _number(trades.return_r[k]),
            "size": _number(run.book.size[k]),
        }
        for k in range(len(trades))
    ]


def _moment(times: list[datetime], row: int) -> str | None:
    return times[row].isoformat() if row >= 0 else None


def _column(values: Any) -> list[float | None]:
    return [_number(value) for value in np.round(values, 10)]


def _number(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _plain(value: Any) -> Any:
    """Dataclasses' dicts with times as text."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


class AskSerializer(serializers.Serializer[Any]):
    """What a backtest is asked for with; everything but the span has a default."""

    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    timeframe = serializers.ChoiceField(choices=[t.value for t in Timeframe], default=Timeframe.DAY.value)
    fees = serializers.FloatField(required=False)
    slippage = serializers.FloatField(required=False)
    universe = serializers.IntegerField(
        required=False, help_text="How many of the most traded coins layers 2 to 4 choose from at each close."
    )
    least_confidence = serializers.FloatField(required=False)
    sweep = serializers.DictField(
        child=serializers.ListField(child=serializers.FloatField(), max_length=50), required=False
    )


class BacktestSerializer(serializers.ModelSerializer[Backtest]):
    """One backtest and its key figures, for comparison."""

    figures = serializers.SerializerMethodField()

    class Meta:
        model = Backtest
        fields = [
            "id",
            "venue",
            "timeframe",
            "since",
            "until",
            "parameters",
            "status",
            "progress",
            "stage",
            "error",
            "variants_tried",
            "created_at",
            "finished_at",
            "figures",
        ]
        read_only_fields = fields

    def get_figures(self, row: Backtest) -> dict[str, Any] | None:
        """The figures people compare; null until it is completed."""
        return None if row.report is None else key_figures(row.report)


class BacktestDetailSerializer(BacktestSerializer):
    """One backtest with all that was found; the inputs that were not known at the time in words."""

    report = serializers.JSONField(read_only=True)
    not_point_in_time = serializers.SerializerMethodField()

    class Meta(BacktestSerializer.Meta):
        fields = [*BacktestSerializer.Meta.fields, "report", "not_point_in_time"]
        read_only_fields = fields

    def get_not_point_in_time(self, row: Backtest) -> list[str]:
        return [bias(code) for code in (row.report or {}).get("not_point_in_time", [])]


def key_figures(report: dict[str, Any]) -> dict[str, Any]:
    """What one line of a comparison shows."""
    portfolio, holding = report["portfolio"], report["holding"]
    return {
        "total_return": portfolio["total_return"],
        "annual_return": portfolio["annual_return"],
        "sharpe": portfolio["sharpe"]["value"],
        "sortino": portfolio["sortino"],
        "calmar": portfolio["calmar"],
        "max_drawdown": portfolio["drawdown"] and portfolio["drawdown"]["depth"],
        "holding_return": holding["total_return"],
        "holding_sharpe": holding["sharpe"]["value"],
        "trades": report["trades"]["cases"],
        "expectancy_r": report["trades"]["expectancy_r"]["value"],
        "success_rate": report["trades"]["success_rate"]["value"],
        "deflated_sharpe": report["deflated_sharpe"]["deflated"],
        "p_value": report["random_entries"]["p_value"],
    }

"""What signals were worth once they had ended: figures with intervals, by group, beside rivals.

Live signals and replays are never mixed: a figure is of one origin. A constant number of queries, whatever
the number of signals.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Avg, F, FloatField, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Abs, Cast

from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from assets.models import Origin
from trading.engine.levels import horizon_bars
from trading.engine.performance import (
    TradeFigures,
    curve_figures,
    known,
    mean_of,
    trade_figures,
)
from trading.models import Outcome, RiskLevel, SignalCandidate, TradingSignal

LEAST_CASES = 20
EVER = timedelta(days=36_500)
BUCKETS = ((0.0, 0.3), (0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (0.6, 1.01))
JUDGED = (
    "signal_type",
    "generated_at",
    "closed_at",
    "confidence_score",
    "risk_level",
    "outcome",
    "return_r",
    "model_name",
    "regime",
    "sector",
    "position_share",
    "risk_share",
)
COLUMNS = (
    *JUDGED,
    "pk",
    "asset__symbol",
    "entry_price",
    "target_price",
    "stop_loss",
    "exit_price",
    "base_rate",
)


@dataclass(frozen=True, slots=True)
class Span:
    """Which signals: those that ended in the `days` up to `as_of` (None: all), of one origin, of a model."""

    timeframe: Timeframe
    as_of: datetime
    days: int | None
    origin: Origin
    model: str = ""

    @property
    def since(self) -> datetime:
        return self.as_of - (EVER if self.days is None else timedelta(days=self.days))


def ended(span: Span) -> QuerySet[TradingSignal]:
    """The signals of a span that have an outcome and a result, in order of their ends."""
    rows = TradingSignal.objects.filter(
        timeframe=span.timeframe,
        origin=span.origin,
        outcome__isnull=False,
        return_r__isnull=False,
        closed_at__gt=span.since,
        closed_at__lte=span.as_of,
    )
    if span.model:
        rows = rows.filter(model__name=span.model)
    risk = Cast(Abs(F("entry_price") - F("stop_loss")) / F("entry_price"), FloatField())
    return rows.annotate(
        model_name=F("model__name"),
        regime=KT("market_context__regime"),
        sector=KT("market_context__sector"),
        position_share=Cast(KT("ai_analysis__position_share"), FloatField()),
        risk_share=risk,
    ).order_by("closed_at", "pk")


def rows_of(span: Span) -> list[dict[str, Any]]:
    """One dict a signal, as the list and its CSV have it."""
    return list(ended(span).values(*COLUMNS))


def performance(span: Span) -> dict[str, Any]:
    """Everything known of the signals of a span, worked out anew; `worth.worked_out` keeps it.

    A success is a target reached before the stop. Returns are net of fees and slippage, on the planned entry;
    the portfolio puts each signal's own share behind it and counts it at its end.
    """
    rows = list(ended(span).values(*JUDGED))
    told = _Told.of(rows, span.timeframe)
    overall = told.figures(np.ones(len(rows), dtype=np.bool_))
    by_model = told.groups("model_name")
    risk = told.groups("risk_level")
    return {
        "total_signals": overall.cases,
        "successful_signals": overall.successes,
        "success_rate": overall.success_rate.value,
        "average_return": overall.average_return.value,
        "best_performing_model": _best(by_model),
        "performance_by_risk_level": {level: _flat(risk.get(level)) for level in RiskLevel.values},
        "figures": asdict(overall),
        "portfolio": told.portfolio(span),
        "by_model": {name: _flat(figures) for name, figures in by_model.items()},
        "by_regime": {name: _flat(figures) for name, figures in told.groups("regime").items()},
        "by_sector": {name: _flat(figures) for name, figures in told.groups("sector").items()},
        "by_direction": {name: _flat(figures) for name, figures in told.groups("signal_type").items()},
        "by_confidence": told.by_confidence(),
        "rivals": _rivals(span, rows, told),
    }


@dataclass(frozen=True, slots=True)
class _Told:
    """The rows as arrays (K,)."""

    rows: list[dict[str, Any]]
    hit: np.ndarray[Any, Any]
    net: np.ndarray[Any, Any]
    return_r: np.ndarray[Any, Any]
    bars: np.ndarray[Any, Any]
    block: int

    @classmethod
    def of(cls, rows: list[dict[str, Any]], timeframe: Timeframe) -> _Told:
        return_r = np.array([row["return_r"] for row in rows], dtype=np.float64)
        risk = np.array([row["risk_share"] for row in rows], dtype=np.float64)
        length = timeframe.delta.total_seconds()
        return cls(
            rows=rows,
            hit=np.array([row["outcome"] == Outcome.TARGET for row in rows], dtype=np.bool_),
            net=return_r * risk,
            return_r=return_r,
            bars=np.array([row["generated_at"].timestamp() // length for row in rows], dtype=np.int64),
            block=4 * horizon_bars(timeframe),
        )

    def figures(self, keep: np.ndarray[Any, Any]) -> TradeFigures:
        return trade_figures(self.hit[keep], self.net[keep], self.return_r[keep], self.bars[keep], self.block)

    def groups(self, column: str) -> dict[str, TradeFigures]:
        """Figures by the words of a column; what has none is `unknown`."""
        words = np.array([str(row[column] or "unknown") for row in self.rows])
        return {str(word): self.figures(words == word) for word in np.unique(words)}

    def by_confidence(self) -> list[dict[str, Any]]:
        """Buckets of confidence: what was said, what came true."""
        said = np.array([row["confidence_score"] for row in self.rows], dtype=np.float64)
        return [
            {
                "from": low,
                "to": min(high, 1.0),
                "said": known(said[keep].mean()) if keep.any() else None,
                **_flat(self.figures(keep)),
            }
            for low, high in BUCKETS
            for keep in [(said >= low) & (said < high)]
        ]

    def portfolio(self, span: Span) -> dict[str, Any] | None:
        """The worth of a portfolio of them at every close; None without signals."""
        if not self.rows:
            return None
        delta = span.timeframe.delta
        start = max(span.since, min(row["generated_at"] for row in self.rows))
        count = int((span.as_of - start) / delta) + 1
        times = [start + n * delta for n in range(count)]
        gain, invested, traded = np.zeros(count), np.zeros(count + 1), np.zeros(count)
        for row, net in zip(self.rows, self.net, strict=True):
            share = float(row["position_share"] or 0.0)
            begin = min(max(int((row["generated_at"] - start) / delta), 0), count - 1)
            end = min(max(int((row["closed_at"] - start) / delta), 0), count - 1)
            gain[end] += share * net
            invested[begin] += share
            invested[end] -= share
            traded[[begin, end]] += share
        figures = curve_figures(
            np.asarray(np.cumprod(1.0 + gain)),
            times,
            span.timeframe.bars_per_year,
            self.block,
            np.cumsum(invested[:-1]),
            traded,
        )
        return asdict(figures)


def _best(by_model: dict[str, TradeFigures]) -> str | None:
    """The model whose signals paid most a unit of risk; None where none has LEAST_CASES of them."""
    judged = {
        name: figures.expectancy_r.value
        for name, figures in by_model.items()
        if figures.cases >= LEAST_CASES and figures.expectancy_r.value is not None and name != "unknown"
    }
    return max(judged, key=lambda name: judged[name] or 0.0) if judged else None


def _flat(figures: TradeFigures | None) -> dict[str, Any]:
    """The figures of a group with their intervals."""
    if figures is None:
        figures = trade_figures(*(np.empty(0) for _n in range(4)), 1)
    return {
        "total_signals": figures.cases,
        "successful_signals": figures.successes,
        "success_rate": figures.success_rate.value,
        "success_rate_interval": [figures.success_rate.low, figures.success_rate.high],
        "average_return": figures.average_return.value,
        "expectancy_r": figures.expectancy_r.value,
        "expectancy_r_interval": [figures.expectancy_r.low, figures.expectancy_r.high],
        "profit_factor": figures.profit_factor.value,
    }


def _rivals(span: Span, rows: list[dict[str, Any]], told: _Told) -> dict[str, Any]:
    """What signals have to beat: all candidates of their bars and directions, and holding Bitcoin."""
    generated = {row["generated_at"] for row in rows}
    weighed = SignalCandidate.objects.filter(
        timeframe=span.timeframe, as_of__in=generated, return_r__isnull=False, probability__isnull=False
    )
    means = {
        (row["as_of"], row["signal_type"]): row["mean"]
        for row in weighed.values("as_of", "signal_type").annotate(mean=Avg("return_r"))
    }
    random = np.array([means.get((row["generated_at"], row["signal_type"]), np.nan) for row in rows])
    keep = np.isfinite(random)
    usual = mean_of(random[keep], told.bars[keep], told.block)
    lead = mean_of(told.return_r[keep] - random[keep], told.bars[keep], told.block)
    return {
        "random_entries": {"expectancy_r": asdict(usual), "lead_r": asdict(lead)},
        "holding": _holding(span, rows),
    }


def _holding(span: Span, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Bitcoin bought at the start of the span (of the first signal where it has none) and kept; else the
    `reason`: no_span, no_candles."""
    since = min((row["generated_at"] for row in rows), default=None) if span.days is None else span.since
    bars = 0 if since is None else span.timeframe.bars(span.as_of - since) + 1
    bitcoin = assets.supported().filter(symbol="BTC").values_list("pk", flat=True).first() if bars else None
    if bitcoin is None:
        return {"symbol": "BTC", "total_return": None, "reason": "no_span"}
    close = assets.load_panel(span.timeframe, span.as_of, bars, [bitcoin]).close
    there = close[np.isfinite(close)]
    gained = float(there[-1] / there[0] - 1.0) if len(there) > 1 else None
    return {"symbol": "BTC", "total_return": gained, "reason": "" if gained is not None else "no_candles"}

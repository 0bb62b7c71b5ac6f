"""What signals were worth once they had ended: figures with intervals, by group, beside rivals.

Live signals and replays are never mixed: a figure is of one origin. A constant number of queries, whatever
the number of signals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Avg

from assets import selectors as assets
from assets.engine.panel import Bools, Ints
from assets.engine.timeframe import Timeframe
from trading.engine.levels import horizon_bars
from trading.engine.performance import (
    TradeFigures,
    curve_figures,
    known,
    mean_of,
    trade_figures,
)
from trading.models import RiskLevel, SignalCandidate
from trading.selectors.ended import Ended, Span, arrays_of

LEAST_CASES = 20
BUCKETS = ((0.0, 0.3), (0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (0.6, 1.01))
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
Entries = Mapping[tuple[int, str], float]


def performance(span: Span, entries: Entries) -> dict[str, Any]:
    """Everything known of the signals of a span, worked out anew; `worth.worked_out` keeps it.

    A success is a target reached before the stop. Returns are net of fees and slippage, on the planned entry;
    the portfolio puts each signal's own share behind it and counts it at its end. `entries` are those of
    `usual_entries`.
    """
    told = _Told.of(arrays_of(span), span.timeframe)
    overall = told.figures(np.ones(len(told.rows), dtype=np.bool_))
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
        "rivals": {"random_entries": _random_entries(told, entries), "holding": _holding(span, told.rows)},
    }


def usual_entries(timeframe: Timeframe) -> dict[tuple[int, str], float]:
    """What any entry paid: the mean net R of all candidates, by close (microseconds) and direction."""
    weighed = SignalCandidate.objects.filter(
        timeframe=timeframe, return_r__isnull=False, probability__isnull=False
    )
    means = weighed.values_list("as_of", "signal_type").annotate(mean=Avg("return_r"))
    return {(_microseconds(as_of), direction): mean for as_of, direction, mean in means.order_by()}


@dataclass(frozen=True, slots=True)
class _Told:
    """The signals, the bar (K,) that each came with, and the bars of a block that shares its luck."""

    rows: Ended
    bars: Ints
    block: int

    @classmethod
    def of(cls, rows: Ended, timeframe: Timeframe) -> _Told:
        return cls(rows, rows.generated // _length(timeframe), 4 * horizon_bars(timeframe))

    def figures(self, keep: Bools) -> TradeFigures:
        rows = self.rows
        return trade_figures(rows.hit[keep], rows.net[keep], rows.return_r[keep], self.bars[keep], self.block)

    def groups(self, column: str) -> dict[str, TradeFigures]:
        """Figures by the words of a column; what has none is `unknown`."""
        words = self.rows.words[column]
        names = sorted(set(words))
        place = {name: number for number, name in enumerate(names)}
        codes = np.array([place[word] for word in words], dtype=np.int64)
        return {name or "unknown": self.figures(codes == number) for number, name in enumerate(names)}

    def by_confidence(self) -> list[dict[str, Any]]:
        """Buckets of confidence: what was said, what came true."""
        said = self.rows.said
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
        rows, length = self.rows, _length(span.timeframe)
        if not len(rows):
            return None
        first = max(_microseconds(span.since), int(rows.generated.min()))
        count = (_microseconds(span.as_of) - first) // length + 1
        begin = np.clip((rows.generated - first) // length, 0, count - 1)
        end = np.clip((rows.closed - first) // length, 0, count - 1)
        opened, ended = (np.bincount(at, rows.share, minlength=count) for at in (begin, end))
        figures = curve_figures(
            np.asarray(np.cumprod(1.0 + np.bincount(end, rows.share * rows.net, minlength=count))),
            [_moment(first + n * length) for n in range(count)],
            span.timeframe.bars_per_year,
            self.block,
            np.cumsum(opened - ended),
            opened + ended,
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


def _random_entries(told: _Told, entries: Entries) -> dict[str, Any]:
    """What signals have to beat: all candidates of their bars and directions."""
    rows = told.rows
    taken = zip(rows.generated.tolist(), rows.words["signal_type"], strict=True)
    random = np.array([entries.get(one, np.nan) for one in taken], dtype=np.float64)
    keep = np.isfinite(random)
    usual = mean_of(random[keep], told.bars[keep], told.block)
    lead = mean_of(rows.return_r[keep] - random[keep], told.bars[keep], told.block)
    return {"expectancy_r": asdict(usual), "lead_r": asdict(lead)}


def _holding(span: Span, rows: Ended) -> dict[str, Any]:
    """Bitcoin bought at the start of the span (of the first signal where it has none) and kept; else the
    `reason`: no_span, no_candles."""
    since: datetime | None = span.since
    if span.days is None:
        since = _moment(int(rows.generated.min())) if len(rows) else None
    bars = 0 if since is None else span.timeframe.bars(span.as_of - since) + 1
    bitcoin = assets.supported().filter(symbol="BTC").values_list("pk", flat=True).first() if bars else None
    if bitcoin is None:
        return {"symbol": "BTC", "total_return": None, "reason": "no_span"}
    close = assets.load_panel(span.timeframe, span.as_of, bars, [bitcoin]).close
    there = close[np.isfinite(close)]
    gained = float(there[-1] / there[0] - 1.0) if len(there) > 1 else None
    return {"symbol": "BTC", "total_return": gained, "reason": "" if gained is not None else "no_candles"}


def _microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def _moment(microseconds: int) -> datetime:
    return EPOCH + microseconds * MICROSECOND


def _length(timeframe: Timeframe) -> int:
    """A bar in microseconds."""
    return timeframe.delta // MICROSECOND

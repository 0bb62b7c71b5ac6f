"""What others read of layer 4: signals, what came nearest to one, the card; and what a run needs."""

from trading.selectors.backtest_page import page_context
from trading.selectors.backtests import backtests, earlier_ratios
from trading.selectors.dashboard import active_signals, card
from trading.selectors.needs import closes_told, rows_needed, rows_since
from trading.selectors.performance import COLUMNS, Span, last_told, origins, performance, rows_of
from trading.selectors.readings import (
    Freshness,
    active,
    as_known,
    freshness,
    latest_candidates,
    nearest,
    signals,
    track_record,
)
from trading.selectors.track import accuracy_over_time, reliability
from trading.selectors.trail import factors, spans, trail

__all__ = [
    "COLUMNS",
    "Freshness",
    "Span",
    "accuracy_over_time",
    "active",
    "active_signals",
    "as_known",
    "backtests",
    "card",
    "closes_told",
    "earlier_ratios",
    "factors",
    "freshness",
    "last_told",
    "latest_candidates",
    "nearest",
    "origins",
    "page_context",
    "performance",
    "reliability",
    "rows_needed",
    "rows_of",
    "rows_since",
    "signals",
    "spans",
    "track_record",
    "trail",
]

"""What others read of layer 4: signals, what came nearest to one, the card; and what a run needs."""

from trading.selectors.dashboard import active_signals, card
from trading.selectors.needs import closes_told, rows_needed, rows_since
from trading.selectors.proof import risk_coverage
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
from trading.selectors.trail import factors, spans, trail

__all__ = [
    "Freshness",
    "active",
    "active_signals",
    "as_known",
    "card",
    "closes_told",
    "factors",
    "freshness",
    "latest_candidates",
    "nearest",
    "risk_coverage",
    "rows_needed",
    "rows_since",
    "signals",
    "spans",
    "track_record",
    "trail",
]

"""What others read of layer 4: signals, what came nearest to one, the card; and what a run needs."""

from trading.selectors.backtest_page import page_context
from trading.selectors.backtests import backtests, earlier_ratios
from trading.selectors.coin import levels, trading_step
from trading.selectors.dashboard import active_signals, card
from trading.selectors.needs import closes_told, rows_needed, rows_since
from trading.selectors.performance import COLUMNS, Span, last_told, origins, performance, rows_of
from trading.selectors.pictures import Advised, Picture, picture, pictures
from trading.selectors.portfolio import portfolio_detail, portfolio_history, portfolio_summary, trade_rows
from trading.selectors.proof import risk_coverage
from trading.selectors.quotes import Obstacle, closed_to_entry, out_of_reach, quote, sign_of
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
from trading.selectors.record import candidate_record, signal_record
from trading.selectors.sizes import Size, Sizing, checks, sizes
from trading.selectors.standing import (
    BROKER,
    Held,
    Standing,
    limits_of,
    open_positions,
    risk_of,
    standing,
    standings,
)
from trading.selectors.track import accuracy_over_time, reliability
from trading.selectors.trail import factors, spans, trail

__all__ = [
    "BROKER",
    "COLUMNS",
    "Advised",
    "Freshness",
    "Held",
    "Obstacle",
    "Picture",
    "Size",
    "Sizing",
    "Span",
    "Standing",
    "accuracy_over_time",
    "active",
    "active_signals",
    "as_known",
    "backtests",
    "candidate_record",
    "card",
    "checks",
    "closed_to_entry",
    "closes_told",
    "earlier_ratios",
    "factors",
    "freshness",
    "last_told",
    "latest_candidates",
    "levels",
    "limits_of",
    "nearest",
    "open_positions",
    "origins",
    "out_of_reach",
    "page_context",
    "performance",
    "picture",
    "pictures",
    "portfolio_detail",
    "portfolio_history",
    "portfolio_summary",
    "quote",
    "reliability",
    "risk_coverage",
    "risk_of",
    "rows_needed",
    "rows_of",
    "rows_since",
    "sign_of",
    "signal_record",
    "signals",
    "sizes",
    "spans",
    "standing",
    "standings",
    "track_record",
    "trade_rows",
    "trading_step",
    "trail",
]

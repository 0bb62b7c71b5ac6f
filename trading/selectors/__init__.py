"""What others read of layer 4: signals, what came nearest to one, the card; and what a run needs."""

from trading.selectors.backtest_page import page_context
from trading.selectors.backtests import backtests, earlier_ratios
from trading.selectors.coin import levels, trading_step
from trading.selectors.dashboard import active_signals, card
from trading.selectors.ended import Span, rows_of
from trading.selectors.needs import closes_told, rows_needed, rows_since
from trading.selectors.order_page import (
    check_rows,
    fault_rows,
    own_positions,
    plainly,
    position_row,
    way_rows,
)
from trading.selectors.performance_page import performance_page
from trading.selectors.pictures import Advised, Picture, picture, pictures
from trading.selectors.portfolio import portfolio_detail, portfolio_history, portfolio_summary, trade_rows
from trading.selectors.portfolio_page import account_page, accounts, curve_chart, drawdown_chart, risk_rows
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
from trading.selectors.signals_page import MOST_IN_FILE, around_signals, signals_table
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
from trading.selectors.worth import SPANS, Stand, prepare_figures, stand, worked_out

__all__ = [
    "BROKER",
    "MOST_IN_FILE",
    "SPANS",
    "Advised",
    "Freshness",
    "Held",
    "Obstacle",
    "Picture",
    "Size",
    "Sizing",
    "Span",
    "Stand",
    "Standing",
    "account_page",
    "accounts",
    "accuracy_over_time",
    "active",
    "active_signals",
    "around_signals",
    "as_known",
    "backtests",
    "candidate_record",
    "card",
    "check_rows",
    "checks",
    "closed_to_entry",
    "closes_told",
    "curve_chart",
    "drawdown_chart",
    "earlier_ratios",
    "factors",
    "fault_rows",
    "freshness",
    "latest_candidates",
    "levels",
    "limits_of",
    "nearest",
    "open_positions",
    "out_of_reach",
    "own_positions",
    "page_context",
    "performance",
    "performance_page",
    "picture",
    "pictures",
    "plainly",
    "portfolio_detail",
    "portfolio_history",
    "portfolio_summary",
    "position_row",
    "prepare_figures",
    "quote",
    "reliability",
    "risk_coverage",
    "risk_of",
    "risk_rows",
    "rows_needed",
    "rows_of",
    "rows_since",
    "sign_of",
    "signal_record",
    "signals",
    "signals_table",
    "sizes",
    "spans",
    "stand",
    "standing",
    "standings",
    "track_record",
    "trade_rows",
    "trading_step",
    "trail",
    "way_rows",
    "worked_out",
]

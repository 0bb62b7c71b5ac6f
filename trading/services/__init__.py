"""The only writers of signals, candidates and limits."""

from trading.services.backtests import Plan, advance, ask, begin, complete, fail
from trading.services.decisions import cancel, set_limits
from trading.services.outcomes import close
from trading.services.stage import signal

__all__ = ["Plan", "advance", "ask", "begin", "cancel", "close", "complete", "fail", "set_limits", "signal"]

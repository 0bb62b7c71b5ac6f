"""The only writers of signals, candidates and limits."""

from trading.services.decisions import cancel, set_limits
from trading.services.outcomes import close
from trading.services.stage import signal

__all__ = ["cancel", "close", "set_limits", "signal"]

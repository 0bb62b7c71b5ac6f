"""The only writers of signals, candidates, executions and limits."""

from trading.services.automatic import execute_new
from trading.services.backtests import TASK, Plan, advance, ask, begun, complete, fail, mend, waiting
from trading.services.decisions import cancel
from trading.services.executions import Executed, execute, preview, sizing
from trading.services.orders import ReportedFill
from trading.services.outcomes import close
from trading.services.positions import close_positions, exit_position
from trading.services.profiles import LIMITS, profile_faults, profile_of, set_profile
from trading.services.rebalances import ask_rebalance, work_out
from trading.services.refusals import Refused
from trading.services.reviews import review
from trading.services.stage import signal

__all__ = [
    "LIMITS",
    "TASK",
    "Executed",
    "Plan",
    "Refused",
    "ReportedFill",
    "advance",
    "ask",
    "ask_rebalance",
    "begun",
    "cancel",
    "close",
    "close_positions",
    "complete",
    "execute",
    "execute_new",
    "exit_position",
    "fail",
    "mend",
    "preview",
    "profile_faults",
    "profile_of",
    "review",
    "set_profile",
    "signal",
    "sizing",
    "waiting",
    "work_out",
]

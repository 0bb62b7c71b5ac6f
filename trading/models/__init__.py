"""Layer 4: when to enter, where out, what was done about it, and within which limits."""

from trading.models.backtest import Backtest, BacktestStatus
from trading.models.execution import ExecutionStatus, ExecutionType, ExitReason, SignalExecution, Venue
from trading.models.risk import SHARES, Advice, PortfolioAssetAnalysis, RiskProfile
from trading.models.signal import (
    Outcome,
    Refusal,
    RiskLevel,
    SignalCandidate,
    SignalStatus,
    SignalType,
    TradingSignal,
)

__all__ = [
    "SHARES",
    "Advice",
    "Backtest",
    "BacktestStatus",
    "ExecutionStatus",
    "ExecutionType",
    "ExitReason",
    "Outcome",
    "PortfolioAssetAnalysis",
    "Refusal",
    "RiskLevel",
    "RiskProfile",
    "SignalCandidate",
    "SignalExecution",
    "SignalStatus",
    "SignalType",
    "TradingSignal",
    "Venue",
]

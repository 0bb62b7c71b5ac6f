"""Layer 4: when to enter, where out, what was done about it, and within which limits."""

from trading.models.backtest import Backtest, BacktestStatus
from trading.models.execution import ExecutionStatus, ExecutionType, SignalExecution, Venue
from trading.models.risk import Advice, PortfolioAssetAnalysis, RiskProfile
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
    "Advice",
    "Backtest",
    "BacktestStatus",
    "ExecutionStatus",
    "ExecutionType",
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

"""Layer 1: what was measured of the market, and what was read from it."""

from macro.models.readings import Dominance, MarketSentiment, MetricsSnapshot
from macro.models.regime import Phase, Regime, RegimeAnalysis, RegimeForecast, RiskLevel

__all__ = [
    "Dominance",
    "MarketSentiment",
    "MetricsSnapshot",
    "Phase",
    "Regime",
    "RegimeAnalysis",
    "RegimeForecast",
    "RiskLevel",
]

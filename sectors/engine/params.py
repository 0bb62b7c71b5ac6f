"""The figures that shape the layer, stored beside each result so that a number can be explained later."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from assets.engine.caps import CapParams
from assets.engine.timeframe import Timeframe
from assets.engine.universe import UniverseParams


@dataclass(frozen=True, slots=True)
class Params:
    """Spans in days unless named otherwise; `bars` turns them into rows of a timeframe.

    `steepest_gain`: a bar's return counts up to this (a splice is not a gain); `calm_cap_days`: index
    weights are the median cap of so many days, so that a spike does not own its sector on the way back.
    """

    universe: UniverseParams = field(default_factory=UniverseParams)
    caps: CapParams = field(default_factory=CapParams)
    steepest_gain: float = 2.0
    calm_cap_days: int = 7
    seen_share: float = 0.8
    volatility_days: int = 28
    breadth_days: int = 50
    momentum_days: tuple[int, ...] = (7, 28, 84)
    steady_days: int = 84
    least_daily_volatility: float = 0.005
    strength_days: int = 84
    strength_change_days: int = 7
    flow_days: int = 7
    flow_limit: float = 0.5
    estimated_flow_limit: float = 0.1
    gap_days: int = 7
    top_performers: int = 5
    leader_days: int = 28
    leaders: int = 3
    stance_margin: float = 0.03
    rebalance: Timeframe = Timeframe.WEEK
    allocation_days: int = 84
    shrink: float = 0.1
    tilt: float = 1.0
    largest_weight: float = 0.3

    def bars(self, timeframe: Timeframe, days: int) -> int:
        """How many bars so many days are."""
        return timeframe.bars(timedelta(days=days))

    def least(self, bars: int) -> int:
        """How many of so many bars must be known."""
        return max(1, round(self.seen_share * bars))

"""What a simulated market is made of: its span, its regimes and the sizes of its effects."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self

from assets.engine.timeframe import Timeframe

ANCHORS = 2  # BTC and ETH: the only columns that bear the names of real coins
MOST_ASSETS = 1_500  # so many short tickers are told apart


class MarketState(StrEnum):
    """The hidden state of a simulated market."""

    BULL = "bull"
    BEAR = "bear"
    NEUTRAL = "neutral"
    VOLATILE = "volatile"


@dataclass(frozen=True, slots=True)
class StateParams:
    """Drift and volatility of the market's log return a day, mean length, and what comes next.

    `follows` holds the weights with which each state comes after this one, in the order of MarketState.
    """

    drift: float
    volatility: float
    mean_days: float
    follows: tuple[float, float, float, float]


STATES: tuple[StateParams, ...] = (
    StateParams(0.0032, 0.030, 130.0, (0.0, 0.35, 0.40, 0.25)),
    StateParams(-0.0030, 0.037, 110.0, (0.30, 0.0, 0.50, 0.20)),
    StateParams(0.0004, 0.023, 80.0, (0.50, 0.30, 0.0, 0.20)),
    StateParams(-0.0004, 0.062, 35.0, (0.40, 0.35, 0.25, 0.0)),
)


@dataclass(frozen=True, slots=True)
class SimulationParams:
    """Bars from `start` (midnight UTC) that have closed by `end`, of `assets` coins.

    Volatilities, drifts and premia are log returns a day, whatever the bar; spans are days. The
    premia are the true edge: `low_volatility` is what a coin loses for each standard deviation of
    log volatility above the others, `momentum` the size of a drift that lasts `momentum_days`, is strong
    in few coins at a time and is given back within `reversal_days` (De Bondt and Thaler 1985),
    `sector_drift` a drift of sectors, `transitory` the pricing error that reverts within
    `transitory_days` (the timing edge). Raises ValueError for what cannot be simulated.
    """

    start: datetime
    end: datetime
    timeframe: Timeframe = Timeframe.DAY
    assets: int = 120
    states: tuple[StateParams, ...] = field(default=STATES)
    tail: float = 4.0
    volatility_spread: float = 0.55
    volatility_days: float = 20.0
    idiosyncratic: float = 0.039
    sector_volatility: float = 0.012
    sector_drift: float = 0.0018
    sector_days: float = 50.0
    low_volatility: float = 0.0016
    momentum: float = 0.012
    momentum_days: float = 60.0
    reversal_days: float = 180.0
    transitory: float = 0.022
    transitory_days: float = 3.0
    listed_at_start: float = 0.55
    listing_days: float = 1_400.0
    yearly_collapses: float = 0.05
    yearly_delistings: float = 0.04
    gap_rate: float = 0.001
    stale_rate: float = 0.0004
    without_cap: float = 0.15

    def __post_init__(self) -> None:
        if self.timeframe in (Timeframe.WEEK, Timeframe.MONTH):
            raise ValueError("timeframe: simulate days or finer bars and resample them")
        if self.start.astimezone(UTC) != Timeframe.DAY.open_of(self.start):
            raise ValueError(f"start: {self.start.isoformat()} is not midnight UTC")
        if not ANCHORS <= self.assets <= MOST_ASSETS:
            raise ValueError(
                f"assets: {self.assets} is not between {ANCHORS} (BTC and ETH) and {MOST_ASSETS}"
            )
        if self.bars < 1:
            raise ValueError(
                f"end: no bar closes between {self.start.isoformat()} and {self.end.isoformat()}"
            )

    @classmethod
    def ending(
        cls, end: datetime, bars: int = 1_400, timeframe: Timeframe = Timeframe.DAY, assets: int = 120
    ) -> Self:
        """A market of `bars` bars up to the last one closed by `end`, and those that begin its first day.

        Keep `start` to let the same market go on later: `replace(params, end=later)`.
        """
        start = Timeframe.DAY.open_of(timeframe.open_of(end) - bars * timeframe.delta)
        return cls(start=start, end=end, timeframe=timeframe, assets=assets)

    @property
    def bars_per_day(self) -> int:
        """Bars of the timeframe in a day."""
        return self.timeframe.bars(timedelta(days=1))

    @property
    def bars(self) -> int:
        """How many bars have closed by `end`."""
        return max(0, (self.timeframe.open_of(self.end) - self.start) // self.timeframe.delta)

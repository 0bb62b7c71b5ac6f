"""Rules that turn regimes and features into the words of an analysis: phase, risk, trend, reasons."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from assets.engine.panel import Floats, Ints
from macro.engine.features import Features
from macro.engine.states import BEAR, BULL, NEUTRAL, REGIMES, VOLATILE, Regime


class Phase(StrEnum):
    """The regime, refined where the market is turning."""

    BULL = "bull"
    BEAR = "bear"
    NEUTRAL = "neutral"
    VOLATILE = "volatile"
    ACCUMULATION = "accumulation"
    DISTRIBUTION = "distribution"
    TRANSITION = "transition"


class RiskLevel(StrEnum):
    """How rough holding the market is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    EXTREME = "extreme"


PHASES = tuple(Phase)
RISK_LEVELS = tuple(RiskLevel)
#: Volatility a year at which risk becomes medium, high, extreme.
RISK_VOLATILITY = (0.45, 0.75, 1.1)
#: A fall of this much from the peak of 90 days raises the risk by one level.
RISK_DRAWDOWN = -0.35
#: Below this confidence the market is between regimes.
UNSURE = 0.5


@dataclass(frozen=True, slots=True)
class Driver:
    """One reason of a regime: the feature's reading, and its evidence for (+) or against (-)."""

    feature: str
    value: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Flip:
    """What would end the regime: about `bars` bars that look like a typical one of `regime`."""

    regime: Regime
    bars: int


def phases(regime: Ints, confidence: Floats, features: Features, rows: slice) -> Ints:
    """Numbers into `PHASES` (R,), -1 without a regime.

    Distribution: a bull within 20 % of its year's peak whose breadth has fallen below one half.
    Accumulation: a bear or sideways market at least 30 % below that peak, but above its 50-day mean.
    Transition: neither, and hindsight is as likely as not to call it otherwise.
    """
    column = features.columns
    fall, breadth = column["drawdown"][rows], column["breadth_50"][rows]
    above = column["above_mean_50"][rows]
    plain = np.select(
        [regime == BULL, regime == BEAR, regime == NEUTRAL, regime == VOLATILE],
        [PHASES.index(Phase(name)) for name in (Regime.BULL, Regime.BEAR, Regime.NEUTRAL, Regime.VOLATILE)],
        -1,
    )
    top = (regime == BULL) & (fall > -0.2) & (breadth < 0.5)
    base = (regime >= 0) & (regime != BULL) & (fall < -0.3) & (above > 0)
    between = (regime >= 0) & (confidence < UNSURE)
    turning = [
        PHASES.index(Phase.DISTRIBUTION),
        PHASES.index(Phase.ACCUMULATION),
        PHASES.index(Phase.TRANSITION),
    ]
    return np.asarray(np.select([top, base, between], turning, plain), dtype=np.int64)


def risk_levels(regime: Ints, features: Features, rows: slice) -> Ints:
    """Numbers into `RISK_LEVELS` (R,) from volatility, one higher in a deep fall; -1 if unknown."""
    volatility = features.columns["volatility_ewma"][rows]
    level = np.zeros(len(volatility), dtype=np.int64)
    for edge in RISK_VOLATILITY:
        level += volatility >= edge
    level += features.columns["drawdown_90"][rows] <= RISK_DRAWDOWN
    return np.where(np.isfinite(volatility) & (regime >= 0), np.minimum(level, len(RISK_LEVELS) - 1), -1)


def trend_strength(features: Features, rows: slice) -> Floats:
    """How far the three trend readings agree on a direction, in [0, 1] (R,)."""
    column = features.columns
    mean = (column["trend_20"][rows] + column["trend_60"][rows] + column["trend_100"][rows]) / 3.0
    return np.abs(mean)


def drivers(names: tuple[str, ...], values: Floats, contributions: Floats) -> tuple[Driver, ...]:
    """The reasons of one row, strongest first; values and contributions (F,)."""
    found = [
        Driver(name, float(value), float(part))
        for name, value, part in zip(names, values, contributions, strict=True)
        if np.isfinite(part)
    ]
    return tuple(sorted(found, key=lambda driver: -abs(driver.contribution)))


def flip(direction: int, bars: float, turbulent: bool) -> Flip | None:
    """The likeliest end of a regime; None where there is no state."""
    if not np.isfinite(bars):
        return None
    sideways = REGIMES[VOLATILE] if turbulent else REGIMES[NEUTRAL]
    return Flip((REGIMES[BULL], sideways, REGIMES[BEAR])[direction], int(bars))

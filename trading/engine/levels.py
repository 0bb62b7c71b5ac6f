"""Where a signal enters, where it takes its profit, and where it admits to be wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from assets.engine import rolling
from assets.engine.panel import Floats, Panel
from assets.engine.timeframe import Timeframe
from trading.engine.barriers import Costs, Direction

HORIZON_DAYS = 7
ATR_DAYS = 14
SWING_DAYS = 10
LEAST_ATR = 1e-6
MOST_STOP, MOST_TARGET = 0.5, 0.8


@dataclass(frozen=True, slots=True)
class Geometry:
    """Distances from the entry in daily ATR.

    A level moves from `target` or `stop` to the swing high or low of the last ten days where that lies
    within its bounds: a stop `buffer` beyond the swing, a target `buffer` before it.
    """

    target: float = 2.0
    stop: float = 1.25
    target_bounds: tuple[float, float] = (1.75, 2.5)
    stop_bounds: tuple[float, float] = (1.0, 1.5)
    buffer: float = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Plans of one direction, all (T, N); NaN where there is no plan.

    Prices in USD; `risk_reward` target distance / stop distance; `stop_share` stop distance / entry;
    `cost_r` a round trip's cost in R; `break_even` the probability of the target at which the plan earns
    nothing.
    """

    entry: Floats
    target: Floats
    stop: Floats
    risk_reward: Floats
    stop_share: Floats
    cost_r: Floats
    break_even: Floats

    @property
    def prices(self) -> tuple[Floats, Floats, Floats]:
        """Entry, target, stop: what `barriers.outcomes` follows."""
        return self.entry, self.target, self.stop


def horizon_bars(timeframe: Timeframe) -> int:
    """Bars until time runs out."""
    return timeframe.bars(timedelta(days=HORIZON_DAYS))


def true_range(panel: Panel) -> Floats:
    """True range (T, N): the bar's range, widened to the close before it (Wilder 1978); NaN without a bar."""
    past = rolling.lag(panel.close, 1)
    high = np.fmax(panel.high, past)
    low = np.fmin(panel.low, past)
    return np.where(np.isfinite(panel.close), high - low, np.nan)


def atr(panel: Panel, days: int = ATR_DAYS) -> Floats:
    """Mean true range over `days`, scaled by the root of time to a day's range (T, N), in USD.

    A plan then means the same on bars of any length. Needs three quarters of the window's bars; NaN
    otherwise and where it is below a millionth of the price (a coin that does not move).
    """
    window = panel.timeframe.bars(timedelta(days=days))
    per_bar = rolling.mean(true_range(panel), window, max(1, 3 * window // 4))
    daily = per_bar * np.sqrt(timedelta(days=1) / panel.timeframe.delta)
    return np.where(daily > LEAST_ATR * panel.close, daily, np.nan)


def plan(panel: Panel, direction: Direction, geometry: Geometry, costs: Costs) -> Levels:
    """Levels of an entry at the close of every cell (T, N).

    Long: stop < entry < target; short the reverse; all above zero (the stop at most half, the target at
    most four fifths of the price away). break-even p* = (stop distance + cost) / (target + stop distance),
    at most 1.
    """
    daily = atr(panel)
    entry = np.where(np.isfinite(daily) & (panel.close > 0), panel.close, np.nan)
    window = panel.timeframe.bars(timedelta(days=SWING_DAYS))
    highest = rolling.highest(panel.high, window, 1)
    lowest = rolling.lowest(panel.low, window, 1)
    above, below = (highest - entry) / daily, (entry - lowest) / daily
    ahead, behind = (above, below) if direction is Direction.LONG else (below, above)
    to_target = _structured(ahead - geometry.buffer, geometry.target, geometry.target_bounds)
    to_stop = _structured(behind + geometry.buffer, geometry.stop, geometry.stop_bounds)
    target_distance = np.minimum(to_target * daily, MOST_TARGET * entry)
    stop_distance = np.minimum(to_stop * daily, MOST_STOP * entry)
    cost = 2.0 * costs.side * entry
    return Levels(
        entry=entry,
        target=entry + direction.sign * target_distance,
        stop=entry - direction.sign * stop_distance,
        risk_reward=target_distance / stop_distance,
        stop_share=stop_distance / entry,
        cost_r=cost / stop_distance,
        break_even=np.minimum((stop_distance + cost) / (target_distance + stop_distance), 1.0),
    )


def _structured(swing: Floats, default: float, bounds: tuple[float, float]) -> Floats:
    """Distance in ATR (T, N): the swing's where within bounds, the default elsewhere."""
    return np.where((swing >= bounds[0]) & (swing <= bounds[1]), swing, default)

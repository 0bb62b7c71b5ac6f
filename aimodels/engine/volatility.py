"""How far a price will move: features of its own bars, and what they have to foretell.

Everything is the coin's own, so the width for one coin can be computed from its bars alone, and every
value is a function of a window that ends at its row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from assets.engine import rolling
from assets.engine.panel import Bools, Floats, Panel
from assets.engine.timeframe import Timeframe
from assets.engine.universe import UniverseParams, universe

RETURN_DAYS = (1, 3, 7, 14, 90)
RANGE_DAYS = (1, 3, 7, 30)
BASE_DAYS = 30
LONGEST_DAYS = 90
#: A daily move below this counts as this: prices that stand still have no logarithm of volatility.
FLOOR = 0.004
MOST_RETURN, MOST_RANGE = 1.0, 2.0
PARKINSON = 4.0 * np.log(2.0)
FEATURES = (
    "volatility_30d",
    *(f"volatility_{days}d_30d" for days in RETURN_DAYS),
    *(f"range_{days}d_30d" for days in RANGE_DAYS),
    "volume_1d_30d",
    "return_1d",
    "distance_20d",
    "turnover_30d",
    "weekend",
)


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """`members` (T, N) universe; `features` (F - 1, T, N), all of FEATURES but the weekend, which is the
    horizon's; `daily` (T, N) the day's move: root mean square of return and Parkinson range. NaN where too
    little is known. `ahead` keeps what `foretold` made of the whole panel, by bars.
    """

    panel: Panel
    members: Bools
    features: Floats
    daily: Floats
    ahead: dict[int, tuple[Floats, Floats]] = field(default_factory=dict, repr=False)


def lookback(timeframe: Timeframe) -> int:
    """Rows before a row on which its inputs depend."""
    rules = UniverseParams()
    days = max(LONGEST_DAYS, rules.volume_days, rules.least_days)
    return timeframe.bars(timedelta(days=days)) + 1


def prepare(panel: Panel) -> Inputs:
    """Features and moves of every row.

    volatility_30d: log root mean square of daily log returns; volatility_ad_30d, range_ad_30d: log ratio to
    it of the same over a days, of returns and of Parkinson's (1980) range ln(high / low) / sqrt(4 ln 2);
    volume_1d_30d: log ratio of turnover to its median; return_1d: last day's return in daily volatilities;
    distance_20d: |ln(close / mean)| in the same; turnover_30d: log of the median turnover of a day.
    """
    day = panel.timeframe.bars(timedelta(days=1))
    step = np.sqrt(day)
    returns = np.clip(rolling.log_return(panel.close), -MOST_RETURN, MOST_RETURN) * step
    ranges = np.clip(_log(panel.high, panel.low), 0.0, MOST_RANGE) * step / np.sqrt(PARKINSON)

    def level(x: Floats, days: int) -> Floats:
        window = days * day
        return np.log(np.maximum(np.sqrt(rolling.mean(x * x, window, max(1, 2 * window // 3))), FLOOR))

    base = level(returns, BASE_DAYS)
    own = np.exp(base)
    usual = rolling.median(panel.volume, BASE_DAYS * day, max(1, BASE_DAYS * day // 2))
    latest = rolling.mean(panel.volume, day, max(1, day // 2))
    average = rolling.mean(panel.close, 20 * day, max(1, 40 * day // 3))
    moved = rolling.log_return(panel.close, day)
    features = np.stack(
        [
            base,
            *(level(returns, days) - base for days in RETURN_DAYS),
            *(level(ranges, days) - base for days in RANGE_DAYS),
            np.clip(_log(latest, usual), -3.0, 3.0),
            np.clip(moved / own, -4.0, 4.0),
            np.clip(np.abs(_log(panel.close, average)) / own, 0.0, 12.0),
            np.clip(np.log(np.maximum(usual * day, 1.0)), 9.0, 25.0),
        ]
    )
    daily = np.sqrt(0.5 * returns * returns + 0.5 * ranges * ranges)
    return Inputs(panel, universe(panel), features, daily)


def weekend(panel: Panel, bars: int) -> Floats:
    """Share (T,) of the next `bars` bars' days that are a Saturday or a Sunday: markets rest then."""
    delta = panel.timeframe.delta
    opens = panel.times + delta
    rests = np.stack([(opens + k * delta).day_of_week >= 5 for k in range(bars)])
    return np.asarray(np.mean(rests, axis=0), dtype=np.float64)


def foretold(inputs: Inputs, bars: int) -> tuple[Floats, Floats]:
    """What a fit learns from (T, N): the log return over the next `bars` bars, and the log of how far the
    price moved a day, half by that return and half by the moves on the way, which tell more; NaN where not
    yet known.
    """
    close = inputs.panel.close
    ahead, path = np.full(close.shape, np.nan), np.full(close.shape, np.nan)
    if bars < len(close):
        ahead[:-bars] = _log(close[bars:], close[:-bars])
        moves = rolling.mean(inputs.daily * inputs.daily, bars, max(1, 2 * bars // 3))
        path[:-bars] = np.sqrt(moves)[bars:]
    days = bars / inputs.panel.timeframe.bars(timedelta(days=1))
    net = np.log(np.maximum(np.abs(ahead) / np.sqrt(days), FLOOR))
    return ahead, 0.5 * (net + np.log(np.maximum(path, FLOOR)))


def foretold_between(inputs: Inputs, start: int, stop: int, bars: int) -> tuple[Floats, Floats]:
    """`foretold` of rows start..stop-1 as known when the last of them had closed: the same digits as from
    a panel that ends there, made once for all fits."""
    if bars not in inputs.ahead:
        inputs.ahead[bars] = foretold(inputs, bars)
    moved, target = (whole[start:stop].copy() for whole in inputs.ahead[bars])
    unknown = slice(max(0, stop - start - bars), None)
    moved[unknown], target[unknown] = np.nan, np.nan
    return moved, target


def _log(over: Floats, under: Floats) -> Floats:
    able = (over > 0) & (under > 0)
    share = np.divide(over, under, out=np.full(over.shape, np.nan), where=able)
    return np.asarray(np.log(share), dtype=np.float64)

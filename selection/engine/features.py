"""What is known about each coin at each close: factors in natural units, and their ranks in the universe.

The factors are those of Liu, Tsyvinski and Wu (2022), "Common Risk Factors in Cryptocurrency", and of
Cakici et al. (2024) on machine learning in the cross-section of coins. Every value is a function of a fixed
window that ends at its row; ranks compare the members of that row only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from assets.engine import rolling
from assets.engine.panel import Bools, Floats, Panel
from assets.engine.timeframe import Timeframe

FEATURES = (
    "momentum_1w",
    "momentum_2w",
    "momentum_3w",
    "momentum_4w",
    "momentum_8w",
    "reversal_1d",
    "size",
    "volume",
    "volume_surge",
    "idiosyncratic_volatility",
    "total_volatility",
    "long_volatility",
    "beta",
    "max_daily_return",
    "drawdown",
    "illiquidity",
    "age",
    "sector_strength",
)
MONTH_DAYS, QUARTER_DAYS, YEAR_DAYS = 30, 90, 365
RETURN_CLIP = 0.5
TINY_VOLUME = 1.0


@dataclass(frozen=True, slots=True)
class Market:
    """The market as the factors need it: `returns` (T,) mean log return of the members in a bar, clipped;
    `trend` (T,) its sum over 30 days in standard deviations and `stress` (T,) the log ratio of 14-day
    to 90-day volatility, both squeezed into (-1, 1); NaN where a window is not filled.
    """

    returns: Floats
    trend: Floats
    stress: Floats


def longest(timeframe: Timeframe) -> int:
    """Rows that the longest window of a feature reaches back, without the universe's own."""
    return timeframe.bars(timedelta(days=YEAR_DAYS)) + 1


def clipped_returns(panel: Panel) -> Floats:
    """Log returns of one bar (T, N), clipped at 0.5 either side so that one false print moves no window."""
    return np.clip(rolling.log_return(panel.close), -RETURN_CLIP, RETURN_CLIP)


def market_return(panel: Panel, members: Bools) -> Floats:
    """Mean clipped log return of the row's members (T,); NaN where fewer than three have one."""
    returns = clipped_returns(panel)
    seen = members & np.isfinite(returns)
    count = seen.sum(axis=1)
    total = np.where(seen, returns, 0.0).sum(axis=1)
    return np.where(count >= 3, ratio(total, count.astype(np.float64)), np.nan)


def market_state(timeframe: Timeframe, returns: Floats) -> Market:
    """Trend and stress of a market return series (T,), see `Market`; needs half of each window."""
    month = timeframe.bars(timedelta(days=MONTH_DAYS))
    fortnight = timeframe.bars(timedelta(days=14))
    quarter = timeframe.bars(timedelta(days=QUARTER_DAYS))
    scale = rolling.std(returns, quarter, max(2, quarter // 2))
    recent = rolling.std(returns, fortnight, max(2, fortnight // 2))
    moved = rolling.total(returns, month, max(1, month // 2))
    trend = ratio(moved, scale * np.sqrt(month))
    stress = np.log(ratio(recent, scale), out=np.full(len(returns), np.nan), where=(recent > 0) & (scale > 0))
    return Market(returns, np.tanh(trend), np.tanh(stress))


def factors(panel: Panel, market: Floats, cap: Floats, sector: Floats) -> Mapping[str, Floats]:
    """Each name of FEATURES in natural units (T, N).

    momentum_kw, reversal_1d, max_daily_return, drawdown: simple returns (0.1 is 10 %); max_daily_return is
    the highest one-day return of 30 days, drawdown is close / highest close of 90 days - 1. size: market
    cap `cap` in USD. volume: median USD volume a day over 30 days; volume_surge: mean volume of 7 days / of
    30 days. Volatilities: of log returns, a year, over 30 days (long: 90); idiosyncratic is what the market
    return `market` (T,) leaves unexplained, beta its slope over 90 days. illiquidity (Amihud 2002): mean
    |return| per million USD over 30 days. age: days with a close among the last 365. sector_strength:
    `sector` as it comes. NaN where less than half of a window is known.
    """
    frame = panel.timeframe
    day, week, month, quarter = (frame.bars(timedelta(days=n)) for n in (1, 7, MONTH_DAYS, QUARTER_DAYS))
    returns = clipped_returns(panel)
    annual = np.sqrt(frame.bars_per_year)
    half = max(2, month // 2)
    daily = rolling.change(panel.close, day)
    turnover = rolling.mean(panel.volume, month, half)
    price_impact = ratio(np.abs(returns), np.maximum(panel.volume, TINY_VOLUME) / 1e6)
    year = frame.bars(timedelta(days=YEAR_DAYS))
    momentum = {
        f"momentum_{weeks}w": rolling.change(panel.close, _weeks(frame, weeks)) for weeks in (1, 2, 3, 4, 8)
    }
    return momentum | {
        "reversal_1d": daily,
        "size": cap,
        "volume": rolling.median(panel.volume, month, half) * day,
        "volume_surge": ratio(rolling.mean(panel.volume, week, max(1, week // 2)), turnover),
        "idiosyncratic_volatility": rolling.residual_std(returns, market, month, half) * annual,
        "total_volatility": rolling.std(returns, month, half) * annual,
        "long_volatility": rolling.std(returns, quarter, max(2, quarter // 2)) * annual,
        "beta": rolling.beta(returns, market, quarter, max(2, quarter // 2)),
        "max_daily_return": rolling.highest(daily, month, half),
        "drawdown": ratio(panel.close, rolling.highest(panel.close, quarter, 1)) - 1.0,
        "illiquidity": rolling.mean(price_impact, month, half),
        "age": rolling.total(np.where(np.isfinite(panel.close), 1.0, 0.0), year, 1) / day,
        "sector_strength": sector,
    }


def ranks(raw: Mapping[str, Floats], members: Bools) -> Floats:
    """Cross-sectional ranks (F, T, N) in [-0.5, 0.5] among the row's members; NaN where unknown or
    outside.
    """
    return np.stack([rolling.rank(raw[name], members) for name in FEATURES])


def _weeks(timeframe: Timeframe, weeks: int) -> int:
    return timeframe.bars(timedelta(days=7 * weeks))


def ratio(over: Floats, under: Floats) -> Floats:
    """over / under cell by cell; NaN where `under` is not above 0."""
    out: Floats = np.divide(over, under, out=np.full(np.shape(over), np.nan), where=under > 0)
    return out

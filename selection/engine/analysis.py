"""The condition of each coin beside its score: risk, technical picture, tie to its sector, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from assets.engine import indicators, rolling
from assets.engine.panel import Floats, Panel
from selection.engine.features import QUARTER_DAYS, clipped_returns, ratio
from selection.engine.inputs import Inputs

Words = NDArray[np.str_]
TREND_DAYS = 200
NO_WORD = ""


class RiskLevel(StrEnum):
    """How far a coin may fall, from its volatility, liquidity and drawdown."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    EXTREME = "extreme"


class Recommendation(StrEnum):
    """What the score and its confidence amount to."""

    STRONG_BUY = "strong_buy"
    BUY = "buy"
    HOLD = "hold"
    REDUCE = "reduce"
    AVOID = "avoid"


RISKS = tuple(RiskLevel)
# One point for each bound that is passed: volatility a year, USD volume a day, fall from the 90-day high.
VOLATILITY_BOUNDS = (0.6, 1.0, 1.6)
VOLUME_BOUNDS = (1e7, 1e6)
DRAWDOWN_BOUNDS = (-0.4, -0.7)
# Points at which the risk is medium, high and extreme.
POINT_BOUNDS = (1, 3, 5)


@dataclass(frozen=True, slots=True)
class Technical:
    """Indicators (R, N): `rsi14` 0 to 100; `macd`, `macd_signal`, `macd_histogram` and `atr` as shares of
    the close; `bollinger` place between the bands (0 lower, 1 upper); `sma50`, `sma200` distance of the
    close as a share.
    """

    rsi14: Floats
    macd: Floats
    macd_signal: Floats
    macd_histogram: Floats
    atr: Floats
    bollinger: Floats
    sma50: Floats
    sma200: Floats


@dataclass(frozen=True, slots=True)
class Analysis:
    """Coins' condition (R, N): `risk` and `recommendation` as words of RiskLevel and Recommendation, empty
    where unknown; `rank` 1 for the row's best score, NaN without one; `sector_correlation` of 90 days
    of returns with the coin's sector.
    """

    rank: Floats
    risk: Words
    recommendation: Words
    technical: Technical
    sector_correlation: Floats


def analyse_coins(
    inputs: Inputs, first: int, percentile: Floats, confidence: Floats, base_rate: Floats
) -> Analysis:
    """Condition of all coins, member or not, in rows `first` to the last; scores (R, N), base_rate (R,)."""
    exposure = inputs.context.exposure
    cautious = np.zeros(len(percentile), dtype=np.bool_)
    if exposure is not None:
        cautious = exposure[first:] < inputs.params.least_exposure
    return Analysis(
        rank=places(percentile),
        risk=risk_levels(inputs, first),
        recommendation=recommendations(percentile, confidence, base_rate, cautious),
        technical=technical(inputs.panel, first),
        sector_correlation=sector_correlation(inputs, first),
    )


def places(score: Floats) -> Floats:
    """Place of each score in its row (R, N), 1 for the highest, ties by column; NaN where there is no
    score.
    """
    order = np.argsort(np.where(np.isfinite(score), -score, np.inf), axis=1, kind="stable")
    out = np.empty(score.shape)
    np.put_along_axis(out, order, np.arange(1.0, score.shape[1] + 1.0)[None, :], axis=1)
    return np.where(np.isfinite(score), out, np.nan)


def risk_levels(inputs: Inputs, first: int) -> Words:
    """Points for volatility (up to 3), thin volume (2) and drawdown (2): 0 low, 1-2 medium, 3-4 high, 5
    extreme.

    Empty where the volatility or the volume is unknown.
    """
    volatility = inputs.raw["total_volatility"][first:]
    volume = inputs.raw["volume"][first:]
    drawdown = inputs.raw["drawdown"][first:]
    points = sum(
        [
            *((volatility > bound).astype(np.int64) for bound in VOLATILITY_BOUNDS),
            *((volume < bound).astype(np.int64) for bound in VOLUME_BOUNDS),
            *((drawdown < bound).astype(np.int64) for bound in DRAWDOWN_BOUNDS),
        ],
        np.zeros(volatility.shape, dtype=np.int64),
    )
    level = np.searchsorted(POINT_BOUNDS, points, side="right")
    known = np.isfinite(volatility) & np.isfinite(volume)
    return np.where(known, np.array(RISKS, dtype=np.str_)[level], NO_WORD)


def recommendations(
    percentile: Floats, confidence: Floats, base_rate: Floats, cautious: NDArray[np.bool_]
) -> Words:
    """Words (R, N): the top tenth is a strong buy, the top three tenths a buy, the bottom three and one
    likewise reduce and avoid, if the chance to beat the median lies on the same side of its base rate.

    In `cautious` rows (R,) a buy is a hold: the market is no place to be. Empty without a score.
    """
    likely = confidence > base_rate[:, None]
    unlikely = confidence < base_rate[:, None]
    may_buy = likely & ~cautious[:, None]
    known = np.isfinite(percentile) & np.isfinite(confidence)
    conditions = [
        ~known,
        may_buy & (percentile >= 0.9),
        may_buy & (percentile >= 0.7),
        unlikely & (percentile <= 0.1),
        unlikely & (percentile <= 0.3),
    ]
    choices = [
        NO_WORD,
        Recommendation.STRONG_BUY.value,
        Recommendation.BUY.value,
        Recommendation.AVOID.value,
        Recommendation.REDUCE.value,
    ]
    return np.select(conditions, [np.array(word) for word in choices], Recommendation.HOLD.value)


def technical(panel: Panel, first: int) -> Technical:
    """Indicators of rows `first` to the last, on bars as they are; they read no more rows before than they
    need.
    """
    start = max(0, first - max(TREND_DAYS, indicators.lookback()))
    bars = panel.rows(start, None)
    own = slice(first - start, None)
    close = bars.close
    lines = indicators.macd(close)

    def share(x: Floats) -> Floats:
        return ratio(x, close)[own]

    def distance(window: int) -> Floats:
        return ratio(close, indicators.sma(close, window))[own] - 1.0

    return Technical(
        rsi14=indicators.rsi(close)[own],
        macd=share(lines.line),
        macd_signal=share(lines.signal),
        macd_histogram=share(lines.histogram),
        atr=share(indicators.atr(bars.high, bars.low, close)),
        bollinger=indicators.bollinger(close).position[own],
        sma50=distance(50),
        sma200=distance(200),
    )


def sector_correlation(inputs: Inputs, first: int) -> Floats:
    """Correlation (R, N) of a coin's log returns with its sector's over 90 days; NaN where the sector is
    unknown.
    """
    panel, sector = inputs.panel, inputs.context.sector_return
    if sector is None:
        return np.full((len(panel.times) - first, panel.shape[1]), np.nan)
    quarter = panel.timeframe.bars(timedelta(days=QUARTER_DAYS))
    start = max(0, first - quarter)
    x, y = clipped_returns(panel)[start:], sector[start:]
    least = max(2, quarter // 2)
    both = np.isfinite(x) & np.isfinite(y)
    x, y = np.where(both, x, np.nan), np.where(both, y, np.nan)
    dx, dy = rolling.std(x, quarter, least), rolling.std(y, quarter, least)
    covariance = 0.25 * (rolling.std(x + y, quarter, least) ** 2 - rolling.std(x - y, quarter, least) ** 2)
    return np.clip(ratio(covariance, dx * dy), -1.0, 1.0)[first - start :]

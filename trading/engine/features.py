"""What one coin's own candles say at each close, free of price level and currency.

No market-wide figure enters: in a model pooled over coins those are one draw a day, and cost more than they
tell. Every value is a function of a window that ends at its row.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numba import njit

from assets.engine import rolling
from assets.engine.panel import Floats, Panel
from assets.engine.timeframe import Timeframe
from trading.engine.levels import atr, true_range

FEATURES = (
    "momentum_1d",
    "momentum_3d",
    "momentum_7d",
    "momentum_14d",
    "momentum_30d",
    "momentum_90d",
    "stretch_7d",
    "volatility_7d_30d",
    "volatility_30d_90d",
    "range_1d_14d",
    "atr_share",
    "range_position_20d",
    "range_position_90d",
    "distance_20d",
    "distance_50d",
    "width_20d",
    "volume_1d",
    "volume_7d",
    "volume_30d",
    "close_in_bar",
    "upper_wick",
    "lower_wick",
    "body",
    "drawdown",
    "rise",
    "largest_gain",
    "up_share",
    "time_in_range",
)
LONGEST_DAYS = 91
BAR_CLIP = 1.0
SCORE_CLIP = 4.0
LOG_CLIP = 3.0


def longest(timeframe: Timeframe) -> int:
    """Rows that the longest window reaches back."""
    return timeframe.bars(timedelta(days=LONGEST_DAYS)) + 1


def features(panel: Panel) -> Floats:
    """The features of FEATURES, (F, T, N); NaN where less than two thirds of a window is known.

    momentum_kd: log return over k days in its own standard deviations (daily volatility of 30 days times
    root k); stretch: its size, whatever the sign. volatility_a_b: log ratio of volatilities; range_1d_14d:
    log ratio of the last day's mean true range to the ATR; atr_share: ln(ATR / close). range_position:
    where the close lies between low (0) and high (1); distance: close - mean, in ATR; width: ln(range of 20
    days / ATR). volume_1d, volume_7d: log ratio of mean turnover to the median of 30 days; volume_30d: 30
    to 90 days. close_in_bar, upper_wick, lower_wick, body (signed): shares of the bar's range, mean of 3
    bars (wicks: 7 days). drawdown, rise: log distance to the high and low close of 90 days in ATR shares,
    over ten. largest_gain: largest bar return of 30 days in standard deviations. up_share: share of rising
    bars of 14 days. time_in_range: share of 20 days' closes within one ATR of this one.
    """
    groups = (_momentum, _volatility, _place, _volume, _bars, _path)
    return np.stack([feature for group in groups for feature in group(panel)])


def _span(panel: Panel, days: float) -> int:
    return panel.timeframe.bars(timedelta(days=days))


def _most(window: int) -> int:
    return max(1, 2 * window // 3)


def _returns(panel: Panel) -> Floats:
    return np.clip(rolling.log_return(panel.close), -BAR_CLIP, BAR_CLIP)


def _deviation(panel: Panel, days: int) -> Floats:
    window = max(2, _span(panel, days))
    return rolling.std(_returns(panel), window, max(2, _most(window)))


def _momentum(panel: Panel) -> list[Floats]:
    scale = _deviation(panel, 30)
    moves = []
    for days in (1, 3, 7, 14, 30, 90):
        bars = _span(panel, days)
        moves.append(_clip(ratio(rolling.log_return(panel.close, bars), scale * np.sqrt(bars)), SCORE_CLIP))
    return [*moves, np.abs(moves[2])]


def _volatility(panel: Panel) -> list[Floats]:
    week, month, quarter = (_deviation(panel, days) for days in (7, 30, 90))
    daily = atr(panel)
    day = _span(panel, 1)
    latest = rolling.mean(true_range(panel), day, 1) * np.sqrt(timedelta(days=1) / panel.timeframe.delta)
    return [
        _log_ratio(week, month),
        _log_ratio(month, quarter),
        _log_ratio(latest, daily),
        np.clip(_log_ratio(daily, panel.close, np.inf), -7.0, 0.0),
    ]


def _place(panel: Panel) -> list[Floats]:
    daily = atr(panel)
    out = []
    for days in (20, 90):
        window = _span(panel, days)
        top = rolling.highest(panel.high, window, _most(window))
        bottom = rolling.lowest(panel.low, window, _most(window))
        out.append(ratio(panel.close - bottom, top - bottom))
    for days in (20, 50):
        window = _span(panel, days)
        average = rolling.mean(panel.close, window, _most(window))
        out.append(_clip(ratio(panel.close - average, daily), 2 * SCORE_CLIP))
    window = _span(panel, 20)
    width = rolling.highest(panel.high, window, _most(window)) - rolling.lowest(
        panel.low, window, _most(window)
    )
    return [*out, _log_ratio(width, daily)]


def _volume(panel: Panel) -> list[Floats]:
    day, week, month, quarter = (_span(panel, days) for days in (1, 7, 30, 90))
    usual = rolling.median(panel.volume, month, _most(month))
    longer = rolling.median(panel.volume, quarter, _most(quarter))
    return [
        _log_ratio(rolling.mean(panel.volume, day, _most(day)), usual),
        _log_ratio(rolling.mean(panel.volume, week, _most(week)), usual),
        _log_ratio(usual, longer),
    ]


def _bars(panel: Panel) -> list[Floats]:
    height = panel.high - panel.low
    top, bottom = np.fmax(panel.open, panel.close), np.fmin(panel.open, panel.close)
    few, week = 3, _span(panel, 7)
    return [
        rolling.mean(ratio(panel.close - panel.low, height), few, 1),
        rolling.mean(ratio(panel.high - top, height), week, _most(week)),
        rolling.mean(ratio(bottom - panel.low, height), week, _most(week)),
        rolling.mean(ratio(panel.close - panel.open, height), few, 1),
    ]


def _path(panel: Panel) -> list[Floats]:
    quarter, month, fortnight = (_span(panel, days) for days in (90, 30, 14))
    returns = _returns(panel)
    share = ratio(atr(panel), panel.close)
    peak = rolling.highest(panel.close, quarter, _most(quarter))
    trough = rolling.lowest(panel.close, quarter, _most(quarter))
    rising = np.where(np.isfinite(returns), (returns > 0).astype(np.float64), np.nan)
    largest = rolling.highest(returns, month, _most(month))
    return [
        _clip(ratio(_log_ratio(panel.close, peak, np.inf), 10.0 * share), SCORE_CLIP),
        _clip(ratio(_log_ratio(panel.close, trough, np.inf), 10.0 * share), SCORE_CLIP),
        _clip(ratio(largest, _deviation(panel, 30)), 2 * SCORE_CLIP),
        rolling.mean(rising, fortnight, _most(fortnight)),
        _near(panel.close, atr(panel), _span(panel, 20), _most(_span(panel, 20))),
    ]


@njit(cache=True, nogil=True)
def _near(close: Floats, reach: Floats, window: int, least: int) -> Floats:
    """Share of the window's closes that lie within `reach` of the last one."""
    rows, cols = close.shape
    out = np.full((rows, cols), np.nan)
    for t in range(rows):
        for n in range(cols):
            count = 0
            inside = 0
            for k in range(min(window, t + 1)):
                past = close[t - k, n]
                if not np.isnan(past):
                    count += 1
                    inside += abs(past - close[t, n]) <= reach[t, n]
            if count >= least and not np.isnan(close[t, n]) and not np.isnan(reach[t, n]):
                out[t, n] = inside / count
    return out


def ratio(over: Floats, under: Floats) -> Floats:
    """over / under (T, N); NaN where `under` is not above zero."""
    return np.asarray(np.divide(over, under, out=np.full(over.shape, np.nan), where=under > 0))


def _log_ratio(over: Floats, under: Floats, most: float = LOG_CLIP) -> Floats:
    share = ratio(over, under)
    return _clip(np.log(share, out=np.full(share.shape, np.nan), where=share > 0), most)


def _clip(x: Floats, most: float) -> Floats:
    return np.clip(x, -most, most)

"""Technical indicators on (T, N) arrays, each value a function of a fixed window of bars.

The recursive averages of the textbooks never forget; here their weights end after a window that holds all
but a few per thousand of their mass, so that the same bars give the same digits wherever a series starts.
NaN in, NaN out: half of a window must be known, unless told otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.engine import rolling
from assets.engine.panel import Floats

MEMORY = 6  # half-lives of an exponential window: 1/64 of the weight is cut off


@dataclass(frozen=True, slots=True)
class Macd:
    """MACD line, signal line and their difference, (T, N) in price units."""

    line: Floats
    signal: Floats
    histogram: Floats


@dataclass(frozen=True, slots=True)
class Bollinger:
    """Middle band, upper and lower band in price units and `position` of the close: 0 at the lower, 1 at
    the upper.
    """

    middle: Floats
    upper: Floats
    lower: Floats
    position: Floats


def sma(x: Floats, window: int) -> Floats:
    """Simple moving average: sum of the window's known values / their number."""
    return rolling.mean(x, window, _half(window))


def ema(x: Floats, span: int) -> Floats:
    """Exponential moving average, weight (1 - a)^k on the bar k ago with a = 2 / (span + 1)."""
    return _exponential(x, 2.0 / (span + 1.0))


def rsi(close: Floats, period: int = 14) -> Floats:
    """Relative strength index (Wilder 1978), 0 to 100: 100 U / (U + D).

    U and D are Wilder's averages (a = 1 / period) of the rises and falls of the close; 50 where it stood
    still.
    """
    step = close - rolling.lag(close, 1)
    known = np.isfinite(step)
    rise = _exponential(np.where(known, np.maximum(step, 0.0), np.nan), 1.0 / period)
    fall = _exponential(np.where(known, np.maximum(-step, 0.0), np.nan), 1.0 / period)
    moved = rise + fall
    still = np.where(np.isfinite(moved), 50.0, np.nan)
    return np.divide(100.0 * rise, moved, out=still, where=moved > 0)


def macd(close: Floats, fast: int = 12, slow: int = 26, signal: int = 9) -> Macd:
    """Moving average convergence divergence (Appel): EMA(fast) - EMA(slow), and its EMA(signal)."""
    line = ema(close, fast) - ema(close, slow)
    smooth = ema(line, signal)
    return Macd(line, smooth, line - smooth)


def true_range(high: Floats, low: Floats, close: Floats) -> Floats:
    """max(high, previous close) - min(low, previous close); high - low where no previous close is known."""
    before = rolling.lag(close, 1)
    return np.fmax(high, before) - np.fmin(low, before) + 0.0 * (high - low)


def atr(high: Floats, low: Floats, close: Floats, period: int = 14) -> Floats:
    """Average true range in price units: Wilder's average (a = 1 / period) of the true range."""
    return _exponential(true_range(high, low, close), 1.0 / period)


def bollinger(close: Floats, window: int = 20, width: float = 2.0) -> Bollinger:
    """Bollinger bands: mean of the window plus and minus `width` population standard deviations.

    `position` = (close - lower) / (upper - lower); NaN where the close stood still.
    """
    middle = sma(close, window)
    reach = width * rolling.std(close, window, _half(window))
    lower = middle - reach
    position = np.divide(close - lower, 2.0 * reach, out=np.full(close.shape, np.nan), where=reach > 0)
    return Bollinger(middle, middle + reach, lower, position)


def memory(alpha: float) -> int:
    """Bars in the window of an exponential average whose newest bar has weight `alpha`."""
    return int(np.ceil(MEMORY * _halflife(alpha)))


def lookback() -> int:
    """Rows before a result that the widest indicator with its default settings reaches (MACD's two
    averages).
    """
    return memory(2.0 / 27.0) + memory(2.0 / 10.0)


def _exponential(x: Floats, alpha: float) -> Floats:
    window = memory(alpha)
    return rolling.ewma(x, _halflife(alpha), window, max(1, round(1.0 / alpha)))


def _halflife(alpha: float) -> float:
    return float(np.log(0.5) / np.log1p(-alpha))


def _half(window: int) -> int:
    return max(1, window // 2)

"""The rows of `technical.py`: every family advances one bar over a block of coins.

A family remembers of each coin what its recursion needs, in arrays (B,) or rings (window, B) of its own.
Seeds are TA-Lib's: an average starts as the plain mean of its first window, Wilder's of the first changes,
the fast average of the MACD with the window that ends where the slow one starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from assets.engine.panel import Bools, Floats

if TYPE_CHECKING:
    from assets.engine.technical import Periods

Bars = tuple[Floats, Floats, Floats, Floats]
_loop = njit(cache=True, nogil=True, error_model="numpy")
_UNUSED = np.empty((0, 0))
FLAT = 1e-14  # variance, as a share of the price's square below 1 USD, that is rounding and no movement


@_loop
def _sma(x: Floats, out: Floats, t: int, a: int, b: int, window: int, total: Floats) -> None:
    for n in range(a, b):
        total[n - a] += x[t, n]
    if t < window - 1:
        out[t, a:b] = np.nan
        return
    share = 1.0 / window
    for n in range(a, b):
        out[t, n] = total[n - a] * share
        total[n - a] -= x[t - window + 1, n]


@_loop
def _ema(x: Floats, out: Floats, t: int, a: int, b: int, period: int, state: Floats) -> None:
    if t < period - 1:
        for n in range(a, b):
            state[n - a] += x[t, n]
        out[t, a:b] = np.nan
        return
    if t == period - 1:
        for n in range(a, b):
            state[n - a] = (state[n - a] + x[t, n]) / period
            out[t, n] = state[n - a]
        return
    weight = 2.0 / (period + 1.0)
    for n in range(a, b):
        state[n - a] += (x[t, n] - state[n - a]) * weight
        out[t, n] = state[n - a]


@_loop
def _rsi(x: Floats, out: Floats, t: int, a: int, b: int, period: int, state: Floats) -> None:
    up, down = state[0], state[1]
    if t == 0:
        out[t, a:b] = np.nan
        return
    if t <= period:
        share = 1.0 / period if t == period else 1.0
        for n in range(a, b):
            step = x[t, n] - x[t - 1, n]
            up[n - a] = (up[n - a] + max(step, 0.0)) * share
            down[n - a] = (down[n - a] + max(-step, 0.0)) * share
    else:
        share, rest = 1.0 / period, period - 1.0
        for n in range(a, b):
            step = x[t, n] - x[t - 1, n]
            up[n - a] = (up[n - a] * rest + max(step, 0.0)) * share
            down[n - a] = (down[n - a] * rest + max(-step, 0.0)) * share
    if t < period:
        out[t, a:b] = np.nan
        return
    for n in range(a, b):
        moved = up[n - a] + down[n - a]
        out[t, n] = 100.0 * up[n - a] / moved if moved > 0.0 else 0.0


@_loop
def _macd(
    x: Floats, outs: tuple[Floats, Floats, Floats], t: int, a: int, b: int, periods: Any, state: Floats
) -> None:
    line, signal, histogram = outs
    fast, slow, smooth = periods
    quick, lazy, third = state[0], state[1], state[2]
    if t < slow:
        for n in range(a, b):
            lazy[n - a] += x[t, n]
            if t >= slow - fast:
                quick[n - a] += x[t, n]
        if t < slow - 1:
            line[t, a:b] = np.nan
            signal[t, a:b] = np.nan
            histogram[t, a:b] = np.nan
            return
        for n in range(a, b):
            lazy[n - a] /= slow
            quick[n - a] /= fast
    else:
        by_fast, by_slow = 2.0 / (fast + 1.0), 2.0 / (slow + 1.0)
        for n in range(a, b):
            quick[n - a] += (x[t, n] - quick[n - a]) * by_fast
            lazy[n - a] += (x[t, n] - lazy[n - a]) * by_slow
    for n in range(a, b):
        line[t, n] = quick[n - a] - lazy[n - a]
    _signal(line, signal, histogram, t, t - slow + 1, a, b, smooth, third)


@_loop
def _signal(
    line: Floats,
    signal: Floats,
    histogram: Floats,
    t: int,
    age: int,
    a: int,
    b: int,
    smooth: int,
    state: Floats,
) -> None:
    """The signal line, the average of the line since it began `age` bars ago, and what lies between them."""
    if age < smooth:
        share = 1.0 / smooth if age == smooth - 1 else 1.0
        for n in range(a, b):
            state[n - a] = (state[n - a] + line[t, n]) * share
        if age < smooth - 1:
            signal[t, a:b] = np.nan
            histogram[t, a:b] = np.nan
            return
    else:
        weight = 2.0 / (smooth + 1.0)
        for n in range(a, b):
            state[n - a] += (line[t, n] - state[n - a]) * weight
    for n in range(a, b):
        signal[t, n] = state[n - a]
        histogram[t, n] = line[t, n] - state[n - a]


@_loop
def _bollinger(
    x: Floats,
    outs: tuple[Floats, Floats, Floats],
    t: int,
    a: int,
    b: int,
    window: int,
    width: float,
    state: Floats,
) -> None:
    upper, middle, lower = outs
    total, squares = state[0], state[1]
    for n in range(a, b):
        total[n - a] += x[t, n]
        squares[n - a] += x[t, n] * x[t, n]
    if t < window - 1:
        upper[t, a:b] = np.nan
        middle[t, a:b] = np.nan
        lower[t, a:b] = np.nan
        return
    share = 1.0 / window
    for n in range(a, b):
        mean = total[n - a] * share
        variance = squares[n - a] * share - mean * mean
        variance = variance if variance > FLAT * min(1.0, mean * mean) else 0.0
        reach = width * np.sqrt(variance)
        upper[t, n] = mean + reach
        middle[t, n] = mean
        lower[t, n] = mean - reach
        old = x[t - window + 1, n]
        total[n - a] -= old
        squares[n - a] -= old * old


@_loop
def _atr(bars: Bars, out: Floats, t: int, a: int, b: int, period: int, state: Floats) -> None:
    high, low, close, _ = bars
    if t == 0:
        out[t, a:b] = np.nan
        return
    share = 1.0 / period if t >= period else 1.0
    rest = period - 1.0 if t > period else 1.0
    for n in range(a, b):
        before = close[t - 1, n]
        reach = max(high[t, n], before) - min(low[t, n], before)
        state[n - a] = (state[n - a] * rest + reach) * share
        out[t, n] = state[n - a]
    if t < period:
        out[t, a:b] = np.nan


@_loop
def _extremes(
    high: Floats, low: Floats, t: int, a: int, b: int, window: int, state: Floats, rings: Floats
) -> None:
    """Highest high and lowest low of the window in state[2] and state[3] (van Herk 1992).

    state[0], state[1] are those of the block of `window` bars so far; `rings` those from each bar of the
    block before to its end.
    """
    top, bottom, best, worst = state[0], state[1], state[2], state[3]
    place = t % window
    if place == 0:
        for n in range(a, b):
            top[n - a], bottom[n - a] = high[t, n], low[t, n]
    else:
        for n in range(a, b):
            top[n - a] = max(top[n - a], high[t, n])
            bottom[n - a] = min(bottom[n - a], low[t, n])
    if place < window - 1:
        for n in range(b - a):
            best[n] = max(top[n], rings[0, place + 1, n])
            worst[n] = min(bottom[n], rings[1, place + 1, n])
        return
    for n in range(b - a):
        best[n], worst[n] = top[n], bottom[n]
    for n in range(a, b):
        rings[0, window - 1, n - a], rings[1, window - 1, n - a] = high[t, n], low[t, n]
    for k in range(window - 2, -1, -1):
        row = t - window + 1 + k
        for n in range(a, b):
            rings[0, k, n - a] = max(rings[0, k + 1, n - a], high[row, n])
            rings[1, k, n - a] = min(rings[1, k + 1, n - a], low[row, n])


@_loop
def _stochastic(
    bars: Bars,
    outs: tuple[Floats, Floats],
    t: int,
    a: int,
    b: int,
    periods: Any,
    state: Floats,
    rings: tuple[Floats, Floats, Floats],
) -> None:
    high, low, close, _ = bars
    k_out, d_out = outs
    window, slow_k, slow_d = periods
    raws, slows = rings[1], rings[2]
    _extremes(high, low, t, a, b, window, state, rings[0])
    best, worst, k_sum, d_sum = state[2], state[3], state[4], state[5]
    age = t - window + 1
    if age < slow_k + slow_d - 2:
        k_out[t, a:b] = np.nan
        d_out[t, a:b] = np.nan
    if age < 0:
        return
    raw = raws[age % slow_k]
    for n in range(a, b):
        span = best[n - a] - worst[n - a]
        raw[n - a] = 100.0 * (close[t, n] - worst[n - a]) / span if span > 0.0 else 0.0
        k_sum[n - a] += raw[n - a]
    if age < slow_k - 1:
        return
    share, old = 1.0 / slow_k, raws[(age + 1) % slow_k]
    slow = slows[age % slow_d]
    for n in range(a, b):
        slow[n - a] = k_sum[n - a] * share
        k_out[t, n] = slow[n - a]
        k_sum[n - a] -= old[n - a]
        d_sum[n - a] += slow[n - a]
    if age < slow_k + slow_d - 2:
        return
    share, old = 1.0 / slow_d, slows[(age + 1) % slow_d]
    for n in range(a, b):
        d_out[t, n] = d_sum[n - a] * share
        d_sum[n - a] -= old[n - a]


@_loop
def _adx(bars: Bars, out: Floats, t: int, a: int, b: int, period: int, state: Floats) -> None:
    high, low, close, _ = bars
    plus, minus, reach, dx, adx = state[0], state[1], state[2], state[3], state[4]
    if t == 0:
        out[t, a:b] = np.nan
        return
    rest = 1.0 - 1.0 / period if t >= period else 1.0
    for n in range(a, b):
        up, down = high[t, n] - high[t - 1, n], low[t - 1, n] - low[t, n]
        before = close[t - 1, n]
        plus[n - a] = plus[n - a] * rest + (up if (up > 0.0) & (up > down) else 0.0)
        minus[n - a] = minus[n - a] * rest + (down if (down > 0.0) & (down > up) else 0.0)
        reach[n - a] = reach[n - a] * rest + max(high[t, n], before) - min(low[t, n], before)
    if t < period:
        out[t, a:b] = np.nan
        return
    first = 2 * period - 1
    share = 1.0 / period
    keep, weight = (1.0, 1.0) if t < first else (1.0, share) if t == first else (period - 1.0, share)
    for n in range(a, b):
        both = plus[n - a] + minus[n - a]
        moved = (both > 0.0) & (reach[n - a] > 0.0)
        dx[n - a] = (
            100.0 * abs(plus[n - a] - minus[n - a]) / both if moved else (adx[n - a] if t > first else 0.0)
        )
        adx[n - a] = (adx[n - a] * keep + dx[n - a]) * weight
        out[t, n] = adx[n - a]
    if t < first:
        out[t, a:b] = np.nan


@_loop
def _obv(bars: Bars, out: Floats, t: int, a: int, b: int, state: Floats) -> None:
    _, _, close, volume = bars
    if t == 0:
        for n in range(a, b):
            state[n - a] = volume[t, n]
            out[t, n] = state[n - a]
        return
    for n in range(a, b):
        now, before = close[t, n], close[t - 1, n]
        state[n - a] += volume[t, n] if now > before else (-volume[t, n] if now < before else 0.0)
        out[t, n] = state[n - a]


@_loop
def _averages(
    close: Floats, outs: Any, wanted: Bools, t: int, span: Any, windows: Any, width: float, memory: Floats
) -> None:
    """Row `t` of the families that look at the close alone."""
    sma, ema, rsi, macd, bollinger = outs
    a, b = span
    if wanted[0]:
        _sma(close, sma, t, a, b, windows[0], memory[0])
    if wanted[1]:
        _ema(close, ema, t, a, b, windows[1], memory[1])
    if wanted[2]:
        _rsi(close, rsi, t, a, b, windows[2], memory[2:4])
    if wanted[3]:
        _macd(close, macd, t, a, b, windows[3], memory[4:7])
    if wanted[4]:
        _bollinger(close, bollinger, t, a, b, windows[4], width, memory[7:9])


@_loop
def _advance(bars: Bars, outs: Any, wanted: Bools, a: int, b: int, windows: Any, width: float) -> None:
    """All rows of columns a to b of every wanted family."""
    close = bars[2]
    sma, ema, rsi, macd, bollinger, atr, stochastic, adx, obv = outs
    size = b - a
    memory = np.zeros((24, size))
    extremes = np.empty((2, windows[6][0], size))
    extremes[0], extremes[1] = -np.inf, np.inf
    rings = (extremes, np.zeros((windows[6][1], size)), np.zeros((windows[6][2], size)))
    for t in range(close.shape[0]):
        _averages(close, (sma, ema, rsi, macd, bollinger), wanted, t, (a, b), windows, width, memory)
        if wanted[5]:
            _atr(bars, atr, t, a, b, windows[5], memory[9])
        if wanted[6]:
            _stochastic(bars, stochastic, t, a, b, windows[6], memory[10:16], rings)
        if wanted[7]:
            _adx(bars, adx, t, a, b, windows[7], memory[16:21])
        if wanted[8]:
            _obv(bars, obv, t, a, b, memory[21])


def sweep(
    grid: dict[str, Floats],
    out: dict[str, Floats],
    span: tuple[int, int],
    wanted: list[str],
    periods: Periods,
) -> None:
    """Fill the lines `out` of columns `span`; arrays (T, N) of one layout, bars without a hole."""

    def line(name: str) -> Floats:
        return out.get(name, _UNUSED)

    high, low, close, volume = (grid.get(name, _UNUSED) for name in ("high", "low", "close", "volume"))
    outs = (
        line("sma"),
        line("ema"),
        line("rsi"),
        (line("macd"), line("macd_signal"), line("macd_histogram")),
        (line("bollinger_upper"), line("bollinger_middle"), line("bollinger_lower")),
        line("atr"),
        (line("stochastic_k"), line("stochastic_d")),
        line("adx"),
        line("obv"),
    )
    families = ("sma", "ema", "rsi", "macd", "bollinger", "atr", "stochastic", "adx", "obv")
    windows = tuple(getattr(periods, name) for name in families[:-1])
    flags = np.array([name in wanted for name in families])
    _advance((high, low, close, volume), outs, flags, *span, windows, periods.bollinger_width)

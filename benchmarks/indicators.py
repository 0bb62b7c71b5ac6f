"""The nine families of indicators over a panel beside TA-Lib, series by series."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

import numpy as np
import talib

from assets.engine.technical import Buffers, indicators
from benchmarks.figures import Figure, Scale

Grid = Mapping[str, np.ndarray]


def run(scale: Scale) -> list[Figure]:
    """Milliseconds of both; each line is checked to be TA-Lib's."""
    assets, bars = scale.indicators
    grid = walks(assets, bars)
    series = {name: np.ascontiguousarray(values.T) for name, values in grid.items()}
    buffers = Buffers()
    ways: dict[str, Callable[[], object]] = {
        "talib": lambda: [theirs(series, n) for n in range(assets)],
        "one": lambda: indicators(grid, buffers=buffers),
        "two": lambda: indicators(grid, buffers=buffers, threads=2),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(2 * scale.rounds + 2):
        for name, way in ways.items():
            begun = time.perf_counter()
            way()
            if number:  # the first round compiles and makes the buffers
                taken[name].append(time.perf_counter() - begun)
    seconds = {name: statistics.median(times) for name, times in taken.items()}
    return [
        Figure(f"TA-Lib, nine families of {assets} x {bars} bars", 1_000 * seconds["talib"], "ms"),
        Figure("ours, one thread", 1_000 * seconds["one"], "ms"),
        Figure("against TA-Lib, one thread", seconds["talib"] / seconds["one"], "x", 2.0),
        Figure("against TA-Lib, two threads", seconds["talib"] / seconds["two"], "x", 3.0),
        Figure("largest difference", _difference(grid, series), "", 1e-9, at_most=True),
    ]


def walks(assets: int, bars: int) -> dict[str, np.ndarray]:
    """Random walks with ranges and volumes, (T, N)."""
    rng = np.random.default_rng(5)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.02, (bars, assets)), axis=0))
    open_ = np.vstack([close[:1], close[:-1]])
    reach = np.abs(rng.normal(0.0, 0.01, (2, bars, assets)))
    return {
        "high": np.maximum(open_, close) * np.exp(reach[0]),
        "low": np.minimum(open_, close) * np.exp(-reach[1]),
        "close": close,
        "volume": np.exp(rng.normal(10.0, 1.0, (bars, assets))),
    }


def theirs(series: Grid, n: int) -> dict[str, np.ndarray]:
    """TA-Lib's lines of series `n` of arrays (N, T), by our names."""
    high, low, close, volume = (series[name][n] for name in ("high", "low", "close", "volume"))
    macd, signal, histogram = talib.MACD(close, 12, 26, 9)
    upper, middle, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    k, d = talib.STOCH(high, low, close, 14, 3, 0, 3, 0)
    return {
        "sma": talib.SMA(close, 20),
        "ema": talib.EMA(close, 20),
        "rsi": talib.RSI(close, 14),
        "macd": macd,
        "macd_signal": signal,
        "macd_histogram": histogram,
        "bollinger_upper": upper,
        "bollinger_middle": middle,
        "bollinger_lower": lower,
        "atr": talib.ATR(high, low, close, 14),
        "stochastic_k": k,
        "stochastic_d": d,
        "adx": talib.ADX(high, low, close, 14),
        "obv": talib.OBV(close, volume),
    }


def _difference(grid: Grid, series: Grid) -> float:
    """The largest difference of any line of a few coins, relative where figures are above 1."""
    ours, worst = indicators(grid), 0.0
    for n in range(0, grid["close"].shape[1], 50):
        for name, line in theirs(series, n).items():
            known = np.isfinite(line)
            gap = np.abs(ours[name][known, n] - line[known]) / np.maximum(1.0, np.abs(line[known]))
            worst = max(worst, float(gap.max(initial=0.0)))
    return worst

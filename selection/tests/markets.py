"""Small simulated markets: a common factor, own volatilities, gaps, late listings and delistings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from assets.engine.panel import BAR_FIELDS, Panel
from assets.engine.timeframe import Timeframe


def market(
    rows: int, coins: int = 30, seed: int = 1, drift: float = 0.0, timeframe: Timeframe = Timeframe.DAY
) -> Panel:
    """Random walks around a market; `drift` is earned per bar by calm coins and lost by wild ones.

    Coin 0 lists late, coin 1 dies early, coin 2 has a hole and coin 3 single missing bars; half have a cap.
    """
    rng = np.random.default_rng(seed)
    volatility = np.linspace(0.02, 0.08, coins)
    common = rng.normal(0.0, 0.02, (rows, 1))
    own = rng.standard_t(4, (rows, coins)) * volatility
    lean = drift * np.linspace(1.0, -1.0, coins)
    close = 100.0 * np.exp(np.cumsum(common + own + lean - 0.5 * volatility**2, axis=0))
    opening = np.vstack((np.full((1, coins), 100.0), close[:-1]))
    wick = 1.0 + np.abs(rng.normal(0.0, 0.01, (rows, coins)))
    bars = {
        "open": opening,
        "high": np.maximum(opening, close) * wick,
        "low": np.minimum(opening, close) / wick,
        "close": close,
        "volume": 1e6 * np.exp(rng.normal(0.0, 0.5, (rows, coins))) * np.linspace(5.0, 1.0, coins),
        "market_cap": np.where(np.arange(coins) % 2 == 0, close * 1e6, np.nan),
    }
    for values in bars.values():
        values[: rows // 2, 0] = np.nan
        values[3 * rows // 4 :, 1] = np.nan
        values[rows // 3 : rows // 3 + 9, 2] = np.nan
        values[rng.random(rows) < 0.01, 3] = np.nan
    times = pd.date_range("2020-01-01", periods=rows, freq=timeframe.pandas_freq, tz="UTC", unit="us")
    names = tuple(f"C{n:02d}" for n in range(coins))
    return Panel(timeframe, times, np.arange(coins), names, np.zeros(coins, dtype=np.bool_), **bars)


def changed_after(panel: Panel, row: int) -> Panel:
    """The same panel up to `row`, another world from then on."""
    bars = {}
    for name in BAR_FIELDS:
        values = getattr(panel, name).copy()
        values[row + 1 :] = values[row + 1 :][::-1] * 1.7
        bars[name] = values
    return replace(panel, **bars)

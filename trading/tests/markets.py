"""Small simulated markets and hand-written bars for the engine's tests."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from assets.engine.panel import Floats, Panel
from assets.engine.timeframe import Timeframe

START = datetime(2019, 1, 1, tzinfo=UTC)


def bars(rows: list[tuple[float, float, float, float]], scale: float = 1.0) -> Panel:
    """A panel of one coin from (open, high, low, close) by day."""
    grid = np.array(rows, dtype=np.float64) * scale
    return panel(*(grid[:, [j]] for j in range(4)), volume=np.full((len(rows), 1), 1e6))


def panel(open_: Floats, high: Floats, low: Floats, close: Floats, volume: Floats) -> Panel:
    """A daily panel of coins that are not pegged."""
    rows, coins = close.shape
    times = Timeframe.DAY.opens(START, START + (rows - 1) * Timeframe.DAY.delta)
    return Panel(
        timeframe=Timeframe.DAY,
        times=times,
        asset_ids=np.arange(1, coins + 1),
        symbols=tuple(f"C{n}" for n in range(coins)),
        is_stable=np.zeros(coins, dtype=np.bool_),
        open=open_,
        high=high,
        low=low,
        close=close,
        volume=volume,
        market_cap=np.full((rows, coins), np.nan),
    )


def market(rows: int, coins: int = 12, seed: int = 7) -> Panel:
    """Random walks of changing volatility with gaps, a late listing, a death, and a coin priced near 1e-9."""
    rng = np.random.default_rng(seed)
    swing = 0.03 * np.exp(0.5 * np.sin(np.arange(rows)[:, None] / 40 + np.arange(coins)))
    steps = swing * rng.standard_t(4, (rows, coins)) / np.sqrt(2)
    close = 10.0 * np.exp(np.cumsum(steps, axis=0))
    close[:, 1] *= 1e-10
    open_ = np.vstack([close[:1], close[:-1]]) * np.exp(0.002 * rng.standard_normal((rows, coins)))
    reach = np.abs(rng.normal(0.0, 0.5, (2, rows, coins))) * swing
    high, low = np.fmax(open_, close) * np.exp(reach[0]), np.fmin(open_, close) * np.exp(-reach[1])
    volume = np.exp(rng.normal(15.0, 0.7, (rows, coins)))
    gone = rng.random((rows, coins)) < 0.01
    gone[: rows // 2, 2] = True
    gone[rows * 3 // 4 :, 3] = True
    gone[rows - 30 : rows - 22, 4] = True
    return panel(
        *(np.where(gone, np.nan, x) for x in (open_, high, low, close)), np.where(gone, np.nan, volume)
    )

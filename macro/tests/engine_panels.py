"""Small markets whose truth is known, for the engine's tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from assets.engine.panel import Panel
from assets.engine.timeframe import Timeframe

SYMBOLS = ("BTC", "ETH", "USDT", "ADA", "DOT", "LTC", "SOL", "XRP", "NEW", "OLD")


def panel_of(close: np.ndarray, symbols: tuple[str, ...], **bars: np.ndarray) -> Panel:
    """A daily panel from 2012 on with the given closes (T, N); open is the close before, volume 1e9."""
    close = np.asarray(close, dtype=np.float64)
    first = datetime(2012, 1, 1, tzinfo=UTC)
    times = Timeframe.DAY.opens(first, first + timedelta(days=len(close) - 1))
    before = np.vstack([close[:1], close[:-1]])
    given = {
        "open": before,
        "high": np.fmax(close, before),
        "low": np.fmin(close, before),
        "volume": np.where(np.isfinite(close), 1e9, np.nan),
        "market_cap": np.full(close.shape, np.nan),
    } | bars
    stable = np.array([symbol in {"USDT", "WBTC"} for symbol in symbols])
    ids = np.arange(1, len(symbols) + 1)
    return Panel(Timeframe.DAY, times, ids, symbols, stable, close=close, **given)


def simulated(rows: int, seed: int = 5) -> Panel:
    """Ten coins through bull, bear and quiet times, with gaps, a late listing, a death, sparse caps."""
    rng = np.random.default_rng(seed)
    phase = (np.arange(rows) // 130) % 3
    drift = np.choose(phase, [0.006, -0.01, 0.0])
    spread = np.choose(phase, [0.025, 0.04, 0.012])
    common = drift + spread * rng.standard_normal(rows)
    own = 0.02 * rng.standard_normal((rows, len(SYMBOLS)))
    close = 50.0 * np.exp(np.cumsum(common[:, None] + own, axis=0))
    close[:, SYMBOLS.index("USDT")] = 1.0 + 0.001 * rng.standard_normal(rows)
    close[: rows - 100, SYMBOLS.index("NEW")] = np.nan
    close[rows - 60 :, SYMBOLS.index("OLD")] = np.nan
    close[rng.random(close.shape) < 0.002] = np.nan
    close[:, 0] = np.where(np.isnan(close[:, 0]), 50.0, close[:, 0])
    supply = np.array([100.0, 60.0, 900.0, 30.0, 20.0, 10.0, 15.0, 25.0, 5.0, 5.0])
    reported = (rng.random(close.shape) < 0.02) & (np.arange(len(SYMBOLS)) < 7)
    volume = 1e6 * supply * np.exp(0.3 * rng.standard_normal(close.shape))
    return panel_of(
        close,
        SYMBOLS,
        volume=np.where(np.isfinite(close), volume, np.nan),
        market_cap=np.where(reported, close * supply * 1e6, np.nan),
    )


def readings(panel: Panel, seed: int = 6) -> pd.DataFrame:
    """Outside readings on the panel's times: one with holes, one begun late, dominance with a glitch."""
    rng = np.random.default_rng(seed)
    rows = panel.shape[0]
    stocks = 4000.0 * np.exp(np.cumsum(0.01 * rng.standard_normal(rows)))
    stocks[panel.times.day_of_week >= 5] = np.nan
    mood = np.clip(50.0 + np.cumsum(3.0 * rng.standard_normal(rows)), 0.0, 100.0)
    mood[: rows // 2] = np.nan
    share = 50.0 + np.cumsum(0.1 * rng.standard_normal(rows))
    share[rows // 3] += 30.0
    frame = {"sp500": stocks, "fear_greed_index": mood, "btc_dominance": share}
    return pd.DataFrame(frame, index=panel.times)

"""Candles from log prices: open, high, low, close of an intrabar path, USD volume, market cap, gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.engine.panel import Floats, Panel
from assets.engine.simulator.coins import Coins
from assets.engine.simulator.draws import Draws, Stream, autoregression
from assets.engine.simulator.params import ANCHORS, SimulationParams
from assets.engine.simulator.paths import Paths, runs

_OPEN_GAP = 0.01
_LONGEST_GAP = 4


def panel(
    params: SimulationParams,
    draws: Draws,
    coins: Coins,
    path: Paths,
    times: pd.DatetimeIndex,
    weekend: Floats,
) -> Panel:
    """The candles of all coins; a bar before listing, after delisting or in a gap is NaN in every field."""
    count = params.assets
    level = np.cumsum(path.change, axis=0)
    before = coins.price * np.exp(level - path.change)
    gap = _OPEN_GAP * path.deviation * draws.normal(Stream.OPEN, count)
    high, low = _extremes(draws, gap, path)
    seen = path.alive & ~_gaps(params, draws)
    close = coins.price * np.exp(level)
    opened = before * np.exp(gap)
    cap = _caps(params, coins, close)
    bars = {
        "open": opened,
        "high": np.maximum(before * np.exp(high), np.maximum(opened, close)),
        "low": np.minimum(before * np.exp(low), np.minimum(opened, close)),
        "close": close,
        "volume": _volume(params, draws, coins, path, cap, weekend),
        "market_cap": np.where(coins.has_cap, cap, np.nan),
    }
    return Panel(
        timeframe=params.timeframe,
        times=times,
        asset_ids=np.arange(1, count + 1, dtype=np.int64),
        symbols=coins.symbols,
        is_stable=coins.is_stable,
        **{name: np.where(seen, values, np.nan) for name, values in bars.items()},
    )


def _extremes(draws: Draws, gap: Floats, path: Paths) -> tuple[Floats, Floats]:
    """Highest and lowest log price of a Brownian bridge from `gap` to the bar's change.

    The maximum of a bridge from a to b of variance s^2 is (a + b + sqrt((b - a)^2 - 2 s^2 ln U)) / 2 for
    uniform U (Karatzas and Shreve, Brownian Motion and Stochastic Calculus, 4.3.40); the minimum mirrors it.
    """
    count = gap.shape[1]
    centre, reach = gap + path.change, (path.change - gap) ** 2
    spread = 2.0 * path.deviation * path.deviation
    up = np.sqrt(reach - spread * np.log(1.0 - draws.uniform(Stream.HIGH, count)))
    down = np.sqrt(reach - spread * np.log(1.0 - draws.uniform(Stream.LOW, count)))
    return 0.5 * (centre + up), 0.5 * (centre - down)


def _caps(params: SimulationParams, coins: Coins, close: Floats) -> Floats:
    """Close times a supply that grows by the coin's inflation."""
    years = np.arange(len(close), dtype=np.float64)[:, None] / (365.25 * params.bars_per_day)
    supply = coins.cap / coins.price * np.exp(coins.inflation * years)
    return np.asarray(close * supply, dtype=np.float64)


def _volume(
    params: SimulationParams, draws: Draws, coins: Coins, path: Paths, cap: Floats, weekend: Floats
) -> Floats:
    """USD turned over in the bar: a share of the cap that swells with volatility and in a crash.

    It ebbs on weekends, in the last weeks before a delisting, and nearly dries up while a price stands still.
    """
    bars, count = params.bars_per_day, params.assets
    slow = autoregression(draws.normal(Stream.TURNOVER_DRIFT, count), 15.0 * bars)
    usual = np.hypot(coins.beta * 0.03, np.maximum(coins.volatility, 0.001)) / np.sqrt(bars)
    activity = 0.55 * slow + 0.20 * draws.normal(Stream.TURNOVER, count)
    activity += 0.6 * np.log(np.maximum(np.hypot(path.deviation, path.change) / usual, 0.02))
    activity += 1.5 * path.crashing - 0.3 * weekend[:, None]
    day = np.arange(draws.rows, dtype=np.float64)[:, None] / bars
    activity -= 0.15 * np.clip(day - (coins.delisted - 20.0), 0.0, 20.0)
    return np.asarray(cap * coins.turnover / bars * np.exp(activity), dtype=np.float64)


def _gaps(params: SimulationParams, draws: Draws) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Bars that no source delivered: one to four in a row; never of BTC and ETH."""
    rate = np.full(params.assets, params.gap_rate)
    rate[:ANCHORS] = 0.0
    return runs(draws.uniform(Stream.GAP, params.assets), rate, 1, _LONGEST_GAP)

"""Small made-up markets for the tests: factors by sector, gaps, late listings, deaths, sparse caps."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from assets.engine.caps import CapParams
from assets.engine.panel import Floats, Panel
from assets.engine.timeframe import Timeframe
from assets.engine.universe import UniverseParams
from sectors.engine import Membership, Params

FIRST = datetime(2018, 1, 1, tzinfo=UTC)
QUICK = Params(
    universe=UniverseParams(size=40, volume_days=5, least_days=10),
    caps=CapParams(carry_days=40, least_for_relation=8),
)


def panel(close: Floats, volume: Floats, cap: Floats, stable: int = 0) -> Panel:
    """A panel of daily bars around `close` (T, N); the last `stable` coins are pegged."""
    rows, coins = close.shape
    return Panel(
        timeframe=Timeframe.DAY,
        times=pd.date_range(FIRST, periods=rows, freq="1D", unit="us"),
        asset_ids=np.arange(1, coins + 1),
        symbols=tuple(f"C{n}" for n in range(coins)),
        is_stable=np.arange(coins) >= coins - stable,
        open=close,
        high=close,
        low=close,
        close=close,
        volume=volume,
        market_cap=cap,
    )


def market(rows: int, seed: int = 0, sectors: int = 6, each: int = 4) -> tuple[Panel, Membership]:
    """`sectors` risky sectors of `each` coins and one of two pegged coins."""
    rng = np.random.default_rng(seed)
    coins = sectors * each
    home = np.repeat(np.arange(sectors), each)
    common = 0.03 * rng.standard_t(5, (rows, 1))
    own = 0.02 * rng.standard_t(5, (rows, sectors))[:, home] + 0.02 * rng.standard_t(5, (rows, coins))
    close = np.exp(np.cumsum(np.clip(common + own, -0.5, 0.5), axis=0)) * rng.uniform(0.1, 100, coins)
    size = np.exp(rng.normal(20, 1.5, coins))
    supply = size / close[0]
    volume = 0.05 * supply * close * np.exp(0.5 * rng.standard_normal((rows, coins)))
    cap = np.where(rng.random((rows, coins)) < 0.1, supply * close, np.nan)
    cap[:, ::5] = np.nan
    close[: rows // 3, 1] = np.nan
    close[rows // 2 :, 6] = np.nan
    close[rows // 4 : rows // 4 + 3] = np.nan
    close[rng.random(close.shape) < 0.002] = np.nan
    pegged = 1.0 + 0.001 * rng.standard_normal((rows, 2))
    gone = np.isnan(close)
    volume[gone], cap[gone] = np.nan, np.nan
    weights = np.zeros((coins + 2, sectors + 1))
    weights[np.arange(coins), home] = 1.0
    weights[0, :2] = 0.6, 0.4
    weights[coins:, sectors] = 1.0
    names = (*(f"S{s}" for s in range(sectors)), "Stablecoins")
    return (
        panel(
            np.hstack([close, pegged]),
            np.hstack([volume, np.full((rows, 2), 1e9)]),
            np.hstack([cap, 1e10 * pegged]),
            stable=2,
        ),
        Membership(names, weights, np.arange(sectors + 1) == sectors),
    )

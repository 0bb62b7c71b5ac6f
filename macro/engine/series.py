"""Readings from outside the candles (sentiment, derivatives, other markets), aligned to the bars."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import pandas as pd

from assets.engine import rolling
from assets.engine.panel import Floats, Panel

#: Columns of `series` that the layer reads; others are ignored, absent ones are NaN throughout.
NAMES = (
    "fear_greed_index",
    "funding_rate_btc",
    "open_interest_btc",
    "sp500",
    "gold",
    "dxy",
    "vix_index",
    "us_10y_yield",
    "btc_dominance",
    "google_trends_score",
    "whale_netflow_24h",
    "active_addresses_btc",
    "liquidations_long",
    "liquidations_short",
)
#: A reading of dominance further than this many points from the median of its last days is a glitch.
GLITCH_POINTS = 5.0


def aligned(panel: Panel, series: pd.DataFrame | None, carry_days: int) -> dict[str, Floats]:
    """Each reading on the panel's rows (T,), the last one at most `carry_days` old; NaN where absent.

    `series` is indexed by open times as `panel.times`; a value in row t was known at that bar's close.
    Markets that rest at weekends are carried over them, a source that stopped is not.
    """
    rows = panel.shape[0]
    span = panel.timeframe.bars(timedelta(days=carry_days))
    out = {name: np.full(rows, np.nan) for name in NAMES}
    if series is None:
        return out
    placed = series.reindex(panel.times)
    for name in NAMES:
        if name in placed.columns:
            raw = np.array(placed[name], dtype=np.float64).reshape(-1, 1)
            out[name] = rolling.last_known(raw, span)[:, 0]
    out["btc_dominance"] = without_glitches(out["btc_dominance"], panel.timeframe.bars(timedelta(days=7)))
    return out


def without_glitches(x: Floats, window: int) -> Floats:
    """x (T,) without the cells that stand far from the median of their own last `window` bars."""
    usual = rolling.median(x, window, 1)
    return np.where(np.abs(x - usual) <= GLITCH_POINTS, x, np.nan)


def absent(readings: Mapping[str, Floats], first: int) -> tuple[tuple[str, ...], ...]:
    """For each row from `first` on, the names of the readings that had no value."""
    rows = len(readings[NAMES[0]])
    return tuple(
        tuple(name for name in NAMES if not np.isfinite(readings[name][row])) for row in range(first, rows)
    )

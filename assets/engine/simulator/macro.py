"""The world around a simulated market: sentiment, derivatives, and markets that close on weekends."""

from __future__ import annotations

import numpy as np
import pandas as pd

from assets.engine.panel import Floats
from assets.engine.simulator.draws import Draws, Stream, autoregression, smooth
from assets.engine.simulator.params import SimulationParams

MACRO_SERIES = (
    "fear_greed_index",
    "funding_rate_btc",
    "open_interest_btc",
    "sp500",
    "gold",
    "dxy",
    "vix_index",
    "us_10y_yield",
)
_MOOD_DAYS = 20.0


def macro(params: SimulationParams, seed: int, times: pd.DatetimeIndex, market: Floats) -> pd.DataFrame:
    """One row a complete day (labelled by its open), one column a series of MACRO_SERIES.

    `fear_greed_index` 0 to 100; `funding_rate_btc` mean 8-hour rate; `open_interest_btc` in USD; yield in
    per cent. NaN on weekends where the real series has no value. `market` (T,) is its log return per bar.
    """
    bars = params.bars_per_day
    days = len(times) // bars
    daily = market[: days * bars].reshape(days, bars).sum(axis=1)
    index = times[: days * bars : bars]
    shock = Draws(seed, days).normal(Stream.MACRO, len(MACRO_SERIES))
    mood = smooth(daily[:, None], float(np.exp(-1.0 / _MOOD_DAYS)))[:, 0]
    frame = pd.DataFrame(index=index)
    unrest = autoregression(shock[:, :1], 5.0)[:, 0]
    frame["fear_greed_index"] = np.clip(np.round(48.0 + 150.0 * mood + 9.0 * unrest), 3.0, 97.0)
    frame["funding_rate_btc"] = 1e-4 + 8e-4 * mood + 1.4e-4 * autoregression(shock[:, 1:2], 5.0)[:, 0]
    crowd = autoregression(shock[:, 2:3], 30.0)[:, 0]
    frame["open_interest_btc"] = 1.1e10 * np.exp(0.8 * np.cumsum(daily) + 0.4 * mood + 0.12 * crowd)
    outside = _outside(daily, shock[:, 3:], index)
    return frame.join(outside)


def _outside(daily: Floats, shock: Floats, index: pd.DatetimeIndex) -> pd.DataFrame:
    """Equities, gold, dollar, VIX and yield on trading days; they lean on the crypto market a little."""
    opened = index.day_of_week.to_numpy() < 5
    pull = np.clip(daily / 0.035, -4.0, 4.0)
    trade = opened.astype(np.float64)
    equity = trade * (0.0003 + 0.0105 * (0.30 * pull + 0.95 * shock[:, 0]))
    gold = trade * (0.0002 + 0.009 * (0.10 * pull + 0.99 * shock[:, 1]))
    dollar = trade * 0.0042 * (-0.12 * pull + 0.99 * shock[:, 2])
    fear = smooth((trade * (0.05 * shock[:, 3] - 4.0 * equity))[:, None], 0.97)[:, 0]
    rates = smooth((trade * 0.055 * shock[:, 4])[:, None], 0.999)[:, 0]
    values = {
        "sp500": 4_000.0 * np.exp(np.cumsum(equity)),
        "gold": 1_800.0 * np.exp(np.cumsum(gold)),
        "dxy": 100.0 * np.exp(smooth(dollar[:, None], 0.998)[:, 0]),
        "vix_index": 17.0 * np.exp(fear),
        "us_10y_yield": np.maximum(3.5 + rates, 0.2),
    }
    frame = pd.DataFrame(values, index=index)
    frame[~opened] = np.nan
    return frame

"""What is known of each sector against the others, and whether it then beat them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from assets.engine import rolling
from assets.engine.panel import Bools, Floats
from assets.engine.timeframe import Timeframe
from sectors.engine.index import SectorIndex
from sectors.engine.params import Params
from sectors.engine.strength import Strength, less_mean, pace

FEATURES = ("pace_28", "pace_84", "volatility", "drawdown")
HORIZON_DAYS = 7


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """`features` (T, S, F), each less the row's mean over the risky sectors; `beats` (T, S) the label: 1.0
    if the sector's return over the next 7 days exceeds the median of the risky sectors, NaN where unknown.
    """

    features: Floats
    beats: Floats


def observe(
    index: SectorIndex, strength: Strength, risky: Bools, timeframe: Timeframe, params: Params
) -> Contest:
    """Features and labels of every row and sector; only labels look ahead."""
    paces = pace(np.log1p(index.returns), risky, timeframe, (28, 84), params)
    unknown = np.full(index.returns.shape, np.nan)
    volatility = np.log(strength.volatility, out=unknown, where=strength.volatility > 0)
    own = less_mean(np.stack([volatility, strength.drawdown], axis=2), risky)
    features = np.where(risky[:, None], np.concatenate([paces, own], axis=2), np.nan)
    return Contest(features, _beats(index, risky, timeframe, params))


def _beats(index: SectorIndex, risky: Bools, timeframe: Timeframe, params: Params) -> Floats:
    horizon = timeframe.bars(timedelta(days=HORIZON_DAYS))
    logs = np.where(risky, np.log1p(index.returns), np.nan)
    ahead = np.full(logs.shape, np.nan)
    ahead[:-horizon] = rolling.total(logs, horizon, params.least(horizon))[horizon:]
    ahead = np.where(np.isfinite(logs), ahead, np.nan)
    known = np.isfinite(ahead)
    order = np.sort(np.where(known, ahead, np.inf), axis=1)
    count = known.sum(axis=1)
    rows = np.arange(len(ahead))
    middle = 0.5 * (order[rows, np.maximum(count - 1, 0) // 2] + order[rows, count // 2 % order.shape[1]])
    enough = known & (count > params.leaders)[:, None]
    # The median sector itself (an odd number of them) neither wins nor loses.
    decided = enough & (ahead != middle[:, None])
    return np.where(decided, (ahead > middle[:, None]).astype(np.float64), np.nan)

"""What a coin's own sector is worth to it: the strength that the next layer learns from."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from assets.engine.panel import Floats, Ints, Panel
from assets.engine.timeframe import Timeframe
from sectors.engine import index, strength
from sectors.engine.membership import Membership
from sectors.engine.params import Params


def home_momentum(panel: Panel, membership: Membership, homes: Ints, params: Params | None = None) -> Floats:
    """Momentum (T, N) in [-1, 1] of the sector `homes` (N,) names for each coin, as in `Strength.momentum`.

    `homes` index the membership's names, -1 for a coin without a sector: its column is NaN, and so is a
    row in which the sector's momentum is not known. No fit enters, so models may learn from it.
    Raises ValueError where membership or homes do not fit the panel.
    """
    params = params or Params()
    coins = panel.shape[1]
    if len(membership.weights) != coins or homes.shape != (coins,):
        raise ValueError(f"{len(membership.weights)} members and {homes.shape} homes for {coins} coins")
    if (homes < -1).any() or (homes >= len(membership.names)).any():
        raise ValueError(f"homes must lie between -1 and {len(membership.names) - 1}")
    out = np.full(panel.shape, np.nan)
    housed = homes >= 0
    if housed.any():
        series = index.build(panel, membership, params)
        logs = np.log1p(series.returns)
        paces = strength.pace(logs, membership.risky, panel.timeframe, params.momentum_days, params)
        out[:, housed] = strength.momentum(paces)[:, homes[housed]]
    return out


def home_momentum_lookback(timeframe: Timeframe, params: Params | None = None) -> int:
    """Rows before a row that make its `home_momentum` independent of earlier history."""
    params = params or Params()
    ground = max(params.caps.carry_days, params.universe.least_days) + params.calm_cap_days
    longest = max(params.steady_days, *params.momentum_days)
    return timeframe.bars(timedelta(days=ground + longest)) + 2

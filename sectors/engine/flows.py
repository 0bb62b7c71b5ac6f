"""Where the money went: market-cap share that moved between sectors, net of price."""

from __future__ import annotations

import numpy as np
from numba import njit

from assets.engine.panel import Bools, Floats, Panel
from sectors.engine.index import SectorIndex
from sectors.engine.membership import Membership
from sectors.engine.params import Params


def net(panel: Panel, index: SectorIndex, membership: Membership, params: Params) -> Floats:
    """Change of each sector's share of the mapped market over `flow_days` that price does not explain (T, S).

    Coins that count at both ends and whose cap stands on the same ground at both ends (supply, or
    volume) are carried forward at their price; the shares they would have then are taken from the shares
    they have. What is left is issuance and redemption (caps from supply) and attention (caps estimated
    from volume). A coin's own change beyond `flow_limit` (`estimated_flow_limit` where its cap is a guess) is
    a fault of the data and is cut there. A row's flows add up to zero; NaN where no coin of the sector
    qualifies.
    """
    bars = params.bars(panel.timeframe, params.flow_days)
    value = np.where(index.eligible & index.caps.in_usd[:, None], index.caps.value, np.nan)
    limits = np.where(index.caps.estimated, params.estimated_flow_limit, params.flow_limit)
    return _net(value, index.caps.estimated, limits, panel.close, membership.weights, bars)


def edges(flow: Floats) -> Floats:
    """Who gave to whom (R, S, S): edge[i, j] is the share that went from i to j.

    Only net flows are seen, so each loser is taken to feed the winners in proportion to their gains.
    """
    gains = np.where(flow > 0, flow, 0.0)
    losses = np.where(flow < 0, -flow, 0.0)
    total = np.zeros(len(flow))
    for s in range(flow.shape[1]):
        total += gains[:, s]
    shares = np.divide(gains, total[:, None], out=np.zeros(flow.shape), where=total[:, None] > 0)
    return np.asarray(losses[:, :, None] * shares[:, None, :], dtype=np.float64)


@njit(cache=True, nogil=True)
def _net(
    value: Floats, estimated: Bools, limits: Floats, close: Floats, weights: Floats, bars: int
) -> Floats:
    rows, cols = value.shape
    sectors = weights.shape[1]
    out = np.full((rows, sectors), np.nan)
    was = np.empty(sectors)
    now = np.empty(sectors)
    for t in range(bars, rows):
        was[:] = 0.0
        now[:] = 0.0
        total_was = 0.0
        total_now = 0.0
        for n in range(cols):
            start = value[t - bars, n]
            end = value[t, n]
            if np.isnan(start) or np.isnan(end) or estimated[t, n] != estimated[t - bars, n]:
                continue
            grown = start * close[t, n] / close[t - bars, n]
            if not grown > 0.0:
                continue
            limit = limits[t, n]
            end = grown * min(max(end / grown, 1.0 - limit), 1.0 + limit)
            for s in range(sectors):
                was[s] += weights[n, s] * grown
                now[s] += weights[n, s] * end
                total_was += weights[n, s] * grown
                total_now += weights[n, s] * end
        if total_was > 0.0 and total_now > 0.0:
            for s in range(sectors):
                if was[s] > 0.0 or now[s] > 0.0:
                    out[t, s] = now[s] / total_now - was[s] / total_was
    return out

"""The coins that carried a sector."""

from __future__ import annotations

import numpy as np

from assets.engine import rolling
from assets.engine.panel import Bools, Floats, Ints, Panel
from sectors.engine.params import Params

PERFORMANCE_DAYS = 7


def top(panel: Panel, eligible: Bools, weights: Floats, first: int, params: Params) -> tuple[Ints, Floats]:
    """Columns (R, S, K) of each sector's best members over the last 7 days, best first, and their returns.

    Members are the eligible coins with a weight in the sector; -1 and NaN where there are fewer than K.
    Ties go to the lower column.
    """
    week = params.bars(panel.timeframe, PERFORMANCE_DAYS)
    gains = np.where(eligible, rolling.change(panel.close, week), np.nan)[first:]
    shape = (len(gains), weights.shape[1], params.top_performers)
    columns = np.full(shape, -1, dtype=np.int64)
    returns = np.full(shape, np.nan)
    for s in range(weights.shape[1]):
        members = np.flatnonzero(weights[:, s] > 0)[: gains.shape[1]]
        own = gains[:, members]
        order = np.argsort(np.where(np.isfinite(own), -own, np.inf), axis=1, kind="stable")[:, : shape[2]]
        best = np.take_along_axis(own, order, axis=1)
        returns[:, s, : order.shape[1]] = best
        columns[:, s, : order.shape[1]] = np.where(np.isfinite(best), members[order], -1)
    return columns, returns

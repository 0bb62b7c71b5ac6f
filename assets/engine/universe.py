"""Which coins could be bought at each close, as it was known then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from assets.engine import rolling
from assets.engine.panel import Bools, Floats, Panel


@dataclass(frozen=True, slots=True)
class UniverseParams:
    """Spans in days; `size` coins with the largest median USD volume are in."""

    size: int = 150
    volume_days: int = 30
    least_days: int = 60
    stale_days: int = 5
    least_volume: float = 10_000.0


def lookback(panel: Panel, params: UniverseParams | None = None) -> int:
    """Rows before the first result that make it independent of where the panel starts."""
    params = params or UniverseParams()
    return panel.timeframe.bars(timedelta(days=max(params.volume_days, params.least_days)))


def universe(panel: Panel, params: UniverseParams | None = None) -> Bools:
    """Members (T, N): the `size` most traded coins that live, move and are not pegged.

    A coin is in at t when it has a close at t and on nine of ten of the last `least_days`, a close
    that moved within `stale_days`, a trailing median volume of `least_volume` USD a day, and is
    among the `size` largest by that median (ties by asset id).
    """
    params = params or UniverseParams()
    frame = panel.timeframe
    least = frame.bars(timedelta(days=params.least_days))
    stale = frame.bars(timedelta(days=params.stale_days))
    liquid = liquidity(panel, params)
    alive = np.isfinite(panel.close)
    seen = np.cumsum(alive, axis=0)  # whole numbers, so a running sum is exact here
    seen[least:] -= seen[:-least].copy()
    moved = rolling.highest(panel.close, stale, 1) > rolling.lowest(panel.close, stale, 1)
    floor = params.least_volume / frame.bars(timedelta(days=1))
    able = alive & (seen >= 0.9 * least) & moved & ~panel.is_stable & (liquid >= floor)
    order = np.argsort(np.where(able, -liquid, np.inf), axis=1, kind="stable")
    chosen = np.zeros(panel.shape, dtype=np.bool_)
    np.put_along_axis(chosen, order[:, : params.size], True, axis=1)
    return chosen & able


def liquidity(panel: Panel, params: UniverseParams | None = None) -> Floats:
    """Trailing median USD volume of a bar (T, N); needs half of the span's bars."""
    params = params or UniverseParams()
    span = panel.timeframe.bars(timedelta(days=params.volume_days))
    return rolling.median(panel.volume, span, max(1, span // 2))

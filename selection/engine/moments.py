"""Ridge regression from sums of squares by day: a refit adds up the days of its window instead of reading
them again.

Each day's sums are over the coins of that day, divided by their number, so every day counts the same. A
window's sums are added in the order of its rows; the same window gives the same digits wherever the panel
starts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aimodels.engine.linear import Linear
from assets.engine.panel import Bools, Floats


@dataclass(frozen=True, slots=True)
class Moments:
    """Means over each day's coins: `first` (D, P) of the terms, `second` (D, P, P) of their products,
    `cross` (D, K, P) of their products with K targets; `days` (D,) 1 for a day that counts, 0 for an
    empty one.
    """

    first: Floats
    second: Floats
    cross: Floats
    days: Floats


def day_moments(terms: Floats, targets: Floats) -> Moments:
    """Moments of terms (P, D, N) without NaN and targets (K, D, N); a coin counts where all targets are
    finite.
    """
    seen: Bools = np.asarray(np.isfinite(targets).all(axis=0), dtype=np.bool_)
    filled = np.asarray(seen.sum(axis=1) > 0, dtype=np.bool_)
    count = np.maximum(seen.sum(axis=1), 1).astype(np.float64)
    rows = terms.shape[1]
    size = len(terms)
    first, second = np.zeros((rows, size)), np.zeros((rows, size, size))
    cross = np.zeros((rows, len(targets), size))
    # Day by day: a product over all days at once would need a copy of every term of every coin.
    for day in np.flatnonzero(filled).tolist():
        coins = np.flatnonzero(seen[day])
        x = np.ascontiguousarray(terms[:, day][:, coins])
        y = np.ascontiguousarray(targets[:, day][:, coins])
        first[day] = x.sum(axis=1) / count[day]
        second[day] = x @ x.T / count[day]
        cross[day] = y @ x.T / count[day]
    return Moments(first, second, cross, filled.astype(np.float64))


def ridge(moments: Moments, use: Bools, target: int, penalty: float) -> Linear:
    """Ridge on the days of the mask `use` (D,), terms standardised, intercept 0.

    `penalty` is added to the terms' correlation matrix: 0.5 counts half as much as the data themselves. A
    term that never varies gets weight 0. Raises ValueError where no day counts.
    """
    chosen = np.flatnonzero(use & (moments.days > 0))
    if not len(chosen):
        raise ValueError("no day with labels in the training window")
    mean = moments.first[chosen].sum(axis=0) / len(chosen)
    spread = moments.second[chosen].sum(axis=0) / len(chosen) - np.multiply.outer(mean, mean)
    cross = moments.cross[chosen, target].sum(axis=0) / len(chosen)
    varies = np.diag(spread) > 1e-12
    scale = np.where(varies, np.sqrt(np.where(varies, np.diag(spread), 1.0)), 1.0)
    correlation = np.where(
        np.logical_and.outer(varies, varies), spread / np.multiply.outer(scale, scale), 0.0
    )
    system = correlation + penalty * np.eye(len(mean))
    weights = np.linalg.solve(system, np.where(varies, cross / scale, 0.0))
    return Linear(mean, scale, np.asarray(weights, dtype=np.float64), 0.0)

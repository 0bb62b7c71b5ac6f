"""Whether the world a model is asked about is still the one it learned from."""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from assets.engine.panel import Floats

BINS = 10
#: Share added to each bin, so that an empty one is unlikely and not impossible.
PRIOR = 1e-4
#: Usual reading of the index (Siddiqi 2006): under 0.1 stable, from 0.25 another population.
WATCH, SHIFTED = 0.1, 0.25
LEAST_ROWS = 50


class Drift(StrEnum):
    """How far a population has moved."""

    UNKNOWN = "unknown"
    STABLE = "stable"
    WATCH = "watch"
    SHIFTED = "shifted"


def stability(trained: Floats, recent: Floats) -> Floats:
    """Population stability index (F,) of each feature: sum over bins of (q - p) ln(q / p), less what chance
    alone would show, (B - 1) (1 / M + 1 / K) over the B bins that are filled (Yurdakul 2018), at least 0.

    `trained` (M, F) and `recent` (K, F) are rows of features; bins are tenths of the trained values and one
    for what is missing, p and q the shares of both in them. NaN where either side has fewer than 50 rows, or
    the feature was never known in training.
    """
    out = np.full(trained.shape[1], np.nan)
    if len(trained) < LEAST_ROWS or len(recent) < LEAST_ROWS:
        return out
    for j in range(trained.shape[1]):
        seen = trained[np.isfinite(trained[:, j]), j]
        if not len(seen):
            continue
        edges = np.unique(np.quantile(seen, np.arange(1, BINS) / BINS))
        p, q = (_shares(x[:, j], edges) for x in (trained, recent))
        filled = int(((p > 2 * PRIOR) | (q > 2 * PRIOR)).sum())
        chance = (filled - 1) * (1.0 / len(trained) + 1.0 / len(recent))
        out[j] = max(0.0, float(((q - p) * np.log(q / p)).sum()) - chance)
    return out


def _shares(x: Floats, edges: Floats) -> Floats:
    place = np.where(np.isfinite(x), np.searchsorted(edges, x, side="right"), len(edges) + 1)
    count = np.bincount(place, minlength=len(edges) + 2).astype(np.float64)
    share = count / count.sum() + PRIOR
    return np.asarray(share / share.sum(), dtype=np.float64)


def reading(index: float) -> Drift:
    """The usual reading of a stability index."""
    if not np.isfinite(index):
        return Drift.UNKNOWN
    return Drift.SHIFTED if index >= SHIFTED else Drift.WATCH if index >= WATCH else Drift.STABLE

"""A logistic model whose probabilities are corrected on rows that it had not seen."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from aimodels.engine.linear import Linear, fit_logistic, score, sigmoid
from assets.engine.panel import Floats, Ints

BLOCKS = 4


@dataclass(frozen=True, slots=True)
class Calibrated:
    """Logistic weights, Platt's correction of their score, and the base rate of the training rows."""

    model: Linear
    slope: float
    offset: float
    base_rate: float


def fit(x: Floats, y: Floats, rows: Ints, purge: int, c: float) -> Calibrated:
    """Fit on x (R, F), y in {0, 1} or NaN; `rows` (R,) says at which row of the panel each example stands.

    The correction (Platt 1999) is learned from scores of `BLOCKS` stretches of time, each scored by a
    model that saw only rows more than `purge` away, so labels that overlap are on one side. A stretch
    whose rest is too small to fit is left out; a slope is never negative. Raises ValueError where
    the whole is too small (`fit_logistic`).
    """
    usable = np.isfinite(y) & np.isfinite(x).all(axis=1)
    x, y, rows = x[usable], y[usable], rows[usable]
    model = fit_logistic(x, y, c)
    unseen = _unseen_scores(x, y, rows, purge, c)
    slope, offset = _platt(unseen, y)
    return Calibrated(model, slope, offset, float(y.mean()))


def probability(fitted: Calibrated, x: Floats) -> Floats:
    """Calibrated probability of x (..., F); NaN where any feature is missing."""
    chance = sigmoid(fitted.offset + fitted.slope * score(fitted.model, x))
    return np.where(np.asarray(np.isfinite(x).all(axis=-1)), chance, np.nan)


def _unseen_scores(x: Floats, y: Floats, rows: Ints, purge: int, c: float) -> Floats:
    out = np.full(len(y), np.nan)
    borders = np.linspace(rows.min(), rows.max() + 1, BLOCKS + 1)
    for low, high in pairwise(borders):
        inside = (rows >= low) & (rows < high)
        outside = (rows < low - purge) | (rows >= high + purge)
        try:
            out[inside] = score(fit_logistic(x[outside], y[outside], c), x[inside])
        except ValueError:
            continue
    return out


def _platt(scores: Floats, y: Floats) -> tuple[float, float]:
    seen = np.isfinite(scores)
    if seen.sum() < 2 * BLOCKS:
        return 1.0, 0.0
    line = fit_logistic(scores[seen, None], y[seen], 1.0)
    slope = float(line.weights[0] / line.scale[0])
    if slope < 0.0:
        share = float(y[seen].mean())
        return 0.0, float(np.log((share + 1e-6) / (1.0 - share + 1e-6)))
    return slope, float(line.intercept - slope * line.mean[0])

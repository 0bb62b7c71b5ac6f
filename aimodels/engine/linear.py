"""Linear models with a fixed order of arithmetic, so one row predicted alone equals that row among many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn import config_context
from sklearn.linear_model import LogisticRegression, Ridge

from assets.engine.panel import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Linear:
    """Standardisation and weights of one linear model: score = intercept + sum_j w_j (x_j - m_j) / s_j."""

    mean: Floats
    scale: Floats
    weights: Floats
    intercept: float


def score(fit: Linear, x: Floats) -> Floats:
    """Linear score of x (..., F); a missing feature counts as its training mean. Returns (...)."""
    standard = np.nan_to_num((x - fit.mean) / fit.scale, nan=0.0, posinf=0.0, neginf=0.0)
    out = np.full(x.shape[:-1], fit.intercept)
    for j in range(len(fit.weights)):
        out += fit.weights[j] * standard[..., j]
    return out


def contributions(fit: Linear, x: Floats) -> Floats:
    """What each feature adds to the score (..., F): the derivation behind a figure."""
    standard = np.nan_to_num((x - fit.mean) / fit.scale, nan=0.0, posinf=0.0, neginf=0.0)
    return np.asarray(standard * fit.weights, dtype=np.float64)


def sigmoid(score_: Floats) -> Floats:
    """Logistic function, stable at both ends."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * score_)), dtype=np.float64)


def fit_ridge(x: Floats, y: Floats, alpha: float, weight: Floats | None = None) -> Linear:
    """Ridge regression on rows of x (R, F) with finite y; raises ValueError below 2 F rows."""
    x, y, weight, mean, scale = _prepare(x, y, weight)
    model = Ridge(alpha=alpha).fit(_standard(x, mean, scale), y, sample_weight=weight)
    return Linear(mean, scale, np.asarray(model.coef_, dtype=np.float64), float(model.intercept_))


def fit_logistic(x: Floats, y: Bools | Floats, c: float, weight: Floats | None = None) -> Linear:
    """L2 logistic regression on rows of x (R, F), y in {0, 1} or NaN; a lone class gives its base rate.

    Raises ValueError below 2 F rows.
    """
    x, target, weight, mean, scale = _prepare(x, np.asarray(y, dtype=np.float64), weight)
    return _logistic(_standard(x, mean, scale), target, weight, mean, scale, c)


def fit_each(x: Floats, label: Ints, classes: int, c: float) -> tuple[Linear, ...]:
    """One regression a class against the rest: `fit_logistic(x, label == k, c)` of each k, the rows
    standardised once."""
    x, told, _, mean, scale = _prepare(x, label.astype(np.float64), None)
    standard = _standard(x, mean, scale)
    targets = ((told == k).astype(np.float64) for k in range(classes))
    return tuple(_logistic(standard, target, None, mean, scale, c) for target in targets)


def _logistic(
    standard: Floats, target: Floats, weight: Floats | None, mean: Floats, scale: Floats, c: float
) -> Linear:
    positive = float(np.average(target, weights=weight))
    if positive in (0.0, 1.0):
        clipped = np.clip(positive, 1 / (len(target) + 2), 1 - 1 / (len(target) + 2))
        return Linear(mean, scale, np.zeros(len(mean)), float(np.log(clipped / (1 - clipped))))
    with config_context(assume_finite=True, skip_parameter_validation=True):  # both are known by now
        model = LogisticRegression(C=c, max_iter=500, tol=1e-8, solver="newton-cholesky")
        model.fit(standard, target, sample_weight=weight)
    return Linear(mean, scale, np.asarray(model.coef_[0], dtype=np.float64), float(model.intercept_[0]))


def _standard(x: Floats, mean: Floats, scale: Floats) -> Floats:
    return np.nan_to_num((x - mean) / scale, nan=0.0, posinf=0.0, neginf=0.0)


def _prepare(
    x: Floats, y: Floats, weight: Floats | None
) -> tuple[Floats, Floats, Floats | None, Floats, Floats]:
    usable = np.isfinite(y) & np.isfinite(x).any(axis=1)
    if usable.sum() < 2 * x.shape[1]:
        raise ValueError(f"{int(usable.sum())} labelled rows are too few for {x.shape[1]} features")
    x, y = x[usable], y[usable]
    seen = np.isfinite(x)
    count = np.maximum(seen.sum(axis=0), 1)
    filled = np.where(seen, x, 0.0)
    mean = filled.sum(axis=0) / count
    spread = np.where(seen, x - mean, 0.0)
    scale = np.sqrt((spread * spread).sum(axis=0) / count)
    scale = np.where(scale > 0, scale, 1.0)
    return x, y, None if weight is None else weight[usable], mean, scale

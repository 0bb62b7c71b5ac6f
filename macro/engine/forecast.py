"""Probabilities of the regime now and days ahead, blended with how long regimes have lasted.

A head is four logistic scores (one regime against the rest) brought to a sum of one, mixed with
the frequencies with which each regime was followed by each other: p = w model + (1 - w) frequency.
The weight w is chosen on blocks of the training window that the scores had not seen, so a head
without skill falls back to the frequencies, which are calibrated by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from aimodels.engine.linear import Linear, fit_each, score, sigmoid
from assets.engine.panel import Bools, Floats, Ints
from macro.engine.states import REGIMES

HORIZONS_DAYS = (1, 7, 30)
#: How much later hindsight tells what a bar's regime really was: horizon of the confidence head.
HINDSIGHT_DAYS = 30
BLOCKS = 3
WEIGHTS = np.linspace(0.0, 1.0, 11)
#: Inverse strength of the ridge on standardised features; strong, as the labels overlap.
INVERSE_PENALTY = 0.02
#: Bars added to each cell when transitions are counted, so that nothing is impossible.
PRIOR_BARS = 0.5
FLOOR = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class HeadFit:
    """Scores of each regime (empty where the weight is 0), their weight, frequencies (4, 4) by row."""

    scores: tuple[Linear, ...]
    weight: float
    frequencies: Floats


def fit_head(x: Floats, state: Ints, label: Ints, horizon: int) -> HeadFit:
    """Head from features x (R, F), the regime at each row and the regime to be told (R,), -1 unknown.

    `horizon` is how many rows later a label is realised: blocks are kept that far apart. Raises
    ValueError where fewer than 10 rows a feature are labelled.
    """
    usable = (state >= 0) & (label >= 0)
    if usable.sum() < 10 * x.shape[1]:
        raise ValueError(f"{int(usable.sum())} labelled bars are too few for {x.shape[1]} features")
    weight = _blend_weight(x, state, label, usable, horizon)
    scores = _fit_scores(x, label, usable) if weight > 0 else ()
    return HeadFit(scores, weight, frequencies(state, label, usable))


def probabilities(head: HeadFit, x: Floats, state: Ints) -> Floats:
    """Probability of each regime (R, 4), rows adding up to 1; NaN where the row has no state."""
    base = head.frequencies[state]
    blended = base if head.weight == 0 else _blend(_model(head.scores, x), base, head.weight)
    return np.where((state >= 0)[:, None], blended, np.nan)


def persistence(head: HeadFit, state: Ints) -> Floats:
    """The rival: transition frequencies alone (R, 4)."""
    return np.where((state >= 0)[:, None], head.frequencies[state], np.nan)


def frequencies(state: Ints, label: Ints, usable: Bools) -> Floats:
    """How often each regime (row) was followed by each (column), with a small prior; rows sum to 1."""
    counts = np.full((len(REGIMES), len(REGIMES)), PRIOR_BARS)
    np.add.at(counts, (state[usable], label[usable]), 1.0)
    return np.asarray(counts / counts.sum(axis=1, keepdims=True), dtype=np.float64)


def log_loss(probability: Floats, label: Ints) -> float:
    """Mean negative log probability of what came, over rows with both; NaN where there is none."""
    usable = (label >= 0) & np.isfinite(probability).all(axis=1)
    if not usable.any():
        return float("nan")
    given = probability[usable, label[usable]]
    return float(-np.log(np.maximum(given, FLOOR)).mean())


def skill(probability: Floats, rival: Floats, label: Ints) -> float:
    """1 - log loss / the rival's log loss on the rows where both speak."""
    both = np.isfinite(probability).all(axis=1) & np.isfinite(rival).all(axis=1)
    told = np.where(both, label, -1)
    return 1.0 - log_loss(probability, told) / log_loss(rival, told)


def _fit_scores(x: Floats, label: Ints, usable: Bools) -> tuple[Linear, ...]:
    return fit_each(x[usable], label[usable], len(REGIMES), INVERSE_PENALTY)


def _model(scores: tuple[Linear, ...], x: Floats) -> Floats:
    parts = [sigmoid(score(linear, x)) for linear in scores]
    total = parts[0] + parts[1] + parts[2] + parts[3]
    return np.column_stack([part / total for part in parts])


def _blend(model: Floats, base: Floats, weight: float) -> Floats:
    return np.asarray(weight * model + (1.0 - weight) * base, dtype=np.float64)


def _blend_weight(x: Floats, state: Ints, label: Ints, usable: Bools, horizon: int) -> float:
    """The weight with the least log loss on blocks that were left out, neighbours purged."""
    rows = np.arange(len(x))
    edges = np.linspace(0, len(x), BLOCKS + 1).astype(np.int64)
    model = np.full((len(x), len(REGIMES)), np.nan)
    base = np.full((len(x), len(REGIMES)), np.nan)
    for start, stop in pairwise(edges.tolist()):
        away = usable & ((rows < start - horizon) | (rows >= stop + horizon))
        if away.sum() < 2 * x.shape[1]:
            continue
        inside = slice(start, stop)
        model[inside] = _model(_fit_scores(x, label, away), x[inside])
        base[inside] = frequencies(state, label, away)[state[inside]]
    told = np.where(usable, label, -1)
    loss = [log_loss(_blend(model, base, float(weight)), told) for weight in WEIGHTS]
    return float(WEIGHTS[int(np.argmin(loss))]) if np.isfinite(loss).all() else 0.0

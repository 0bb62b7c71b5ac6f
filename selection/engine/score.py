"""Learned scores: which coins will do better than the others over the next 7 and 30 days.

One fit has two heads on the same terms. The rank head foretells the rank of the return and is the score a
user sees; the scaled head foretells the return over the median in the coin's own standard deviations and
serves allocation, because ranks and money point to different coins. The chance to beat the median is
calibrated on scores out of fold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from aimodels.engine import linear
from aimodels.engine.linear import Linear
from aimodels.engine.spec import ModelSpec, ModelType
from assets.engine import rolling
from assets.engine.panel import Bools, Floats, Ints
from assets.engine.timeframe import Timeframe
from selection.engine import inputs as layer_inputs
from selection.engine.features import FEATURES, ratio
from selection.engine.inputs import Inputs, Learning, Params
from selection.engine.moments import Moments, ridge

TRAIN_DAYS = 1095
RANK_HEAD, SCALED_HEAD = 0, 1
BINS = 20
LOOSE_C = 1e3


def _spec(days: int) -> ModelSpec:
    return ModelSpec(
        name=f"selection_{days}d",
        model_type=ModelType.ASSET,
        estimator="ridge on ranks, squares and trend products",
        target=f"return from the next open over {days} days relative to the universe",
        features=FEATURES,
        horizon_days=days,
        train_days=TRAIN_DAYS,
        metric="mean daily rank correlation",
        rival="low idiosyncratic volatility",
    )


WEEK = _spec(7)
MONTH = _spec(30)
SPECS = (WEEK, MONTH)


@dataclass(frozen=True, slots=True)
class ScoreFit:
    """Both heads, the calibration of the rank head's score, the share that beat the median, the mean daily
    rank correlation out of fold and the number of labelled days.
    """

    rank: Linear
    scaled: Linear
    calibration: Linear
    base_rate: float
    fold_ic: float
    days: int


def training_rows(timeframe: Timeframe, params: Params | None = None) -> int:
    """Rows up to a fit's own row that decide it: its window and what the window's features need."""
    return timeframe.bars(timedelta(days=TRAIN_DAYS)) + layer_inputs.lookback(timeframe, params)


#: What a retraining may change.
HYPERPARAMETERS = {"penalty": Params().penalty}


def fit(inputs: Inputs, row: int, spec: ModelSpec, penalty: float | None = None) -> ScoreFit:
    """The model that may be known when bar `row` has closed: only labels whose exit opened by then; with
    the ridge's `penalty` (None: that of the inputs' params).

    Raises ValueError where fewer than `least_days` days of the window have labels.
    """
    penalty = inputs.params.penalty if penalty is None else penalty
    targets, moments = inputs.learning(spec.horizon_days)
    window = training_window(inputs, row, spec) & (moments.days > 0)
    days = int(window.sum())
    if days < inputs.params.least_days:
        raise ValueError(
            f"{spec.name}: {days} labelled days up to the fit; {inputs.params.least_days} are needed"
        )
    calibration, base_rate, fold_ic = _calibrate(inputs, targets, moments, window, spec, penalty)
    return ScoreFit(
        rank=ridge(moments, window, RANK_HEAD, penalty),
        scaled=ridge(moments, window, SCALED_HEAD, penalty),
        calibration=calibration,
        base_rate=base_rate,
        fold_ic=fold_ic,
        days=days,
    )


def training_window(inputs: Inputs, row: int, spec: ModelSpec) -> Bools:
    """Day rows (D,) that a fit at `row` may learn from: exit known by `row`, at most the training span
    back.
    """
    frame = inputs.panel.timeframe
    horizon = frame.bars(timedelta(days=spec.horizon_days))
    oldest = row + 1 - frame.bars(timedelta(days=spec.train_days))
    known = inputs.day_rows + 1 + horizon <= row
    return np.asarray(known & (inputs.day_rows >= oldest), dtype=np.bool_)


def design(inputs: Inputs, rows: slice) -> Floats:
    """Terms of rows (R, N, P); a view whose last axis strides, as `linear.score` reads term by term."""
    return np.moveaxis(layer_inputs.terms(inputs.ranks[:, rows], inputs.market.trend[rows]), 0, -1)


def scorable(inputs: Inputs, rows: slice) -> Bools:
    """Members (R, N) with enough known factors for a score."""
    known = np.isfinite(inputs.ranks[:, rows]).sum(axis=0)
    enough: Bools = np.asarray(known >= inputs.params.least_features, dtype=np.bool_)
    return inputs.members[rows] & enough


def confidence(fit_: ScoreFit, raw: Floats) -> Floats:
    """Calibrated probability that a coin with this raw score beats the universe's median; NaN stays NaN."""
    chance = linear.sigmoid(linear.score(fit_.calibration, raw[..., None]))
    return np.where(np.isfinite(raw), chance, np.nan)


def _calibrate(
    inputs: Inputs, targets: Learning, moments: Moments, window: Bools, spec: ModelSpec, penalty: float
) -> tuple[Linear, float, float]:
    """Logistic curve from scores out of fold, the base rate, and the mean daily rank correlation."""
    scores, beats, correlations = [], [], []
    for days, weights in _folds(inputs, moments, window, spec, penalty):
        raw = fold_scores(inputs, days, weights)
        raw = np.where(np.isfinite(targets.ranked[days]), raw, np.nan)
        scores.append(raw)
        beats.append(targets.beats[days])
        correlations.append(_row_correlation(rolling.rank(raw), targets.ranked[days]))
    score, beat = np.concatenate(scores), np.concatenate(beats)
    seen = np.isfinite(score) & np.isfinite(beat)
    share = 1.0 / np.maximum(seen.sum(axis=1, keepdims=True), 1)
    weight = np.broadcast_to(share, score.shape)[seen]
    curve = _curve(score[seen], beat[seen], weight)
    return (
        curve,
        float(np.average(beat[seen], weights=weight)),
        float(np.nanmean(np.concatenate(correlations))),
    )


def _folds(
    inputs: Inputs, moments: Moments, window: Bools, spec: ModelSpec, penalty: float
) -> Iterator[tuple[Ints, Linear]]:
    """Blocks of days in time, each with a rank head fitted on the others, a horizon away on both sides."""
    horizon = inputs.panel.timeframe.bars(timedelta(days=spec.horizon_days)) + 1
    for block in np.array_split(np.flatnonzero(window), inputs.params.folds):
        rows = inputs.day_rows
        apart = (rows < rows[block[0]] - horizon) | (rows > rows[block[-1]] + horizon)
        yield block[:: inputs.params.stride], ridge(moments, window & apart, RANK_HEAD, penalty)


def fold_scores(inputs: Inputs, days: Ints, head: Linear) -> Floats:
    """Raw scores (days, N) of a head, the weights gathered by factor: three products a factor instead of a
    table of all terms. The digits differ from `linear.score` in the last place, which a calibration
    curve does not feel.
    """
    rows = inputs.day_rows[days]
    slope = head.weights / head.scale
    size = len(FEATURES)
    trend = np.nan_to_num(inputs.market.trend[rows])[:, None]
    out = np.full((len(rows), inputs.panel.shape[1]), -float((slope * head.mean).sum()))
    for j in range(size):
        rank = inputs.ranks[j, rows]
        value = (
            rank * (slope[j] + slope[2 * size + j] * trend + slope[size + j] * rank) - slope[size + j] / 12.0
        )
        out += np.where(np.isfinite(rank), value, 0.0)
    return out


def _curve(score: Floats, beat: Floats, weight: Floats) -> Linear:
    """Logistic regression on twenty groups of equal size: as good as on every coin and a hundred times
    faster.
    """
    edges = np.quantile(score, np.linspace(0.0, 1.0, BINS + 1)[1:-1])
    group = np.searchsorted(edges, score)
    mass = np.bincount(group, weight, BINS)
    won = np.bincount(group, weight * beat, BINS)
    level = np.bincount(group, weight * score, BINS) / np.maximum(mass, 1e-12)
    x = np.concatenate((level, level))[:, None]
    y = np.repeat((1.0, 0.0), BINS)
    mass_by_outcome = np.concatenate((won, mass - won))
    used = mass_by_outcome > 0
    return linear.fit_logistic(x[used], y[used], LOOSE_C, mass_by_outcome[used])


def _row_correlation(a: Floats, b: Floats) -> Floats:
    """Correlation of each row's pairs (R,), both already ranked on the same cells and so with mean 0."""
    both = np.isfinite(a) & np.isfinite(b)
    x, y = np.where(both, a, 0.0), np.where(both, b, 0.0)
    scale = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    return ratio((x * y).sum(axis=1), scale)

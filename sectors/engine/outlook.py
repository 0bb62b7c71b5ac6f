"""The reading of one sector: overweight, neutral or underweight, and how sure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import numpy as np

from aimodels.engine.spec import ModelSpec, ModelType
from assets.engine.panel import Floats, Ints
from sectors.engine import calibrated, contest
from sectors.engine.calibrated import Calibrated
from sectors.engine.inputs import Inputs

SPEC = ModelSpec(
    name="sectors.outlook",
    model_type=ModelType.SECTOR,
    estimator="pooled logistic regression, Platt-calibrated",
    target="the sector's return over 7 days exceeds the median of the sectors",
    features=contest.FEATURES,
    horizon_days=contest.HORIZON_DAYS,
    train_days=1460,
    metric="Brier skill",
    rival="one half",
)
REGULARISATION = 0.01
LEAST_LABELS = 60
EVERY_DAYS = 3


class Stance(StrEnum):
    """What to do with a sector against an equal share of it."""

    OVERWEIGHT = "overweight"
    NEUTRAL = "neutral"
    UNDERWEIGHT = "underweight"


STANCES: tuple[Stance, ...] = tuple(Stance)


@dataclass(frozen=True, slots=True)
class OutlookFit:
    """The fitted outlook model and the number of days with labels behind it."""

    model: Calibrated
    days: int


def fit(inputs: Inputs, row: int, inverse_penalty: float = REGULARISATION) -> OutlookFit:
    """Fit on rows up to `row`, whose labels are known by then. Raises ValueError with too little history."""
    timeframe = inputs.panel.timeframe
    horizon = timeframe.bars(timedelta(days=SPEC.horizon_days))
    start = max(0, row + 1 - timeframe.bars(timedelta(days=SPEC.train_days)))
    # Labels of 7 days overlap: every third day, counted back from the fit, says as much as every day.
    rows = np.arange(row - horizon, start - 1, -timeframe.bars(timedelta(days=EVERY_DAYS)))[::-1]
    x, y = inputs.contest.features[rows], inputs.contest.beats[rows]
    told = (np.isfinite(y) & np.isfinite(x).all(axis=2)).any(axis=1)
    days = int(told.sum())
    if days < LEAST_LABELS:
        raise ValueError(f"{SPEC.name}: {days} labelled rows, {LEAST_LABELS} are needed")
    flat = x.reshape(-1, x.shape[2])
    model = calibrated.fit(flat, y.ravel(), np.repeat(rows, x.shape[1]), horizon, inverse_penalty)
    return OutlookFit(model, days)


def stance(chance: Floats, margin: float) -> Ints:
    """Index into `STANCES` from the probability to beat the median; -1 where it is NaN."""
    place = np.where(chance >= 0.5 + margin, 0, np.where(chance <= 0.5 - margin, 2, 1))
    return np.where(np.isfinite(chance), place, -1).astype(np.int64)


def confidence(chance: Floats) -> Floats:
    """Probability of the likelier side, beating the median or not; 0.5 is no opinion."""
    return np.maximum(chance, 1.0 - chance)

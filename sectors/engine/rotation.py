"""How likely the lead changes hands within a week, and what has just changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aimodels.engine.spec import ModelSpec, ModelType
from assets.engine.panel import Bools, Floats, Ints
from sectors.engine import calibrated, race
from sectors.engine.calibrated import Calibrated
from sectors.engine.inputs import Inputs

SPEC = ModelSpec(
    name="sectors.rotation",
    model_type=ModelType.SECTOR,
    estimator="logistic regression, Platt-calibrated",
    target="the 28-day leaders in 7 days are not today's",
    features=race.FEATURES,
    horizon_days=race.HORIZON_DAYS,
    train_days=1460,
    metric="Brier skill",
    rival="base rate",
)
REGULARISATION = 0.01
LEAST_LABELS = 180
LARGE_FLOW = 0.005


class Signal(StrEnum):
    """What has just changed for a sector."""

    NEW_LEADER = "new_leader"
    LOST_LEAD = "lost_lead"
    TURNED_UP = "turned_up"
    TURNED_DOWN = "turned_down"
    MONEY_IN = "money_in"
    MONEY_OUT = "money_out"


SIGNALS: tuple[Signal, ...] = tuple(Signal)


@dataclass(frozen=True, slots=True)
class RotationFit:
    """The fitted rotation model and the number of labelled rows behind it."""

    model: Calibrated
    labels: int


def fit(inputs: Inputs, row: int, inverse_penalty: float = REGULARISATION) -> RotationFit:
    """Fit on rows up to `row`, whose labels are known by then. Raises ValueError with too little history."""
    timeframe = inputs.panel.timeframe
    horizon = timeframe.bars(timedelta(days=SPEC.horizon_days))
    start = max(0, row + 1 - timeframe.bars(timedelta(days=SPEC.train_days)))
    rows = np.arange(start, max(start, row + 1 - horizon))
    x, y = inputs.race.features[rows], inputs.race.changed[rows]
    labels = int((np.isfinite(y) & np.isfinite(x).all(axis=1)).sum())
    if labels < LEAST_LABELS * timeframe.bars(timedelta(days=1)):
        raise ValueError(f"{SPEC.name}: {labels} labelled rows, {LEAST_LABELS} days of them are needed")
    return RotationFit(calibrated.fit(x, y, rows, horizon, inverse_penalty), labels)


def signals(leads: Bools, status: Ints, flow: Floats, step: int) -> Bools:
    """What is new against `step` bars ago (T, S, K), K in the order of `SIGNALS`.

    `leads`, `status` and `flow` are (T, S). Turning up is from a falling quadrant to a rising one; money
    is a flow of at least `LARGE_FLOW` of the market.
    """
    was = _before(leads, step, 0)
    before = _before(status, step, -1)
    knew = np.any(was, axis=1, keepdims=True) & np.any(leads, axis=1, keepdims=True)
    rising, rose = np.isin(status, (0, 3)), np.isin(before, (0, 3))
    told = (status >= 0) & (before >= 0)
    return np.stack(
        [
            leads & ~was & knew,
            ~leads & was & knew,
            told & rising & ~rose,
            told & ~rising & rose,
            flow >= LARGE_FLOW,
            flow <= -LARGE_FLOW,
        ],
        axis=2,
    )


def _before(values: NDArray[Any], step: int, fill: int) -> NDArray[Any]:
    out = np.full_like(values, fill)
    out[step:] = values[:-step]
    return out

"""Walk-forward folds: each fit of the grid is judged on the bars between it and the next.

Purged: a fit sees labels only where they were realised at its moment, which lies `horizon` bars behind the
last bar it learns from. Embargoed: the first bars after a fit do not count in its judgement (Lopez de
Prado 2018, chapter 7).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from aimodels.engine.spec import ModelSpec, serving
from assets.engine.panel import Bools, Panel


@dataclass(frozen=True, slots=True)
class Fold:
    """The fit made at `moment`: it learns from rows `oldest` to `row`, from labels of rows up to `labelled`
    (the last whose horizon had passed), and is judged on rows `start` to `stop` - 1."""

    moment: datetime
    oldest: int
    labelled: int
    row: int
    start: int
    stop: int


def walk_forward(spec: ModelSpec, panel: Panel, first: int) -> tuple[Fold, ...]:
    """The folds that serve rows `first` to the last, in time; those before any bar are left out."""
    bars = panel.timeframe.bars
    horizon, train = bars(timedelta(days=spec.horizon_days)), bars(timedelta(days=spec.train_days))
    embargo = bars(timedelta(days=spec.embargo_days))
    folds = []
    for moment, rows in serving(spec, panel, first).items():
        row = panel.known_at(moment) - 1
        if row < 0:
            continue
        start = max(rows.start, row + 1 + embargo)
        folds.append(Fold(moment, max(0, row + 1 - train), row - horizon, row, start, max(start, rows.stop)))
    return tuple(folds)


def judged(folds: tuple[Fold, ...], first: int, rows: int) -> Bools:
    """Which of the rows `first` to `rows` - 1 count in a judgement (R,)."""
    out = np.zeros(rows - first, dtype=np.bool_)
    for fold in folds:
        out[fold.start - first : fold.stop - first] = True
    return out

"""How sound a version is: its artefact, its training data, and how far the world has moved since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from django.utils import timezone

from aimodels.engine import checks, drift, guard
from aimodels.engine.figures import Figure, Role, by_name, known
from aimodels.engine.folds import Fold
from aimodels.engine.registry import Declared, Ground

RECENT_DAYS = 90
STRANGE = 0.5


def of(
    ground: Ground, declared: Declared, fold: Fold, whole: Sequence[Figure], recent: Sequence[Figure]
) -> dict[str, Any]:
    """The document kept as `health_status`: drift of each feature over the last 90 days against the training
    window before them, how many of those rows are unlike it, drift of calibration, and faults of the data."""
    inputs, bars = ground.inputs(declared.layer), ground.panel.timeframe.bars(timedelta(days=RECENT_DAYS))
    rows = len(ground.panel.times)
    border = max(fold.oldest, rows - bars)
    trained = declared.observe(inputs, fold.oldest, max(fold.oldest + 1, min(border, fold.row + 1)))
    late = declared.observe(inputs, border, rows)
    index = drift.stability(trained.x, late.x)
    worst = float(np.nanmax(index)) if np.isfinite(index).any() else float("nan")
    return {
        "artefact": "ok",
        "checked_at": timezone.now().isoformat(),
        "faults": checks.faults(trained),
        "drift": {name: known(value) for name, value in zip(trained.names, index.tolist(), strict=True)},
        "drift_reading": drift.reading(worst).value,
        "unlike_training": _unlike(trained, late),
        "calibration_drift": _calibration_drift(whole, recent),
    }


def _unlike(trained: checks.Sample, late: checks.Sample) -> float | None:
    """Share of the recent rows that are unlike training by more than half."""
    try:
        strange = guard.unlike(guard.reference(trained.x), late.x)
    except ValueError:
        return None
    return float((strange > STRANGE).mean()) if len(strange) else None


def _calibration_drift(whole: Sequence[Figure], recent: Sequence[Figure]) -> dict[str, Any]:
    """Each calibration error lately against that over all years; moved where the intervals do not meet."""
    before = by_name(tuple(whole))
    out = {}
    for figure in recent:
        if figure.role is Role.CALIBRATION and figure.name in before:
            usual = before[figure.name]
            told = np.isfinite(figure.low) and np.isfinite(usual.high)
            out[figure.name] = {
                "recent": known(figure.value),
                "usual": known(usual.value),
                "moved": bool(figure.low > usual.high) if told else None,
            }
    return out

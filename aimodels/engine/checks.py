"""What is wrong with training data, said before a fit is tried on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.engine.panel import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Rows a model learns from: features x (M, F) with their `names`, and its target y (M,), where it has
    one."""

    names: tuple[str, ...]
    x: Floats
    y: Floats | None = None


def refuse_unlearnable(sample: Sample) -> None:
    """Raise ValueError where nothing can be learned: no rows, no known feature, or a target of one value."""
    if not len(sample.x):
        raise ValueError("too little history: there is no row to learn from")
    if not np.isfinite(sample.x).any():
        raise ValueError(f"none of the {len(sample.names)} features is known in any training row")
    if sample.y is None:
        return
    told = sample.y[np.isfinite(sample.y)]
    if not len(told):
        raise ValueError("too little history: no training row has a label that was known by then")
    if told.min() == told.max():
        raise ValueError(f"the target is {told[0]:g} in all {len(told)} rows: there is nothing to tell apart")


def faults(sample: Sample) -> list[str]:
    """What a fit can live with and a reader should know: features never known or never varying."""
    out = []
    for j, name in enumerate(sample.names):
        told = sample.x[np.isfinite(sample.x[:, j]), j]
        if not len(told):
            out.append(f"{name} is not known in any training row; the fit goes without it")
        elif told.min() == told.max():
            out.append(f"{name} is {told[0]:g} in every training row; it cannot say anything")
    return out

"""Boosted trees whose artefact is LightGBM's own text: nothing is executed when it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import lightgbm as lgb
import numpy as np

from aimodels.engine.artefact import ArtefactError
from assets.engine.panel import Floats

#: One thread and fixed seeds: the same rows give the same trees, bit for bit, on any number of cores.
FIXED = {
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 7,
    "verbosity": -1,
}


@dataclass(frozen=True, slots=True)
class Trees:
    """A fitted ensemble as text, and how many features it reads. A field of a fit like any other."""

    text: str
    features: int


def grow(
    x: Floats, y: Floats, parameters: Mapping[str, Any], rounds: int, weight: Floats | None = None
) -> Trees:
    """Trees fitted on rows of x (M, F) with finite y (M,); raises ValueError below 2 F of them."""
    usable = np.isfinite(y)
    if usable.sum() < 2 * x.shape[1]:
        raise ValueError(f"{int(usable.sum())} labelled rows are too few for {x.shape[1]} features")
    data = lgb.Dataset(x[usable], y[usable], weight=None if weight is None else weight[usable])
    booster = lgb.train({**parameters, **FIXED}, data, num_boost_round=rounds)
    return Trees(booster.model_to_string(), x.shape[1])


def predict(trees: Trees, x: Floats) -> Floats:
    """Prediction (...) of x (..., F), each row as it would be alone; NaN rows are read as LightGBM does.

    Raises ArtefactError where the text is no model, ValueError where x has other features.
    """
    if x.shape[-1] != trees.features:
        raise ValueError(f"the trees read {trees.features} features; {x.shape[-1]} are given")
    flat = x.reshape(-1, trees.features)
    if not len(flat):
        return np.empty(x.shape[:-1])
    out = _booster(trees.text).predict(flat, num_threads=1)
    return np.asarray(out, dtype=np.float64).reshape(x.shape[:-1])


@lru_cache(maxsize=64)
def _booster(text: str) -> lgb.Booster:
    if not text.rstrip().endswith("pandas_categorical:null") or "end of trees" not in text:
        raise ArtefactError("the text of the trees is cut off")
    try:
        return lgb.Booster(model_str=text)
    except lgb.basic.LightGBMError as error:
        raise ArtefactError(f"not a model of trees: {error}") from error

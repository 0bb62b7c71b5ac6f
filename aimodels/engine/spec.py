"""What a layer declares about a model, and when it is fitted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pandas as pd

from assets.engine.panel import Panel

#: Between the number of a declaration and the mark of changed hyperparameters.
TUNED = "~"
_EPOCH = datetime(2010, 1, 4, tzinfo=UTC)


class ModelType(StrEnum):
    """Which layer a model serves."""

    MACRO = "macro"
    SECTOR = "sector"
    ASSET = "asset"
    TIMING = "timing"


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model as its layer declares it, once.

    The model is fitted every `refit_days` on a calendar grid that does not depend on the data,
    on at most `train_days` of bars closed by then, with labels of `horizon_days` already realised.
    `version` numbers the declaration: another estimator or configuration is another family of fits. The
    first `embargo_days` after a fit do not count in its judgement; `expires_days` after it, it no longer
    speaks. `hyperparameters` are those that differ from the declared ones, by name: such fits are a family
    of their own.
    """

    name: str
    model_type: ModelType
    estimator: str
    target: str
    features: tuple[str, ...]
    horizon_days: int
    train_days: int
    metric: str
    rival: str
    refit_days: int = 28
    version: int = 1
    embargo_days: int = 1
    expires_days: int = 84
    hyperparameters: tuple[tuple[str, float], ...] = ()

    @property
    def family(self) -> str:
        """What the versions of such fits begin with: the declaration's number, and what was changed in it."""
        if not self.hyperparameters:
            return str(self.version)
        said = json.dumps(self.hyperparameters).encode()
        return f"{self.version}{TUNED}{hashlib.sha256(said).hexdigest()[:8]}"

    def tuned(self, changed: Mapping[str, float]) -> ModelSpec:
        """The same declaration with other hyperparameters; none is the declared family."""
        return replace(self, hyperparameters=tuple(sorted(changed.items())))


def family(version: str) -> str:
    """The declaration a stored version was fitted by: what stands before its day."""
    return version.split(".", 1)[0]


def declaration(version: str) -> str:
    """Number of the declaration behind a version or a family, whatever its hyperparameters."""
    return family(version).split(TUNED, 1)[0]


def fit_time(spec: ModelSpec, as_of: datetime) -> datetime:
    """The moment of the fit that serves `as_of`: the last point of the refit grid not after it."""
    step = timedelta(days=spec.refit_days)
    return _EPOCH + (as_of - _EPOCH) // step * step


def fit_times(spec: ModelSpec, panel: Panel, first: int) -> list[datetime]:
    """Moments of the fits that serve rows `first` to the last of `panel`, ascending."""
    moments = {fit_time(spec, panel.as_of(row)) for row in range(first, len(panel.times))}
    return sorted(moments)


def serving(spec: ModelSpec, panel: Panel, first: int) -> Mapping[datetime, slice]:
    """For each fit moment, the slice of rows from `first` on that it serves; together they cover all."""
    owners = pd.Series(
        [fit_time(spec, panel.as_of(row)) for row in range(first, len(panel.times))],
        index=range(first, len(panel.times)),
    )
    return {
        moment.to_pydatetime(): slice(int(rows.index[0]), int(rows.index[-1]) + 1)
        for moment, rows in owners.groupby(owners)
    }

"""The only writers of models: fits are made once, stored with their hash, and served from then on."""

from __future__ import annotations

import importlib.metadata
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from django.db import transaction
from django.utils import timezone

from aimodels import selectors
from aimodels.engine import artefact
from aimodels.engine.spec import ModelSpec
from aimodels.models import AIModel, ModelStatus
from assets.engine.timeframe import Timeframe

F = TypeVar("F")
_FRAMEWORKS = ("numpy", "pandas", "scikit-learn", "scipy", "jumpmodels", "skfolio")


@dataclass(frozen=True, slots=True)
class Served(Generic[F]):
    """Fits by the moment they were made, and the stored model each came from."""

    fits: Mapping[datetime, F]
    model_ids: Mapping[datetime, int]


def serve(
    *,
    spec: ModelSpec,
    timeframe: Timeframe,
    moments: Iterable[datetime],
    fit: Callable[[datetime], F],
    kind: type[F],
) -> Served[F]:
    """The fits at `moments`: stored ones are read, missing ones made by `fit(moment)` and stored.

    A moment at which there is too little to learn from (`fit` raises ValueError) is left out. Raises
    ArtefactError where a stored artefact is not what its hash says.
    """
    moments = list(moments)
    fits: dict[datetime, F] = {}
    ids: dict[datetime, int] = {}
    for row in selectors.stored(spec, timeframe, moments):
        fits[row.fitted_as_of] = artefact.decode(kind, bytes(row.artefact), row.artefact_sha256)
        ids[row.fitted_as_of] = row.pk
    for moment in moments:
        if moment in fits:
            continue
        started = time.perf_counter()
        try:
            made = fit(moment)
        except ValueError:
            continue
        row = _keep(spec, timeframe, moment, artefact.encode(made), time.perf_counter() - started)
        fits[moment] = artefact.decode(kind, bytes(row.artefact), row.artefact_sha256)
        ids[moment] = row.pk
    if ids:
        activate(AIModel.objects.get(pk=ids[max(ids)]))
    return Served(fits, ids)


@transaction.atomic
def activate(model: AIModel) -> None:
    """Make `model` the one that serves its name; an older one never takes over from a newer."""
    versions = AIModel.objects.select_for_update().filter(name=model.name, timeframe=model.timeframe)
    current = versions.filter(is_active=True).first()
    if current is not None:
        if current.fitted_as_of >= model.fitted_as_of:
            return
        AIModel.objects.filter(pk=current.pk).update(
            is_active=False, status=ModelStatus.DEPRECATED, deprecated_at=timezone.now()
        )
    AIModel.objects.filter(pk=model.pk).update(
        is_active=True, status=ModelStatus.ACTIVE, deployed_at=timezone.now()
    )


def _keep(spec: ModelSpec, timeframe: Timeframe, moment: datetime, data: bytes, seconds: float) -> AIModel:
    """Store a fit; where another process was first, its row is the model."""
    row, _ = AIModel.objects.get_or_create(
        name=spec.name,
        timeframe=timeframe,
        version=selectors.version_of(spec, moment),
        defaults={
            "model_type": spec.model_type,
            "architecture": spec.estimator,
            "fitted_as_of": moment,
            "artefact": data,
            "artefact_sha256": artefact.digest(data),
            "framework": "json",
            "framework_versions": {name: importlib.metadata.version(name) for name in _FRAMEWORKS},
            "configuration": {
                "horizon_days": spec.horizon_days,
                "train_days": spec.train_days,
                "refit_days": spec.refit_days,
                "metric": spec.metric,
                "rival": spec.rival,
            },
            "training_features": list(spec.features),
            "training_data_range": {"train_days": spec.train_days, "until": moment.isoformat()},
            "target_variable": spec.target,
            "last_trained": timezone.now(),
            "training_seconds": seconds,
        },
    )
    return row

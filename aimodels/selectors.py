"""What others read of models."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import QuerySet

from aimodels.engine.spec import ModelSpec, fit_time
from aimodels.models import AIModel
from assets.engine.timeframe import Timeframe


def version_of(spec: ModelSpec, moment: datetime) -> str:
    """Version of the fit made at `moment`: the declaration's version and the day."""
    return f"{spec.version}.{moment:%Y%m%d}"


def stored(spec: ModelSpec, timeframe: Timeframe, moments: Iterable[datetime]) -> QuerySet[AIModel]:
    """Versions of the model fitted at `moments`."""
    versions = [version_of(spec, moment) for moment in moments]
    return AIModel.objects.filter(name=spec.name, timeframe=timeframe, version__in=versions)


def needed_rows(
    specs: Iterable[ModelSpec], timeframe: Timeframe, since: datetime, as_of: datetime, lookback: int
) -> int:
    """Bars a run over closes `since` to `as_of` has to load: its span, the warm-up and, where a fit is
    missing, the window that fit is trained on."""
    start = since
    for spec in specs:
        moments = grid(spec, since, as_of)
        there = set(stored(spec, timeframe, moments).values_list("fitted_as_of", flat=True))
        missing = [moment for moment in moments if moment not in there]
        if missing:
            start = min(start, missing[0] - timedelta(days=spec.train_days))
    return lookback + timeframe.bars(as_of - start) + 1


def grid(spec: ModelSpec, since: datetime, as_of: datetime) -> list[datetime]:
    """Moments of the fits that serve closes from `since` to `as_of`."""
    moment, step, moments = fit_time(spec, since), timedelta(days=spec.refit_days), []
    while moment <= as_of:
        moments.append(moment)
        moment += step
    return moments

"""Stored versions, and which of them serves a moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from aimodels.engine.spec import ModelSpec, fit_time
from aimodels.models import HOLDING, AIModel, ModelStatus, Promotion
from assets.engine.timeframe import Timeframe


def version_of(spec: ModelSpec, moment: datetime) -> str:
    """Version of the fit made at `moment`: the declaration's version and the day."""
    return f"{spec.version}.{moment:%Y%m%d}"


def stored(
    spec: ModelSpec, timeframe: Timeframe, moments: Iterable[datetime], broken: bool = False
) -> QuerySet[AIModel]:
    """Versions of this declaration fitted at `moments`, a repaired one after the one it repairs; with
    `broken` those too whose artefact was refused."""
    rows = AIModel.objects.filter(
        name=spec.name,
        timeframe=timeframe,
        version__startswith=f"{spec.version}.",
        fitted_as_of__in=list(moments),
    ).order_by("pk")
    return rows if broken else rows.exclude(status=ModelStatus.ERROR)


def earlier(name: str, timeframe: Timeframe, moment: datetime) -> QuerySet[AIModel]:
    """Usable versions fitted before `moment`, the newest first: what serves where the fit of `moment`
    cannot."""
    return (
        AIModel.objects.filter(name=name, timeframe=timeframe, fitted_as_of__lt=moment)
        .filter(Q(expires_at=None) | Q(expires_at__gt=moment))
        .exclude(status=ModelStatus.ERROR)
        .order_by("-fitted_as_of", "-pk")
    )


def active(name: str, timeframe: Timeframe) -> AIModel | None:
    """The version that serves now: the champion."""
    return AIModel.objects.filter(name=name, timeframe=timeframe, is_active=True).first()


def current_versions() -> QuerySet[AIModel]:
    """One row a model and bar length: the version that serves, or the newest where none does."""
    return AIModel.objects.order_by("name", "timeframe", "-is_active", "-fitted_as_of", "-pk").distinct(
        "name", "timeframe"
    )


def pins(name: str, timeframe: Timeframe, until: datetime) -> list[Promotion]:
    """Binding decisions that take effect by `until`, in the order in which they were made."""
    return list(
        Promotion.objects.filter(name=name, timeframe=timeframe, effective_from__lte=until, is_binding=True)
        .select_related("serving", "challenger")
        .defer("challenger__artefact")
        .order_by("pk")
    )


def in_effect(decisions: Sequence[Promotion], moment: datetime) -> Promotion | None:
    """The last decision on `moment` that holds on to its `serving` version; None where the fit of the moment
    serves."""
    held = None
    for decision in decisions:
        if decision.effective_from > moment:
            continue
        held = decision if decision.verdict in HOLDING else None
        if held is not None and held.serving.fitted_as_of > moment:
            held = None  # it would know what came after
    return held


def needed_rows(
    specs: Iterable[ModelSpec], timeframe: Timeframe, since: datetime, as_of: datetime, lookback: int
) -> int:
    """Bars a run over closes `since` to `as_of` has to load: its span, the warm-up and, where a fit is
    missing, the window that fit is trained on."""
    start = since
    for spec in specs:
        moments = grid(spec, since, as_of)
        there = set(stored(spec, timeframe, moments, broken=True).values_list("fitted_as_of", flat=True))
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

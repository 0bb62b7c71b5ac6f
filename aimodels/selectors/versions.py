"""Stored versions, and which of them serves a moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from aimodels.engine.registry import Declared
from aimodels.engine.spec import ModelSpec, declaration, family, fit_time
from aimodels.models import HOLDING, AIModel, ModelStatus, Promotion
from assets.engine.timeframe import Timeframe


def version_of(spec: ModelSpec, moment: datetime) -> str:
    """Version of the fit made at `moment`: its family and the day."""
    return f"{spec.family}.{moment:%Y%m%d}"


def stored(
    spec: ModelSpec,
    timeframe: Timeframe,
    moments: Iterable[datetime],
    broken: bool = False,
    families: Iterable[str] = (),
) -> QuerySet[AIModel]:
    """Versions of the spec's family (or of `families`) fitted at `moments`, a repaired one after the one it
    repairs; with `broken` those too whose artefact was refused."""
    of_family = (Q(version__startswith=f"{one}.") for one in set(families) or {spec.family})
    rows = (
        AIModel.objects.filter(name=spec.name, timeframe=timeframe, fitted_as_of__in=list(moments))
        .filter(reduce(or_, of_family))
        .order_by("pk")
    )
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


def spec_at(spec: ModelSpec, decisions: Sequence[Promotion], moment: datetime) -> ModelSpec:
    """The declaration with the hyperparameters that the last decision on `moment` lets serve."""
    last = None
    for decision in decisions:
        if decision.effective_from <= moment:
            last = decision.serving
    return spec if last is None else _like(spec, last)


def serving_declared(declared: Declared, timeframe: Timeframe) -> Declared:
    """The model with the hyperparameters of the version that serves now; one query."""
    return declared_like(declared, active(declared.spec.name, timeframe))


def declared_like(declared: Declared, row: AIModel | None) -> Declared:
    """The model with the hyperparameters of `row`; as declared where they are not its own any more."""
    if row is None or not _like(declared.spec, row).hyperparameters:
        return declared
    try:
        return declared.tuned(row.configuration["hyperparameters"])
    except ValueError:
        return declared


def _like(spec: ModelSpec, row: AIModel) -> ModelSpec:
    if declaration(row.version) != str(spec.version) or family(row.version) == spec.family:
        return spec
    return spec.tuned(row.configuration.get("hyperparameters", {}))


def needed_rows(
    specs: Iterable[ModelSpec], timeframe: Timeframe, since: datetime, as_of: datetime, lookback: int
) -> int:
    """Bars a run over closes `since` to `as_of` has to load: its span, the warm-up and, where a fit is
    missing, the window that fit is trained on."""
    start = since
    for spec in specs:
        moments = grid(spec, since, as_of)
        decisions = pins(spec.name, timeframe, as_of)
        wanted = {moment: spec_at(spec, decisions, moment).family for moment in moments}
        rows = stored(spec, timeframe, moments, broken=True, families=wanted.values())
        there = {(moment, family(version)) for moment, version in rows.values_list("fitted_as_of", "version")}
        missing = [moment for moment in moments if (moment, wanted[moment]) not in there]
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

"""Judgements, decisions and trainings, newest first."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from aimodels.models import Evaluation, Promotion, TrainingJob
from assets.engine.timeframe import Timeframe


def evaluations(name: str | None = None) -> QuerySet[Evaluation]:
    """Judgements of a model, or of all."""
    rows = Evaluation.objects.select_related("model").defer("model__artefact").order_by("-created_at", "-pk")
    return rows if name is None else rows.filter(name=name)


def latest_evaluations() -> QuerySet[Evaluation]:
    """The last judgement of each model: what the page of proof shows."""
    return (
        Evaluation.objects.select_related("model")
        .defer("model__artefact")
        .order_by("name", "timeframe", "-created_at", "-pk")
        .distinct("name", "timeframe")
    )


def decisions(name: str | None = None) -> QuerySet[Promotion]:
    """Which versions were weighed and what was decided."""
    rows = (
        Promotion.objects.select_related("challenger", "champion", "serving")
        .defer("challenger__artefact", "champion__artefact", "serving__artefact")
        .order_by("-created_at", "-pk")
    )
    return rows if name is None else rows.filter(name=name)


def jobs(name: str | None = None) -> QuerySet[TrainingJob]:
    """Trainings of a model, or of all."""
    rows = TrainingJob.objects.select_related("model").defer("model__artefact").order_by("-created_at", "-pk")
    return rows if name is None else rows.filter(name=name)


def job_of(pk: int) -> TrainingJob:
    """One training; raises TrainingJob.DoesNotExist."""
    return jobs().get(pk=pk)


def rival_coverage(names: Iterable[str], timeframe: Timeframe = Timeframe.DAY) -> dict[str, float | None]:
    """How often the rival's interval held the price on the unseen bars that each of the models `names` was
    last judged on; None where it was not judged. One query."""
    rows = Promotion.objects.filter(name__in=list(names), timeframe=timeframe).exclude(figures={})
    found: dict[str, float | None] = dict.fromkeys(names)
    for row in rows.order_by("name", "-created_at", "-pk").distinct("name").only("name", "figures"):
        told = row.figures.get("challenger", {}).get("walk_forward", {})
        found[row.name] = told.get(f"interval_coverage_{row.name.rpartition('_')[2]}", {}).get("rival")
    return found

"""Judgements, decisions and trainings, newest first."""

from __future__ import annotations

from django.db.models import QuerySet

from aimodels.models import Evaluation, Promotion, TrainingJob


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

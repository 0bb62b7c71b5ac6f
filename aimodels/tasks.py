"""Trainings in the background: those asked for, and the next refit of each model when its time has come."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from aimodels import selectors, services
from aimodels.engine.spec import fit_time
from aimodels.models import JobStatus, TrainingJob
from assets import selectors as assets
from assets.engine.timeframe import Timeframe


@shared_task
def train_waiting() -> int:
    """Carry out the trainings that wait, oldest first; returns how many were begun."""
    services.mend_all()
    begun = 0
    while True:
        job = TrainingJob.objects.filter(status=JobStatus.PENDING).order_by("created_at", "pk").first()
        if job is None:
            return begun
        begun += 1
        try:
            services.train(
                name=job.name,
                timeframe=job.timeframe,
                as_of=job.fit_as_of,
                days=job.parameters["days"],
                split=job.parameters["validation_split"],
                hyperparameters=job.parameters.get("hyperparameters"),
                job=job,
            )
        except services.TrainingError:
            return begun  # somebody else trains it; Beat asks again


@shared_task
def train_due() -> int:
    """Train every daily model whose calendar refit has come since it was last trained; returns how many."""
    last = assets.last_close(Timeframe.DAY)
    if last is None:
        return 0
    due = [
        name
        for name, declared in selectors.catalogue().models.items()
        if not selectors.jobs(name)
        .filter(status=JobStatus.COMPLETED, fit_as_of__gte=fit_time(declared.spec, last))
        .exists()
    ]
    return len(services.train_all(names=due, as_of=last)) if due else 0


@shared_task
def realise_predictions() -> int:
    """Score the predictions whose time has come; returns how many."""
    return services.resolve(as_of=timezone.now()).scored

"""Trainings as they run: one at a time a model, seen by others, cancelled on request, mended after a
crash."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from aimodels import selectors
from aimodels.models import JobStatus, TrainingJob
from aimodels.serializers import TrainingJobSerializer
from assets.engine.timeframe import Timeframe
from cryptopredict.common.realtime import Topic, publish

logger = logging.getLogger(__name__)
_LOCK = 0x74726169
#: A request nobody took up for so long was lost on the way.
LOST_AFTER = timedelta(hours=6)
SHORTEST_DAYS, LONGEST_DAYS = 28, 5000


class TrainingError(RuntimeError):
    """A training cannot start; the message says why and what to do."""


class BusyError(TrainingError):
    """The model is being trained already."""


class Cancelled(Exception):
    """Somebody asked for the running training to stop."""


class claim:
    """The right to train one model: a session lock in the database, which goes with a killed worker.

    Whoever gets it marks trainings failed that a dead worker left behind. Raises BusyError.
    """

    def __init__(self, name: str, timeframe: Timeframe) -> None:
        self.name, self.timeframe = name, timeframe

    def __enter__(self) -> claim:
        if not _try(self.name, self.timeframe):
            raise BusyError(
                _("%(name)s is being trained already; wait until that has ended, or cancel it.")
                % {"name": self.name}
            )
        _mend(self.name, self.timeframe)
        return self

    def __exit__(self, *exc_info: Any) -> None:
        _release(self.name, self.timeframe)


def _key(name: str, timeframe: Timeframe) -> str:
    return f"{name} {timeframe}"


def _try(name: str, timeframe: Timeframe) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", [_LOCK, _key(name, timeframe)])
        return bool(cursor.fetchone()[0])


def _release(name: str, timeframe: Timeframe) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", [_LOCK, _key(name, timeframe)])


def _mend(name: str, timeframe: Timeframe) -> None:
    """Mark what a killed worker left running as failed; only who holds the lock may know."""
    TrainingJob.objects.filter(name=name, timeframe=timeframe, status=JobStatus.RUNNING).update(
        status=JobStatus.FAILED,
        error="interrupted: the process that trained it is gone; the model that served goes on",
        finished_at=timezone.now(),
    )


def mend_all() -> int:
    """Mark every training failed that no living process holds; returns how many."""
    done = 0
    rows = TrainingJob.objects.filter(status=JobStatus.RUNNING)
    for name, timeframe in set(rows.values_list("name", "timeframe")):
        if _try(name, timeframe):
            try:
                done += TrainingJob.objects.filter(
                    name=name, timeframe=timeframe, status=JobStatus.RUNNING
                ).count()
                _mend(name, timeframe)
            finally:
                _release(name, timeframe)
    return done


class Journal:
    """The row of a running training: its progress and log, written as it goes."""

    def __init__(self, job: TrainingJob) -> None:
        self.job = job
        self._lines = [job.log] if job.log else []

    def note(self, line: str, progress: float | None = None) -> None:
        """Add a line and tell who watches; raises Cancelled where the training was cancelled meanwhile."""
        self._lines.append(f"{timezone.now():%H:%M:%S} {line}")
        self.job.log = "\n".join(self._lines)
        if progress is not None:
            self.job.progress = min(1.0, max(0.0, progress))
        running = TrainingJob.objects.filter(pk=self.job.pk, status=JobStatus.RUNNING)
        if not running.update(log=self.job.log, progress=self.job.progress):
            raise Cancelled
        announce(self.job)

    def end(self, status: str, error: str = "", **fields: Any) -> TrainingJob:
        """Close the row; one that was cancelled meanwhile stays so."""
        line = {JobStatus.COMPLETED: "done", JobStatus.CANCELLED: "cancelled"}.get(status, error)
        self._lines.append(f"{timezone.now():%H:%M:%S} {line}")
        closing = {
            "status": status,
            "error": error,
            "finished_at": timezone.now(),
            "log": "\n".join(self._lines),
            **({"progress": 1.0} if status == JobStatus.COMPLETED else {}),
            **fields,
        }
        rows = TrainingJob.objects.filter(pk=self.job.pk)
        if not rows.filter(status=JobStatus.RUNNING).update(**closing):
            if status == JobStatus.COMPLETED:
                raise Cancelled  # what it has decided goes with the transaction around this
            rows.update(finished_at=timezone.now(), log=closing["log"])
        self.job.refresh_from_db()
        announce(self.job)
        return self.job


def announce(job: TrainingJob) -> None:
    """Tell open pages how a training stands."""
    publish(Topic.TRAINING, dict(TrainingJobSerializer(job).data))


def request(
    *,
    name: str,
    timeframe: Timeframe = Timeframe.DAY,
    as_of: datetime,
    days: int,
    validation_split: float,
    hyperparameters: Mapping[str, Any] | None = None,
    requested_by: int | None = None,
) -> TrainingJob:
    """Ask for a training in the background; the job waits until a worker takes it.

    Raises Unknown, ValueError on a number out of its range (HyperparameterError on a hyperparameter),
    BusyError where one waits or runs already.
    """
    declared = selectors.declared(name)
    if not SHORTEST_DAYS <= days <= LONGEST_DAYS:
        raise ValueError(f"{days} days; they have to lie between {SHORTEST_DAYS} and {LONGEST_DAYS}")
    if not 0.0 < validation_split < 1.0:
        raise ValueError(f"a validation split of {validation_split}; it has to lie between 0 and 1")
    declared.tuned(hyperparameters or {})
    mend_all()
    with transaction.atomic(), connection.cursor() as cursor:
        # Two requests at once: the second waits here and then sees the first one's row.
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [_LOCK + 1, _key(name, timeframe)])
        waiting = TrainingJob.objects.filter(name=name, timeframe=timeframe)
        waiting.filter(status=JobStatus.PENDING, created_at__lt=timezone.now() - LOST_AFTER).update(
            status=JobStatus.FAILED, error="no worker took it up", finished_at=timezone.now()
        )
        if waiting.filter(status__in=(JobStatus.PENDING, JobStatus.RUNNING)).exists():
            raise BusyError(
                _("A training of %(name)s waits or runs already; wait until it has ended, or cancel it.")
                % {"name": name}
            )
        job = TrainingJob.objects.create(
            name=name,
            timeframe=timeframe,
            fit_as_of=as_of,
            requested_by_id=requested_by,
            parameters={
                "days": days,
                "validation_split": validation_split,
                "hyperparameters": dict(hyperparameters or {}),
            },
        )
        transaction.on_commit(lambda: _send(job.pk), robust=True)
    announce(job)
    return job


def _send(pk: int) -> None:
    """Wake a worker; where the broker is gone, Beat finds the waiting job later."""
    try:
        current_app.send_task("aimodels.tasks.train_waiting", retry=False)
    except Exception as error:  # whatever the broker's client raises: the job is stored
        logger.warning("training %s waits, no worker could be woken: %s", pk, error)


def cancel(*, pk: int) -> TrainingJob:
    """Stop a training that waits or runs; the model that serves goes on. Raises DoesNotExist, TrainingError.

    A running one stops before its next batch of fits.
    """
    open_ = TrainingJob.objects.filter(pk=pk, status__in=(JobStatus.PENDING, JobStatus.RUNNING))
    if not open_.update(status=JobStatus.CANCELLED, finished_at=timezone.now()):
        job = selectors.job_of(pk)
        raise TrainingError(_("The training is %(status)s already.") % {"status": job.get_status_display()})
    job = selectors.job_of(pk)
    announce(job)
    return job

"""Trainings, batch predictions and judgements."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aimodels.models.aimodel import AIModel
from assets.models import TimeframeField
from cryptopredict.common import schema


class JobStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    RUNNING = "running", _("Running")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


class Job(models.Model):
    """State, progress in [0, 1] and log of one piece of long work."""

    status = models.CharField(max_length=20, choices=JobStatus, default=JobStatus.PENDING)
    progress = models.FloatField(default=0)
    log = models.TextField(blank=True)
    error = models.TextField(blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    parameters = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [schema.one_of("status", JobStatus), schema.within("progress", 0, 1)]


class TrainingJob(Job):
    """Fitting one model as of a moment; `model` is what came of it."""

    name = models.CharField(max_length=100)
    timeframe = TimeframeField()
    fit_as_of = models.DateTimeField()
    model = models.ForeignKey(
        AIModel, null=True, blank=True, on_delete=models.PROTECT, related_name="training_jobs"
    )
    metrics = models.JSONField(default=dict, blank=True, help_text="out of sample")

    class Meta(Job.Meta):
        constraints = [
            *Job.Meta.constraints,
            models.UniqueConstraint(
                fields=["name", "timeframe"],
                condition=models.Q(status=JobStatus.RUNNING),
                name="aimodels_trainingjob_one_running",
            ),
        ]
        indexes = [models.Index("name", models.F("created_at").desc(), name="aimodels_trainingjob_latest")]

    def __str__(self) -> str:
        return f"{self.name} {self.status}"


class PredictionJob(Job):
    """A batch of predictions by one model."""

    model = models.ForeignKey(AIModel, on_delete=models.PROTECT, related_name="prediction_jobs")
    as_of = models.DateTimeField()
    rows = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.model_id} {self.status}"


class Evaluation(models.Model):
    """One judgement on unseen data: figures, their 95 % intervals, and the rival's beside them."""

    model = models.ForeignKey(
        AIModel, null=True, blank=True, on_delete=models.PROTECT, related_name="evaluations"
    )
    name = models.CharField(max_length=100)
    timeframe = TimeframeField()
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    metrics = models.JSONField(default=dict)
    rival = models.CharField(max_length=100, blank=True)
    rival_metrics = models.JSONField(default=dict, blank=True)
    verdict = models.CharField(max_length=50, blank=True)
    details = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(window_start__lt=models.F("window_end")),
                name="aimodels_evaluation_window",
            )
        ]
        indexes = [models.Index("name", models.F("created_at").desc(), name="aimodels_evaluation_latest")]
        triggers = schema.append_only()

    def __str__(self) -> str:
        return f"{self.name} {self.verdict}"

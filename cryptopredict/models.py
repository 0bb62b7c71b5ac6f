"""What joins the layers: runs of the pipeline, health, and settings changed at run time."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assets.models import TimeframeField
from cryptopredict.common import schema


class RunStatus(models.TextChoices):
    RUNNING = "running", _("Running")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")


class PipelineRun(models.Model):
    """One passage of closed candles through the funnel; `stages` holds seconds, rows and error of each."""

    timeframe = TimeframeField()
    since = models.DateTimeField(help_text="close of the first bar")
    as_of = models.DateTimeField(help_text="close of the last bar")
    status = models.CharField(max_length=20, choices=RunStatus, default=RunStatus.RUNNING)
    stages = models.JSONField(default=list, blank=True)
    rows = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(null=True, blank=True)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            schema.one_of("status", RunStatus),
            models.CheckConstraint(
                condition=models.Q(since__lte=models.F("as_of")), name="cryptopredict_pipelinerun_span"
            ),
        ]
        indexes = [
            models.Index(models.F("started_at").desc(), name="cryptopredict_run_latest"),
            models.Index("timeframe", models.F("as_of").desc(), name="cryptopredict_run_bar"),
        ]

    def __str__(self) -> str:
        return f"{self.timeframe} {self.as_of:%Y-%m-%d %H:%M} {self.status}"


class SystemHealth(models.Model):
    """One check of the whole system; score in [0, 100]."""

    check_time = models.DateTimeField(db_default=Now())
    api_status = models.JSONField(default=dict, blank=True)
    database_status = models.JSONField(default=dict, blank=True)
    ml_models_status = models.JSONField(default=dict, blank=True)
    data_pipeline_status = models.JSONField(default=dict, blank=True)
    overall_health_score = models.FloatField(null=True, blank=True)
    performance_metrics = models.JSONField(default=dict, blank=True)
    error_logs = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name_plural = "system health"
        constraints = [schema.within("overall_health_score", 0, 100)]
        indexes = [models.Index(models.F("check_time").desc(), name="cryptopredict_health_latest")]

    def __str__(self) -> str:
        return f"{self.check_time:%Y-%m-%d %H:%M} {self.overall_health_score}"


class RuntimeSettings(models.Model):
    """The one row of thresholds an administrator may change while the system runs.

    A null signal threshold means the default: the break-even probability of each signal's geometry.
    Tier capacities are the watchlists' own `max_items`.
    """

    suggestion_confidence_min = models.FloatField(default=0.5)
    signal_confidence_min = models.FloatField(null=True, blank=True)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "runtime settings"
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="cryptopredict_runtimesettings_one_row"),
            schema.within("suggestion_confidence_min", 0, 1),
            schema.within("signal_confidence_min", 0, 1),
        ]
        triggers = [schema.touch()]

    def __str__(self) -> str:
        return "runtime settings"

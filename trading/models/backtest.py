"""Backtests as they were run, kept to be compared, and apart from what was traded."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assets.models import TimeframeField
from cryptopredict.common import schema
from trading.models.execution import Venue


class BacktestStatus(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")


class Backtest(models.Model):
    """The funnel as it would have run over a span, under stated costs and rules.

    `variants_tried` counts this run's and those of earlier runs over the same time: what the deflated Sharpe
    ratio is deflated by. `sharpe_ratios` are those of this run's variants, of one bar. `report` is null until
    it is completed.
    """

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="backtests"
    )
    venue = models.CharField(max_length=10, choices=Venue, default=Venue.BACKTEST, editable=False)
    timeframe = TimeframeField()
    since = models.DateTimeField(help_text="first close")
    until = models.DateTimeField(help_text="last close")
    parameters = models.JSONField(default=dict)
    status = models.CharField(max_length=20, choices=BacktestStatus, default=BacktestStatus.QUEUED)
    progress = models.FloatField(default=0.0)
    stage = models.CharField(max_length=40, blank=True)
    variants_tried = models.PositiveIntegerField(null=True, blank=True)
    sharpe_ratios = models.JSONField(default=list, blank=True)
    report = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(venue=Venue.BACKTEST), name="trading_backtest_is_no_trading"
            ),
            schema.one_of("status", BacktestStatus),
            schema.within("progress", 0, 1),
            models.CheckConstraint(
                condition=models.Q(since__lt=models.F("until")), name="trading_backtest_span"
            ),
            models.CheckConstraint(
                condition=~models.Q(status=BacktestStatus.COMPLETED) | models.Q(report__isnull=False),
                name="trading_backtest_completed_has_report",
            ),
        ]
        indexes = [
            models.Index(models.F("created_at").desc(), "id", name="trading_backtest_latest"),
            models.Index("timeframe", "since", "until", name="trading_backtest_span"),
        ]
        triggers = schema.append_only(
            fill_once=("variants_tried", "report", "finished_at"),
            free=("status", "progress", "stage", "sharpe_ratios", "error"),
        )

    def __str__(self) -> str:
        return f"{self.timeframe} {self.since:%Y-%m-%d} to {self.until:%Y-%m-%d} {self.status}"

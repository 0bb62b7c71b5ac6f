"""What was read from where: the source behind every candle and series."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assets.models.fields import TimeframeField
from cryptopredict.common import schema


class ImportKind(models.TextChoices):
    CANDLES = "candles", _("Candles")
    SERIES = "series", _("Macro series")
    SIMULATION = "simulation", _("Simulated market")
    PROVIDER = "provider", _("Data provider")


class ImportStatus(models.TextChoices):
    RUNNING = "running", _("Running")
    COMPLETED = "completed", _("Completed")
    FAILED = "failed", _("Failed")


class DataImport(models.Model):
    """One file or fetch: rows in, unchanged, rejected, and the state it ended in."""

    kind = models.CharField(max_length=20, choices=ImportKind)
    source = models.CharField(max_length=500, help_text="file, folder or provider")
    data_format = models.CharField(max_length=50, blank=True)
    timeframe = TimeframeField(null=True, blank=True)
    status = models.CharField(max_length=20, choices=ImportStatus, default=ImportStatus.RUNNING)
    rows_read = models.BigIntegerField(default=0)
    rows_stored = models.BigIntegerField(default=0)
    rows_unchanged = models.BigIntegerField(default=0)
    rows_rejected = models.BigIntegerField(default=0)
    rejects = models.JSONField(default=dict, blank=True, help_text="rows by reason")
    parameters = models.JSONField(default=dict, blank=True)
    first_time = models.DateTimeField(null=True, blank=True)
    last_time = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [schema.one_of("kind", ImportKind), schema.one_of("status", ImportStatus)]
        indexes = [models.Index(models.F("started_at").desc(), name="assets_dataimport_latest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.source}"

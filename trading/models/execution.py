"""What was done about a signal."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cryptopredict.common import schema
from trading.models.signal import TradingSignal


class ExecutionType(models.TextChoices):
    MANUAL = "manual", _("Manual")
    AUTOMATIC = "automatic", _("Automatic")


class ExecutionStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    FILLED = "filled", _("Filled")
    PARTIALLY_FILLED = "partially_filled", _("Partially filled")
    CANCELLED = "cancelled", _("Cancelled")


class Venue(models.TextChoices):
    """Where the figures come from; the three are never mixed."""

    PAPER = "paper", _("Paper")
    LIVE = "live", _("Live")
    BACKTEST = "backtest", _("Backtest")


class SignalExecution(models.Model):
    """One fill of one signal by one person; a repeated request with the same key is the same execution."""

    signal = models.ForeignKey(TradingSignal, on_delete=models.PROTECT, related_name="executions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="executions")
    idempotency_key = models.CharField(max_length=100)
    venue = models.CharField(max_length=10, choices=Venue, default=Venue.PAPER)
    execution_type = models.CharField(max_length=20, choices=ExecutionType, default=ExecutionType.MANUAL)
    status = models.CharField(max_length=20, choices=ExecutionStatus, default=ExecutionStatus.PENDING)
    execution_price = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    position_size = models.DecimalField(max_digits=38, decimal_places=18, help_text="USD")
    filled_size = models.DecimalField(max_digits=38, decimal_places=18, default=0)
    fees = models.DecimalField(max_digits=38, decimal_places=18, default=0)
    portfolio_percentage = models.FloatField(null=True, blank=True)
    execution_details = models.JSONField(default=dict, blank=True)
    executed_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            schema.unique("user", "idempotency_key"),
            schema.one_of("venue", Venue),
            schema.one_of("execution_type", ExecutionType),
            schema.one_of("status", ExecutionStatus),
            schema.positive("position_size"),
            schema.positive("execution_price"),
            schema.within("portfolio_percentage", 0, 100),
        ]
        indexes = [
            models.Index("user", models.F("executed_at").desc(), name="trading_execution_user"),
            models.Index("signal", name="trading_execution_signal"),
        ]
        triggers = [schema.touch()]

    def __str__(self) -> str:
        return f"{self.user_id} {self.signal_id} {self.status}"

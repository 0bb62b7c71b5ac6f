"""What was done about a signal."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cryptopredict.common import schema
from selection.models import Portfolio
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


class ExitReason(models.TextChoices):
    """Why a position was closed; empty for an execution that opens one."""

    NONE = "", _("Opens a position")
    TARGET = "target", _("Target reached")
    STOP = "stop", _("Stopped")
    TIME = "time", _("Time ran out")
    DELISTED = "delisted", _("The coin is traded no more")
    MANUAL = "manual", _("Closed by hand")


class SignalExecution(models.Model):
    """One fill of one signal by one person, append-only; a repeated request with the same key is the same.

    One without `opens` opens a position, which ends (`closed_at`) with the one that names it in `opens`.
    `request_digest` is that of what was asked for: the same key for another request is refused. Of a
    backtest there are none here, and a portfolio's venue is that of its executions (foreign key of both
    columns), so paper and live cannot mix.
    """

    signal = models.ForeignKey(TradingSignal, on_delete=models.PROTECT, related_name="executions")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="executions")
    portfolio = models.ForeignKey(
        Portfolio, null=True, blank=True, on_delete=models.PROTECT, related_name="executions"
    )
    opens = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="closing"
    )
    idempotency_key = models.CharField(max_length=100)
    request_digest = models.CharField(max_length=64, blank=True)
    venue = models.CharField(max_length=10, choices=Venue, default=Venue.PAPER)
    execution_type = models.CharField(max_length=20, choices=ExecutionType, default=ExecutionType.MANUAL)
    status = models.CharField(max_length=20, choices=ExecutionStatus, default=ExecutionStatus.PENDING)
    execution_price = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    position_size = models.DecimalField(max_digits=38, decimal_places=18, help_text="USD")
    filled_size = models.DecimalField(max_digits=38, decimal_places=18, default=0)
    quantity = models.DecimalField(max_digits=38, decimal_places=18, default=0, help_text="coins")
    fees = models.DecimalField(max_digits=38, decimal_places=18, default=0)
    portfolio_percentage = models.FloatField(null=True, blank=True)
    exit_reason = models.CharField(max_length=10, choices=ExitReason, blank=True, default=ExitReason.NONE)
    realised_pnl = models.DecimalField(
        max_digits=38, decimal_places=18, null=True, blank=True, help_text="USD, net of all fees"
    )
    execution_details = models.JSONField(default=dict, blank=True)
    executed_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            schema.unique("user", "idempotency_key"),
            schema.one_of("venue", Venue),
            schema.one_of("execution_type", ExecutionType),
            schema.one_of("status", ExecutionStatus),
            schema.one_of("exit_reason", ExitReason),
            schema.positive("position_size"),
            schema.positive("execution_price"),
            schema.within("portfolio_percentage", 0, 100),
            models.CheckConstraint(
                condition=~models.Q(venue=Venue.BACKTEST), name="trading_signalexecution_no_backtest"
            ),
            models.CheckConstraint(
                condition=models.Q(opens__isnull=True, exit_reason="")
                | (models.Q(opens__isnull=False, closed_at__isnull=True) & ~models.Q(exit_reason="")),
                name="trading_signalexecution_opens_or_closes",
            ),
        ]
        indexes = [
            models.Index("user", models.F("executed_at").desc(), name="trading_execution_user"),
            models.Index("signal", name="trading_execution_signal"),
            models.Index(
                fields=["portfolio"],
                condition=models.Q(opens__isnull=True, closed_at__isnull=True),
                name="trading_execution_open",
            ),
        ]
        triggers = [*schema.append_only(fill_once=("closed_at",), free=("updated_at",)), schema.touch()]

    def __str__(self) -> str:
        return f"{self.user_id} {self.signal_id} {self.status}"

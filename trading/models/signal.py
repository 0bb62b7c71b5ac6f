"""Signals as they were issued, and every candidate that was weighed."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aimodels.models import AIModel
from assets.models import Analysis, Asset, record_triggers
from cryptopredict.common import schema
from cryptopredict.common.timeseries import RecordQuerySet


class SignalType(models.TextChoices):
    LONG = "long", _("Long")
    SHORT = "short", _("Short")


class RiskLevel(models.TextChoices):
    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")
    EXTREME = "extreme", _("Extreme")


class SignalStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    EXECUTED = "executed", _("Executed")
    EXPIRED = "expired", _("Expired")
    CANCELLED = "cancelled", _("Cancelled")


class Outcome(models.TextChoices):
    TARGET = "target", _("Target reached")
    STOP = "stop", _("Stopped")
    TIME = "time", _("Time ran out")


class Refusal(models.TextChoices):
    """The rule that kept a candidate from being issued, in the order of the funnel; empty if none did."""

    NONE = "", _("Issued")
    NO_MODEL = "no_model", _("No model yet")
    SHORTS_OFF = "shorts_off", _("Shorts are switched off")
    REGIME = "regime", _("Wrong regime for this direction")
    EXPOSURE = "exposure", _("The market is not one to be in")
    SCORE = "score", _("The coin's score is not good enough")
    UNLIKE = "unlike", _("Too unlike what was learned from")
    CONFIDENCE = "confidence", _("Not sure enough")
    EXPECTED_VALUE = "expected_value", _("Would not pay after costs")
    NO_SKILL = "no_skill", _("No skill shown: such signals did not pay before")
    OPEN_SIGNAL = "open_signal", _("A signal on this coin is open already")


def _levels(prefix: str) -> models.CheckConstraint:
    rising = models.Q(stop_loss__lt=models.F("entry_price"), entry_price__lt=models.F("target_price"))
    falling = models.Q(target_price__lt=models.F("entry_price"), entry_price__lt=models.F("stop_loss"))
    return models.CheckConstraint(
        condition=(models.Q(signal_type=SignalType.LONG) & rising)
        | (models.Q(signal_type=SignalType.SHORT) & falling),
        name=f"{prefix}_levels_in_order",
    )


class TradingSignal(Analysis):
    """An entry with target, stop and time, as issued; the outcome is filled in once, from later candles."""

    RESOLVED_BY = "outcome"  # the ledger records it and, when this is filled in, its outcome

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="signals")
    generated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="signals"
    )
    model = models.ForeignKey(
        AIModel, null=True, blank=True, on_delete=models.PROTECT, related_name="signals"
    )
    signal_type = models.CharField(max_length=10, choices=SignalType)
    entry_price = models.DecimalField(max_digits=38, decimal_places=18)
    target_price = models.DecimalField(max_digits=38, decimal_places=18)
    stop_loss = models.DecimalField(max_digits=38, decimal_places=18)
    confidence_score = models.FloatField(help_text="calibrated probability of the target before the stop")
    break_even = models.FloatField(help_text="probability at which the geometry earns nothing, after costs")
    base_rate = models.FloatField(null=True, blank=True)
    expected_value = models.FloatField(help_text="in R, after fees and slippage")
    risk_level = models.CharField(max_length=10, choices=RiskLevel)
    risk_reward_ratio = models.FloatField()
    time_horizon_hours = models.PositiveIntegerField()
    watchlist_tier = models.CharField(max_length=10, blank=True, help_text="tier of the coin when issued")
    ai_analysis = models.JSONField(default=dict, blank=True)
    market_context = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=20, choices=SignalStatus, default=SignalStatus.ACTIVE)
    generated_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome, null=True, blank=True)
    exit_price = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    return_r = models.FloatField(null=True, blank=True, help_text="in multiples of the risk, after costs")
    closed_at = models.DateTimeField(null=True, blank=True)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = RecordQuerySet.as_manager()

    class Meta(Analysis.Meta):
        constraints = [
            *Analysis.Meta.constraints,
            models.UniqueConstraint(
                fields=["asset", "timeframe", "as_of", "signal_type"],
                condition=models.Q(generated_by__isnull=True),
                name="trading_tradingsignal_unique_claim",
            ),
            _levels("trading_tradingsignal"),
            schema.positive("stop_loss"),
            schema.positive("target_price"),
            schema.one_of("signal_type", SignalType),
            schema.one_of("risk_level", RiskLevel),
            schema.one_of("status", SignalStatus),
            schema.one_of("outcome", Outcome),
            schema.within("confidence_score", 0, 1),
            schema.within("break_even", 0, 1),
            schema.positive("risk_reward_ratio"),
            models.CheckConstraint(
                condition=models.Q(expires_at__gt=models.F("generated_at")),
                name="trading_tradingsignal_expires_later",
            ),
        ]
        indexes = [
            models.Index(
                "asset", "status", models.F("generated_at").desc(), name="trading_signal_asset_status"
            ),
            models.Index(models.F("generated_at").desc(), "id", name="trading_signal_latest"),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(outcome__isnull=True),
                name="trading_signal_undecided",
            ),
        ]
        triggers = [
            *record_triggers(
                fill_once=("outcome", "exit_price", "return_r", "closed_at", "cancelled_by_id"),
                free=("status", "updated_at"),
            ),
            schema.touch(),
        ]

    def __str__(self) -> str:
        return f"{self.asset} {self.signal_type} {self.as_of:%Y-%m-%d %H:%M}"


class SignalCandidate(Analysis):
    """What was weighed at one close: levels, probability, and why it was or was not issued.

    Kept for the track record: a reliability curve needs every candidate, not the few that were issued.
    """

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="candidates")
    signal_type = models.CharField(max_length=10, choices=SignalType)
    entry_price = models.DecimalField(max_digits=38, decimal_places=18)
    target_price = models.DecimalField(max_digits=38, decimal_places=18)
    stop_loss = models.DecimalField(max_digits=38, decimal_places=18)
    probability = models.FloatField(null=True, blank=True)
    base_rate = models.FloatField(null=True, blank=True)
    break_even = models.FloatField()
    expected_value = models.FloatField(null=True, blank=True)
    is_issued = models.BooleanField()
    refusal = models.CharField(
        max_length=40,
        blank=True,
        choices=Refusal,
        default=Refusal.NONE,
        help_text="the rule that kept it from being issued",
    )
    refusal_value = models.FloatField(null=True, blank=True)
    refusal_limit = models.FloatField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, null=True, blank=True)
    return_r = models.FloatField(null=True, blank=True)

    objects = RecordQuerySet.as_manager()

    class Meta(Analysis.Meta):
        constraints = [
            *Analysis.Meta.constraints,
            schema.unique("asset", "timeframe", "as_of", "signal_type"),
            _levels("trading_signalcandidate"),
            schema.one_of("signal_type", SignalType),
            schema.one_of("refusal", Refusal),
            schema.one_of("outcome", Outcome),
            schema.within("probability", 0, 1),
            models.CheckConstraint(
                condition=models.Q(is_issued=True, refusal="")
                | (models.Q(is_issued=False) & ~models.Q(refusal="")),
                name="trading_signalcandidate_refused_or_issued",
            ),
        ]
        indexes = [
            models.Index("timeframe", models.F("as_of").desc(), name="trading_candidate_latest"),
            models.Index(
                fields=["timeframe", "as_of"],
                condition=models.Q(outcome__isnull=True),
                name="trading_candidate_undecided",
            ),
        ]
        triggers = record_triggers(fill_once=("outcome", "return_r"))

    def __str__(self) -> str:
        return f"{self.asset} {self.signal_type} {self.as_of:%Y-%m-%d %H:%M}"

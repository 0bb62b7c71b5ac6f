"""Which market it is, how much to be in it, and what it will likely be."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from aimodels.models import AIModel
from assets.models import Analysis, record_triggers
from cryptopredict.common import schema
from cryptopredict.common.timeseries import RecordQuerySet
from macro.models.readings import MetricsSnapshot


class Regime(models.TextChoices):
    BULL = "bull", _("Bull")
    BEAR = "bear", _("Bear")
    NEUTRAL = "neutral", _("Neutral")
    VOLATILE = "volatile", _("Volatile")


class Phase(models.TextChoices):
    """The regime, refined where the market is turning."""

    BULL = "bull", _("Bull")
    BEAR = "bear", _("Bear")
    NEUTRAL = "neutral", _("Neutral")
    VOLATILE = "volatile", _("Volatile")
    ACCUMULATION = "accumulation", _("Accumulation")
    DISTRIBUTION = "distribution", _("Distribution")
    TRANSITION = "transition", _("Transition")


class RiskLevel(models.TextChoices):
    LOW = "low", _("Low")
    MEDIUM = "medium", _("Medium")
    HIGH = "high", _("High")
    EXTREME = "extreme", _("Extreme")


class RegimeAnalysis(Analysis):
    """The reading of one bar. `confidence_score` is the calibrated probability of `market_regime`.

    Where no model could be fitted yet, regime, phase and risk level are null and `reasons` says why.
    """

    market_regime = models.CharField(max_length=20, choices=Regime, null=True, blank=True)
    phase = models.CharField(max_length=20, choices=Phase, null=True, blank=True)
    confidence_score = models.FloatField(null=True, blank=True)
    risk_level = models.CharField(max_length=10, choices=RiskLevel, null=True, blank=True)
    trend_strength = models.FloatField(null=True, blank=True)
    recommended_exposure = models.FloatField(null=True, blank=True)
    probabilities = models.JSONField(default=dict, blank=True, help_text="probability of each regime now")
    sentiment_breakdown = models.JSONField(default=dict, blank=True)
    regime_drivers = models.JSONField(default=list, blank=True)
    turning_point = models.JSONField(
        default=dict, blank=True, help_text="what would end the regime: the next one, and bars until then"
    )
    dominance_data = models.JSONField(default=dict, blank=True)
    macro_indicators = models.JSONField(default=dict, blank=True)
    reasons = models.JSONField(default=dict, blank=True, help_text="why a figure is null or withheld")
    snapshot = models.ForeignKey(
        MetricsSnapshot, null=True, blank=True, on_delete=models.PROTECT, related_name="regime_analyses"
    )
    model = models.ForeignKey(
        AIModel, null=True, blank=True, on_delete=models.PROTECT, related_name="regime_analyses"
    )

    objects = RecordQuerySet.as_manager()

    class Meta(Analysis.Meta):
        verbose_name_plural = "regime analyses"
        constraints = [
            *Analysis.Meta.constraints,
            schema.unique("timeframe", "as_of"),
            schema.one_of("market_regime", Regime),
            schema.one_of("phase", Phase),
            schema.one_of("risk_level", RiskLevel),
            schema.within("confidence_score", 0, 1),
            schema.within("trend_strength", 0, 1),
            schema.within("recommended_exposure", 0, 1),
        ]
        indexes = [models.Index("timeframe", models.F("as_of").desc(), name="macro_regime_latest")]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d %H:%M} {self.market_regime}"


class RegimeForecast(Analysis):
    """Probabilities of each regime `horizon_hours` ahead, with persistence's beside them."""

    horizon_hours = models.PositiveIntegerField()
    probabilities = models.JSONField()
    persistence = models.JSONField(default=dict, blank=True, help_text="the rival: transition frequencies")
    confidence_score = models.FloatField()
    model = models.ForeignKey(
        AIModel, null=True, blank=True, on_delete=models.PROTECT, related_name="regime_forecasts"
    )
    realised_regime = models.CharField(max_length=20, choices=Regime, null=True, blank=True)
    realised_at = models.DateTimeField(null=True, blank=True)

    objects = RecordQuerySet.as_manager()

    class Meta(Analysis.Meta):
        constraints = [
            *Analysis.Meta.constraints,
            schema.unique("timeframe", "as_of", "horizon_hours"),
            schema.within("confidence_score", 0, 1),
        ]
        indexes = [
            models.Index("timeframe", "horizon_hours", models.F("as_of").desc(), name="macro_forecast_latest")
        ]
        triggers = record_triggers(fill_once=("realised_regime", "realised_at"))

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d %H:%M} +{self.horizon_hours} h"

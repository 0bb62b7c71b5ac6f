"""Limits a person trades within, and advice on what is held."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assets.models import Analysis
from cryptopredict.common import schema
from selection.models import PortfolioAsset
from trading.models.signal import TradingSignal


class RiskProfile(models.Model):
    """Limits enforced when a signal is executed; sizes in USD, shares as fractions of the portfolio."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="risk_profile"
    )
    max_position_size = models.DecimalField(max_digits=38, decimal_places=18, default=1000)
    max_portfolio_risk = models.FloatField(default=0.02, help_text="largest loss at the stop, per trade")
    risk_rules = models.JSONField(default=dict, blank=True)
    current_exposure = models.JSONField(default=dict, blank=True)
    risk_metrics = models.JSONField(default=dict, blank=True)
    last_calculated = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [schema.positive("max_position_size"), schema.within("max_portfolio_risk", 0, 1)]
        triggers = [schema.touch()]

    def __str__(self) -> str:
        return f"limits of {self.user_id}"


class Advice(models.TextChoices):
    HOLD = "hold", _("Hold")
    ADD = "add", _("Add")
    REDUCE = "reduce", _("Reduce")
    EXIT = "exit", _("Exit")


class PortfolioAssetAnalysis(Analysis):
    """What to do with one holding, and the signal that says so."""

    holding = models.ForeignKey(PortfolioAsset, on_delete=models.PROTECT, related_name="advice")
    advice = models.CharField(max_length=10, choices=Advice)
    confidence_score = models.FloatField(null=True, blank=True)
    reasons = models.JSONField(default=list, blank=True)
    signal = models.ForeignKey(
        TradingSignal, null=True, blank=True, on_delete=models.PROTECT, related_name="advice"
    )

    class Meta(Analysis.Meta):
        verbose_name_plural = "portfolio asset analyses"
        constraints = [
            *Analysis.Meta.constraints,
            schema.unique("holding", "timeframe", "as_of"),
            schema.one_of("advice", Advice),
            schema.within("confidence_score", 0, 1),
        ]

    def __str__(self) -> str:
        return f"{self.holding_id} {self.advice}"

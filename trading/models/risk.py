"""Limits a person trades within, and advice on what is held."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assets.models import Analysis
from cryptopredict.common import schema
from cryptopredict.common.timeseries import RecordQuerySet
from selection.models import PortfolioAsset
from trading.models.signal import TradingSignal

SHARES = (
    "max_position_share",
    "max_portfolio_risk",
    "max_open_risk",
    "max_asset_exposure",
    "max_sector_exposure",
    "max_daily_loss",
    "risk_per_trade",
    "kelly_fraction",
)


class RiskProfile(models.Model):
    """Limits enforced when a signal is executed; sizes in USD, shares as fractions of the portfolio's
    value."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="risk_profile"
    )
    max_position_size = models.DecimalField(max_digits=38, decimal_places=18, default=2500)
    max_position_share = models.FloatField(default=0.25, help_text="of the portfolio, behind one signal")
    max_portfolio_risk = models.FloatField(default=0.02, help_text="largest loss at the stop, per trade")
    max_open_risk = models.FloatField(default=0.06, help_text="largest loss if every open stop is hit")
    max_asset_exposure = models.FloatField(default=0.25, help_text="of the portfolio, in one coin")
    max_sector_exposure = models.FloatField(default=0.5, help_text="of the portfolio, in one sector")
    max_daily_loss = models.FloatField(
        default=0.05, help_text="of the day's opening value; then nothing is opened until midnight UTC"
    )
    follows_regime = models.BooleanField(default=True, help_text="longs up to layer 1's exposure")
    is_automatic = models.BooleanField(default=False, help_text="new signals are executed on paper by rule")
    risk_per_trade = models.FloatField(default=0.005, help_text="lost at the stop by what rules execute")
    target_volatility = models.FloatField(default=0.1, help_text="a year's, of one position in the portfolio")
    kelly_fraction = models.FloatField(default=0.25, help_text="of Kelly's share, 1 is all of it")
    risk_rules = models.JSONField(default=dict, blank=True)
    current_exposure = models.JSONField(default=dict, blank=True)
    risk_metrics = models.JSONField(default=dict, blank=True)
    last_calculated = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            schema.positive("max_position_size"),
            *(schema.within(name, 0, 1) for name in SHARES),
            schema.within("target_volatility", 0, 10),
        ]
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

    objects = RecordQuerySet.as_manager()

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

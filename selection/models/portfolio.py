"""What a person holds."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from assets.models import Analysis, Asset
from cryptopredict.common import schema


class Portfolio(models.Model):
    """Holdings and cash of one person, in USD."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="portfolios")
    name = models.CharField(max_length=100, default="Main")
    cash = models.DecimalField(max_digits=38, decimal_places=18, default=0)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [schema.unique("user", "name"), schema.within("cash", 0)]
        triggers = [schema.touch()]

    def __str__(self) -> str:
        return self.name


class PortfolioAsset(models.Model):
    """A holding with its cost basis (USD, whole holding)."""

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="holdings")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="holdings")
    quantity = models.DecimalField(max_digits=38, decimal_places=18)
    cost_basis = models.DecimalField(max_digits=38, decimal_places=18)
    opened_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            schema.unique("portfolio", "asset"),
            schema.within("quantity", 0),
            schema.within("cost_basis", 0),
        ]
        triggers = [schema.touch()]

    def __str__(self) -> str:
        return f"{self.quantity} {self.asset_id}"


class PortfolioAnalysis(Analysis):
    """Value, PnL, risk contribution and drift from the recommended allocation, at one close."""

    portfolio = models.ForeignKey(Portfolio, on_delete=models.PROTECT, related_name="analyses")
    total_value = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    unrealised_pnl = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    daily_pnl = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    risk_contributions = models.JSONField(default=dict, blank=True)
    drift = models.JSONField(default=dict, blank=True)
    analysis_data = models.JSONField(default=dict, blank=True)

    class Meta(Analysis.Meta):
        verbose_name_plural = "portfolio analyses"
        constraints = [*Analysis.Meta.constraints, schema.unique("portfolio", "timeframe", "as_of")]
        indexes = [models.Index("portfolio", models.F("as_of").desc(), name="selection_portfolio_latest")]

    def __str__(self) -> str:
        return f"{self.portfolio_id} {self.as_of:%Y-%m-%d}"

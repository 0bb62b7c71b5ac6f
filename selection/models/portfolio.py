"""What a person holds."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assets.models import Analysis, Asset
from cryptopredict.common import schema
from cryptopredict.common.timeseries import RecordQuerySet

PAPER_START = Decimal(10_000)  # USD of a paper account whose owner has set no balance


class Account(models.TextChoices):
    """Whose money it is: made up, or real. A backtest has no portfolio."""

    PAPER = "paper", _("Paper")
    LIVE = "live", _("Live")


class Portfolio(models.Model):
    """Holdings and cash of one person, in USD; one that is active for each account.

    `cash` is what flows and settled trades add up to. It falls below zero where a short lost more than the
    account had, which is a debt and has to be seen.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="portfolios")
    name = models.CharField(max_length=100, default="Main")
    venue = models.CharField(max_length=10, choices=Account, default=Account.PAPER)
    cash = models.DecimalField(max_digits=38, decimal_places=18, default=0)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            schema.unique("user", "name"),
            schema.unique("id", "venue"),  # what an execution's (portfolio, venue) refers to
            schema.one_of("venue", Account),
            models.UniqueConstraint(
                fields=["user", "venue"],
                condition=models.Q(is_active=True),
                name="selection_portfolio_one_an_account",
            ),
        ]
        triggers = [schema.touch()]

    def __str__(self) -> str:
        return self.name


class PortfolioAsset(models.Model):
    """A holding with its cost basis (USD, whole holding, fees included), as its trades add up.

    Of a short both are negative: so many coins owed, so much received for them.
    """

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="holdings")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="holdings")
    quantity = models.DecimalField(max_digits=38, decimal_places=18)
    cost_basis = models.DecimalField(max_digits=38, decimal_places=18)
    realised_pnl = models.DecimalField(max_digits=38, decimal_places=18, default=0, help_text="USD, net")
    opened_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [schema.unique("portfolio", "asset")]
        triggers = [schema.touch()]

    def __str__(self) -> str:
        return f"{self.quantity} {self.asset_id}"


class Side(models.TextChoices):
    BUY = "buy", _("Buy")
    SELL = "sell", _("Sell")


class TradeSource(models.TextChoices):
    """Execution: paid from and into the portfolio's cash. Import: settled elsewhere, the cash is left
    alone."""

    EXECUTION = "execution", _("Execution")
    IMPORT = "import", _("Import")


class PortfolioTrade(models.Model):
    """One fill in the book of a portfolio, append-only: holdings and lots follow from it."""

    portfolio = models.ForeignKey(Portfolio, on_delete=models.PROTECT, related_name="trades")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="portfolio_trades")
    side = models.CharField(max_length=4, choices=Side)
    quantity = models.DecimalField(max_digits=38, decimal_places=18)
    price = models.DecimalField(max_digits=38, decimal_places=18)
    fees = models.DecimalField(max_digits=38, decimal_places=18, default=0)
    source = models.CharField(max_length=10, choices=TradeSource)
    reference = models.CharField(max_length=100, help_text="what it came from; the same twice is one trade")
    executed_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            schema.unique("portfolio", "source", "reference"),
            schema.one_of("side", Side),
            schema.one_of("source", TradeSource),
            schema.positive("quantity"),
            schema.positive("price"),
            schema.within("fees", 0),
        ]
        indexes = [models.Index("portfolio", "executed_at", "id", name="selection_trade_book")]
        triggers = schema.append_only()

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.asset_id}"


class PortfolioFlow(models.Model):
    """Money put into a portfolio (positive) or taken out of it, append-only."""

    portfolio = models.ForeignKey(Portfolio, on_delete=models.PROTECT, related_name="flows")
    amount = models.DecimalField(max_digits=38, decimal_places=18)
    reason = models.CharField(max_length=100, blank=True)
    occurred_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(amount=0), name="selection_portfolioflow_moves_something"
            )
        ]
        indexes = [models.Index("portfolio", "occurred_at", name="selection_flow_book")]
        triggers = schema.append_only()

    def __str__(self) -> str:
        return f"{self.amount} {self.occurred_at:%Y-%m-%d}"


class ProposalStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class RebalanceProposal(models.Model):
    """Weights that the portfolio could be moved to, worked out by a worker; `reason` says why there are
    none."""

    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, related_name="proposals")
    status = models.CharField(max_length=10, choices=ProposalStatus, default=ProposalStatus.PENDING)
    as_of = models.DateTimeField(null=True, blank=True, help_text="close of the last bar it could see")
    proposal = models.JSONField(default=dict, blank=True)
    reason = models.TextField(blank=True)
    requested_at = models.DateTimeField(db_default=Now(), editable=False)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            schema.one_of("status", ProposalStatus),
            models.UniqueConstraint(
                fields=["portfolio"],
                condition=models.Q(status=ProposalStatus.PENDING),
                name="selection_rebalanceproposal_one_pending",
            ),
        ]
        indexes = [
            models.Index("portfolio", models.F("requested_at").desc(), name="selection_proposal_latest")
        ]

    def __str__(self) -> str:
        return f"{self.portfolio_id} {self.status}"


class PortfolioAnalysis(Analysis):
    """Value, PnL, risk contribution and drift from the recommended allocation, at one close."""

    portfolio = models.ForeignKey(Portfolio, on_delete=models.PROTECT, related_name="analyses")
    total_value = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    unrealised_pnl = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    daily_pnl = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    risk_contributions = models.JSONField(default=dict, blank=True)
    drift = models.JSONField(default=dict, blank=True)
    analysis_data = models.JSONField(default=dict, blank=True)

    objects = RecordQuerySet.as_manager()

    class Meta(Analysis.Meta):
        verbose_name_plural = "portfolio analyses"
        constraints = [*Analysis.Meta.constraints, schema.unique("portfolio", "timeframe", "as_of")]
        indexes = [models.Index("portfolio", models.F("as_of").desc(), name="selection_portfolio_latest")]

    def __str__(self) -> str:
        return f"{self.portfolio_id} {self.as_of:%Y-%m-%d}"

"""Portfolios, their curve, imports, proposals and limits."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from selection.formats import MOST_BYTES
from selection.models import Account, RebalanceProposal
from trading.models import RiskProfile
from trading.serializers.executions import Flag, StrictSerializer
from trading.serializers.signals import Price, Usd


class PositionSerializer(serializers.Serializer[Any]):
    """One holding; null is what is not known. Shares are of the portfolio, money is USD."""

    crypto_id = serializers.IntegerField()
    symbol = serializers.CharField()
    name = serializers.CharField()
    sector = serializers.CharField(allow_blank=True)
    quantity = Price()
    cost_basis = Price()
    price = Price(allow_null=True)
    priced_at = serializers.DateTimeField(allow_null=True)
    is_stale = serializers.BooleanField()
    value = Usd(allow_null=True)
    unrealised_pnl = Usd(allow_null=True)
    realised_pnl = Usd()
    opened_at = serializers.DateTimeField()
    weight = serializers.FloatField(allow_null=True)
    risk_contribution = serializers.FloatField(allow_null=True)
    advice = serializers.CharField()
    reason = serializers.CharField()
    confidence = serializers.FloatField(allow_null=True)
    signal_id = serializers.IntegerField(allow_null=True)


class PortfolioSerializer(serializers.Serializer[Any]):
    """An account in USD: value, the day's profit, holdings with advice, drift and risk."""

    venue = serializers.CharField()
    total_value = Usd()
    cash = Usd()
    invested = Usd()
    daily_pnl = Usd()
    daily_pnl_percentage = serializers.FloatField(allow_null=True)
    unrealised_pnl = Usd()
    realised_pnl = Usd()
    open_risk = Usd()
    as_of = serializers.DateTimeField()
    is_stale = serializers.BooleanField()
    positions = PositionSerializer(many=True)
    drift = serializers.DictField(allow_null=True)
    risk = serializers.DictField()


class PointSerializer(serializers.Serializer[Any]):
    time = serializers.DateTimeField()
    value = serializers.FloatField()
    vars()["return"] = serializers.FloatField(allow_null=True)
    drawdown = serializers.FloatField()
    flow = serializers.FloatField(allow_null=True)


class HistorySerializer(serializers.Serializer[Any]):
    """The curve at daily closes: returns and drawdowns as fractions, flows taken out."""

    points = PointSerializer(many=True)
    total_return = serializers.FloatField(allow_null=True)
    max_drawdown = serializers.FloatField(allow_null=True)
    drawdown_from = serializers.DateTimeField(allow_null=True)
    drawdown_to = serializers.DateTimeField(allow_null=True)


class CashSerializer(StrictSerializer):
    """How much cash there is from now on, USD."""

    cash = serializers.DecimalField(max_digits=38, decimal_places=18)


class ImportSerializer(StrictSerializer):
    """Trades as CSV: in `csv`, or as an uploaded `file`. A dry run, unless `dry_run` is false."""

    csv = serializers.CharField(required=False, max_length=MOST_BYTES, trim_whitespace=False)
    file = serializers.FileField(required=False)
    dry_run = serializers.BooleanField(default=True)
    venue = serializers.ChoiceField(choices=Account.choices, default=Account.LIVE)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("csv" in attrs) == ("file" in attrs):
            raise serializers.ValidationError({"csv": [_("Send either csv or file.")]})
        if "file" in attrs:
            attrs["csv"] = self._text(attrs.pop("file"))
        return attrs

    def _text(self, file: Any) -> str:
        if file.size > MOST_BYTES:
            raise serializers.ValidationError({"file": [_("Send at most 4 MB; cut the file into several.")]})
        try:
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise serializers.ValidationError({"file": [_("Save the file as CSV in UTF-8.")]}) from None


class ReportSerializer(serializers.Serializer[Any]):
    """What an import would do (dry run) or did."""

    dry_run = serializers.BooleanField(source="is_dry_run")
    rows = serializers.IntegerField()
    accepted = serializers.IntegerField()
    duplicates = serializers.JSONField()
    errors = serializers.SerializerMethodField()
    holdings = serializers.JSONField()

    def get_errors(self, report: Any) -> list[Any]:
        return list(report.errors)


class ProposalSerializer(serializers.ModelSerializer[RebalanceProposal]):
    """A rebalancing: pending, done with its trades, or failed with the reason."""

    class Meta:
        model = RebalanceProposal
        fields = ["id", "status", "proposal", "reason", "as_of", "requested_at", "finished_at"]
        read_only_fields = fields


class RiskProfileSerializer(serializers.ModelSerializer[RiskProfile]):
    """A person's limits, and what their paper portfolio risked at the last close; shares of 1, USD."""

    max_position_size = Price()
    updated_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text=_("Null while they are the defaults.")
    )

    class Meta:
        model = RiskProfile
        fields = [
            "max_position_size",
            "max_position_share",
            "max_portfolio_risk",
            "max_open_risk",
            "max_asset_exposure",
            "max_sector_exposure",
            "max_daily_loss",
            "follows_regime",
            "is_automatic",
            "risk_per_trade",
            "target_volatility",
            "kelly_fraction",
            "risk_metrics",
            "current_exposure",
            "last_calculated",
            "updated_at",
        ]
        read_only_fields = fields


class Number(serializers.FloatField):
    """A number as JSON has it, not a text or a truth value."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool | str):
            raise serializers.ValidationError(_("Send a number."), code="invalid")
        return super().to_internal_value(data)


class LimitsSerializer(StrictSerializer):
    """The limits to change; those left out stay."""

    max_position_size = serializers.DecimalField(max_digits=38, decimal_places=18, required=False)
    max_position_share = Number(required=False)
    max_portfolio_risk = Number(required=False)
    max_open_risk = Number(required=False)
    max_asset_exposure = Number(required=False)
    max_sector_exposure = Number(required=False)
    max_daily_loss = Number(required=False)
    follows_regime = Flag(required=False)
    is_automatic = Flag(required=False)
    risk_per_trade = Number(required=False)
    target_volatility = Number(required=False)
    kelly_fraction = Number(required=False)

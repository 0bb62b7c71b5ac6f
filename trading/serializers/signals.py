"""Signals as others read them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from trading.models import TradingSignal


class Price(serializers.DecimalField):
    """A price in USD: a number with every digit that counts."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_digits=None,
            decimal_places=None,
            coerce_to_string=False,
            normalize_output=True,
            read_only=True,
            **kwargs,
        )


class Usd(Price):
    """An amount that was worked out, in USD to the eighth digit."""

    def to_representation(self, value: Any) -> Any:
        return super().to_representation(round(Decimal(value), 8))


class SignalSerializer(serializers.ModelSerializer[TradingSignal]):
    """One signal as issued and how it stands; confidence, break-even and base rate are shares of 1.

    The context's `stale_reason` is that of the whole layer; empty if it is fresh.
    """

    crypto_id = serializers.IntegerField(source="asset_id", read_only=True)
    symbol = serializers.CharField(source="asset.symbol", read_only=True)
    entry_price = Price()
    target_price = Price()
    stop_loss = Price()
    last_updated = serializers.DateTimeField(source="updated_at", read_only=True)
    is_stale = serializers.SerializerMethodField()
    stale_reason = serializers.SerializerMethodField()

    class Meta:
        model = TradingSignal
        fields = [
            "id",
            "crypto_id",
            "symbol",
            "signal_type",
            "entry_price",
            "target_price",
            "stop_loss",
            "confidence_score",
            "break_even",
            "base_rate",
            "risk_level",
            "risk_reward_ratio",
            "time_horizon_hours",
            "generated_at",
            "expires_at",
            "status",
            "outcome",
            "return_r",
            "last_updated",
            "as_of",
            "is_stale",
            "stale_reason",
        ]
        read_only_fields = fields

    def get_is_stale(self, row: TradingSignal) -> bool:
        return bool(self.context["stale_reason"])

    def get_stale_reason(self, row: TradingSignal) -> str:
        return str(self.context["stale_reason"])

    def to_representation(self, instance: TradingSignal) -> Any:
        """Rows of `selectors.as_known` are told as they stood then."""
        data = super().to_representation(instance)
        if hasattr(instance, "status_then"):
            data["status"] = instance.status_then
            if not instance.ended_then:  # type: ignore[attr-defined]  # comes with status_then
                data |= {"outcome": None, "return_r": None, "last_updated": instance.generated_at}
        return data


class RiskCoverageSerializer(serializers.Serializer[Any]):
    """The record behind one direction's signals; shares of 1, returns in R; null where nothing is known."""

    direction = serializers.CharField()
    model_name = serializers.CharField()
    model_version = serializers.CharField(default=None, allow_null=True)
    fitted_as_of = serializers.DateTimeField(default=None, allow_null=True)
    base_rate = serializers.FloatField(default=None, allow_null=True)
    brier_skill = serializers.FloatField(default=None, allow_null=True)
    trust = serializers.FloatField(default=None, allow_null=True)
    tail_trust = serializers.FloatField(default=None, allow_null=True)
    is_shown = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)
    issued = serializers.DictField(allow_null=True)
    curve = serializers.ListField(child=serializers.DictField())


class AnalysisSerializer(serializers.Serializer[TradingSignal]):
    """What stands behind a signal: what weighed most, what the layers above said, chances by span."""

    key_factors = serializers.SerializerMethodField()
    market_context = serializers.JSONField(read_only=True)
    probability_analysis = serializers.SerializerMethodField()

    def get_key_factors(self, row: TradingSignal) -> list[Any]:
        return list(row.ai_analysis.get("key_factors", []))

    def get_probability_analysis(self, row: TradingSignal) -> dict[str, Any]:
        return dict(row.ai_analysis.get("probability_analysis", {}))


class RiskAssessmentSerializer(serializers.Serializer[TradingSignal]):
    """What can be lost, and what has to come true: shares of 1, returns in R."""

    risk_level = serializers.CharField(read_only=True)
    risk_reward_ratio = serializers.FloatField(read_only=True)
    stop_distance = serializers.SerializerMethodField()
    target_distance = serializers.SerializerMethodField()
    break_even = serializers.FloatField(read_only=True)
    base_rate = serializers.FloatField(read_only=True, allow_null=True)
    expected_value = serializers.FloatField(read_only=True)

    def get_stop_distance(self, row: TradingSignal) -> float:
        return float(abs(row.entry_price - row.stop_loss) / row.entry_price)

    def get_target_distance(self, row: TradingSignal) -> float:
        return float(abs(row.target_price - row.entry_price) / row.entry_price)


class SignalDetailSerializer(serializers.Serializer[TradingSignal]):
    """One signal with everything it rests on."""

    id = serializers.IntegerField(read_only=True)
    signal_details = SignalSerializer(source="*", read_only=True)
    ai_analysis = AnalysisSerializer(source="*", read_only=True)
    risk_assessment = RiskAssessmentSerializer(source="*", read_only=True)

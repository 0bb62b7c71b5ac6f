"""What was done about signals, what would be, and what is asked for."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from trading.models import ExecutionType, SignalExecution, Venue
from trading.serializers.signals import Price, Usd


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields it does not know: a misspelt one must not look obeyed."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            unknown = sorted(set(data) - set(self.fields))
            if unknown:
                raise serializers.ValidationError(
                    {
                        name: [_("is not a field here; known are %s.") % ", ".join(self.fields)]
                        for name in unknown
                    }
                )
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """true or false as JSON has them; a text is neither."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError(_("Send true or false."), code="invalid")
        return data


class FillSerializer(StrictSerializer):
    """What your own broker did: coins, USD a coin, the fee in USD, and when."""

    quantity = serializers.DecimalField(max_digits=38, decimal_places=18)
    price = serializers.DecimalField(max_digits=38, decimal_places=18)
    fees = serializers.DecimalField(max_digits=38, decimal_places=18, default=0)
    executed_at = serializers.DateTimeField()


class ExecuteSerializer(StrictSerializer):
    """How much of a signal to execute: `position_size` in USD, which goes before `portfolio_percentage`."""

    position_size = serializers.DecimalField(
        max_digits=38, decimal_places=18, required=False, allow_null=True, default=None
    )
    portfolio_percentage = serializers.DecimalField(
        max_digits=38, decimal_places=18, required=False, allow_null=True, default=None
    )
    execution_type = serializers.ChoiceField(choices=ExecutionType.choices, default=ExecutionType.MANUAL)
    risk_confirmation = Flag(default=False)
    venue = serializers.ChoiceField(
        choices=[(Venue.PAPER.value, Venue.PAPER.label), (Venue.LIVE.value, Venue.LIVE.label)],
        default=Venue.PAPER.value,
    )
    fill = FillSerializer(required=False, allow_null=True, default=None)


class CloseSerializer(StrictSerializer):
    """How a position was closed: your own fill for a live one, nothing for one on paper."""

    fill = FillSerializer(required=False, allow_null=True, default=None)


class ExecutionSerializer(serializers.ModelSerializer[SignalExecution]):
    """One fill; sizes and fees in USD, the percentage of the portfolio's value when it was made.

    `opens` names the execution whose position this one closed, with reason and profit; null for an entry.
    """

    signal_id = serializers.IntegerField(read_only=True)
    crypto_id = serializers.IntegerField(source="signal.asset_id", read_only=True)
    symbol = serializers.CharField(source="signal.asset.symbol", read_only=True)
    signal_type = serializers.CharField(source="signal.signal_type", read_only=True)
    execution_price = Price(allow_null=True)
    position_size = Price()
    filled_size = Price()
    quantity = Price()
    fees = Price()
    realised_pnl = Price(allow_null=True)
    opens = serializers.IntegerField(source="opens_id", read_only=True, allow_null=True)

    class Meta:
        model = SignalExecution
        fields = [
            "id",
            "signal_id",
            "crypto_id",
            "symbol",
            "signal_type",
            "execution_price",
            "position_size",
            "filled_size",
            "quantity",
            "fees",
            "portfolio_percentage",
            "execution_type",
            "venue",
            "status",
            "opens",
            "exit_reason",
            "realised_pnl",
            "executed_at",
            "closed_at",
            "execution_details",
        ]
        read_only_fields = fields

    def to_representation(self, instance: SignalExecution) -> Any:
        """With `as_of` a position is told as it stood then."""
        if hasattr(instance, "closed_then"):
            instance.closed_at = instance.closed_then
        return super().to_representation(instance)


class CheckSerializer(serializers.Serializer[Any]):
    """One limit, in USD."""

    rule = serializers.CharField()
    limit = Usd()
    value = Usd()
    largest_size = Price(source="largest")
    passed = serializers.BooleanField()


class PreviewSerializer(serializers.Serializer[Any]):
    """What an order would get and lose; nothing is written. Null where it could not be filled."""

    is_allowed = serializers.BooleanField()
    price = Price()
    priced_at = serializers.DateTimeField(allow_null=True)
    size = Price()
    filled_size = Price()
    quantity = Price()
    fees = Price()
    is_partial = serializers.BooleanField()
    loss_at_stop = Usd()
    gain_at_target = Usd()
    equity = Usd()
    portfolio_percentage = serializers.FloatField(allow_null=True)
    largest_size = Price()
    checks = CheckSerializer(many=True)


class SizeSerializer(serializers.Serializer[Any]):
    """One way to size; null with its reason where it cannot be reckoned."""

    method = serializers.CharField()
    size = Price(allow_null=True)
    share = serializers.FloatField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class SizingSerializer(serializers.Serializer[Any]):
    """Sizes in USD; `recommended` is the smallest of what the ways and the limits say."""

    equity = Usd()
    price = Price()
    loss_share = serializers.FloatField()
    methods = SizeSerializer(source="ways", many=True)
    largest_size = Price(source="largest")
    recommended_size = Price(source="recommended")

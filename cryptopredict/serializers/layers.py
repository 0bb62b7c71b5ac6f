"""The wire shape of what looks at all layers at once."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.serializers import NotificationSerializer
from trading.serializers import Price, SignalSerializer


class LayerSerializer(serializers.Serializer[Any]):
    """One layer in one look; null is what is not known."""

    layer = serializers.IntegerField()
    name = serializers.CharField()
    status = serializers.CharField(allow_blank=True)
    confidence = serializers.FloatField(allow_null=True)
    key_metric = serializers.CharField()
    indicator_dots = serializers.IntegerField(min_value=0, max_value=4)
    base_rate = serializers.FloatField(allow_null=True)
    as_of = serializers.DateTimeField(allow_null=True)
    is_stale = serializers.BooleanField()
    stale_reason = serializers.CharField(allow_blank=True)


class LayerCardSerializer(LayerSerializer):
    """A layer as a card: its figure, its sentence and its last weeks."""

    state = serializers.CharField()
    figure = serializers.FloatField(allow_null=True)
    unit = serializers.CharField(allow_blank=True)
    caption = serializers.CharField()
    sentence = serializers.CharField(allow_blank=True)
    sparkline = serializers.ListField(child=serializers.FloatField(allow_null=True))
    sparkline_label = serializers.CharField()


class UserProfileSerializer(serializers.Serializer[Any]):
    """Who looks."""

    id = serializers.IntegerField()
    email = serializers.EmailField()
    name = serializers.CharField(source="full_name")
    role = serializers.CharField()
    language = serializers.CharField()
    timezone = serializers.CharField()


class PortfolioSummarySerializer(serializers.Serializer[Any]):
    """Worth in USD; null with its reason where it is not known."""

    total_value = Price(allow_null=True)
    daily_pnl = Price(allow_null=True)
    daily_pnl_percentage = serializers.FloatField(allow_null=True)
    cash = Price(allow_null=True)
    holdings = serializers.IntegerField()
    reason = serializers.CharField(allow_blank=True)


class MachineSerializer(serializers.Serializer[Any]):
    """Whether all layers are fresh; `processing_rate` is rows a second of the last run that wrote any."""

    all_online = serializers.BooleanField()
    active_models = serializers.IntegerField()
    processing_rate = serializers.FloatField(allow_null=True)
    last_run = serializers.DateTimeField(allow_null=True)


class MarketSerializer(serializers.Serializer[Any]):
    """The market in a few figures."""

    regime = serializers.CharField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    risk_level = serializers.CharField(allow_null=True)
    recommended_exposure = serializers.FloatField(allow_null=True)
    sentiment = serializers.FloatField(allow_null=True)
    fear_greed_index = serializers.FloatField(allow_null=True)
    as_of = serializers.DateTimeField(allow_null=True)
    is_stale = serializers.BooleanField()
    stale_reason = serializers.CharField(allow_blank=True)


class DashboardSerializer(serializers.Serializer[Any]):
    """All that the dashboard shows."""

    user_profile = UserProfileSerializer()
    portfolio_summary = PortfolioSummarySerializer()
    ai_status = MachineSerializer()
    market_overview = MarketSerializer()
    layers = LayerSerializer(many=True)
    active_signals = SignalSerializer(many=True)
    notifications = NotificationSerializer(many=True)
    last_updated = serializers.DateTimeField()


class QuickStatsSerializer(serializers.Serializer[Any]):
    """The figures of a phone's first screen."""

    regime = serializers.CharField(allow_null=True)
    recommended_exposure = serializers.FloatField(allow_null=True)
    confidence = serializers.FloatField(allow_null=True)
    total_value = Price(allow_null=True)
    daily_pnl = Price(allow_null=True)
    daily_pnl_percentage = serializers.FloatField(allow_null=True)
    portfolio_reason = serializers.CharField(allow_blank=True)
    active_signals = serializers.IntegerField()
    unread_notifications = serializers.IntegerField()
    as_of = serializers.DateTimeField(allow_null=True)
    is_stale = serializers.BooleanField()
    stale_reason = serializers.CharField(allow_blank=True)


class SignalCardSerializer(serializers.Serializer[Any]):
    """A signal on one card: levels in USD, distances in percent of the entry."""

    id = serializers.IntegerField()
    crypto_id = serializers.IntegerField(source="asset_id")
    symbol = serializers.CharField(source="asset.symbol")
    name = serializers.CharField(source="asset.name")
    signal_type = serializers.CharField()
    entry_price = Price()
    target_price = Price()
    stop_loss = Price()
    target_percentage = serializers.SerializerMethodField()
    stop_percentage = serializers.SerializerMethodField()
    confidence_score = serializers.FloatField()
    break_even = serializers.FloatField()
    risk_level = serializers.CharField()
    risk_reward_ratio = serializers.FloatField()
    generated_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()

    def get_target_percentage(self, row: Any) -> float:
        return round(float(100 * (row.target_price / row.entry_price - 1)), 4)

    def get_stop_percentage(self, row: Any) -> float:
        return round(float(100 * (row.stop_loss / row.entry_price - 1)), 4)

"""The wire shape of watchlists."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assets.selectors import Quote
from selection.models import (
    Tier,
    Watchlist,
    WatchlistAnalysis,
    WatchlistItem,
)


class WatchlistSerializer(serializers.ModelSerializer[Watchlist]):
    """A list with its count; needs `selectors.counted` rows and the context's `freshness`."""

    current_items = serializers.IntegerField(read_only=True)
    last_updated = serializers.DateTimeField(source="updated_at", read_only=True)
    as_of = serializers.SerializerMethodField()
    is_stale = serializers.SerializerMethodField()

    class Meta:
        model = Watchlist
        fields = [
            "id",
            "name",
            "type",
            "tier",
            "current_items",
            "max_items",
            "last_updated",
            "as_of",
            "is_stale",
        ]

    def get_as_of(self, row: Watchlist) -> Any:
        return self.context["freshness"].as_of

    def get_is_stale(self, row: Watchlist) -> bool:
        return bool(self.context["freshness"].stale_reason)


class WatchlistItemSerializer(serializers.ModelSerializer[WatchlistItem]):
    """A coin on a list with its last score and price; prices in USD, performance in percent.

    Context: `analyses` and `quotes` by asset; what is not known is null.
    """

    crypto_id = serializers.IntegerField(source="asset_id", read_only=True)
    symbol = serializers.CharField(source="asset.symbol", read_only=True)
    name = serializers.CharField(source="asset.name", read_only=True)
    sector = serializers.CharField(source="asset.sector_name", read_only=True)
    current_price = serializers.SerializerMethodField()
    performance_24h = serializers.SerializerMethodField()
    performance_7d = serializers.SerializerMethodField()
    ai_confidence = serializers.SerializerMethodField()
    base_rate = serializers.SerializerMethodField()
    score = serializers.SerializerMethodField()
    rank = serializers.SerializerMethodField()
    recommendation = serializers.SerializerMethodField()
    risk_level = serializers.SerializerMethodField()
    last_analysis = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()

    class Meta:
        model = WatchlistItem
        fields = [
            "id",
            "crypto_id",
            "symbol",
            "name",
            "sector",
            "tier",
            "priority_order",
            "status",
            "added_at",
            "current_price",
            "performance_24h",
            "performance_7d",
            "ai_confidence",
            "base_rate",
            "score",
            "rank",
            "recommendation",
            "risk_level",
            "last_analysis",
            "reason",
        ]

    def _scored(self, row: WatchlistItem) -> WatchlistAnalysis | None:
        found: WatchlistAnalysis | None = self.context.get("analyses", {}).get(row.asset_id)
        return found

    def _quote(self, row: WatchlistItem) -> Quote | None:
        found: Quote | None = self.context.get("quotes", {}).get(row.asset_id)
        return found

    def get_current_price(self, row: WatchlistItem) -> float | None:
        return getattr(self._quote(row), "price", None)

    def get_performance_24h(self, row: WatchlistItem) -> float | None:
        return getattr(self._quote(row), "change_24h", None)

    def get_performance_7d(self, row: WatchlistItem) -> float | None:
        return getattr(self._quote(row), "change_7d", None)

    def get_ai_confidence(self, row: WatchlistItem) -> float | None:
        return getattr(self._scored(row), "confidence_score", None)

    def get_base_rate(self, row: WatchlistItem) -> float | None:
        return getattr(self._scored(row), "base_rate", None)

    def get_score(self, row: WatchlistItem) -> float | None:
        return getattr(self._scored(row), "score", None)

    def get_rank(self, row: WatchlistItem) -> int | None:
        return getattr(self._scored(row), "rank", None)

    def get_recommendation(self, row: WatchlistItem) -> str | None:
        return getattr(self._scored(row), "recommendation", None) or None

    def get_risk_level(self, row: WatchlistItem) -> str | None:
        return getattr(self._scored(row), "risk_level", None) or None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_last_analysis(self, row: WatchlistItem) -> Any:
        return getattr(self._scored(row), "as_of", None)

    def get_reason(self, row: WatchlistItem) -> str:
        """Why there is no score; empty where there is one."""
        scored = self._scored(row)
        return _("This coin has not been scored.") if scored is None else scored.reason


class WatchlistDetailSerializer(WatchlistSerializer):
    """A list with its coins, by priority. Context as for its items, and `items`."""

    items = serializers.SerializerMethodField()

    class Meta(WatchlistSerializer.Meta):
        fields = [*WatchlistSerializer.Meta.fields, "description", "items"]

    @extend_schema_field(WatchlistItemSerializer(many=True))
    def get_items(self, row: Watchlist) -> Any:
        return WatchlistItemSerializer(self.context["items"], many=True, context=self.context).data


class WatchlistWriteSerializer(serializers.ModelSerializer[Watchlist]):
    """What a person says of a list of their own."""

    max_items = serializers.IntegerField(min_value=1, max_value=500, default=50)
    description = serializers.CharField(max_length=2000, allow_blank=True, default="")
    name = serializers.CharField(max_length=100)

    class Meta:
        model = Watchlist
        fields = ["name", "description", "max_items"]


class ItemAddSerializer(serializers.Serializer[Any]):
    """Which coin to put on a list."""

    crypto_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    tier = serializers.ChoiceField(Tier.choices, required=False)
    priority_order = serializers.IntegerField(min_value=0, max_value=32_767, default=0)
    notes = serializers.CharField(max_length=1000, allow_blank=True, default="")

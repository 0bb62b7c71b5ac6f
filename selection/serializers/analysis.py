"""The wire shape of what is said of one coin."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assets.serializers import AgedSerializer
from cryptopredict.common.restapi import role_at_least
from selection.models import (
    WatchlistAnalysis,
)
from selection.serializers.suggestions import in_words


class CurrentAnalysisSerializer(AgedSerializer[WatchlistAnalysis]):
    """A coin's condition at one close; what is not known is null, and `reason` says why there is no score.

    Professionals also get the raw drivers: factor, value, percentile, contribution.
    """

    # Null where the coin was never looked at.
    timeframe = serializers.CharField(allow_null=True)
    as_of = serializers.DateTimeField(allow_null=True)
    last_updated = serializers.DateTimeField(source="created_at", allow_null=True)
    origin = serializers.CharField(allow_null=True)
    ai_confidence = serializers.FloatField(source="confidence_score", allow_null=True)
    risk_level = serializers.SerializerMethodField()
    technical_indicators = serializers.DictField(child=serializers.FloatField(allow_null=True))
    reasons = serializers.SerializerMethodField()
    drivers = serializers.SerializerMethodField()

    class Meta:
        model = WatchlistAnalysis
        fields = [
            "ai_confidence",
            "base_rate",
            "score",
            "rank",
            "score_30d",
            "expected_return",
            "risk_level",
            "technical_indicators",
            "sentiment_score",
            "sector_correlation",
            "reasons",
            "drivers",
            "reason",
            "origin",
            *AgedSerializer.AGE,
        ]

    def get_risk_level(self, row: WatchlistAnalysis) -> str | None:
        return row.risk_level or None

    def get_reasons(self, row: WatchlistAnalysis) -> list[str]:
        """What moved the score, strongest first."""
        return [in_words(driver) for driver in row.drivers]

    @extend_schema_field(serializers.ListField(child=serializers.JSONField(), allow_null=True))
    def get_drivers(self, row: WatchlistAnalysis) -> list[dict[str, Any]] | None:
        if not role_at_least(self.context.get("user"), "professional"):
            return None
        names = ("factor", "value", "percentile", "contribution")
        return [dict(zip(names, driver, strict=False)) for driver in row.drivers]


class PerformanceSerializer(serializers.Serializer[Any]):
    """The last close in USD and its changes in percent; null where a bar is missing."""

    price = serializers.FloatField(allow_null=True)
    performance_24h = serializers.FloatField(allow_null=True)
    performance_7d = serializers.FloatField(allow_null=True)
    performance_30d = serializers.FloatField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)


class AssetAnalysisSerializer(serializers.Serializer[Any]):
    """All that layer 3 says of one coin."""

    crypto_id = serializers.IntegerField()
    symbol = serializers.CharField()
    name = serializers.CharField()
    sector = serializers.CharField(allow_blank=True)
    watchlist_tier = serializers.CharField()
    current_analysis = CurrentAnalysisSerializer()
    performance_metrics = PerformanceSerializer()
    recommendation = serializers.CharField(allow_null=True)

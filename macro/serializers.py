"""The wire shape of layer 1, for the API and for events."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assets.serializers import AgedSerializer, ReadingQuery
from macro.models import Dominance, MarketSentiment, RegimeAnalysis, RegimeForecast

HORIZONS = {"1d": 24, "7d": 168, "30d": 720}  # hours


class ForecastQuery(ReadingQuery):
    """Which forecast is asked for."""

    horizon = serializers.ChoiceField(list(HORIZONS), default="7d", help_text=gettext_lazy("How far ahead."))

    def validate_horizon(self, value: str) -> int:
        return HORIZONS[value]


class MarketRegimeSerializer(AgedSerializer[RegimeAnalysis]):
    """The reading of one bar. A regime that is not known is null, with the reason in `reasons`."""

    regime = serializers.CharField(source="market_regime", allow_null=True)
    confidence = serializers.FloatField(source="confidence_score", allow_null=True)
    model = serializers.SerializerMethodField()

    class Meta:
        model = RegimeAnalysis
        fields = [
            "regime",
            "phase",
            "confidence",
            "risk_level",
            "trend_strength",
            "recommended_exposure",
            "probabilities",
            "regime_drivers",
            "turning_point",
            "reasons",
            "model",
            "origin",
            *AgedSerializer.AGE,
        ]

    def get_model(self, reading: RegimeAnalysis) -> str | None:
        """Name and version of the fit that the regime came from."""
        return f"{reading.model.name} {reading.model.version}" if reading.model else None


class RegimeHistorySerializer(serializers.ModelSerializer[RegimeAnalysis]):
    """The reading of one bar of many; `analysis_time` is the close that it could see last."""

    regime = serializers.CharField(source="market_regime", allow_null=True)
    confidence = serializers.FloatField(source="confidence_score", allow_null=True)
    analysis_time = serializers.DateTimeField(source="as_of")
    last_updated = serializers.DateTimeField(source="created_at")

    class Meta:
        model = RegimeAnalysis
        fields = [
            "analysis_time",
            "regime",
            "phase",
            "confidence",
            "risk_level",
            "trend_strength",
            "recommended_exposure",
            "origin",
            "last_updated",
        ]


class SentimentSerializer(AgedSerializer[MarketSentiment]):
    """The mood of one bar: composite in [-1, 1], fear and greed in [0, 100]; funding as a share a day."""

    funding_rates = serializers.SerializerMethodField()
    social_sentiment = serializers.SerializerMethodField()
    news_sentiment = serializers.SerializerMethodField()
    reasons = serializers.SerializerMethodField()

    class Meta:
        model = MarketSentiment
        fields = [
            "fear_greed_index",
            "composite_sentiment",
            "funding_rates",
            "social_sentiment",
            "news_sentiment",
            "sentiment_sources",
            "reasons",
            "origin",
            *AgedSerializer.AGE,
        ]

    @extend_schema_field(serializers.DictField(child=serializers.FloatField(), allow_null=True))
    def get_funding_rates(self, row: MarketSentiment) -> dict[str, float] | None:
        return row.funding_rates or None

    @extend_schema_field(serializers.DictField(child=serializers.FloatField(), allow_null=True))
    def get_social_sentiment(self, row: MarketSentiment) -> dict[str, float] | None:
        return row.social_sentiment or None

    @extend_schema_field(serializers.DictField(child=serializers.FloatField(), allow_null=True))
    def get_news_sentiment(self, row: MarketSentiment) -> dict[str, float] | None:
        return row.news_sentiment or None

    def get_reasons(self, row: MarketSentiment) -> dict[str, str]:
        """Why a figure is null."""
        absent = {
            "fear_greed_index": row.fear_greed_index is None,
            "composite_sentiment": row.composite_sentiment is None,
            "funding_rates": not row.funding_rates,
            "social_sentiment": not row.social_sentiment,
            "news_sentiment": not row.news_sentiment,
        }
        return {name: _("No source gave a value for this bar.") for name, null in absent.items() if null}


class DominanceSerializer(AgedSerializer[Dominance]):
    """Shares of the market's worth in percent; worth and volume in USD. Changes are percentage points."""

    class Meta:
        model = Dominance
        fields = [
            "btc_dominance",
            "eth_dominance",
            "alt_dominance",
            "stablecoin_dominance",
            "total_market_cap",
            "total_volume",
            "dominance_changes",
            "cap_coverage",
            "origin",
            *AgedSerializer.AGE,
        ]


class RegimeForecastSerializer(AgedSerializer[RegimeForecast]):
    """Probabilities at the horizon; `confidence` is the largest. What came of it is told once it has come."""

    horizon = serializers.SerializerMethodField()
    probabilities = serializers.DictField(child=serializers.FloatField())
    persistence = serializers.DictField(child=serializers.FloatField())
    confidence = serializers.FloatField(source="confidence_score")
    likeliest = serializers.SerializerMethodField()
    realised_regime = serializers.SerializerMethodField()

    class Meta:
        model = RegimeForecast
        fields = [
            "horizon",
            "horizon_hours",
            "probabilities",
            "persistence",
            "confidence",
            "likeliest",
            "realised_regime",
            "origin",
            *AgedSerializer.AGE,
        ]

    def get_horizon(self, row: RegimeForecast) -> str:
        return f"{row.horizon_hours // 24}d"

    def get_likeliest(self, row: RegimeForecast) -> str | None:
        known: dict[str, Any] = row.probabilities
        return max(known, key=lambda word: known[word]) if known else None

    def get_realised_regime(self, row: RegimeForecast) -> str | None:
        """Null while the horizon lies ahead of the moment that is asked about."""
        asked = self.context.get("as_of")
        hidden = row.realised_at is None or (asked is not None and row.realised_at > asked)
        return None if hidden else row.realised_regime

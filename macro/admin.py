"""Readings and records of the market: to look at, never to change."""

from __future__ import annotations

from django.contrib import admin

from cryptopredict.common import desk
from macro.models import Dominance, MarketSentiment, MetricsSnapshot, RegimeAnalysis, RegimeForecast


class RecordAdmin(desk.RecordAdmin):
    """Append-only: to look at, never to change."""

    date_hierarchy = "as_of"
    ordering = ["-as_of", "id"]
    list_filter = ["timeframe", "origin"]


@admin.register(MetricsSnapshot)
class MetricsSnapshotAdmin(RecordAdmin):
    date_hierarchy = "snapshot_time"
    ordering = ["-snapshot_time", "id"]
    list_display = [
        "snapshot_time",
        "timeframe",
        "btc_price_usd",
        "fear_greed_index",
        "btc_dominance",
        "crypto_market_breadth",
        "momentum_index",
        "sp500",
        "updated_at",
    ]
    list_filter = ["timeframe", "has_anomalies"]


@admin.register(RegimeAnalysis)
class RegimeAnalysisAdmin(RecordAdmin):
    list_display = [
        "as_of",
        "timeframe",
        "market_regime",
        "phase",
        "confidence_score",
        "risk_level",
        "trend_strength",
        "recommended_exposure",
        "model",
        "origin",
    ]
    list_filter = ["timeframe", "market_regime", "phase", "risk_level", "origin"]
    list_select_related = ["model"]
    search_fields = ["market_regime", "phase", "model__version"]


@admin.register(RegimeForecast)
class RegimeForecastAdmin(RecordAdmin):
    list_display = [
        "as_of",
        "timeframe",
        "horizon_hours",
        "confidence_score",
        "realised_regime",
        "model",
        "origin",
    ]
    list_filter = ["timeframe", "horizon_hours", "realised_regime", "origin"]
    list_select_related = ["model"]
    search_fields = ["realised_regime", "model__version"]


@admin.register(MarketSentiment)
class MarketSentimentAdmin(RecordAdmin):
    list_display = ["as_of", "timeframe", "composite_sentiment", "fear_greed_index", "origin"]


@admin.register(Dominance)
class DominanceAdmin(RecordAdmin):
    list_display = [
        "as_of",
        "timeframe",
        "btc_dominance",
        "eth_dominance",
        "alt_dominance",
        "stablecoin_dominance",
        "total_market_cap",
        "cap_coverage",
        "origin",
    ]

"""Readings and records of the market for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import factory

from assets.engine.timeframe import Timeframe
from macro.models import (
    Dominance,
    MarketSentiment,
    MetricsSnapshot,
    Phase,
    Regime,
    RegimeAnalysis,
    RegimeForecast,
    RiskLevel,
)

MOMENT = datetime(2024, 1, 2, tzinfo=UTC)


class MetricsSnapshotFactory(factory.django.DjangoModelFactory[MetricsSnapshot]):
    class Meta:
        model = MetricsSnapshot

    snapshot_time = factory.Sequence(lambda n: MOMENT + timedelta(days=n))
    timeframe = Timeframe.DAY
    btc_price_usd = 42_000.0


class RecordFactory(factory.django.DjangoModelFactory):
    class Meta:
        abstract = True

    timeframe = Timeframe.DAY
    as_of = factory.Sequence(lambda n: MOMENT + timedelta(days=n))


class RegimeAnalysisFactory(RecordFactory):
    class Meta:
        model = RegimeAnalysis

    market_regime = Regime.BULL
    phase = Phase.BULL
    confidence_score = 0.87
    risk_level = RiskLevel.MEDIUM
    trend_strength = 0.73
    recommended_exposure = 0.65


class RegimeForecastFactory(RecordFactory):
    class Meta:
        model = RegimeForecast

    horizon_hours = 168
    probabilities = factory.LazyFunction(lambda: {"bull": 0.7, "neutral": 0.1, "volatile": 0.1, "bear": 0.1})
    confidence_score = 0.7


class MarketSentimentFactory(RecordFactory):
    class Meta:
        model = MarketSentiment

    composite_sentiment = 0.4
    fear_greed_index = 72.0


class DominanceFactory(RecordFactory):
    class Meta:
        model = Dominance

    btc_dominance = 50.0
    eth_dominance = 20.0
    alt_dominance = 25.0
    stablecoin_dominance = 5.0
    total_market_cap = 1.7e12

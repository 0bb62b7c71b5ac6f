"""Readings of the whole market, one row a bar; what no source gave is null, with its reason."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from assets.models import Analysis, TimeframeField
from cryptopredict.common import schema
from cryptopredict.common.timeseries import RecordQuerySet


class MetricsSnapshot(models.Model):
    """Imported series and what is computed from candles, by the open time of the bar (like a candle).

    Percentages in [0, 100]; returns as fractions; prices and caps in USD. `sources` names the source of
    each series that was imported: a column it does not name was computed. `data_quality_flags` says for
    each null why it is null.
    """

    snapshot_time = models.DateTimeField()
    timeframe = TimeframeField()
    btc_price_usd = models.FloatField(null=True, blank=True)
    rsi_14 = models.FloatField(null=True, blank=True)
    sma_200 = models.FloatField(null=True, blank=True)
    ema_200 = models.FloatField(null=True, blank=True)
    fear_greed_index = models.FloatField(null=True, blank=True)
    google_trends_score = models.FloatField(null=True, blank=True)
    funding_rate_btc = models.FloatField(null=True, blank=True)
    open_interest_btc = models.FloatField(null=True, blank=True)
    whale_netflow_24h = models.FloatField(null=True, blank=True)
    active_addresses_btc = models.FloatField(null=True, blank=True)
    altcoin_dominance = models.FloatField(null=True, blank=True)
    liquidity_score = models.FloatField(null=True, blank=True)
    halving_countdown_days = models.IntegerField(null=True, blank=True)
    weekly_return = models.FloatField(null=True, blank=True)
    monthly_return = models.FloatField(null=True, blank=True)
    btc_dominance = models.FloatField(null=True, blank=True)
    eth_dominance = models.FloatField(null=True, blank=True)
    usdt_dominance = models.FloatField(null=True, blank=True)
    total_market_cap = models.FloatField(null=True, blank=True)
    sp500 = models.FloatField(null=True, blank=True)
    gold = models.FloatField(null=True, blank=True)
    dxy = models.FloatField(null=True, blank=True)
    us_10y_yield = models.FloatField(null=True, blank=True)
    vix_index = models.FloatField(null=True, blank=True)
    liquidations_long = models.FloatField(null=True, blank=True)
    liquidations_short = models.FloatField(null=True, blank=True)
    liquidation_zones = models.JSONField(default=list, blank=True)
    btc_eth_correlation_30d = models.FloatField(null=True, blank=True)
    btc_sp500_correlation_30d = models.FloatField(null=True, blank=True)
    crypto_market_breadth = models.FloatField(null=True, blank=True)
    new_highs_24h = models.IntegerField(null=True, blank=True)
    new_lows_24h = models.IntegerField(null=True, blank=True)
    momentum_index = models.FloatField(null=True, blank=True)
    extended_metrics = models.JSONField(default=dict, blank=True)
    sources = models.JSONField(default=dict, blank=True, help_text="source of each imported series")
    data_quality_flags = models.JSONField(default=dict, blank=True)
    has_anomalies = models.BooleanField(default=False)
    is_validated = models.BooleanField(default=False)
    snapshot_version = models.CharField(max_length=50, blank=True)
    data_source = models.CharField(max_length=50, default="aggregated")
    data_collection_started = models.DateTimeField(null=True, blank=True)
    data_collection_completed = models.DateTimeField(null=True, blank=True)
    collection_duration_ms = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = RecordQuerySet.as_manager()

    class Meta:
        constraints = [
            schema.unique("snapshot_time", "timeframe"),
            schema.within("fear_greed_index", 0, 100),
            schema.within("btc_dominance", 0, 100),
            schema.within("eth_dominance", 0, 100),
            schema.positive("btc_price_usd"),
        ]
        indexes = [models.Index("timeframe", models.F("snapshot_time").desc(), name="macro_snapshot_latest")]
        triggers = [schema.touch()]

    def __str__(self) -> str:
        return f"{self.timeframe} {self.snapshot_time:%Y-%m-%d %H:%M}"


class MarketSentiment(Analysis):
    """Mood of the market; composite in [-1, 1], made from `sentiment_sources`."""

    fear_greed_index = models.FloatField(null=True, blank=True)
    funding_rates = models.JSONField(default=dict, blank=True)
    social_sentiment = models.JSONField(default=dict, blank=True)
    news_sentiment = models.JSONField(default=dict, blank=True)
    composite_sentiment = models.FloatField(null=True, blank=True)
    sentiment_sources = models.JSONField(default=dict, blank=True)

    objects = RecordQuerySet.as_manager()

    class Meta(Analysis.Meta):
        constraints = [
            *Analysis.Meta.constraints,
            schema.unique("timeframe", "as_of"),
            schema.within("fear_greed_index", 0, 100),
            schema.within("composite_sentiment", -1, 1),
        ]
        indexes = [models.Index("timeframe", models.F("as_of").desc(), name="macro_sentiment_latest")]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d %H:%M} {self.composite_sentiment}"


class Dominance(Analysis):
    """Shares of the whole market cap in percent: the four add up to 100."""

    btc_dominance = models.FloatField(null=True, blank=True)
    eth_dominance = models.FloatField(null=True, blank=True)
    alt_dominance = models.FloatField(null=True, blank=True)
    stablecoin_dominance = models.FloatField(null=True, blank=True)
    total_market_cap = models.FloatField(null=True, blank=True)
    total_volume = models.FloatField(null=True, blank=True)
    dominance_changes = models.JSONField(default=dict, blank=True)
    cap_coverage = models.FloatField(
        null=True, blank=True, help_text="share of coins whose cap a source gave; the rest is estimated"
    )

    objects = RecordQuerySet.as_manager()

    class Meta(Analysis.Meta):
        constraints = [
            *Analysis.Meta.constraints,
            schema.unique("timeframe", "as_of"),
            schema.within("btc_dominance", 0, 100),
            schema.within("eth_dominance", 0, 100),
            schema.within("alt_dominance", 0, 100),
            schema.within("stablecoin_dominance", 0, 100),
            models.CheckConstraint(
                condition=models.Q(
                    btc_dominance__gte=100
                    - 1e-6
                    - models.F("eth_dominance")
                    - models.F("alt_dominance")
                    - models.F("stablecoin_dominance"),
                    btc_dominance__lte=100
                    + 1e-6
                    - models.F("eth_dominance")
                    - models.F("alt_dominance")
                    - models.F("stablecoin_dominance"),
                ),
                name="macro_dominance_shares_sum_to_100",
            ),
        ]
        indexes = [models.Index("timeframe", models.F("as_of").desc(), name="macro_dominance_latest")]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d %H:%M} BTC {self.btc_dominance}"

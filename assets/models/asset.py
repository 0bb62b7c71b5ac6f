"""What can be bought or measured."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cryptopredict.common import schema


class AssetType(models.TextChoices):
    CRYPTO = "crypto", _("Coin")
    STABLECOIN = "stablecoin", _("Stablecoin")
    MACRO = "macro", _("Macro series")
    INDEX = "index", _("Index")


class WatchlistTier(models.TextChoices):
    TIER1 = "tier1", _("Tier 1")
    TIER2 = "tier2", _("Tier 2")
    NONE = "none", _("Not followed")


class Asset(models.Model):
    """A coin or index. `watchlist_tier` and `sector` mirror their owners' tables, which keep them in step.

    Tickers collide: `symbol` is unique among supported assets, the larger market cap wins a
    contested one, the loser stays stored and unsupported.
    """

    symbol = models.CharField(max_length=20)
    name = models.CharField(max_length=100)
    asset_type = models.CharField(max_length=20, choices=AssetType, default=AssetType.CRYPTO)
    coingecko_id = models.CharField(max_length=100, null=True, blank=True)
    quote_currency = models.CharField(max_length=10, default="USD")
    external_ids = models.JSONField(default=dict, blank=True)
    logo_url = models.URLField(max_length=500, blank=True)
    website_url = models.URLField(max_length=500, blank=True)
    blockchain_site = models.URLField(max_length=500, blank=True)
    links = models.JSONField(default=dict, blank=True)
    description = models.TextField(blank=True)
    market_cap = models.FloatField(null=True, blank=True)
    market_cap_rank = models.PositiveIntegerField(null=True, blank=True)
    current_price = models.FloatField(null=True, blank=True)
    total_volume = models.FloatField(null=True, blank=True)
    circulating_supply = models.FloatField(null=True, blank=True)
    total_supply = models.FloatField(null=True, blank=True)
    max_supply = models.FloatField(null=True, blank=True)
    price_change_percentage_24h = models.FloatField(null=True, blank=True)
    price_change_percentage_7d = models.FloatField(null=True, blank=True)
    price_change_percentage_30d = models.FloatField(null=True, blank=True)
    ath = models.FloatField(null=True, blank=True)
    ath_date = models.DateTimeField(null=True, blank=True)
    atl = models.FloatField(null=True, blank=True)
    atl_date = models.DateTimeField(null=True, blank=True)
    metrics_details = models.JSONField(default=dict, blank=True)
    timeframe_usage = models.JSONField(default=dict, blank=True)
    last_accessed_at = models.DateTimeField(null=True, blank=True)
    access_count = models.PositiveIntegerField(default=0)
    watchlist_tier = models.CharField(max_length=10, choices=WatchlistTier, default=WatchlistTier.NONE)
    sector_name = models.CharField(max_length=100, blank=True, help_text="primary sector, kept by sectors")
    is_active = models.BooleanField(default=True)
    is_supported = models.BooleanField(default=True)
    data_quality_score = models.PositiveSmallIntegerField(default=100)
    data_source = models.CharField(max_length=50, default="import")
    last_price_update = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["symbol"], condition=models.Q(is_supported=True), name="assets_asset_unique_symbol"
            ),
            models.UniqueConstraint(
                fields=["coingecko_id"],
                condition=models.Q(coingecko_id__isnull=False),
                name="assets_asset_unique_coingecko_id",
            ),
            schema.one_of("asset_type", AssetType),
            schema.one_of("watchlist_tier", WatchlistTier),
            schema.within("market_cap", 0),
            schema.positive("current_price"),
            schema.within("circulating_supply", 0),
            schema.within("data_quality_score", 0, 100),
            schema.positive("market_cap_rank"),
        ]
        indexes = [
            models.Index(fields=["asset_type", "is_active"], name="assets_asset_type_active"),
            models.Index(fields=["market_cap_rank"], name="assets_asset_rank"),
            models.Index(fields=["last_accessed_at"], name="assets_asset_accessed"),
            models.Index(fields=["data_source"], name="assets_asset_source"),
            models.Index(fields=["watchlist_tier", "is_active"], name="assets_asset_tier"),
            models.Index(fields=["sector_name", "is_active"], name="assets_asset_sector"),
        ]
        triggers = [
            schema.touch(),
            pgtrigger.Trigger(
                name="keep_with_candles",
                when=pgtrigger.Before,
                operation=pgtrigger.Delete,
                func=(
                    "IF EXISTS (SELECT 1 FROM assets_candle WHERE asset_id = OLD.id) THEN "
                    "RAISE EXCEPTION 'asset % has candles and cannot be deleted', OLD.symbol; "
                    "END IF; RETURN OLD;"
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.symbol

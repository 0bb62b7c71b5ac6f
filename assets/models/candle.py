"""Bars, keyed by asset, timeframe and open time; partitioned by timeframe, then by time."""

from __future__ import annotations

from django.db import models

from assets.models.asset import Asset
from assets.models.fields import TimeframeField


class Bar(models.Model):
    """Columns of a bar: prices in USD, `volume` in USD turned over, labelled by the open time."""

    timeframe = TimeframeField()
    candle_time = models.DateTimeField(help_text="open time (UTC); the bar is known from its close on")
    open = models.FloatField()
    high = models.FloatField()
    low = models.FloatField()
    close = models.FloatField()
    volume = models.FloatField(help_text="USD turned over in the bar")
    market_cap = models.FloatField(null=True, blank=True)
    trade_count = models.IntegerField(null=True, blank=True)
    vwap = models.FloatField(null=True, blank=True)
    technical_indicators = models.JSONField(null=True, blank=True)
    is_validated = models.BooleanField(default=False)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    low__gt=0,
                    low__lte=models.F("open"),
                    high__gte=models.F("open"),
                    high__lt=float("inf"),
                )
                & models.Q(low__lte=models.F("close"), high__gte=models.F("close")),
                name="%(app_label)s_%(class)s_ohlc",
            ),
            models.CheckConstraint(
                condition=models.Q(volume__gte=0, volume__lt=float("inf")),
                name="%(app_label)s_%(class)s_volume_range",
            ),
        ]


class Candle(Bar):
    """One complete bar. No foreign-key constraint: a check a row would cost a third of every import;

    assets with bars cannot be deleted (trigger `keep_with_candles`), which guards the same promise.
    """

    pk = models.CompositePrimaryKey("asset_id", "timeframe", "candle_time")
    asset = models.ForeignKey(
        Asset, on_delete=models.DO_NOTHING, related_name="candles", db_constraint=False, db_index=False
    )

    class Meta(Bar.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.asset_id} {self.timeframe} {self.candle_time:%Y-%m-%d %H:%M}"


class CandleArchive(Bar):
    """Bars past their timeframe's retention; read through the same selectors."""

    pk = models.CompositePrimaryKey("asset_id", "timeframe", "candle_time")
    asset = models.ForeignKey(
        Asset, on_delete=models.DO_NOTHING, related_name="archived", db_constraint=False, db_index=False
    )

    class Meta(Bar.Meta):
        pass

    def __str__(self) -> str:
        return f"{self.asset_id} {self.timeframe} {self.candle_time:%Y-%m-%d %H:%M}"

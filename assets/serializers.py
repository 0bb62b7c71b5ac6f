"""The wire shape of assets, and what every read of an analysis has in common."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from assets.engine.studies import Study, UnknownStudyError, study
from assets.engine.timeframe import Timeframe
from assets.models import Asset
from assets.selectors import stale_reason
from cryptopredict.common.restapi import MomentField

M = TypeVar("M", bound=Model)
LONGEST_DAYS = 3650
MOST_BARS = 5000
MOST_STUDIES = 10
BAR_LENGTHS = [str(length) for length in Timeframe]


class MomentQuery(serializers.Serializer[Any]):
    """As it was known when."""

    as_of = MomentField(
        help_text=_("Show what was known at this moment (ISO 8601, UTC without a zone); not in the future.")
    )


class ReadingQuery(MomentQuery):
    """Which reading is asked for: of which bar length, and as it was known when."""

    timeframe = serializers.ChoiceField(
        BAR_LENGTHS, default=str(Timeframe.DAY), help_text=_("Length of the analysed bars.")
    )

    def validate_timeframe(self, value: str) -> Timeframe:
        return Timeframe(value)


class HistoryQuery(MomentQuery):
    """How far back: so many days before the last analysis (known at `as_of`)."""

    days = serializers.IntegerField(
        default=30, min_value=1, max_value=LONGEST_DAYS, help_text=_("Days before the last analysis.")
    )
    interval = serializers.ChoiceField(
        BAR_LENGTHS, default=str(Timeframe.DAY), help_text=_("Length of the analysed bars.")
    )

    def validate_interval(self, value: str) -> Timeframe:
        return Timeframe(value)


class AgedSerializer(serializers.ModelSerializer[M]):
    """An analysis with its age. Context `now`: the moment at which it is judged (default: the clock's).

    Rows of one answer share their bar length, so the newest candle is looked up once.
    """

    timeframe = serializers.CharField(read_only=True)
    as_of = serializers.DateTimeField(read_only=True)
    last_updated = serializers.DateTimeField(source="created_at", read_only=True)
    is_stale = serializers.SerializerMethodField()
    stale_reason = serializers.SerializerMethodField()

    AGE = ("timeframe", "as_of", "last_updated", "is_stale", "stale_reason")

    def get_is_stale(self, row: Any) -> bool:
        return bool(self.get_stale_reason(row))

    def get_stale_reason(self, row: Any) -> str:
        known: dict[datetime, str] = self.root.__dict__.setdefault("_stale_reasons", {})
        if row.as_of not in known:
            now: datetime = self.context.get("now") or timezone.now()
            known[row.as_of] = stale_reason(row.timeframe, row.as_of, now)
        return known[row.as_of]


class AssetSerializer(serializers.ModelSerializer[Asset]):
    """A coin as it stands: prices, caps and volumes in USD, changes in percent."""

    tier = serializers.CharField(source="watchlist_tier", read_only=True)
    sector = serializers.CharField(source="sector_name", read_only=True)
    performance_24h = serializers.FloatField(source="price_change_percentage_24h", allow_null=True)
    performance_7d = serializers.FloatField(source="price_change_percentage_7d", allow_null=True)
    performance_30d = serializers.FloatField(source="price_change_percentage_30d", allow_null=True)
    last_updated = serializers.DateTimeField(source="last_price_update", allow_null=True)

    class Meta:
        model = Asset
        fields = [
            "id",
            "symbol",
            "name",
            "asset_type",
            "sector",
            "tier",
            "is_supported",
            "current_price",
            "market_cap",
            "market_cap_rank",
            "total_volume",
            "circulating_supply",
            "performance_24h",
            "performance_7d",
            "performance_30d",
            "ath",
            "ath_date",
            "atl",
            "atl_date",
            "last_updated",
        ]
        read_only_fields = fields


class CandleQuery(ReadingQuery):
    """Which bars: the last `limit` of them in a range, closed by `as_of`."""

    since = serializers.DateTimeField(
        default=None, default_timezone=UTC, help_text=_("Open of the first bar wanted.")
    )
    until = serializers.DateTimeField(
        default=None, default_timezone=UTC, help_text=_("Open of the last bar wanted.")
    )
    limit = serializers.IntegerField(default=500, min_value=1, max_value=MOST_BARS)
    indicators = serializers.CharField(
        default="",
        max_length=200,
        allow_blank=True,
        help_text=_("Comma-separated: sma50, ema21, rsi14, atr14, bollinger20, macd."),
    )

    def validate_indicators(self, value: str) -> list[Study]:
        names = list(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))
        if len(names) > MOST_STUDIES:
            raise serializers.ValidationError(gettext("ask for at most %d at once") % MOST_STUDIES)
        try:
            return [study(name) for name in names]
        except UnknownStudyError as error:
            raise serializers.ValidationError(str(error)) from None


class CandleSerializer(serializers.Serializer[Any]):
    """One complete bar, labelled by its open; prices in USD, `volume` USD turned over in it.

    An indicator is null where its window is not filled.
    """

    candle_time = serializers.DateTimeField()
    open = serializers.FloatField()
    high = serializers.FloatField()
    low = serializers.FloatField()
    close = serializers.FloatField()
    volume = serializers.FloatField()
    market_cap = serializers.FloatField(allow_null=True)
    indicators = serializers.DictField(child=serializers.FloatField(allow_null=True), required=False)

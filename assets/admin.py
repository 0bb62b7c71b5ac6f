"""Assets to look after; imports to look at. Candles are nobody's to edit."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from assets.models import Asset, Candle, DataImport
from assets.services.listings import amend, amend_faults, support
from cryptopredict.common.desk import RecordAdmin, RefusalsAsMessages, moment, short, table

RECENT = 10


class TickerFilter(admin.SimpleListFilter):
    """Tickers that more than one coin claims: of each, one is supported."""

    title = _("ticker")
    parameter_name = "ticker"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("claimed", _("Claimed by several"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        if self.value() != "claimed":
            return queryset
        others = Asset.objects.filter(symbol=models.OuterRef("symbol")).exclude(pk=models.OuterRef("pk"))
        return queryset.filter(models.Exists(others)).order_by("symbol", "-is_supported", "pk")


class AssetForm(forms.ModelForm):
    """Asks the service before it is asked to store, so that each refusal stands at its field."""

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors:
            for name, fault in amend_faults(self.instance).items():
                self.add_error(name if name in self.fields else None, fault)

    def _get_validation_exclusions(self) -> set[str]:
        """The service knows these rules too, and says in words what is wrong."""
        return {*super()._get_validation_exclusions(), "symbol", "coingecko_id"}


@admin.register(Asset)
class AssetAdmin(RefusalsAsMessages):
    """Names, links and switches are edited; what comes from candles, sectors and watchlists is shown."""

    list_display = [
        "symbol", "name", "asset_type", "sector_name", "watchlist_tier", "market_cap_rank", "current_price",
        "price_change_percentage_24h", "last_price_update", "data_source", "is_active", "is_supported",
    ]  # fmt: skip
    list_filter = [
        TickerFilter,
        "is_supported",
        "is_active",
        "asset_type",
        "watchlist_tier",
        "data_source",
        "sector_name",
    ]
    form = AssetForm
    actions = ["support"]
    search_fields = ["symbol", "name", "coingecko_id"]
    ordering = ["market_cap_rank", "symbol"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    fieldsets = [
        (None, {"fields": ["symbol", "name", "asset_type", "is_active", "is_supported"]}),
        (_("Quotes"), {"fields": [
            "current_price", "total_volume", "market_cap", "market_cap_rank", "circulating_supply",
            "price_change_percentage_24h", "price_change_percentage_7d", "price_change_percentage_30d",
            "ath", "ath_date", "atl", "atl_date", "last_price_update", "recent_candles",
        ]}),
        (_("Place in the funnel"), {"fields": ["sector_name", "watchlist_tier", "data_quality_score"]}),
        (_("About"), {"fields": [
            "coingecko_id", "quote_currency", "external_ids", "logo_url", "website_url", "blockchain_site",
            "links", "description", "total_supply", "max_supply",
        ]}),
        (_("Record"), {"fields": ["data_source", "created_at", "updated_at"]}),
    ]  # fmt: skip
    readonly_fields = [
        *fieldsets[1][1]["fields"], "sector_name", "watchlist_tier", *fieldsets[4][1]["fields"],
    ]  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Of a new coin nothing is known yet but what is written about it."""
        parts = super().get_fieldsets(request, obj)
        return parts if obj else [parts[0], parts[3]]

    def save_model(self, request: HttpRequest, obj: Asset, form: Any, change: bool) -> None:
        amend(asset=obj)

    @admin.display(description=_("newest candles"))
    def recent_candles(self, asset: Asset) -> SafeString | str:
        """Open time, close and volume of the newest bars."""
        newest = Candle.objects.filter(asset_id=asset.pk).order_by("-candle_time", "timeframe")[:RECENT]
        rows = [
            (bar.timeframe, moment(bar.candle_time), short(bar.close), short(bar.volume)) for bar in newest
        ]
        return table([gettext("timeframe"), gettext("open time"), gettext("close"), gettext("volume")], rows)

    @admin.action(description=_("Give it its ticker"), permissions=["change"])
    def support(self, request: HttpRequest, queryset: models.QuerySet[Asset]) -> None:
        """Support the chosen coins instead of those that have their tickers now."""
        for asset in queryset:
            try:
                support(asset=asset)
            except ValidationError as error:
                self.message_user(request, f"{asset}: {' '.join(error.messages)}", messages.ERROR)
            else:
                words = gettext("%(name)s has the ticker %(symbol)s.")
                told = words % {"name": asset.name, "symbol": asset.symbol}
                self.message_user(request, told, messages.SUCCESS)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An asset has records, so it is switched off rather than deleted."""
        return False


@admin.register(DataImport)
class DataImportAdmin(RecordAdmin):
    """What was read from where; written by imports only."""

    list_display = [
        "started_at", "kind", "source", "data_format", "timeframe", "status", "rows_read", "rows_stored",
        "rows_unchanged", "rows_rejected", "last_time",
    ]  # fmt: skip
    list_filter = ["kind", "status", "timeframe"]
    search_fields = ["source", "error"]
    date_hierarchy = "started_at"
    ordering = ["-started_at"]

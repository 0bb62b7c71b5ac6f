"""Sectors and memberships to edit; records to look at."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cryptopredict.common import desk
from sectors import services
from sectors.models import (
    Sector,
    SectorAnalysis,
    SectorFlow,
    SectorMapping,
    SectorPerformance,
    SectorRotation,
)


@admin.register(Sector)
class SectorAdmin(desk.RefusalsAsMessages):
    """A sector has records, so it is switched off rather than deleted."""

    list_display = ["name", "slug", "color_code", "coins", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["name", "slug", "description"]
    readonly_fields = ["created_at", "updated_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Sector]:
        return super().get_queryset(request).annotate(coins=Count("mappings"))

    @admin.display(description=_("coins"), ordering="coins")
    def coins(self, sector: Any) -> int:
        return int(sector.coins)

    def save_model(self, request: HttpRequest, obj: Sector, form: Any, change: bool) -> None:
        services.save_sector(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MappingForm(forms.ModelForm):
    """Checks the rule of the weights before the service does, so that the field can show it."""

    class Meta:
        model = SectorMapping
        fields = ["asset", "sector", "weight", "is_primary"]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if cleaned is not None and not self.errors:
            asset = cleaned.get("asset", self.instance.asset_id and self.instance.asset)
            sector = cleaned.get("sector", self.instance.sector_id and self.instance.sector)
            try:
                services.check_weight(asset=asset, sector=sector, weight=cleaned["weight"])
            except ValidationError as error:
                self.add_error(None, error)
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """The service takes the primary place from the other row, so its rule is not the form's."""
        return {*super()._get_validation_exclusions(), "is_primary"}


@admin.register(SectorMapping)
class SectorMappingAdmin(desk.RefusalsAsMessages):
    form = MappingForm
    list_display = ["asset", "sector", "weight", "is_primary", "is_manual", "updated_at"]
    list_filter = ["sector", "is_primary", "is_manual"]
    list_select_related = ["asset", "sector"]
    search_fields = ["asset__symbol", "asset__name"]
    raw_id_fields = ["asset"]
    actions = ["let_seeding_decide"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["asset", "sector"] if obj else []

    def save_model(self, request: HttpRequest, obj: SectorMapping, form: Any, change: bool) -> None:
        saved = services.assign(
            asset=obj.asset, sector=obj.sector, weight=obj.weight, is_primary=obj.is_primary
        )
        obj.pk = saved.pk

    def delete_model(self, request: HttpRequest, obj: SectorMapping) -> None:
        services.unassign([obj])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SectorMapping]) -> None:
        services.unassign(queryset)

    @admin.action(description=_("Let seeding decide about these coins again"))
    def let_seeding_decide(self, request: HttpRequest, queryset: QuerySet[SectorMapping]) -> None:
        count = services.release(queryset)
        text = ngettext(
            "%d membership is no longer set by hand.", "%d memberships are no longer set by hand.", count
        )
        self.message_user(request, text % count, messages.SUCCESS)


class RecordAdmin(desk.RecordAdmin):
    """Append-only: to look at, never to change."""

    date_hierarchy = "as_of"
    ordering = ["-as_of", "id"]


@admin.register(SectorPerformance)
class SectorPerformanceAdmin(RecordAdmin):
    list_display = [
        "as_of",
        "sector",
        "timeframe",
        "status",
        "momentum_score",
        "performance_7d",
        "dominance_percentage",
        "member_count",
        "origin",
    ]
    list_filter = ["timeframe", "sector", "status", "origin"]
    list_select_related = ["sector"]
    search_fields = ["sector__name"]


@admin.register(SectorRotation)
class SectorRotationAdmin(RecordAdmin):
    list_display = ["as_of", "timeframe", "rotation_probability", "base_rate", "leading_sectors", "origin"]
    list_filter = ["timeframe", "origin"]


@admin.register(SectorFlow)
class SectorFlowAdmin(RecordAdmin):
    list_display = ["as_of", "timeframe", "from_sector", "to_sector", "share", "window_days", "origin"]
    list_filter = ["timeframe", "from_sector", "to_sector", "origin"]
    list_select_related = ["from_sector", "to_sector"]
    search_fields = ["from_sector__name", "to_sector__name"]


@admin.register(SectorAnalysis)
class SectorAnalysisAdmin(RecordAdmin):
    list_display = ["as_of", "sector", "timeframe", "stance", "confidence_score", "weight", "model", "origin"]
    list_filter = ["timeframe", "sector", "stance", "origin"]
    list_select_related = ["sector", "model"]
    search_fields = ["sector__name"]

"""The watchlists: who is on which tier, in which order, within which limits, and who moved what and why."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from assets.models import Asset, WatchlistTier
from cryptopredict.common.desk import RefusalsAsMessages, moment, percent, refusal, table
from selection import selectors, services
from selection.models import ItemStatus, Watchlist, WatchlistItem, WatchlistType


@admin.register(Watchlist)
class WatchlistAdmin(RefusalsAsMessages):
    """The lists with how many coins each holds; name and limit may be changed."""

    list_display = ["name", "type", "tier", "user", "current_items", "max_items", "is_active", "updated_at"]
    list_filter = ["type", "tier", "is_active"]
    list_select_related = ["user"]
    search_fields = ["name", "user__email"]
    ordering = ["type", "pk"]
    fields = ["name", "description", "max_items", "type", "tier", "user", "current_items", "is_active"]
    readonly_fields = ["type", "tier", "user", "current_items", "is_active"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Watchlist]:
        return selectors.counted(super().get_queryset(request))

    @admin.display(description=_("coins"), ordering="current_items")
    def current_items(self, row: Any) -> int:
        return int(row.current_items)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        own = obj is None or obj.type != WatchlistType.PERSONAL or obj.user_id == request.user.pk
        return own and super().has_change_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Watchlist, form: Any, change: bool) -> None:
        services.list_change(watchlist=obj, user=request.user)


class ItemForm(forms.ModelForm):
    """A coin's place, with the reason that its move is kept with."""

    reason = forms.CharField(
        label=_("reason"),
        required=False,
        max_length=500,
        help_text=_("Kept with the move in the history below."),
    )

    class Meta:
        model = WatchlistItem
        fields = ["asset", "tier", "priority_order"]

    def clean_asset(self) -> Asset:
        """Who is on a list already is moved there, not put on it once more."""
        asset: Asset = self.cleaned_data["asset"]
        here = WatchlistItem.objects.filter(watchlist__in=selectors.tier_lists(), asset=asset)
        there = here.exclude(status=ItemStatus.REMOVED).first()
        if there is not None:
            message = _("%(symbol)s stands on %(tier)s already: change its tier there.")
            words = {"symbol": asset.symbol, "tier": there.get_tier_display()}
            raise forms.ValidationError(message, params=words)
        return asset


@admin.register(WatchlistItem)
class WatchlistItemAdmin(RefusalsAsMessages):
    """Who is on the administrators' lists; tier and order are edited in the list itself."""

    form = ItemForm
    list_display = ["asset", "tier", "priority_order", "sector", "score", "status", "added_by", "added_at"]
    list_editable = ["tier", "priority_order"]
    list_filter = ["tier", "status", "asset__sector_name"]
    list_select_related = ["asset", "watchlist", "added_by"]
    search_fields = ["asset__symbol", "asset__name"]
    raw_id_fields = ["asset"]
    ordering = ["tier", "priority_order", "pk"]
    actions = ["to_tier1", "to_tier2", "off"]
    list_per_page = 200

    def get_queryset(self, request: HttpRequest) -> QuerySet[WatchlistItem]:
        return selectors.scored(super().get_queryset(request).filter(watchlist__type=WatchlistType.ADMIN))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        new = ["asset", "tier", "priority_order", "reason"]
        return new if obj is None else [*new, "watchlist", "status", "added_by", "history"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else ["asset", "watchlist", "status", "added_by", "history"]

    @admin.display(description=_("sector"), ordering="asset__sector_name")
    def sector(self, item: WatchlistItem) -> str:
        return item.asset.sector_name

    @admin.display(description=_("score"), ordering="last_score")
    def score(self, item: Any) -> str:
        return percent(item.last_score)

    @admin.display(description=_("history"))
    def history(self, item: WatchlistItem) -> SafeString | str:
        told = [
            (moment(row.activity_time), row.user, selectors.moved(row), row.details["notes"])
            for row in selectors.tier_history(item.asset_id)
        ]
        return table([_t("when"), _t("who"), _t("what"), _t("why")], told)

    def save_model(self, request: HttpRequest, obj: WatchlistItem, form: Any, change: bool) -> None:
        reason = form.cleaned_data.get("reason", "")
        if not change:
            services.set_tier(asset=obj.asset, tier=obj.tier, user=request.user, notes=reason)
            obj.pk = selectors.tier_item(obj.asset).pk
        services.item_change(
            item=obj, tier=obj.tier, priority_order=obj.priority_order, user=request.user, notes=reason
        )

    def delete_model(self, request: HttpRequest, obj: WatchlistItem) -> None:
        services.item_remove(item=obj, user=request.user)

    @admin.action(description=_("Move to tier 1"), permissions=["change"])
    def to_tier1(self, request: HttpRequest, queryset: QuerySet[WatchlistItem]) -> None:
        self._move(request, queryset, WatchlistTier.TIER1)

    @admin.action(description=_("Move to tier 2"), permissions=["change"])
    def to_tier2(self, request: HttpRequest, queryset: QuerySet[WatchlistItem]) -> None:
        self._move(request, queryset, WatchlistTier.TIER2)

    @admin.action(description=_("Take off the lists"), permissions=["change"])
    def off(self, request: HttpRequest, queryset: QuerySet[WatchlistItem]) -> None:
        self._move(request, queryset, WatchlistTier.NONE)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without "delete selected": taking a coin off is an action of ours, which explains itself."""
        return {
            name: each for name, each in super().get_actions(request).items() if name != "delete_selected"
        }

    def _move(self, request: HttpRequest, queryset: QuerySet[WatchlistItem], tier: str) -> None:
        wanted = [(asset, tier) for asset in queryset.values_list("asset_id", flat=True)]
        try:
            moves = services.set_tiers(wanted=wanted, user=request.user)
        except (ValidationError, PermissionDenied) as error:
            self.message_user(request, refusal(error), messages.ERROR)
            return
        for made in moves:
            what = f"{made.asset}: {made.refusal or selectors.tier_change(made.before, made.after)}"
            self.message_user(request, what, messages.SUCCESS if made.is_done else messages.ERROR)

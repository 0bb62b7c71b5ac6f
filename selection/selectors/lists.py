"""The watchlists: how many coins each holds, and which."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet

from assets.models import Asset
from selection.models import ItemStatus, Watchlist, WatchlistItem, WatchlistType


def tier_lists() -> QuerySet[Watchlist]:
    """The administrators' lists, one a tier."""
    return Watchlist.objects.filter(type=WatchlistType.ADMIN, is_active=True)


def counted(rows: QuerySet[Watchlist]) -> QuerySet[Watchlist]:
    """The lists with `current_items`, counted."""
    return rows.annotate(current_items=Count("items", filter=~Q(items__status=ItemStatus.REMOVED)))


def tiers() -> dict[int, str]:
    """Tier of every coin on the administrators' lists, by asset."""
    items = WatchlistItem.objects.filter(watchlist__in=tier_lists()).exclude(status=ItemStatus.REMOVED)
    return {asset: str(tier) for asset, tier in items.values_list("asset_id", "watchlist__tier")}


def tier_item(asset: Asset) -> WatchlistItem:
    """The coin's item on the administrators' lists. Raises DoesNotExist where it is on neither."""
    return WatchlistItem.objects.get(watchlist__in=tier_lists(), asset=asset)


def watchlists(user: Any) -> QuerySet[Watchlist]:
    """What `user` may read: the administrators' lists and their own, with `current_items`."""
    own = Q(type=WatchlistType.PERSONAL, user=user.pk)
    return counted(Watchlist.objects.filter(Q(type=WatchlistType.ADMIN) | own, is_active=True))


def items_of(watchlist: Watchlist, as_of: datetime | None = None) -> QuerySet[WatchlistItem]:
    """The coins on a list by priority, loaded; with `as_of` those of them that were on it then."""
    rows = watchlist.items.exclude(status=ItemStatus.REMOVED).select_related("asset")
    known = rows if as_of is None else rows.filter(added_at__lte=as_of)
    return known.order_by("priority_order", "pk")

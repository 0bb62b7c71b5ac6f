"""The watchlists, with how many coins each holds."""

from __future__ import annotations

from django.db.models import Count, Q, QuerySet

from selection.models import ItemStatus, Watchlist, WatchlistType


def tier_lists() -> QuerySet[Watchlist]:
    """The administrators' lists, one a tier."""
    return Watchlist.objects.filter(type=WatchlistType.ADMIN, is_active=True)


def counted(rows: QuerySet[Watchlist]) -> QuerySet[Watchlist]:
    """The lists with `current_items`, counted."""
    return rows.annotate(current_items=Count("items", filter=~Q(items__status=ItemStatus.REMOVED)))

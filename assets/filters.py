"""Which assets are asked for."""

from __future__ import annotations

import django_filters
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from assets.models import Asset, AssetType, WatchlistTier


class AssetFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(method="named", label=_("Part of the symbol or the name"))
    symbol = django_filters.CharFilter(lookup_expr="iexact", label=_("Symbol"))
    asset_type = django_filters.ChoiceFilter(choices=AssetType.choices, label=_("Kind"), empty_label=_("All"))
    tier = django_filters.ChoiceFilter(
        field_name="watchlist_tier", choices=WatchlistTier.choices, label=_("Tier"), empty_label=_("All")
    )
    sector = django_filters.CharFilter(field_name="sector_name", lookup_expr="iexact", label=_("Sector"))
    is_supported = django_filters.BooleanFilter(label=_("Followed"))

    class Meta:
        model = Asset
        fields: list[str] = []

    def named(self, rows: QuerySet[Asset], name: str, value: str) -> QuerySet[Asset]:
        """Symbol or name contains the text."""
        return rows.filter(Q(symbol__icontains=value) | Q(name__icontains=value))

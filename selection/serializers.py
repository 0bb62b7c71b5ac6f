"""The wire shape of watchlists and suggestions, for the API and for events; reasons in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from selection.engine.reasons import PHRASES, Reason
from selection.models import Suggestion, Watchlist
from selection.words import reason_words

Driver = Sequence[Any]  # [factor, value, percentile, contribution], as stored


class WatchlistSerializer(serializers.ModelSerializer[Watchlist]):
    """A list with its count; needs `selectors.counted` rows and the context's `freshness`."""

    current_items = serializers.IntegerField(read_only=True)
    last_updated = serializers.DateTimeField(source="updated_at", read_only=True)
    as_of = serializers.SerializerMethodField()
    is_stale = serializers.SerializerMethodField()

    class Meta:
        model = Watchlist
        fields = [
            "id",
            "name",
            "type",
            "tier",
            "current_items",
            "max_items",
            "last_updated",
            "as_of",
            "is_stale",
        ]

    def get_as_of(self, row: Watchlist) -> Any:
        return self.context["freshness"].as_of

    def get_is_stale(self, row: Watchlist) -> bool:
        return bool(self.context["freshness"].stale_reason)


class SuggestionSerializer(serializers.ModelSerializer[Suggestion]):
    """A suggestion with its reasons in words; the asset has to be loaded."""

    crypto_id = serializers.IntegerField(source="asset_id", read_only=True)
    symbol = serializers.CharField(source="asset.symbol", read_only=True)
    ai_reasoning = serializers.SerializerMethodField()

    class Meta:
        model = Suggestion
        fields = [
            "id",
            "crypto_id",
            "symbol",
            "suggestion_type",
            "confidence_score",
            "base_rate",
            "priority",
            "ai_reasoning",
            "status",
            "as_of",
            "suggested_at",
            "expires_at",
        ]

    def get_ai_reasoning(self, row: Suggestion) -> str:
        return "; ".join(reasoning(row))


def reasoning(row: Suggestion) -> list[str]:
    """Why this is suggested, one line a reason, strongest for it first."""
    data = row.ai_reasoning if isinstance(row.ai_reasoning, dict) else {}
    lines = [in_words(driver) for driver in data.get("drivers", ())]
    if not data.get("in_universe", True):
        lines.insert(0, _("it has left the universe: traded too little, too rarely, or no more"))
    return lines


def in_words(driver: Driver) -> str:
    """A stored driver as a sentence part with its figures, and whether it speaks for the coin or against it.

    A factor that this version does not know is given by name.
    """
    name, value, percentile, contribution = driver
    if name not in PHRASES or value is None or percentile is None:
        return str(name)
    text = reason_words(Reason(name, value, percentile, contribution or 0.0))
    return (_("for it: %s") if (contribution or 0.0) > 0 else _("against it: %s")) % text

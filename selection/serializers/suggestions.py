"""The wire shape of suggestions and decisions, for the API and for events; reasons in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from assets.models import WatchlistTier
from assets.serializers import MomentQuery
from selection.engine.reasons import PHRASES, Reason
from selection.models import (
    Decision,
    Suggestion,
    SuggestionReview,
    SuggestionStatus,
)
from selection.words import reason_words

PRIORITIES = {"low": 0, "normal": 1, "high": 2}
#: What can be done with many coins at once, and the tier it leads to.
BULK_ACTIONS = {
    "promote_to_tier1": WatchlistTier.TIER1.value,
    "demote_to_tier2": WatchlistTier.TIER2.value,
    "add_to_tier1": WatchlistTier.TIER1.value,
    "add_to_tier2": WatchlistTier.TIER2.value,
    "remove": WatchlistTier.NONE.value,
}
Driver = Sequence[Any]  # [factor, value, percentile, contribution], as stored


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

    def to_representation(self, instance: Suggestion) -> Any:
        """Rows of `selectors.suggestions_then` are told as they stood then."""
        if hasattr(instance, "status_then"):
            instance.status, instance.expires_at = instance.status_then, instance.expires_then
        return super().to_representation(instance)


def reasoning(row: Suggestion, most: int | None = None) -> list[str]:
    """Why this is suggested, one line a reason, strongest for it first; at most `most` of them."""
    data = row.ai_reasoning if isinstance(row.ai_reasoning, dict) else {}
    lines = [in_words(driver) for driver in data.get("drivers", ())[:most]]
    if not data.get("in_universe", True):
        lines.insert(0, _("it has left the universe: traded too little, too rarely, or no more"))
    return lines[:most]


def in_words(driver: Driver) -> str:
    """A stored driver as a sentence part with its figures, and whether it speaks for the coin or against it.

    A factor that this version does not know is given by name.
    """
    name, value, percentile, contribution = driver
    if name not in PHRASES or value is None or percentile is None:
        return str(name)
    text = reason_words(Reason(name, value, percentile, contribution or 0.0))
    return (_("for it: %s") if (contribution or 0.0) > 0 else _("against it: %s")) % text


class QueueSerializer(SuggestionSerializer):
    """A suggestion that waits, its priority in words."""

    priority = serializers.SerializerMethodField()

    class Meta(SuggestionSerializer.Meta):
        fields = [*SuggestionSerializer.Meta.fields, "deferred_until"]

    def get_priority(self, row: Suggestion) -> str:
        return next((word for word, number in PRIORITIES.items() if number == row.priority), "high")


class SuggestionQuery(MomentQuery):
    """Which suggestions: what waits for a decision, unless another status is asked for."""

    status = serializers.ChoiceField(
        [*SuggestionStatus.values, "deferred", "all"], default=SuggestionStatus.PENDING.value
    )


class QueueQuery(serializers.Serializer[Any]):
    """Which part of the queue."""

    priority = serializers.ChoiceField([*PRIORITIES, "all"], default="all")
    days = serializers.IntegerField(
        min_value=1, max_value=365, required=False, help_text=_("made within so many days")
    )
    limit = serializers.IntegerField(min_value=1, max_value=500, default=100)


class ReviewBody(serializers.Serializer[Any]):
    """A decision. A rejection needs a note; a tier goes with an approval only."""

    decision = serializers.ChoiceField(Decision.choices)
    review_notes = serializers.CharField(max_length=2000, allow_blank=True, default="")
    target_tier = serializers.ChoiceField(WatchlistTier.values, required=False, allow_null=True)
    days = serializers.IntegerField(
        min_value=1, max_value=30, required=False, help_text=_("with defer: for how long")
    )


class ReviewSerializer(serializers.ModelSerializer[SuggestionReview]):
    """A decision as it is kept, and how the suggestion stands now."""

    suggestion_id = serializers.IntegerField(read_only=True)
    crypto_id = serializers.IntegerField(source="suggestion.asset_id", read_only=True)
    symbol = serializers.CharField(source="suggestion.asset.symbol", read_only=True)
    status = serializers.CharField(source="suggestion.status", read_only=True)
    watchlist_tier = serializers.CharField(source="suggestion.asset.watchlist_tier", read_only=True)
    deferred_until = serializers.DateTimeField(
        source="suggestion.deferred_until", read_only=True, allow_null=True
    )
    reviewer_id = serializers.IntegerField(read_only=True)

    class Meta:
        model = SuggestionReview
        fields = [
            "id",
            "suggestion_id",
            "crypto_id",
            "symbol",
            "decision",
            "status",
            "target_tier",
            "watchlist_tier",
            "deferred_until",
            "review_notes",
            "reviewer_id",
            "reviewed_at",
        ]


class BulkBody(serializers.Serializer[Any]):
    """One change of the administrators' lists for many coins."""

    action = serializers.ChoiceField(list(BULK_ACTIONS))
    crypto_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1), min_length=1, max_length=2000
    )
    review_notes = serializers.CharField(max_length=2000, allow_blank=True, default="")


class BulkRowSerializer(serializers.Serializer[Any]):
    """What became of one coin; `rule` says why where nothing did."""

    crypto_id = serializers.IntegerField()
    symbol = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(["done", "refused"])
    tier_before = serializers.CharField()
    tier_after = serializers.CharField()
    rule = serializers.CharField(allow_blank=True)


class BulkSerializer(serializers.Serializer[Any]):
    """What became of all of them."""

    action = serializers.CharField()
    done = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = BulkRowSerializer(many=True)

"""The wire shape of watchlists and suggestions, for the API and for events; reasons in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assets.models import WatchlistTier
from assets.selectors import Quote
from assets.serializers import AgedSerializer, MomentQuery
from cryptopredict.common.restapi import role_at_least
from selection.engine.reasons import PHRASES, Reason
from selection.models import (
    Decision,
    Suggestion,
    SuggestionReview,
    SuggestionStatus,
    Tier,
    Watchlist,
    WatchlistAnalysis,
    WatchlistItem,
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


class WatchlistItemSerializer(serializers.ModelSerializer[WatchlistItem]):
    """A coin on a list with its last score and price; prices in USD, performance in percent.

    Context: `analyses` and `quotes` by asset; what is not known is null.
    """

    crypto_id = serializers.IntegerField(source="asset_id", read_only=True)
    symbol = serializers.CharField(source="asset.symbol", read_only=True)
    name = serializers.CharField(source="asset.name", read_only=True)
    sector = serializers.CharField(source="asset.sector_name", read_only=True)
    current_price = serializers.SerializerMethodField()
    performance_24h = serializers.SerializerMethodField()
    performance_7d = serializers.SerializerMethodField()
    ai_confidence = serializers.SerializerMethodField()
    base_rate = serializers.SerializerMethodField()
    score = serializers.SerializerMethodField()
    rank = serializers.SerializerMethodField()
    recommendation = serializers.SerializerMethodField()
    risk_level = serializers.SerializerMethodField()
    last_analysis = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()

    class Meta:
        model = WatchlistItem
        fields = [
            "id",
            "crypto_id",
            "symbol",
            "name",
            "sector",
            "tier",
            "priority_order",
            "status",
            "added_at",
            "current_price",
            "performance_24h",
            "performance_7d",
            "ai_confidence",
            "base_rate",
            "score",
            "rank",
            "recommendation",
            "risk_level",
            "last_analysis",
            "reason",
        ]

    def _scored(self, row: WatchlistItem) -> WatchlistAnalysis | None:
        found: WatchlistAnalysis | None = self.context.get("analyses", {}).get(row.asset_id)
        return found

    def _quote(self, row: WatchlistItem) -> Quote | None:
        found: Quote | None = self.context.get("quotes", {}).get(row.asset_id)
        return found

    def get_current_price(self, row: WatchlistItem) -> float | None:
        return getattr(self._quote(row), "price", None)

    def get_performance_24h(self, row: WatchlistItem) -> float | None:
        return getattr(self._quote(row), "change_24h", None)

    def get_performance_7d(self, row: WatchlistItem) -> float | None:
        return getattr(self._quote(row), "change_7d", None)

    def get_ai_confidence(self, row: WatchlistItem) -> float | None:
        return getattr(self._scored(row), "confidence_score", None)

    def get_base_rate(self, row: WatchlistItem) -> float | None:
        return getattr(self._scored(row), "base_rate", None)

    def get_score(self, row: WatchlistItem) -> float | None:
        return getattr(self._scored(row), "score", None)

    def get_rank(self, row: WatchlistItem) -> int | None:
        return getattr(self._scored(row), "rank", None)

    def get_recommendation(self, row: WatchlistItem) -> str | None:
        return getattr(self._scored(row), "recommendation", None) or None

    def get_risk_level(self, row: WatchlistItem) -> str | None:
        return getattr(self._scored(row), "risk_level", None) or None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_last_analysis(self, row: WatchlistItem) -> Any:
        return getattr(self._scored(row), "as_of", None)

    def get_reason(self, row: WatchlistItem) -> str:
        """Why there is no score; empty where there is one."""
        scored = self._scored(row)
        return _("This coin has not been scored.") if scored is None else scored.reason


class WatchlistDetailSerializer(WatchlistSerializer):
    """A list with its coins, by priority. Context as for its items, and `items`."""

    items = serializers.SerializerMethodField()

    class Meta(WatchlistSerializer.Meta):
        fields = [*WatchlistSerializer.Meta.fields, "description", "items"]

    @extend_schema_field(WatchlistItemSerializer(many=True))
    def get_items(self, row: Watchlist) -> Any:
        return WatchlistItemSerializer(self.context["items"], many=True, context=self.context).data


class WatchlistWriteSerializer(serializers.ModelSerializer[Watchlist]):
    """What a person says of a list of their own."""

    max_items = serializers.IntegerField(min_value=1, max_value=500, default=50)
    description = serializers.CharField(max_length=2000, allow_blank=True, default="")
    name = serializers.CharField(max_length=100)

    class Meta:
        model = Watchlist
        fields = ["name", "description", "max_items"]


class ItemAddSerializer(serializers.Serializer[Any]):
    """Which coin to put on a list."""

    crypto_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    tier = serializers.ChoiceField(Tier.choices, required=False)
    priority_order = serializers.IntegerField(min_value=0, max_value=32_767, default=0)
    notes = serializers.CharField(max_length=1000, allow_blank=True, default="")


class CurrentAnalysisSerializer(AgedSerializer[WatchlistAnalysis]):
    """A coin's condition at one close; what is not known is null, and `reason` says why there is no score.

    Professionals also get the raw drivers: factor, value, percentile, contribution.
    """

    # Null where the coin was never looked at.
    timeframe = serializers.CharField(allow_null=True)
    as_of = serializers.DateTimeField(allow_null=True)
    last_updated = serializers.DateTimeField(source="created_at", allow_null=True)
    origin = serializers.CharField(allow_null=True)
    ai_confidence = serializers.FloatField(source="confidence_score", allow_null=True)
    risk_level = serializers.SerializerMethodField()
    technical_indicators = serializers.DictField(child=serializers.FloatField(allow_null=True))
    reasons = serializers.SerializerMethodField()
    drivers = serializers.SerializerMethodField()

    class Meta:
        model = WatchlistAnalysis
        fields = [
            "ai_confidence",
            "base_rate",
            "score",
            "rank",
            "score_30d",
            "expected_return",
            "risk_level",
            "technical_indicators",
            "sentiment_score",
            "sector_correlation",
            "reasons",
            "drivers",
            "reason",
            "origin",
            *AgedSerializer.AGE,
        ]

    def get_risk_level(self, row: WatchlistAnalysis) -> str | None:
        return row.risk_level or None

    def get_reasons(self, row: WatchlistAnalysis) -> list[str]:
        """What moved the score, strongest first."""
        return [in_words(driver) for driver in row.drivers]

    @extend_schema_field(serializers.ListField(child=serializers.JSONField(), allow_null=True))
    def get_drivers(self, row: WatchlistAnalysis) -> list[dict[str, Any]] | None:
        if not role_at_least(self.context.get("user"), "professional"):
            return None
        names = ("factor", "value", "percentile", "contribution")
        return [dict(zip(names, driver, strict=False)) for driver in row.drivers]


class PerformanceSerializer(serializers.Serializer[Any]):
    """The last close in USD and its changes in percent; null where a bar is missing."""

    price = serializers.FloatField(allow_null=True)
    performance_24h = serializers.FloatField(allow_null=True)
    performance_7d = serializers.FloatField(allow_null=True)
    performance_30d = serializers.FloatField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)


class AssetAnalysisSerializer(serializers.Serializer[Any]):
    """All that layer 3 says of one coin."""

    crypto_id = serializers.IntegerField()
    symbol = serializers.CharField()
    name = serializers.CharField()
    sector = serializers.CharField(allow_blank=True)
    watchlist_tier = serializers.CharField()
    current_analysis = CurrentAnalysisSerializer()
    performance_metrics = PerformanceSerializer()
    recommendation = serializers.CharField(allow_null=True)


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


# What the desk sends and gets


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
    deferred_until = serializers.DateTimeField(source="suggestion.deferred_until", read_only=True)
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


class MeanSerializer(serializers.Serializer[Any]):
    """A mean of excess returns with its 95 % interval; null with its reason where not known."""

    count = serializers.IntegerField()
    periods = serializers.IntegerField(help_text=_("separate periods that the cases come from"))
    mean = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class DecisionMeanSerializer(MeanSerializer):
    decision = serializers.CharField()


class JudgedSerializer(serializers.Serializer[Any]):
    decisions = DecisionMeanSerializer(many=True)
    added = MeanSerializer(help_text=_("mean of what was approved less that of what was rejected"))


class ReviewerSerializer(JudgedSerializer):
    reviewer = serializers.CharField()


class HorizonSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField()
    rivals = serializers.DictField(child=JudgedSerializer())
    reviewers = ReviewerSerializer(many=True)


class WorthSerializer(serializers.Serializer[Any]):
    """What decisions were worth after 7, 30 and 90 days against their rivals; fractions."""

    as_of = serializers.DateTimeField(allow_null=True)
    sentence = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    horizons = HorizonSerializer(many=True)

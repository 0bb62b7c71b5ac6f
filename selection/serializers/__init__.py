"""The wire shape of watchlists and suggestions, for the API and for events; reasons in words."""

from selection.serializers.analysis import (
    AssetAnalysisSerializer,
    CurrentAnalysisSerializer,
    PerformanceSerializer,
)
from selection.serializers.lists import (
    ItemAddSerializer,
    WatchlistDetailSerializer,
    WatchlistItemSerializer,
    WatchlistSerializer,
    WatchlistWriteSerializer,
)
from selection.serializers.suggestions import (
    BULK_ACTIONS,
    PRIORITIES,
    BulkBody,
    BulkRowSerializer,
    BulkSerializer,
    Driver,
    QueueQuery,
    QueueSerializer,
    ReviewBody,
    ReviewSerializer,
    SuggestionQuery,
    SuggestionSerializer,
    in_words,
    reasoning,
)
from selection.serializers.worth import (
    DecisionMeanSerializer,
    HorizonSerializer,
    JudgedSerializer,
    MeanSerializer,
    ReviewerSerializer,
    WorthSerializer,
)

__all__ = [
    "BULK_ACTIONS",
    "PRIORITIES",
    "AssetAnalysisSerializer",
    "BulkBody",
    "BulkRowSerializer",
    "BulkSerializer",
    "CurrentAnalysisSerializer",
    "DecisionMeanSerializer",
    "Driver",
    "HorizonSerializer",
    "ItemAddSerializer",
    "JudgedSerializer",
    "MeanSerializer",
    "PerformanceSerializer",
    "QueueQuery",
    "QueueSerializer",
    "ReviewBody",
    "ReviewSerializer",
    "ReviewerSerializer",
    "SuggestionQuery",
    "SuggestionSerializer",
    "WatchlistDetailSerializer",
    "WatchlistItemSerializer",
    "WatchlistSerializer",
    "WatchlistWriteSerializer",
    "WorthSerializer",
    "in_words",
    "reasoning",
]

"""Layer 3: which coins, what the machine suggests, what people decided and hold."""

from selection.models.analysis import Recommendation, WatchlistAnalysis
from selection.models.portfolio import Portfolio, PortfolioAnalysis, PortfolioAsset
from selection.models.suggestion import (
    Decision,
    Suggestion,
    SuggestionReview,
    SuggestionStatus,
    SuggestionType,
)
from selection.models.watchlist import ItemStatus, Tier, Watchlist, WatchlistItem, WatchlistType

__all__ = [
    "Decision",
    "ItemStatus",
    "Portfolio",
    "PortfolioAnalysis",
    "PortfolioAsset",
    "Recommendation",
    "Suggestion",
    "SuggestionReview",
    "SuggestionStatus",
    "SuggestionType",
    "Tier",
    "Watchlist",
    "WatchlistAnalysis",
    "WatchlistItem",
    "WatchlistType",
]

"""Layer 3: which coins, what the machine suggests, what people decided and hold."""

from selection.models.analysis import Recommendation, WatchlistAnalysis
from selection.models.outcome import ScoreOutcome
from selection.models.portfolio import (
    PAPER_START,
    Account,
    Portfolio,
    PortfolioAnalysis,
    PortfolioAsset,
    PortfolioFlow,
    PortfolioTrade,
    ProposalStatus,
    RebalanceProposal,
    Side,
    TradeSource,
)
from selection.models.suggestion import (
    DEFERRED_DAYS,
    EXPIRES,
    MOST_DEFERRED_DAYS,
    Decision,
    Suggestion,
    SuggestionReview,
    SuggestionStatus,
    SuggestionType,
)
from selection.models.watchlist import ItemStatus, Tier, Watchlist, WatchlistItem, WatchlistType

__all__ = [
    "DEFERRED_DAYS",
    "EXPIRES",
    "MOST_DEFERRED_DAYS",
    "PAPER_START",
    "Account",
    "Decision",
    "ItemStatus",
    "Portfolio",
    "PortfolioAnalysis",
    "PortfolioAsset",
    "PortfolioFlow",
    "PortfolioTrade",
    "ProposalStatus",
    "RebalanceProposal",
    "Recommendation",
    "ScoreOutcome",
    "Side",
    "Suggestion",
    "SuggestionReview",
    "SuggestionStatus",
    "SuggestionType",
    "Tier",
    "TradeSource",
    "Watchlist",
    "WatchlistAnalysis",
    "WatchlistItem",
    "WatchlistType",
]

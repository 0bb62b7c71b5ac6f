"""The only writers of layer 3: scores, suggestions and what becomes of them, watchlists."""

from selection.services.imports import Report, import_trades
from selection.services.portfolios import book, books, keep_analysis, open_portfolio, set_cash
from selection.services.portfolios import lock as lock_portfolio
from selection.services.proposals import answer_proposal, ask_proposal
from selection.services.reviewers import ensure_group
from selection.services.reviews import MOST_AT_ONCE, Outcome, foresee, review, review_all, target
from selection.services.scores import score
from selection.services.suggestions import expire, resume, suggest
from selection.services.tiers import CAPACITIES, Move, ensure_lists, set_tier, set_tiers
from selection.services.watchlists import (
    item_add,
    item_change,
    item_remove,
    list_change,
    list_create,
    list_delete,
)

__all__ = [
    "CAPACITIES",
    "MOST_AT_ONCE",
    "Move",
    "Outcome",
    "Report",
    "answer_proposal",
    "ask_proposal",
    "book",
    "books",
    "ensure_group",
    "ensure_lists",
    "expire",
    "foresee",
    "import_trades",
    "item_add",
    "item_change",
    "item_remove",
    "keep_analysis",
    "list_change",
    "list_create",
    "list_delete",
    "lock_portfolio",
    "open_portfolio",
    "resume",
    "review",
    "review_all",
    "score",
    "set_cash",
    "set_tier",
    "set_tiers",
    "suggest",
    "target",
]

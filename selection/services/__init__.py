"""The only writers of layer 3: scores, suggestions and what becomes of them, watchlists."""

from selection.services.imports import Report, import_trades
from selection.services.portfolios import book, books, keep_analysis, open_portfolio, set_cash
from selection.services.portfolios import lock as lock_portfolio
from selection.services.proposals import answer_proposal, ask_proposal
from selection.services.scores import score
from selection.services.suggestions import expire, review, suggest
from selection.services.watchlists import (
    ensure_lists,
    item_add,
    item_remove,
    list_change,
    list_create,
    list_delete,
    set_tier,
)

__all__ = [
    "Report",
    "answer_proposal",
    "ask_proposal",
    "book",
    "books",
    "ensure_lists",
    "expire",
    "import_trades",
    "item_add",
    "item_remove",
    "keep_analysis",
    "list_change",
    "list_create",
    "list_delete",
    "lock_portfolio",
    "open_portfolio",
    "review",
    "score",
    "set_cash",
    "set_tier",
    "suggest",
]

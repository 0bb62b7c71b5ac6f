"""The only writers of layer 3: scores, suggestions and what becomes of them, watchlists."""

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
    "ensure_lists",
    "expire",
    "item_add",
    "item_remove",
    "list_change",
    "list_create",
    "list_delete",
    "review",
    "score",
    "set_tier",
    "suggest",
]

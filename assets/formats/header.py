"""Column names, brought to one spelling."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[+-]?[\d.,]+(e[+-]?\d+)?%?", re.IGNORECASE)


def key(name: str) -> str:
    """`Adj Close`, `adj_close` and `Close**` lose all but letters and digits: `adjclose`, `close`."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def is_header(fields: tuple[str, ...]) -> bool:
    """Names, not values: no field is a number, and not all are empty."""
    texts = [field.strip().lstrip("#") for field in fields]
    return any(texts) and not any(_NUMBER.fullmatch(text) for text in texts)

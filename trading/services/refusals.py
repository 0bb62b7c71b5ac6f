"""Why something was not done, in a form that any door can tell."""

from __future__ import annotations

from decimal import Decimal
from typing import Any


class Refused(Exception):
    """A request that was refused whole: `code` says which kind, each fault its field, value, rule and mend.

    Kinds: `invalid` (the request), `state` (the signal, price or account is not as it would have to be),
    `limit` (a risk limit; faults then also have `limit` and `largest_size`), `reused` (an idempotency key
    that belongs to another request).
    """

    def __init__(self, code: str, faults: list[dict[str, Any]]) -> None:
        super().__init__("; ".join(f"{fault['field']}: {fault['rule']}" for fault in faults))
        self.code = code
        self.faults = faults


def refuse(code: str, field: str, value: Any, rule: str, mend: str, **more: Any) -> Refused:
    """A refusal with one fault."""
    return Refused(code, [{"field": field, "value": plain(value), "rule": rule, "mend": mend, **more}])


def plain(value: Any) -> Any:
    """A figure without the zeros that the tables pad it with."""
    if isinstance(value, Decimal) and value.is_finite():
        return value.normalize() if value else Decimal(0)
    return value

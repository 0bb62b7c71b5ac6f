"""JSON as every answer and every event is written: exact decimals, UTC with ``Z``, and never a silent NaN."""

from collections.abc import Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

import orjson
from rest_framework import renderers
from rest_framework.utils.encoders import JSONEncoder

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


def encode(data: Any, *, options: int = 0) -> bytes:
    """Return `data` as UTF-8 JSON.

    Datetimes come out in UTC with ``Z``; a `Decimal` keeps its digits as a JSON number.
    Raises ValueError for NaN and infinity, which JSON lacks: what is not known is None.
    """
    place = _not_finite(data, "$")
    if place:
        raise ValueError(f"{place} is not a finite number: send null and the reason instead")
    try:
        return orjson.dumps(data, default=_other, option=OPTIONS | options)
    except orjson.JSONEncodeError as error:
        raise ValueError(str(error.__cause__ or error)) from error


def _other(value: Any) -> Any:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError("a decimal is not a finite number: send null and the reason instead")
        return orjson.Fragment(format(value, "f"))
    return JSONEncoder().default(value)


def _not_finite(value: Any, place: str) -> str:
    """Return where a NaN or an infinity sits in `value`, or an empty text (orjson would write null)."""
    if isinstance(value, float):
        return "" if isfinite(value) else place
    if isinstance(value, Mapping):
        return next((bad for key, item in value.items() if (bad := _not_finite(item, f"{place}.{key}"))), "")
    if isinstance(value, (list, tuple)):
        return next((bad for n, item in enumerate(value) if (bad := _not_finite(item, f"{place}[{n}]"))), "")
    return ""


class JSONRenderer(renderers.JSONRenderer):
    """JSON by orjson; a NaN is an error here and not a silent null."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        if data is None:
            return b""
        indent = self.get_indent(accepted_media_type or "", renderer_context or {})
        return encode(data, options=orjson.OPT_INDENT_2 if indent else 0)

"""Text to numbers: signs of thousands, decimal commas, currency signs, and the many words for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assets.formats.block import Bools, Floats

_NOTHING = pa.array(["", "-", "--", ".", "null", "none", "nan", "na", "n/a", "nil", "#n/a", "?", "<na>"])
_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?[iI]nf(inity)?$"
_DECIMAL_COMMA = r"^[+-]?\d*,(\d{1,2}|\d{4,})$|^[+-]?0,\d+$|\.\d{3},\d|\d,\d+[eE]"
_DECIMAL_POINT = r"\.(\d{1,2}|\d{4,})$|^[+-]?0\.\d+$|,\d{3}\.\d|,\d{3},\d{3}|\.\d+[eE]"
_PROBE = 50
_UNCLEAR = r"^[+-]?[1-9]\d{0,2},\d{3}$"


class NumberStyle(Enum):
    """Which sign parts the decimals."""

    POINT = "point"
    COMMA = "comma"


def number_style(columns: Iterable[pa.Array]) -> NumberStyle:
    """The style of a file, told from its first rows. Raises ValueError where `1,234` is all to go by."""
    texts = [_stripped(column) for column in columns if pa.types.is_string(column.type)]
    if not any(_any(column, ",", literal=True) for column in texts):
        return NumberStyle.POINT
    comma = any(_any(column, _DECIMAL_COMMA) for column in texts)
    point = any(_any(column, _DECIMAL_POINT) for column in texts)
    if comma and not point:
        return NumberStyle.COMMA
    if not point and any(_any(column, _UNCLEAR) for column in texts):
        raise ValueError("1,234 may be 1234 or 1.234; write numbers without a sign of thousands")
    return NumberStyle.POINT


def to_floats(column: pa.Array, style: NumberStyle = NumberStyle.POINT) -> tuple[Floats, Bools]:
    """Values (n,) with NaN for what is missing or no number, and which (n,) are no number."""
    if pa.types.is_string(column.type):
        return _text_to_floats(column, style)
    if pa.types.is_boolean(column.type) or not _is_number(column.type):
        return np.full(len(column), np.nan), pc.is_valid(column).to_numpy(zero_copy_only=False)
    values = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return np.asarray(values, dtype=np.float64), np.zeros(len(column), dtype=bool)


def _text_to_floats(column: pa.Array, style: NumberStyle) -> tuple[Floats, Bools]:
    try:
        column = pc.if_else(pc.equal(column, ""), None, column)
        # A failing cast is slow: it words an error for every value. Most columns show at once what they are.
        pc.cast(column.slice(0, _PROBE), pa.float64())
        values = pc.cast(column, pa.float64())
        bad = np.zeros(len(column), dtype=bool)
    except pa.ArrowInvalid:
        values, bad = _untidy_to_floats(column, style)
    return np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.float64), bad


def _untidy_to_floats(column: pa.Array, style: NumberStyle) -> tuple[pa.Array, Bools]:
    texts = _stripped(column)
    nothing = pc.is_in(pc.utf8_lower(texts), value_set=_NOTHING)
    texts = pc.if_else(nothing, None, texts)
    thousands, decimal = (",", ".") if style is NumberStyle.POINT else (".", ",")
    grouped = pc.match_substring_regex(texts, rf"^[+-]?\d{{1,3}}(\{thousands}\d{{3}})+(\{decimal}\d*)?$")
    texts = pc.if_else(grouped, pc.replace_substring(texts, thousands, ""), texts)
    if style is NumberStyle.COMMA:
        texts = pc.replace_substring(texts, ",", ".")
    plain = pc.match_substring_regex(texts, _PLAIN)
    bad = pc.fill_null(pc.invert(plain), False)
    values = pc.cast(pc.if_else(pc.fill_null(plain, False), texts, None), pa.float64())
    return values, bad.to_numpy(zero_copy_only=False)


def _stripped(column: pa.Array) -> pa.Array:
    return pc.replace_substring_regex(column, r"[\s\x{a0}\x{202f}'$€£%]|USD$|^USD", "")


def _any(column: pa.Array, pattern: str, *, literal: bool = False) -> bool:
    match = pc.match_substring if literal else pc.match_substring_regex
    return bool(pc.any(match(column, pattern)).as_py())


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
    )

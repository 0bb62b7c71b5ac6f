"""Times as people write them, to microseconds of UTC. A time without a zone is UTC."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from assets.formats.block import Bools, Ints

_SLASHED = r"^(?P<first>\d{1,2})[-/](?P<second>\d{1,2})[-/]\d{4}"
_FORMATS = (
    "%b %d, %Y",
    "%B %d, %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%Y.%m.%d %H:%M",
    "%Y.%m.%d %H:%M:%S",
    "%Y.%m.%d",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%d %I-%p",
    "%Y-%m-%d %I:%M %p",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%Y%m%d %H:%M:%S",
    "%b %d %Y",
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
# An epoch counts as seconds below, as milliseconds up to and as microseconds up to these; 1e11 seconds is the
# year 5138, and 1e11 milliseconds is 1973: no market existed in either.
_SECONDS, _MILLISECONDS, _MICROSECONDS = 10**11, 10**14, 10**17
_PROBE = 50
_BAD = np.iinfo(np.int64).min


class DayOrder(Enum):
    """Which comes first in 01/02/2024."""

    DAY = "%d/%m/%Y"
    MONTH = "%m/%d/%Y"


def day_order(columns: Iterable[pa.Array]) -> DayOrder:
    """The order of a file, told from its first rows. Raises ValueError where no day is above 12."""
    slashed = False
    for column in columns:
        if not pa.types.is_string(column.type):
            continue
        parts = pc.extract_regex(pc.utf8_trim_whitespace(column), _SLASHED).drop_null()
        if not len(parts):
            continue
        slashed = True
        if pc.max(pc.cast(parts.field("first"), pa.int64())).as_py() > 12:
            return DayOrder.DAY
        if pc.max(pc.cast(parts.field("second"), pa.int64())).as_py() > 12:
            return DayOrder.MONTH
    if slashed:
        raise ValueError("01/02/2024 may be January or February; write dates as 2024-01-31")
    return DayOrder.MONTH


def to_micros(column: pa.Array, order: DayOrder = DayOrder.MONTH) -> tuple[Ints, Bools]:
    """Microseconds since 1970 in UTC (n,), and which (n,) could not be read (their value is meaningless)."""
    kind = column.type
    if pa.types.is_string(kind):
        return _marked(_text(column, order))
    if pa.types.is_timestamp(kind):
        plain = pc.cast(column, pa.timestamp("us", kind.tz), safe=False)
        return _marked(_integers(plain.cast(pa.int64())))
    if pa.types.is_date(kind):
        return _marked(_integers(pc.cast(column, pa.timestamp("us")).cast(pa.int64())))
    if pa.types.is_integer(kind):
        return _marked(_epoch(_integers(pc.cast(column, pa.int64()))))
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _marked(_epoch_floats(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)))
    return _marked(np.full(len(column), _BAD))


def _marked(micros: Ints) -> tuple[Ints, Bools]:
    return micros, micros == _BAD


def _integers(column: pa.Array) -> Ints:
    return np.asarray(pc.fill_null(column, int(_BAD)).to_numpy(zero_copy_only=False), dtype=np.int64)


def _epoch(values: Ints) -> Ints:
    """Seconds, milliseconds, microseconds, nanoseconds or yyyymmdd, each value by its magnitude."""
    size = np.abs(values)
    micros = np.select(
        [values == _BAD, size < _SECONDS, size < _MILLISECONDS, size < _MICROSECONDS],
        [values, values * 1_000_000, values * 1_000, values],
        values // 1_000,
    )
    written = (values >= 19_000_101) & (values <= 21_001_231)
    if written.any():
        days = pd.to_datetime(pd.Series(values[written]).astype(str), format="%Y%m%d", errors="coerce")
        micros[written] = _from_pandas(days)
    return micros


def _epoch_floats(values: Any) -> Ints:
    """Fractions of a second are kept to the microsecond."""
    known = np.isfinite(values) & (np.abs(values) < 9e18)
    whole = np.where(known, values, 0.0)
    micros = _epoch(whole.astype(np.int64))
    fraction = known & (np.abs(whole) < _SECONDS) & (whole % 1 != 0)
    micros[fraction] = np.round(whole[fraction] * 1e6).astype(np.int64)
    micros[~known] = _BAD
    return micros


def _text(column: pa.Array, order: DayOrder) -> Ints:
    """The quick ways for a column of one spelling; each text for itself where they are mixed."""
    for read in (_text_epoch, _text_naive, _text_zoned):
        try:
            # A failing cast is slow: it words an error for every value. Few values tell which one will do.
            read(column.slice(0, _PROBE))
            return read(column)
        except pa.ArrowInvalid:
            continue
    return _text_mixed(column, order)


def _text_epoch(column: pa.Array) -> Ints:
    return _epoch(_integers(pc.cast(column, pa.int64())))


def _text_naive(column: pa.Array) -> Ints:
    plain = pc.replace_substring_regex(column, r" ?(UTC|GMT)$", "")
    return _integers(pc.cast(plain, pa.timestamp("us")).cast(pa.int64()))


def _text_zoned(column: pa.Array) -> Ints:
    return _integers(pc.cast(column, pa.timestamp("us", "UTC")).cast(pa.int64()))


def _text_mixed(column: pa.Array, order: DayOrder) -> Ints:
    trimmed = pc.replace_substring_regex(pc.utf8_trim_whitespace(column), r" ?(UTC|GMT)$", "")
    trimmed = pc.replace_substring_regex(trimmed, r"^Sept ", "Sep ")
    encoded = pc.dictionary_encode(pc.fill_null(trimmed, ""))
    texts = pd.Series(encoded.dictionary.to_pylist(), dtype=object)
    micros = np.full(len(texts), _BAD, dtype=np.int64)
    numbers = pd.to_numeric(texts.where(texts.str.fullmatch(r"[+-]?\d{5,}(\.\d*)?")), errors="coerce")
    micros[numbers.notna()] = _epoch_floats(numbers[numbers.notna()].to_numpy(dtype=np.float64))
    rest = texts[numbers.isna() & (texts.str.len() >= 8)]
    micros[rest.index] = _spelled(rest, order)
    return np.asarray(micros[encoded.indices.to_numpy(zero_copy_only=False)])


def _spelled(texts: pd.Series[Any], order: DayOrder) -> Ints:
    micros = _from_pandas(pd.to_datetime(texts, format="ISO8601", errors="coerce", utc=True))
    slashed = texts.str.replace(r"^(\d{1,2})-(\d{1,2})-(\d{4})", r"\1/\2/\3", regex=True)
    for pattern in (*_FORMATS, *(order.value + clock for clock in _CLOCKS)):
        left = micros == _BAD
        if not left.any():
            break
        micros[left] = _from_pandas(pd.to_datetime(slashed[left], format=pattern, errors="coerce"))
    return micros


def _from_pandas(times: pd.Series[Any]) -> Ints:
    if times.dt.tz is not None:
        times = times.dt.tz_convert(None)
    stamps = times.to_numpy().astype("datetime64[us]")
    return np.where(np.isnat(stamps), _BAD, stamps.astype(np.int64))

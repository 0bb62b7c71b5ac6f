"""The law of no lookahead as two assertions, for functions of arrays, frames and panels alike.

A *series* has its times down: a numpy array, a pandas object, or anything with `rows(start, stop)`
such as a panel; a tuple of series is cut as one. A *result* is an array or pandas object with as many rows
as the series, or a tuple, list, mapping or dataclass of such.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

S = TypeVar("S")


def assert_causal(fn: Callable[[S], Any], series: S, rows: Sequence[int] | None = None) -> None:
    """Assert that `fn` uses no future: on the series cut after row t it says the same up to t, bit for bit.

    `rows` are the t to try (default: ten spread over the series). Also asserts that `fn` leaves its
    argument unchanged. Raises AssertionError that names the row and the part of the result.
    """
    before = copy.deepcopy(series)
    whole = _leaves(fn(series))
    _same(_leaves(series), _leaves(before), "the argument was changed", None)
    length = _length(series)
    for t in _spread(0, length) if rows is None else rows:
        part = _leaves(fn(_cut(series, None, t + 1)))
        _same(part, whole, f"rows up to {t} differ when later rows are unknown", slice(None, t + 1))


def assert_warm(fn: Callable[[S], Any], series: S, lookback: int, rows: Sequence[int] | None = None) -> None:
    """Assert that row t of `fn` needs `lookback` rows before t and no more, bit for bit.

    `rows` are the t to try (default: ten from `lookback` on). Raises ValueError where the series is not
    longer than `lookback`, for then nothing would be tried.
    """
    length = _length(series)
    if length <= lookback:
        raise ValueError(f"{length} rows cannot show that {lookback} before the last suffice")
    whole = _leaves(fn(series))
    for t in _spread(lookback, length) if rows is None else rows:
        late = _leaves(fn(_cut(series, t - lookback, t + 1)))
        last = {name: values[-1:] for name, values in late.items()}
        _same(last, whole, f"row {t} depends on more than {lookback} rows before it", slice(t, t + 1))


def _spread(first: int, stop: int) -> list[int]:
    return sorted({int(t) for t in np.linspace(first, stop - 1, num=min(10, stop - first))})


def _cut(series: Any, start: int | None, stop: int | None) -> Any:
    if isinstance(series, tuple):
        return tuple(_cut(part, start, stop) for part in series)
    if isinstance(series, pd.DataFrame | pd.Series):
        return series.iloc[start:stop]
    return series.rows(start, stop) if hasattr(series, "rows") else series[start:stop]


def _length(series: Any) -> int:
    if isinstance(series, tuple):
        return _length(series[0])
    return len(series.times) if hasattr(series, "times") else len(series)


def _leaves(value: Any, name: str = "result") -> dict[str, NDArray[Any]]:
    """The arrays of a result or series by the path that leads to them."""
    if isinstance(value, pd.DataFrame | pd.Series | pd.Index):
        return {name: value.to_numpy()}
    if isinstance(value, np.ndarray):
        return {name: value}
    if is_dataclass(value) and not isinstance(value, type):
        parts = [(f.name, getattr(value, f.name)) for f in fields(value)]
    elif isinstance(value, Mapping):
        parts = [(str(key), part) for key, part in value.items()]
    elif isinstance(value, tuple | list):
        parts = [(str(place), part) for place, part in enumerate(value)]
    else:
        return {}
    found: dict[str, NDArray[Any]] = {}
    for key, part in parts:
        found |= _leaves(part, f"{name}.{key}")
    return found


def _same(
    left: dict[str, NDArray[Any]], right: dict[str, NDArray[Any]], claim: str, rows: slice | None
) -> None:
    assert left.keys() == right.keys(), f"{claim}: {sorted(left.keys() ^ right.keys())} in one only"
    assert left, "nothing to compare: the result holds no array"
    for name, values in left.items():
        other = right[name] if rows is None else right[name][rows]
        exact = values.dtype.kind in "fc"
        assert values.shape == other.shape, f"{claim}: {name} has shape {values.shape}, not {other.shape}"
        assert np.array_equal(values, other, equal_nan=exact), f"{claim}: {name}"

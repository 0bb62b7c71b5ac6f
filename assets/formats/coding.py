"""A column of symbols as small integers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from assets.formats.block import Verdict
from assets.formats.errors import Reason

Codes = npt.NDArray[np.int32]


def texts(column: pa.Array) -> pa.Array:
    """The column as text, empty where it is null."""
    return pc.fill_null(column.cast(pa.string()), "")


def code_symbols(
    column: pa.Array, verdict: Verdict, ticker: Callable[[str], str | Reason]
) -> tuple[tuple[str, ...], Codes]:
    """Tickers of a block, and each row's place among them (n,); rows without one are refused."""
    encoded = pc.dictionary_encode(texts(column))
    raws = encoded.dictionary.to_pylist()
    found = [ticker(raw) for raw in raws]
    names = tuple(dict.fromkeys(name for name in found if not isinstance(name, Reason)))
    place = {name: code for code, name in enumerate(names)}
    rows = encoded.indices.to_numpy(zero_copy_only=False)
    for reason in (Reason.SYMBOL, Reason.QUOTE):
        bad = np.array([name is reason for name in found], dtype=bool)[rows]
        verdict.refuse(bad, reason, lambda row: repr(raws[rows[row]]))
    return names, np.array([place.get(name, 0) for name in found], dtype=np.int32)[rows]

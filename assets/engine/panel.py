"""The panel: every array of a run has times down and assets across."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assets.engine.timeframe import Timeframe

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

BAR_FIELDS = ("open", "high", "low", "close", "volume", "market_cap")


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Complete candles of many assets on one regular grid of open times.

    `times` (T,) ascending UTC open times without holes; a bar that nobody delivered is a row or
    cell of NaN. Bar arrays are (T, N) float64: prices in USD, `volume` in USD turned over in the
    bar, `market_cap` in USD at the close (NaN where no source gives it). `asset_ids` (N,) ascend.
    `is_stable` (N,) marks coins that are pegged or wrapped: they count for dominance, never for
    breadth or selection.
    """

    timeframe: Timeframe
    times: pd.DatetimeIndex
    asset_ids: Ints
    symbols: tuple[str, ...]
    is_stable: Bools
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    market_cap: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """(T, N)."""
        return self.close.shape[0], self.close.shape[1]

    def rows(self, start: int | None, stop: int | None) -> Self:
        """The same panel, bars `start` to `stop` (a slice; views, not copies)."""
        cut = slice(start, stop)
        bars: dict[str, Any] = {name: getattr(self, name)[cut] for name in BAR_FIELDS}
        return replace(self, times=self.times[cut], **bars)

    def columns(self, keep: Bools | Ints) -> Self:
        """The same panel with the assets of the mask or index `keep`."""
        bars: dict[str, Any] = {
            name: np.ascontiguousarray(getattr(self, name)[:, keep]) for name in BAR_FIELDS
        }
        index = np.arange(len(self.symbols))[keep]
        return replace(
            self,
            asset_ids=self.asset_ids[keep],
            symbols=tuple(self.symbols[i] for i in index),
            is_stable=self.is_stable[keep],
            **bars,
        )

    def known_at(self, as_of: datetime) -> int:
        """How many rows are complete at `as_of`: the cut behind every claim of no lookahead."""
        last = pd.Timestamp(self.timeframe.last_closed(as_of))
        return int(self.times.searchsorted(last, side="right"))

    def until(self, as_of: datetime) -> Self:
        """The panel as it was known at `as_of`: only bars whose close time has passed."""
        return self.rows(None, self.known_at(as_of))

    def as_of(self, row: int) -> datetime:
        """The moment from which bar `row` is known: its close time."""
        return self.timeframe.close_of(self.times[row].to_pydatetime())

    def frame(self, name: str) -> pd.DataFrame:
        """One bar field as a wide frame, symbols across."""
        return pd.DataFrame(getattr(self, name), index=self.times, columns=list(self.symbols))


def same(left: Any, right: Any) -> bool:
    """Whether two results (dataclasses of arrays, frames and scalars) agree bit for bit, NaN equal to NaN."""
    if type(left) is not type(right):
        return False
    if hasattr(left, "__dataclass_fields__"):
        return all(same(getattr(left, f.name), getattr(right, f.name)) for f in fields(left))
    if isinstance(left, np.ndarray) and isinstance(right, np.ndarray):
        return left.shape == right.shape and bool(
            np.array_equal(left, right, equal_nan=left.dtype.kind == "f")
        )
    if isinstance(left, pd.DataFrame | pd.Series | pd.Index):
        return bool(left.equals(right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(v, right[k]) for k, v in left.items())
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right or (left != left and right != right))

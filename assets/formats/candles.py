"""Files of candles: one source a file, read in batches of bounded size, good rows apart from rejects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from assets.engine.timeframe import Timeframe
from assets.formats import checks
from assets.formats.block import Block, Bools, Floats, Ints, Verdict
from assets.formats.coding import Codes, code_symbols
from assets.formats.errors import Fault, FormatError, Reason, Reject
from assets.formats.grid import SECOND, bar_opens
from assets.formats.layouts import PRICES, Layout
from assets.formats.numbers import NumberStyle, to_floats
from assets.formats.symbols import normalised
from assets.formats.table import Table
from assets.formats.times import DayOrder, to_micros
from assets.formats.volumes import usd_volume

EXTRAS = ("usd_volume", "volume", "market_cap", "trade_count", "vwap")
_MAX_TRADES = 2**31 - 1


@dataclass(frozen=True)
class Batch:
    """Good candles in the order of the file, and what was refused among them. Arrays are (n,).

    `symbols[codes]` names the coin; `open_time` is microseconds of UTC; prices and `volume` in USD.
    Volume is 0 where the file has none, and `volume_missing` says so. `market_cap`, `trade_count` and `vwap`
    are NaN where not known. `rows` counts all rows read, `identical` the repeated ones that said the same;
    `position` runs up to the source's `size`.
    """

    symbols: tuple[str, ...]
    codes: Codes
    open_time: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    volume_missing: Bools
    market_cap: Floats
    trade_count: Floats
    vwap: Floats
    lines: Ints
    rejects: Sequence[Reject]
    rows: int
    identical: int
    position: int

    def __len__(self) -> int:
        return len(self.lines)

    def frame(self) -> pd.DataFrame:
        """The same as a frame: symbol categorical, open_time as timestamps of UTC."""
        names = (*PRICES, "volume", "volume_missing", "market_cap", "trade_count", "vwap")
        columns: dict[str, object] = {
            "symbol": pd.Categorical.from_codes(self.codes, pd.Index(self.symbols)),
            "open_time": pd.to_datetime(self.open_time, unit="us", utc=True),
        }
        columns |= {name: getattr(self, name) for name in names}
        return pd.DataFrame(columns | {"line": self.lines})


@dataclass(frozen=True)
class CandleSource:
    """A file understood: iterate to read it, from the start each time; `counts` tells of the last reading.

    counts: rows, candles, identical, volume_missing, and rejects under `rejected:<reason>`.
    Rows that repeat within a batch are settled here. A file is not searched as a whole, which would take
    memory without bound: a bar that comes back in a later batch is met by the one already stored.
    """

    path: Path
    format: str
    timeframe: Timeframe
    volume_unit: str
    size: int
    table: Table
    layout: Layout
    numbers: NumberStyle
    days: DayOrder
    now: datetime
    symbol: str | None
    raw_symbol: str | None
    pairs: bool
    counts: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[Batch]:
        """Raises FormatError if the file turns out to be damaged further down."""
        self.counts.clear()
        known: dict[str, str | Reason] = {}
        for block in self.table.blocks(tuple(sorted(self.layout.columns.values()))):
            batch = self._batch(block, known)
            self._count(batch)
            yield batch
        if not self.counts["rows"]:
            raise FormatError(Fault.EMPTY, self.path, "the file holds a header and no rows")

    def _batch(self, block: Block, known: dict[str, str | Reason]) -> Batch:
        verdict = Verdict(block)
        micros, unread = to_micros(self._column(block, "time"), self.days)
        verdict.refuse(unread, Reason.TIME)
        symbols, codes = self._symbols(block, verdict, known)
        values = self._numbers(block, verdict)
        checks.settle_rounding(values)
        checks.check_prices(verdict, values)
        volume, vwap, missing = self._volume(values)
        verdict.refuse((volume < 0) | np.isinf(volume), Reason.VOLUME, lambda row: f"{volume[row]}")
        opens, off_grid = bar_opens(np.where(unread, 0, micros), self.timeframe, self.layout.stamp)
        checks.check_times(verdict, opens, off_grid, self.timeframe, _micros(self.now))
        cap = _within(values["market_cap"], np.nextafter(0, 1), np.finfo(np.float64).max)
        compared = (*(values[name] for name in PRICES), volume, cap)
        same, other = checks.duplicates((opens, codes.astype(np.int64)), compared, verdict.good)
        verdict.refuse(other, Reason.DUPLICATE)
        keep = verdict.good & ~same
        prices = {name: values[name][keep] for name in PRICES}
        return Batch(
            symbols=symbols,
            codes=codes[keep],
            open_time=opens[keep],
            **prices,
            volume=volume[keep],
            volume_missing=missing[keep],
            market_cap=cap[keep],
            trade_count=np.round(_within(values["trade_count"], 0, _MAX_TRADES))[keep],
            vwap=vwap[keep],
            lines=block.lines[keep],
            rejects=verdict.rejects(),
            rows=len(block) + len(block.rejects),
            identical=int(same.sum()),
            position=block.position,
        )

    def _column(self, block: Block, name: str) -> pa.Array:
        return block.columns[self.layout.columns[name]]

    def _symbols(
        self, block: Block, verdict: Verdict, known: dict[str, str | Reason]
    ) -> tuple[tuple[str, ...], Codes]:
        """Tickers of the block and each row's code; rows without a usable ticker are refused."""
        if "symbol" not in self.layout.columns:
            return (self.symbol or "",), np.zeros(len(block), dtype=np.int32)

        def ticker(raw: str) -> str | Reason:
            if raw not in known:
                known[raw] = self._ticker(raw)
            return known[raw]

        return code_symbols(self._column(block, "symbol"), verdict, ticker)

    def _ticker(self, raw: str) -> str | Reason:
        if self.symbol is not None:
            return self.symbol if raw == self.raw_symbol else Reason.SYMBOL
        return normalised(raw, pairs=self.pairs)

    def _numbers(self, block: Block, verdict: Verdict) -> dict[str, Floats]:
        """All numbers by name, NaN where the file has no such column; a lone price is the whole bar."""
        values = {}
        for name in (*PRICES, *EXTRAS):
            if name in self.layout.columns:
                values[name], bad = to_floats(self._column(block, name), self.numbers)
                verdict.refuse(bad, Reason.NUMBER, lambda _, name=name: name)  # type: ignore[misc]
            elif not (self.layout.close_only and name in PRICES):
                values[name] = np.full(len(block), np.nan)
        if self.layout.close_only:
            values |= {name: values["close"].copy() for name in ("open", "high", "low")}
        return values

    def _volume(self, values: dict[str, Floats]) -> tuple[Floats, Floats, Bools]:
        keep = self.layout.keep_volume_for
        if keep is not None and self.timeframe not in keep:
            nothing = np.full(len(values["close"]), np.nan)
            return np.zeros(len(nothing)), nothing, np.ones(len(nothing), dtype=bool)
        return usd_volume(values, self.volume_unit)

    def _count(self, batch: Batch) -> None:
        self.counts.update(rows=batch.rows, candles=len(batch), identical=batch.identical)
        self.counts["volume_missing"] += int(batch.volume_missing.sum())
        self.counts.update(f"rejected:{reject.reason}" for reject in batch.rejects)


def _within(values: Floats, low: float, high: float) -> Floats:
    """What a side column may hold; anything else is not known."""
    return np.where((values >= low) & (values <= high), values, np.nan)


def _micros(moment: datetime) -> int:
    return round(moment.astimezone(UTC).timestamp()) * SECOND

"""Files of market caps as they were known on a date: top lists, snapshots, supplies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from assets.engine.timeframe import Timeframe
from assets.formats.block import Block, Floats, Verdict
from assets.formats.checks import FIRST_TIME, duplicates, told
from assets.formats.coding import code_symbols, texts
from assets.formats.errors import Fault, FormatError, Reason, Reject
from assets.formats.grid import SECOND, open_of
from assets.formats.header import key
from assets.formats.numbers import NumberStyle, number_style, to_floats
from assets.formats.symbols import normalised
from assets.formats.table import Table, open_table
from assets.formats.times import DayOrder, day_order, to_micros

_ALIASES = {
    "time": ("date", "timestamp", "time", "datetime", "snapshotdate", "lastupdated"),
    "symbol": ("symbol", "ticker", "coin"),
    "market_cap": ("marketcap", "marketcapusd", "mcap", "cap"),
    "circulating_supply": ("circulatingsupply", "supply"),
    "total_supply": ("totalsupply",),
    "price": ("price", "priceusd", "currentprice"),
    "rank": ("rank", "marketcaprank", "cmcrank"),
    "name": ("name", "coinname"),
    "coingecko_id": ("coingeckoid",),
}
_NUMBERS = ("market_cap", "circulating_supply", "total_supply", "price", "rank")
_WORDS = ("name", "coingecko_id")


@dataclass(frozen=True)
class CapBatch:
    """`values` has symbol, day (UTC, datetime64), market_cap (USD) and line, and what may be unknown:

    circulating_supply, total_supply, price, rank (NaN then), name, coingecko_id (empty then).
    """

    values: pd.DataFrame
    rejects: Sequence[Reject]
    rows: int
    identical: int
    position: int


@dataclass(frozen=True)
class CapSource:
    """A file understood: iterate to read it, from the start each time; `counts` tells of the last reading.

    Of several caps of one ticker on a day (two coins, or two sources) the largest is kept, as the larger coin
    keeps a contested ticker; the others are refused as duplicates. Weekly and monthly lists are fine.
    """

    path: Path
    size: int
    table: Table
    columns: dict[str, int]
    numbers: NumberStyle
    days: DayOrder
    now: datetime
    counts: Counter[str] = field(default_factory=Counter)

    def __iter__(self) -> Iterator[CapBatch]:
        """Raises FormatError if the file turns out to be damaged further down."""
        self.counts.clear()
        for block in self.table.blocks(tuple(sorted(self.columns.values()))):
            batch = self._batch(block)
            self.counts.update(rows=batch.rows, values=len(batch.values), identical=batch.identical)
            self.counts.update(f"rejected:{reject.reason}" for reject in batch.rejects)
            yield batch

    def _batch(self, block: Block) -> CapBatch:
        verdict = Verdict(block)
        micros, unread = to_micros(block.columns[self.columns["time"]], self.days)
        verdict.refuse(unread, Reason.TIME)
        symbols, codes = code_symbols(block.columns[self.columns["symbol"]], verdict, normalised)
        values = self._numbers(block, verdict)
        cap = values["market_cap"]
        verdict.refuse(~((cap > 0) & np.isfinite(cap)), Reason.VALUE, lambda row: f"market_cap: {cap[row]}")
        micros = np.where(unread, 0, micros)
        verdict.refuse(micros < FIRST_TIME, Reason.TIME_RANGE, lambda row: told(micros[row]))
        late = micros > round(self.now.timestamp()) * SECOND
        verdict.refuse(late, Reason.NOT_CLOSED, lambda row: told(micros[row]))
        day = open_of(micros, Timeframe.DAY)
        order = np.argsort(-np.nan_to_num(cap), kind="stable")
        same, other = np.zeros(len(block), dtype=bool), np.zeros(len(block), dtype=bool)
        keys, supply = (day[order], codes[order].astype(np.int64)), values["circulating_supply"]
        same[order], other[order] = duplicates(keys, (cap[order], supply[order]), verdict.good[order])
        verdict.refuse(other, Reason.DUPLICATE, lambda _: "of one ticker's caps the largest")
        frame = pd.DataFrame({"symbol": np.array(symbols, dtype=object)[codes] if symbols else []})
        frame = frame.assign(
            day=day.astype("datetime64[us]"), **values, **self._words(block), line=block.lines
        )
        kept = frame[verdict.good & ~same].reset_index(drop=True)
        rows = len(block) + len(block.rejects)
        return CapBatch(kept, verdict.rejects(), rows, int(same.sum()), block.position)

    def _numbers(self, block: Block, verdict: Verdict) -> dict[str, Floats]:
        values = {}
        for name in _NUMBERS:
            if name not in self.columns:
                values[name] = np.full(len(block), np.nan)
                continue
            read, bad = to_floats(block.columns[self.columns[name]], self.numbers)
            verdict.refuse(bad, Reason.NUMBER, lambda _, name=name: name)  # type: ignore[misc]
            known = np.isfinite(read) & (read > 0)
            values[name] = read if name == "market_cap" else np.where(known, read, np.nan)
        return values

    def _words(self, block: Block) -> dict[str, Sequence[str]]:
        return {
            name: list(texts(block.columns[self.columns[name]]).to_pylist())
            if name in self.columns
            else [""] * len(block)
            for name in _WORDS
        }


def open_caps(path: Path | str, *, now: datetime | None = None) -> CapSource:
    """One file of market caps (date, symbol, market_cap, and what else it has). Raises FormatError."""
    file = Path(path)
    table = open_table(file)
    keys = [key(name) for name in table.header or ()]
    columns = {
        name: keys.index(spelling)
        for name, spellings in _ALIASES.items()
        if (spelling := next((spelling for spelling in spellings if spelling in keys), None)) is not None
    }
    missing = [name for name in ("time", "symbol", "market_cap") if name not in columns]
    if missing:
        found = ", ".join(table.header or ("no header",))
        raise FormatError(
            Fault.MISSING_COLUMNS, file, f"no column for {', '.join(missing)} among {found}; add or rename it"
        )
    sample = list(islice(table.blocks(tuple(sorted(columns.values()))), 1))
    try:
        days = day_order([block.columns[columns["time"]] for block in sample])
        places = [columns[name] for name in _NUMBERS if name in columns]
        numbers = number_style([block.columns[place] for block in sample for place in places])
    except ValueError as error:
        fault = Fault.DATES if "dates" in str(error) else Fault.NUMBERS
        raise FormatError(fault, file, str(error)) from error
    return CapSource(file, table.size, table, columns, numbers, days, now or datetime.now(UTC))

"""From a path to a source: everything about a file that must be known before its first row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from assets.engine.timeframe import Timeframe
from assets.formats.block import Block
from assets.formats.candles import EXTRAS, CandleSource
from assets.formats.coding import texts
from assets.formats.errors import RULES, Fault, FormatError, Reason
from assets.formats.grid import spacing
from assets.formats.layouts import PRICES, Layout, recognise
from assets.formats.numbers import NumberStyle, number_style
from assets.formats.symbols import from_file_name, holds_pairs, normalised
from assets.formats.table import open_table
from assets.formats.times import DayOrder, day_order, to_micros

UNITS = ("usd", "base")
_SAMPLE_BLOCKS = 3
_MAX_NAMED = 5


def open_source(
    path: Path | str,
    *,
    symbol: str | None = None,
    timeframe: Timeframe | str | None = None,
    volume_unit: str | None = None,
    now: datetime | None = None,
) -> CandleSource:
    """One file of candles, whoever wrote it, ready to be iterated in batches.

    `symbol` names the coin where neither a column nor the file name does (or renames the only one of the
    file); `timeframe` is needed where the spacing of the rows cannot tell; `volume_unit` ("usd" or "base")
    says what a lone volume column counts, by default what the format is known for; bars not complete at
    `now` are rejected.
    Raises FormatError with a message that says how to mend it.
    """
    file = Path(path)
    table, layout = recognise(open_table(file))
    if volume_unit is not None and volume_unit not in UNITS:
        raise ValueError(f"volume_unit is {volume_unit!r}; known are {', '.join(UNITS)}")
    wanted = tuple(sorted(layout.columns.values()))
    sample = list(islice(table.blocks(wanted), 1))
    days = _day_order(file, layout, sample)
    ticker, raw, pairs = _symbol(file, layout, sample, symbol)
    told = _told(layout, sample, days, pairs)
    if told is None and timeframe is None:
        sample = list(islice(table.blocks(wanted), _SAMPLE_BLOCKS))
        told = _told(layout, sample, days, pairs)
    return CandleSource(
        path=file,
        format=layout.name,
        timeframe=_timeframe(file, timeframe, told),
        volume_unit=volume_unit or layout.unit,
        size=table.size,
        table=table,
        layout=layout,
        numbers=_number_style(file, layout, sample),
        days=days,
        now=now or datetime.now(UTC),
        symbol=ticker,
        raw_symbol=raw,
        pairs=pairs,
    )


def _timeframe(path: Path, given: Timeframe | str | None, told: Timeframe | None) -> Timeframe:
    known = ", ".join(Timeframe)
    if given is None and told is None:
        raise FormatError(
            Fault.TIMEFRAME, path, f"the bar length cannot be told from the rows; give --timeframe ({known})"
        )
    try:
        chosen = Timeframe(given) if given is not None else told
    except ValueError as error:
        raise FormatError(Fault.TIMEFRAME, path, f"{given} is no bar length; known are {known}") from error
    if told is not None and chosen is not told:
        raise FormatError(
            Fault.TIMEFRAME,
            path,
            f"the rows are {told} apart, not {chosen}; leave --timeframe out or correct it",
        )
    assert chosen is not None
    return chosen


def _told(layout: Layout, sample: Sequence[Block], days: DayOrder, pairs: bool) -> Timeframe | None:
    micros, series = [np.zeros(0, dtype=np.int64)], [pa.array([], pa.string())]
    for block in sample:
        times, bad = to_micros(block.columns[layout.columns["time"]], days)
        micros.append(times[~bad])
        series.append(_texts(layout, block).filter(pa.array(~bad)))
    names = pc.dictionary_encode(pa.chunked_array(series)).combine_chunks()
    # One coin may be spelled in several ways (BTC/USDT, BTCUSDT).
    tickers = [normalised(raw, pairs=pairs) for raw in names.dictionary.to_pylist()]
    place = {ticker: code for code, ticker in enumerate(tickers)}
    codes = np.array([place[ticker] for ticker in tickers], dtype=np.int64)
    return spacing(codes[names.indices.to_numpy(zero_copy_only=False)], np.concatenate(micros))


def _texts(layout: Layout, block: Block) -> pa.Array:
    """Symbols as written; one empty text for all rows where there is no such column."""
    if "symbol" not in layout.columns:
        return pa.array([""] * len(block), pa.string())
    return texts(block.columns[layout.columns["symbol"]])


def _symbol(
    path: Path, layout: Layout, sample: Sequence[Block], given: str | None
) -> tuple[str | None, str | None, bool]:
    """Ticker of the whole file (None: each row has its own), the raw one it replaces, and if pairs."""
    raws: list[str] = []
    if "symbol" in layout.columns:
        raws = [raw for block in sample for raw in pc.unique(_texts(layout, block)).to_pylist()]
        raws = [raw for raw in dict.fromkeys(raws) if raw.strip()]
    pairs = layout.pairs or holds_pairs(raws)
    if given is not None:
        if len(raws) > 1:
            listed = ", ".join(raws[:_MAX_NAMED])
            raise FormatError(
                Fault.SYMBOL, path, f"the file holds {len(raws)} symbols ({listed} ...); leave --symbol out"
            )
        return _checked(path, normalised(given, pairs=layout.pairs), given), raws[0] if raws else None, pairs
    if "symbol" in layout.columns:
        return None, None, pairs
    if layout.ticker is not None:
        return _checked(path, normalised(layout.ticker), layout.ticker), None, pairs
    return _checked(path, from_file_name(path, single=layout.named_by_coin), path.name), None, pairs


def _checked(path: Path, found: str | Reason | None, shown: str) -> str:
    if found is None:
        raise FormatError(
            Fault.SYMBOL, path, "neither a column nor the file name tells the coin; give --symbol (BTC)"
        )
    if isinstance(found, Reason):
        fault = Fault.QUOTE if found is Reason.QUOTE else Fault.SYMBOL
        raise FormatError(fault, path, f"{shown}: {RULES[found]}")
    return found


def _day_order(path: Path, layout: Layout, sample: Sequence[Block]) -> DayOrder:
    try:
        return day_order([block.columns[layout.columns["time"]] for block in sample])
    except ValueError as error:
        raise FormatError(Fault.DATES, path, str(error)) from error


def _number_style(path: Path, layout: Layout, sample: Sequence[Block]) -> NumberStyle:
    places = [layout.columns[name] for name in (*PRICES, *EXTRAS) if name in layout.columns]
    try:
        return number_style([block.columns[place] for block in sample for place in places])
    except ValueError as error:
        raise FormatError(Fault.NUMBERS, path, str(error)) from error

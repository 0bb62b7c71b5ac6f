"""Files of macro series (fear & greed, funding, dominance, indices ...): one value a day and series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from assets.engine.timeframe import Timeframe
from assets.formats.block import Block, Bools, Floats, Ints, Verdict
from assets.formats.checks import FIRST_TIME, duplicates, told
from assets.formats.coding import texts
from assets.formats.daily import Days, usual_count
from assets.formats.errors import RULES, Fault, FormatError, Reason, Reject
from assets.formats.grid import DAY, SECOND, open_of
from assets.formats.json_table import JsonTable
from assets.formats.numbers import NumberStyle, number_style, to_floats
from assets.formats.series_layouts import SeriesLayout, Shape, recognise_series
from assets.formats.series_names import CANONICAL, canonical, own_name, value_range
from assets.formats.symbols import from_file_name, normalised
from assets.formats.table import Table, open_table
from assets.formats.times import DayOrder, day_order, to_micros

_COIN = "BTC"


@dataclass(frozen=True)
class SeriesBatch:
    """Values by day (only the last batch of a file has any), and the rejects of a stretch of the file.

    `values` has the columns series, day (UTC midnight, datetime64), value, line (where it was read from).
    """

    values: pd.DataFrame
    rejects: Sequence[Reject]
    rows: int
    position: int


@dataclass(frozen=True)
class SeriesSource:
    """A file understood: iterate to read it, from the start each time; `counts` tells of the last reading.

    `names` maps columns to series (empty for the long shape, whose rows name theirs); `ignored` are columns
    that hold no numbers. A value belongs to the day it is stamped with and is known from that day's end.
    counts: rows, values, missing, identical, other_coins, and rejects under `rejected:<reason>`.
    """

    path: Path
    shape: Shape
    size: int
    names: Mapping[str, str]
    ignored: tuple[str, ...]
    table: Table | JsonTable
    layout: SeriesLayout
    numbers: NumberStyle
    days: DayOrder
    now: datetime
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def extended(self) -> tuple[str, ...]:
        """Series without a field of their own."""
        return tuple(name for name in self.names.values() if name not in CANONICAL)

    def __iter__(self) -> Iterator[SeriesBatch]:
        """Raises FormatError if the file turns out to be damaged further down."""
        self.counts.clear()
        gathered, position = Days(self.shape), 0
        for block in self.table.blocks(self.layout.columns):
            verdict = Verdict(block)
            cells: list[Reject] = []
            gathered.add(self._observations(block, verdict, cells))
            rejects, position = [*verdict.rejects(), *cells], block.position
            yield self._batch(_no_values(), rejects, len(block) + len(block.rejects), position)
        values, rejects = self._complete(gathered.days())
        yield self._batch(values, rejects, 0, position)

    def _batch(self, values: pd.DataFrame, rejects: list[Reject], rows: int, position: int) -> SeriesBatch:
        self.counts.update(rows=rows, values=len(values))
        self.counts.update(f"rejected:{reject.reason}" for reject in rejects)
        return SeriesBatch(values, sorted(rejects, key=lambda reject: reject.line), rows, position)

    def _observations(self, block: Block, verdict: Verdict, cells: list[Reject]) -> pd.DataFrame:
        """Good values of the block, in the columns that `Days` takes."""
        micros, unread = to_micros(block.columns[self.layout.time], self.days)
        verdict.refuse(unread, Reason.TIME)
        micros = np.where(unread, 0, micros)
        day = open_of(micros, Timeframe.DAY)
        verdict.refuse(micros < FIRST_TIME, Reason.TIME_RANGE, lambda row: told(micros[row]))
        late = day + DAY > round(self.now.timestamp()) * SECOND
        verdict.refuse(late, Reason.NOT_CLOSED, lambda row: told(micros[row]))
        wanted = self._wanted(block) & verdict.good
        contract = self._contracts(block)
        frames = [
            self._column(block, column, name, wanted, cells).assign(contract=contract)
            for column, name in self.layout.values.items()
        ]
        frame = pd.concat([one.assign(day=day, time=micros, line=block.lines) for one in frames])
        return self._settled(frame[frame["keep"]].drop(columns="keep"), block, cells)

    def _column(
        self, block: Block, column: int, name: str, wanted: Bools, cells: list[Reject]
    ) -> pd.DataFrame:
        """One column's values; a bad one is refused without its neighbours in the row."""
        values, bad = to_floats(block.columns[column], self.numbers)
        series = self._labels(block) if self.shape is Shape.LONG else np.full(len(block), name, dtype=object)
        limits = {one: value_range(str(one)) for one in set(series)}
        low = np.array([limits[one][0] for one in series])
        high = np.array([limits[one][1] for one in series])
        outside = ~np.isnan(values) & ~((values >= low) & (values <= high) & np.isfinite(values))
        nameless = series == ""
        for wrong, reason in ((nameless, Reason.SYMBOL), (bad, Reason.NUMBER), (outside, Reason.VALUE)):
            cells.extend(_refused(block, np.flatnonzero(wrong & wanted), reason, series, values))
            wanted = wanted & ~wrong
        self.counts["missing"] += int((np.isnan(values) & wanted).sum())
        return pd.DataFrame({"series": series, "value": values, "keep": wanted & ~np.isnan(values)})

    def _settled(self, frame: pd.DataFrame, block: Block, cells: list[Reject]) -> pd.DataFrame:
        """Without what was said before at the same moment: the same is counted, something else refused."""
        frame = frame.reset_index(drop=True)
        keys = tuple(_codes(frame[name]) for name in ("time", "contract", "series"))
        value: Floats = frame["value"].to_numpy(dtype=np.float64)
        same, other = duplicates(keys, (value,), np.ones(len(frame), dtype=bool))
        self.counts["identical"] += int(same.sum())
        rows = np.searchsorted(block.lines, frame["line"].to_numpy()[other])
        cells.extend(_refused(block, rows, Reason.DUPLICATE, None, value))
        return frame[~(same | other)]

    def _labels(self, block: Block) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
        assert self.layout.label is not None
        names = texts(block.columns[self.layout.label]).to_pylist()
        known = {name: canonical(name) or own_name(name) for name in set(names)}
        return np.array([known[name] for name in names], dtype=object)

    def _wanted(self, block: Block) -> Bools:
        """Rows of the coin that has the series; other coins are counted and passed over."""
        if self.shape not in (Shape.FUNDING, Shape.OPEN_INTEREST) or self.layout.label is None:
            return np.ones(len(block), dtype=bool)
        encoded = pc.dictionary_encode(texts(block.columns[self.layout.label]))
        coins = [normalised(raw.split("_")[0], pairs=True) == _COIN for raw in encoded.dictionary.to_pylist()]
        wanted: Bools = np.array(coins, dtype=bool)[encoded.indices.to_numpy(zero_copy_only=False)]
        self.counts["other_coins"] += int((~wanted).sum())
        return wanted

    def _contracts(self, block: Block) -> Sequence[str]:
        if self.layout.contract is None:
            return [""] * len(block)
        return list(texts(block.columns[self.layout.contract]).to_pylist())

    def _complete(self, days: pd.DataFrame) -> tuple[pd.DataFrame, list[Reject]]:
        """Without days on which payments of funding are missing: half a sum is not that day's rate."""
        usual = usual_count(days)
        part = (days["count"] < usual) & (self.shape is Shape.FUNDING)
        rejects = [
            Reject(
                int(row.line),  # type: ignore[arg-type]
                Reason.INCOMPLETE,
                f"{RULES[Reason.INCOMPLETE]} ({row.count_} of {usual})",
                f"{row.series} {told(row.day)[:10]}",  # type: ignore[arg-type]
            )
            for row in days[part].rename(columns={"count": "count_"}).itertuples()
        ]
        kept = days.loc[~part, ["series", "day", "value", "line"]]
        return kept.assign(day=kept["day"].to_numpy().astype("datetime64[us]")).reset_index(
            drop=True
        ), rejects


def open_series(path: Path | str, *, name: str | None = None, now: datetime | None = None) -> SeriesSource:
    """One file of series, wide, long, or an exchange's records, ready to be iterated in batches.

    `name` names the series of a file that holds only one and does not say which. Values of days that are not
    over at `now` are rejected. Funding of bitcoin is the sum of the day's payments, by the day each is
    stamped with; of several values a day the last counts; open interest of several contracts is added up.
    Raises FormatError with a message that says how to mend it.
    """
    file = Path(path)
    table = JsonTable.open(file) if file.suffix.lower() == ".json" else open_table(file)
    layout = recognise_series(file, table.header, name)
    if layout.shape in (Shape.FUNDING, Shape.OPEN_INTEREST) and layout.label is None:
        _require_bitcoin(file)
    sample = list(islice(table.blocks(layout.columns), 1))
    layout, ignored = _without_texts(file, layout, sample)
    header = table.header or ()
    try:
        days = day_order([block.columns[layout.time] for block in sample])
        numbers = number_style([block.columns[column] for block in sample for column in layout.values])
    except ValueError as error:
        fault = Fault.DATES if "dates" in str(error) else Fault.NUMBERS
        raise FormatError(fault, file, str(error)) from error
    return SeriesSource(
        path=file,
        shape=layout.shape,
        size=table.size,
        names={header[column]: series for column, series in layout.values.items() if series},
        ignored=tuple(header[column] for column in ignored),
        table=table,
        layout=layout,
        numbers=numbers,
        days=days,
        now=now or datetime.now(UTC),
    )


def _require_bitcoin(path: Path) -> None:
    coin = from_file_name(path)
    if coin != _COIN:
        raise FormatError(
            Fault.SYMBOL, path, "neither a column nor the file name says that this is bitcoin's (BTCUSDT ...)"
        )


def _without_texts(
    path: Path, layout: SeriesLayout, sample: Sequence[Block]
) -> tuple[SeriesLayout, tuple[int, ...]]:
    """Columns of words (a classification, a source) are no series."""
    if layout.shape is not Shape.WIDE:
        return layout, ()
    ignored = tuple(
        column
        for column in layout.values
        if any(to_floats(block.columns[column])[1].any() for block in sample)
        and all(np.isnan(to_floats(block.columns[column])[0]).all() for block in sample)
        and not any(_has_digits(block, column) for block in sample)
    )
    values = {column: name for column, name in layout.values.items() if column not in ignored}
    if not values:
        raise FormatError(Fault.MISSING_COLUMNS, path, "there is a date and no column of numbers beside it")
    return SeriesLayout(layout.shape, layout.time, values), ignored


def _has_digits(block: Block, column: int) -> bool:
    found = pc.any(pc.match_substring_regex(block.columns[column].cast("string"), r"^\W*\d"))
    return bool(found.as_py())


def _refused(
    block: Block,
    rows: Ints,
    reason: Reason,
    series: np.ndarray[tuple[int], np.dtype[np.object_]] | None,
    values: Floats,
) -> list[Reject]:
    def message(row: int) -> str:
        if series is None:
            return RULES[reason]
        return f"{RULES[reason]} ({series[row]}: {values[row]})"

    return [Reject(int(block.lines[row]), reason, message(int(row)), block.raw(int(row))) for row in rows]


def _codes(column: pd.Series[Any]) -> Ints:
    return np.asarray(pd.factorize(column)[0], dtype=np.int64)


def _no_values() -> pd.DataFrame:
    return pd.DataFrame({"series": [], "day": np.array([], "datetime64[us]"), "value": [], "line": []})

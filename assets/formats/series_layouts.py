"""How a file of series is laid out: a column a series, a row a value, or an exchange's own records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from assets.formats.errors import Fault, FormatError
from assets.formats.files import bare_name
from assets.formats.header import key
from assets.formats.series_names import canonical, own_name

_TIMES = (
    "date", "timestamp", "time", "datetime", "observationdate", "snapshottime", "ts", "day", "fundingtime",
    "calctime", "createtime", "unix", "period", "unnamed0", "indexlevel0", "",
)  # fmt: skip
_COINS = ("coinsymbol", "coin", "symbol", "pair", "contract")
_RATES = ("fundingrate", "lastfundingrate")
_INTEREST = ("openinterest", "oiclose", "sumopeninterestvalue", "openinterestvalue", "openinterestusd")
_LABELS = ("series", "seriesid", "name", "metric", "indicator", "variable")
_VALUES = ("value", "close", "price", "last")
_MOODS = ("valueclassification", "fngclassification", "classification")


class Shape(StrEnum):
    """How values lie in a file."""

    WIDE = "wide"
    LONG = "long"
    SINGLE = "single"
    FUNDING = "funding"
    OPEN_INTEREST = "open_interest"


@dataclass(frozen=True)
class SeriesLayout:
    """`values` are the columns of numbers, by position, and the series each holds (LONG: one, unnamed)."""

    shape: Shape
    time: int
    values: Mapping[int, str]
    label: int | None = None
    contract: int | None = None

    @property
    def columns(self) -> tuple[int, ...]:
        """All columns that have to be read."""
        others = (self.time, self.label, self.contract)
        return tuple(sorted({*self.values, *(at for at in others if at is not None)}))


def recognise_series(path: Path, header: tuple[str, ...] | None, name: str | None) -> SeriesLayout:
    """`name` names the series of a file that holds only one. Raises FormatError."""
    if header is None:
        raise FormatError(Fault.UNKNOWN_COLUMNS, path, "a file of series needs a header: date, then names")
    keys = [key(column) for column in header]
    time = _first(keys, _TIMES)
    if time is None:
        found = ", ".join(header[:30])
        raise FormatError(
            Fault.MISSING_COLUMNS, path, f"no column for the date among {found}; add or rename it"
        )
    return _contracts(keys, time, name) or _labelled(path, keys, time, name) or _wide(path, header, time)


def _contracts(keys: list[str], time: int, name: str | None) -> SeriesLayout | None:
    """Exchanges' own records, a row a payment or observation of one contract."""
    coin = _first(keys, _COINS)
    rate, interest = _first(keys, _RATES), _first(keys, _INTEREST)
    if rate is not None:
        return SeriesLayout(Shape.FUNDING, time, {rate: name or "funding_rate_btc"}, coin, None)
    if interest is not None:
        contract = keys.index("symbol") if "symbol" in keys else None
        # One exchange's contracts are a part of the market: another scale, so another name.
        own = "open_interest_btc" if coin is None else "open_interest_btc_contracts"
        return SeriesLayout(Shape.OPEN_INTEREST, time, {interest: name or own}, coin, contract)
    return None


def _labelled(path: Path, keys: list[str], time: int, name: str | None) -> SeriesLayout | None:
    value, label = _first(keys, _VALUES), _first(keys, _LABELS)
    if value is None:
        return None
    if label is not None and keys[value] == "value":
        return SeriesLayout(Shape.LONG, time, {value: ""}, label)
    if _first(keys, _MOODS) is not None:
        return SeriesLayout(Shape.SINGLE, time, {value: "fear_greed_index"})
    lone = len(keys) == 2 or {"open", "high", "low", "close"} <= set(keys)
    return SeriesLayout(Shape.SINGLE, time, {value: _file_series(path, name)}) if lone else None


def _file_series(path: Path, name: str | None) -> str:
    told = name or canonical(bare_name(path))
    if told is None:
        raise FormatError(
            Fault.SERIES, path, "neither a column nor the file name tells the series; give --name (sp500)"
        )
    return canonical(told) or own_name(told)


def _wide(path: Path, header: tuple[str, ...], time: int) -> SeriesLayout:
    values: dict[int, str] = {}
    for column, title in enumerate(header):
        name = canonical(title)
        if name is None or name in values.values():
            name = own_name(title)
        if column != time and name and name not in values.values():
            values[column] = name
    if not values:
        raise FormatError(Fault.MISSING_COLUMNS, path, "there is a date and no series beside it")
    return SeriesLayout(Shape.WIDE, time, values)


def _first(keys: list[str], wanted: tuple[str, ...]) -> int | None:
    return next((keys.index(name) for name in wanted if name in keys), None)

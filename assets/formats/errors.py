"""What can be wrong with a file or a row, said so that the owner of the file can mend it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Fault(StrEnum):
    """Why a whole file is refused."""

    NO_FILES = "no_files"
    UNREADABLE = "unreadable"
    EMPTY = "empty"
    NOT_TEXT = "not_text"
    TRUNCATED = "truncated"
    ARCHIVE = "archive"
    UNKNOWN_COLUMNS = "unknown_columns"
    MISSING_COLUMNS = "missing_columns"
    SYMBOL = "symbol"
    QUOTE = "quote"
    TIMEFRAME = "timeframe"
    NUMBERS = "ambiguous_numbers"
    DATES = "ambiguous_dates"
    SERIES = "series"


class FormatError(Exception):
    """A file that cannot be read as a whole: a code, the path, and a message saying how to mend it."""

    def __init__(self, fault: Fault, path: Path | str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.fault = fault
        self.path = Path(path)
        self.message = message


class Reason(StrEnum):
    """Why one row is refused; the first that applies, in this order."""

    COLUMNS = "columns"
    TIME = "time"
    SYMBOL = "symbol"
    QUOTE = "quote"
    NUMBER = "number"
    PRICE_MISSING = "price_missing"
    PRICE = "price"
    OHLC = "ohlc"
    VOLUME = "volume"
    VALUE = "value"
    TIME_RANGE = "time_range"
    OFF_GRID = "off_grid"
    NOT_CLOSED = "not_closed"
    INCOMPLETE = "incomplete"
    DUPLICATE = "duplicate"
    DIFFERS = "differs_from_stored"


RULES = {
    Reason.COLUMNS: "the row has not as many fields as the header",
    Reason.TIME: "the time cannot be read; use 2024-01-31 or 2024-01-31T12:00:00Z",
    Reason.SYMBOL: "the symbol must be 1 to 20 letters, digits or . + $ - (a piece as in LUNA#0)",
    Reason.QUOTE: "the price is not in US dollars or a dollar stablecoin; convert it first",
    Reason.NUMBER: "a field is not a number",
    Reason.PRICE_MISSING: "a price is missing",
    Reason.PRICE: "a price must be above zero and finite",
    Reason.OHLC: "low must not be above, and high not below, open and close",
    Reason.VOLUME: "volume must be zero or more and finite",
    Reason.VALUE: "the value is outside of what this series can be",
    Reason.TIME_RANGE: "the time lies before 2009, when there was nothing to trade",
    Reason.OFF_GRID: "the time is not the start of a bar of this length (UTC)",
    Reason.NOT_CLOSED: "the bar is still open, or lies in the future",
    Reason.INCOMPLETE: "the day holds fewer observations than a day has",
    Reason.DUPLICATE: "the same time is given twice with different values; one is kept",
    Reason.DIFFERS: "the bar is stored with other values, which are kept; --revise takes these instead",
}


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was left out. `line` is 1-based in the file, header included (Parquet: the row number)."""

    line: int
    reason: Reason
    message: str
    raw: str

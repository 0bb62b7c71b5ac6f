"""Importing a Parquet file of candles, first and again, beside a raw binary COPY into a bare table."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from django.db import connection

from assets.engine.timeframe import Timeframe
from assets.services.imports import Choices, FileReport, import_files
from assets.services.rejects import RejectsFile
from benchmarks import market
from benchmarks.costs import interleaved
from benchmarks.figures import Figure, Scale
from benchmarks.servers import fresh_database

_COINS = 100
_LENGTH = Timeframe.HOUR
_KEY = (("asset", ">i8"), ("timeframe", ">i2"), ("time", ">i8"))
_VALUES = ("open", "high", "low", "close", "volume")
_EMPTY = ("market_cap", "trade_count", "vwap")
_BARE = (
    "CREATE TABLE bare (asset bigint, timeframe smallint, time timestamptz, "
    + ", ".join(f"{name} double precision" for name in (*_VALUES, *_EMPTY))
    + ")"
)
_EPOCH = 946_684_800_000_000  # microseconds from 1970 to PostgreSQL's 2000


def run(scale: Scale) -> list[Figure]:
    """Rows a second of the two imports, and what share of the raw COPY's that is."""
    columns = market.walks(_LENGTH, _COINS, scale.bars // _COINS)
    rows = len(columns["coin"])
    raw = _encoded(columns)
    with tempfile.TemporaryDirectory() as folder:
        path = _written(columns, Path(folder) / "candles.parquet")
        costs = {}
        with fresh_database():
            ways = {
                "raw": lambda number: _copy(raw),
                "first": lambda number: _import(path, new=rows),
                "second": lambda number: _import(path, new=0),
                "empty": lambda number: _empty(),
            }
            costs = interleaved(ways, scale.rounds)
    speed = {name: rows / one.seconds for name, one in costs.items()}
    spent = {name: one.cpu for name, one in costs.items()}
    return [
        Figure("raw binary COPY into a bare table", speed["raw"], "rows/s"),
        Figure("first import of the file", speed["first"], "rows/s"),
        Figure("second import of the file", speed["second"], "rows/s"),
        Figure("first import against raw COPY", speed["first"] / speed["raw"], "x", 0.35),
        Figure("second import against raw COPY", speed["second"] / speed["raw"], "x", 0.45),
        Figure("first import against raw COPY, processor time", spent["raw"] / spent["first"], "x"),
        Figure("second import against raw COPY, processor time", spent["raw"] / spent["second"], "x"),
    ]


def _written(columns: dict[str, Any], path: Path) -> Path:
    names = np.asarray([f"COIN{number}" for number in range(_COINS)])
    table = {
        "symbol": pa.DictionaryArray.from_arrays(columns["coin"].astype(np.int32), names),
        "timestamp": pa.array(columns["open_time"]).cast(pa.timestamp("us", tz="UTC")),
    }
    pq.write_table(pa.table(table | {name: columns[name] for name in _VALUES}), path)
    return path


def _encoded(columns: dict[str, Any]) -> bytes:
    """The rows in PostgreSQL's binary form: the limit is to send what is ready."""
    layout = [("fields", ">i2")]
    for name, kind in (*_KEY, *((name, ">f8") for name in _VALUES)):
        layout += [(f"{name}_size", ">i4"), (name, kind)]
    layout += [(f"{name}_size", ">i4") for name in _EMPTY]
    rows = np.empty(len(columns["coin"]), dtype=layout)
    given = {"asset": columns["coin"], "timeframe": _LENGTH.code, "time": columns["open_time"] - _EPOCH}
    rows["fields"] = len(_KEY) + len(_VALUES) + len(_EMPTY)
    for name, values in (given | {name: columns[name] for name in _VALUES}).items():
        rows[name] = values
        rows[f"{name}_size"] = rows.dtype[name].itemsize
    for name in _EMPTY:
        rows[f"{name}_size"] = -1
    return b"PGCOPY\n\xff\r\n\x00" + bytes(8) + rows.tobytes() + b"\xff\xff"


def _copy(data: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bare")
        cursor.execute(_BARE)
        with cursor.cursor.copy("COPY bare FROM STDIN (FORMAT BINARY)") as copy:
            for start in range(0, len(data), 1 << 20):
                copy.write(data[start : start + (1 << 20)])


def _import(path: Path, new: int) -> None:
    with RejectsFile(path.with_suffix(".rejects.csv")) as rejects:
        [report] = import_files([path], Choices(timeframe=_LENGTH), rejects)
    _insist(report, new)


def _insist(report: FileReport, new: int) -> None:
    if report.error or report.new != new or report.new + report.unchanged != report.read:
        raise RuntimeError(f"the import did something else than was measured: {report}")


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE assets_candle")
        cursor.execute("CHECKPOINT")

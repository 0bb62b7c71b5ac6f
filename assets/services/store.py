"""Candles into the database by the fastest route that is right.

Rows newer than what is stored go straight in by binary COPY; the others are compared with what is
stored: the same values are unchanged, other values are a conflict (or a revision, if asked for).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from assets.engine.panel import Bools, Floats, Ints
from assets.engine.timeframe import Timeframe
from assets.models import Candle, CandleArchive
from assets.services.partitions import ensure_partitions

_LOCK_CLASS = 0x6261  # with the timeframe's code: one writer of a timeframe's candles at a time
_PG_EPOCH_US = 946_684_800_000_000
_TABLE = Candle._meta.db_table
_TABLES = (_TABLE, CandleArchive._meta.db_table)
_VALUES = ("open", "high", "low", "close", "volume", "market_cap", "trade_count", "vwap")
_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_DENSE = 4  # bars a row that are read along rather than looked up one by one


@dataclass(frozen=True, slots=True, eq=False)
class CandleBatch:
    """Bars by column (R,): open times in microseconds since 1970, prices and volume in USD, NaN is NULL."""

    asset_id: Ints
    open_time: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    market_cap: Floats
    trade_count: Floats
    vwap: Floats

    def take(self, rows: NDArray[np.intp] | Bools) -> CandleBatch:
        """The rows of an index or mask."""
        return CandleBatch(*(getattr(self, field.name)[rows] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.asset_id)


@dataclass(frozen=True, slots=True, eq=False)
class Stored:
    """How many rows were new, revised or unchanged, and which rows of the batch conflict (index)."""

    new: int
    revised: int
    unchanged: int
    conflicts: NDArray[np.intp]


def store_candles(timeframe: Timeframe, batch: CandleBatch, *, revise: bool = False) -> Stored:
    """Write complete bars; within the batch each (asset, open time) must occur once. Safe to run again.

    Raises IntegrityError, with nothing written, when a row violates the table's checks.
    """
    if not len(batch):
        return Stored(0, 0, 0, np.empty(0, dtype=np.intp))
    ensure_partitions(timeframe, _moment(batch.open_time.min()), _moment(batch.open_time.max()))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK_CLASS, timeframe.code])
        fresh = batch.open_time > _watermark(timeframe, batch)
        if fresh.any():
            _copy(_TABLE, timeframe, batch.take(fresh))
        old = np.flatnonzero(~fresh)
        if not len(old):
            return Stored(len(batch), 0, 0, np.empty(0, dtype=np.intp))
        stored = _compare(timeframe, batch.take(old), revise)
    return Stored(int(fresh.sum()) + stored.new, stored.revised, stored.unchanged, old[stored.conflicts])


def _moment(microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(microseconds))


def _watermark(timeframe: Timeframe, batch: CandleBatch) -> Ints:
    """Open time of the newest stored bar of each row's asset; the lowest integer where there is none.

    A live batch is newer than all that is stored, which is one short question, not one a coin.
    """
    ids, place = np.unique(batch.asset_id, return_inverse=True)
    newest = np.full(len(ids), np.iinfo(np.int64).min)
    if not _reached(timeframe, ids, _moment(batch.open_time.min())):
        return newest[place]
    newest_of = ", ".join(
        f"(SELECT candle_time FROM {table} WHERE asset_id = ids.id AND timeframe = {timeframe.code} "
        "ORDER BY candle_time DESC LIMIT 1)"
        for table in _TABLES
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT ids.id, (EXTRACT(EPOCH FROM GREATEST({newest_of})) * 1000000)::bigint "
            "FROM unnest(%s::bigint[]) ids(id)",
            [ids.tolist()],
        )
        for asset_id, moment in cursor.fetchall():
            if moment is not None:
                newest[np.searchsorted(ids, asset_id)] = moment
    return newest[place]


def _reached(timeframe: Timeframe, ids: Ints, moment: datetime) -> bool:
    """Whether any of the assets has a bar that opened at `moment` or later."""
    later = " OR ".join(
        f"EXISTS (SELECT FROM {table} WHERE timeframe = {timeframe.code} "
        "AND asset_id = ANY(%s::bigint[]) AND candle_time >= %s)"
        for table in _TABLES
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {later}", [ids.tolist(), moment] * len(_TABLES))
        return bool(cursor.fetchone()[0])


def _compare(timeframe: Timeframe, batch: CandleBatch, revise: bool) -> Stored:
    """Against the bars in use and the archive: what neither has goes in, what differs is told or revised."""
    stored = _stored(timeframe, batch)
    place = _places(batch, stored)
    there = np.flatnonzero(place >= 0)
    differs = np.zeros(len(there), dtype=np.bool_)
    for name in _VALUES:
        given, old = getattr(batch, name)[there], getattr(stored, name)[place[there]]
        differs |= ~np.isnan(given) & (given != old)  # what is not given never differs
    changed, absent = there[differs], np.flatnonzero(place < 0)
    if len(absent):
        _copy(_TABLE, timeframe, batch.take(absent))
    if revise and len(changed):
        _revise(timeframe, batch.take(changed))
    return Stored(
        new=len(absent),
        revised=len(changed) if revise else 0,
        unchanged=len(there) - len(changed),
        conflicts=changed[:0] if revise else changed,
    )


def _stored(timeframe: Timeframe, batch: CandleBatch) -> CandleBatch:
    """Stored bars that the batch's rows may meet, packed on the server as a panel's are.

    The whole span of the batch is read where its rows fill it, as a file's do. Else its keys are looked up:
    few rows far apart must not bring in all that lies between.
    """
    ids = np.unique(batch.asset_id)
    first, last = _moment(batch.open_time.min()), _moment(batch.open_time.max())
    if len(ids) * timeframe.bars(last - first) <= _DENSE * len(batch):
        source, where = "{table} c", "c.asset_id = ANY(%s::bigint[]) AND c.candle_time BETWEEN %s AND %s"
        values: list[object] = [ids.tolist(), first, last]
    else:
        source = "{table} c JOIN unnest(%s::bigint[], %s::bigint[]) k(id, at) ON c.asset_id = k.id"
        where = "c.candle_time = TIMESTAMPTZ 'epoch' + k.at * INTERVAL '1 microsecond'"
        values = [batch.asset_id.tolist(), batch.open_time.tolist()]
    columns = ", ".join(f"c.{name}::float8" for name in _VALUES)
    rows = " UNION ALL ".join(
        f"SELECT c.asset_id, c.candle_time, {columns} FROM {source.format(table=table)} "
        f"WHERE c.timeframe = {timeframe.code} AND {where}"
        for table in _TABLES
    )
    packed = ", ".join(f"string_agg(float8send(COALESCE({name}, 'NaN')), '')" for name in _VALUES)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT string_agg(int8send(asset_id), ''), string_agg(timestamptz_send(candle_time), ''), "
            f"{packed} FROM ({rows}) bars",
            values * len(_TABLES),
        )
        found = cursor.fetchone()
    kinds = (">i8", ">i8", *(">f8" for _ in _VALUES))
    names = ("asset_id", "open_time", *_VALUES)
    stored = {
        name: np.frombuffer(data or b"", dtype=kind).astype(kind[1:])
        for name, kind, data in zip(names, kinds, found, strict=True)
    }
    stored["open_time"] += _PG_EPOCH_US
    return CandleBatch(**stored)


def _places(batch: CandleBatch, stored: CandleBatch) -> NDArray[np.intp]:
    """Which stored bar each row of the batch meets; -1 where none."""
    if not len(stored):
        return np.full(len(batch), -1, dtype=np.intp)
    ids, place = np.unique(batch.asset_id, return_inverse=True)
    begin = batch.open_time.min()
    span = batch.open_time.max() - begin + 1
    wanted = place * span + (batch.open_time - begin)
    keys = np.searchsorted(ids, stored.asset_id) * span + (stored.open_time - begin)
    order = np.argsort(keys)
    found = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
    return np.where(keys[found] == wanted, found, -1)


def _revise(timeframe: Timeframe, batch: CandleBatch) -> None:
    """Replace the values that the batch gives, wherever the bar is kept."""
    sets = ", ".join(f"{name} = COALESCE(s.{name}, c.{name})" for name in _VALUES)
    on = "c.asset_id = s.asset_id AND c.timeframe = s.timeframe AND c.candle_time = s.candle_time"
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE stage_candle (LIKE assets_candle) ON COMMIT DROP")
        _copy("stage_candle", timeframe, batch)
        for table in _TABLES:
            cursor.execute(f"UPDATE {table} c SET {sets} FROM stage_candle s WHERE {on}")
        cursor.execute("DROP TABLE stage_candle")


def _copy(table: str, timeframe: Timeframe, batch: CandleBatch) -> None:
    """Binary COPY; rows are grouped by which nullable columns they have, since NULL has no bytes."""
    null = np.stack([np.isnan(getattr(batch, name)) for name in ("market_cap", "trade_count", "vwap")])
    pattern = null[0] * 4 + null[1] * 2 + null[2]
    columns = f"asset_id, timeframe, candle_time, {', '.join(_VALUES)}, is_validated"
    with (
        connection.cursor() as cursor,
        connection.wrap_database_errors,
        cursor.cursor.copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.write(_SIGNATURE)
        for code in np.unique(pattern):
            copy.write(_encode(timeframe, batch.take(pattern == code), int(code)))
        copy.write(b"\xff\xff")


def _encode(timeframe: Timeframe, batch: CandleBatch, pattern: int) -> bytes:
    absent = {name for bit, name in ((4, "market_cap"), (2, "trade_count"), (1, "vwap")) if pattern & bit}
    parts: list[tuple[str, str, object]] = [
        ("asset_id", ">i8", batch.asset_id),
        ("timeframe", ">i2", timeframe.code),
        ("candle_time", ">i8", batch.open_time - _PG_EPOCH_US),
        *((name, ">i4" if name == "trade_count" else ">f8", getattr(batch, name)) for name in _VALUES),
        ("is_validated", "?", True),
    ]
    layout: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind, _ in parts:
        layout.append((f"{name}_size", ">i4"))
        if name not in absent:
            layout.append((name, kind))
    rows = np.empty(len(batch), dtype=layout)
    rows["fields"] = len(parts)
    for name, kind, values in parts:
        rows[f"{name}_size"] = -1 if name in absent else np.dtype(kind).itemsize
        if name not in absent:
            rows[name] = values
    return rows.tobytes()

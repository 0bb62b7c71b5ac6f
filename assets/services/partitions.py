"""Partitions of the candle table, made when the first bar of their span arrives."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from assets.engine.timeframe import Timeframe
from assets.models import Candle

_BY_MONTH = {Timeframe.MINUTE, Timeframe.MINUTES_5, Timeframe.MINUTES_15}
_LOCK = 0x63616E64  # one maker of partitions at a time


def ensure_partitions(timeframe: Timeframe, first: datetime, last: datetime) -> list[str]:
    """Make what is missing for open times `first` to `last`; return the names made.

    A partition is created beside the table and attached, which readers do not feel; CREATE TABLE ...
    PARTITION OF would lock them out until the writer commits.
    """
    parent = f"{Candle._meta.db_table}_t{timeframe.code}"
    spans = {f"{parent}_{start:%Y%m}": (start, stop) for start, stop in _spans(timeframe, first, last)}
    with connection.cursor() as cursor:
        missing = _missing(cursor, list(spans))
        if not missing:
            return []
        with transaction.atomic():
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            missing = _missing(cursor, missing)
            for name in missing:
                start, stop = spans[name]
                cursor.execute(
                    f"CREATE TABLE {name} (LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
                )
                cursor.execute(
                    f"ALTER TABLE {parent} ATTACH PARTITION {name} "
                    f"FOR VALUES FROM ('{start.isoformat()}') TO ('{stop.isoformat()}')"
                )
    return missing


def _missing(cursor: Any, names: list[str]) -> list[str]:
    # pg_class, not to_regclass(): the latter may answer from a cache older than the lock just taken
    cursor.execute("SELECT relname FROM pg_class WHERE relname = ANY(%s)", [names])
    there = {name for (name,) in cursor.fetchall()}
    return sorted(set(names) - there)


def _spans(timeframe: Timeframe, first: datetime, last: datetime) -> list[tuple[datetime, datetime]]:
    months = 1 if timeframe in _BY_MONTH else 12
    start = datetime(first.year, first.month if months == 1 else 1, 1, tzinfo=UTC)
    spans = []
    while start <= last:
        year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
        stop = datetime(year, month + 1, 1, tzinfo=UTC)
        spans.append((start, stop))
        start = stop
    return spans

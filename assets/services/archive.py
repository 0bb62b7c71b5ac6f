"""Bars past their retention, moved out of the way of daily work and still readable."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from assets.engine.timeframe import Timeframe
from assets.models import Candle, CandleArchive

BATCH = 100_000

_COLUMNS = ", ".join(field.column for field in Candle._meta.concrete_fields)
_MOVE = f"""
WITH chosen AS (
    SELECT asset_id, timeframe, candle_time FROM {Candle._meta.db_table}
    WHERE timeframe = %(timeframe)s AND candle_time < %(before)s
    ORDER BY asset_id, candle_time LIMIT %(batch)s
), moved AS (
    DELETE FROM {Candle._meta.db_table} c USING chosen
    WHERE c.asset_id = chosen.asset_id AND c.timeframe = chosen.timeframe
        AND c.candle_time = chosen.candle_time AND c.timeframe = %(timeframe)s
    RETURNING c.*
)
INSERT INTO {CandleArchive._meta.db_table} ({_COLUMNS}) SELECT {_COLUMNS} FROM moved
"""


def archive(timeframe: Timeframe, before: datetime, batch: int = BATCH) -> int:
    """Move bars that opened before `before` into the archive, coin by coin; returns how many.

    Each batch of bars is in one of the two tables at any moment, so readers of both (`load_panel`) see every
    bar once. Safe to interrupt and to run again.
    """
    moved = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_MOVE, {"timeframe": timeframe.code, "before": before, "batch": batch})
            rows = int(cursor.rowcount)
        moved += rows
        if rows < batch:
            return moved

"""Reading a panel for the engines, beside fetching the same rows with psycopg."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from assets.engine.panel import BAR_FIELDS
from assets.engine.timeframe import Timeframe
from assets.selectors import last_close, load_panel
from assets.services.store import store_candles
from benchmarks import market
from benchmarks.costs import interleaved
from benchmarks.figures import Figure, Scale
from benchmarks.servers import fresh_database

_LENGTH = Timeframe.HOUR


def run(scale: Scale) -> list[Figure]:
    """Milliseconds either way for all columns of a panel, and how many times faster its reader is."""
    coins, bars = scale.panel
    with fresh_database():
        ids = market.listed(coins)
        store_candles(_LENGTH, market.batch(ids, market.walks(_LENGTH, coins, bars)))
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        as_of = last_close(_LENGTH)
        assert as_of is not None
        ways = {
            "fetchall": lambda number: _fetchall(as_of, bars, BAR_FIELDS),
            "two": lambda number: _fetchall(as_of, bars, ("close", "volume")),
            "panel": lambda number: load_panel(_LENGTH, as_of, bars),
        }
        costs = interleaved(ways, 2 * scale.rounds + 1)
    ours, theirs = costs["panel"], costs["fetchall"]
    return [
        Figure(f"fetchall of {coins} x {bars} bars", 1_000 * theirs.seconds, "ms"),
        Figure("the panel of them", 1_000 * ours.seconds, "ms"),
        Figure("the panel against fetchall", theirs.seconds / ours.seconds, "x", 4.0),
        Figure("the same, processor time", theirs.cpu / ours.cpu, "x"),
        Figure("against fetchall of two of its six columns", costs["two"].seconds / ours.seconds, "x"),
    ]


def _fetchall(as_of: datetime, bars: int, columns: tuple[str, ...]) -> None:
    """The rows alone: what has to be done yet to make arrays of them is not counted."""
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        cursor.execute(
            f"SELECT asset_id, candle_time, {', '.join(columns)} FROM assets_candle "
            "WHERE timeframe = %s AND candle_time >= %s AND candle_time < %s",
            [_LENGTH.code, as_of - bars * _LENGTH.delta, as_of],
        )
        if not cursor.fetchall():
            raise RuntimeError("there was nothing to fetch")

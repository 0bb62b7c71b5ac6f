"""Locks that live as long as their connection: a killed process leaves none behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.db import Error, connection

SIMULATION = 0x73696D75
IMPORT = 0x696D7074
BACKTEST = 0x62616B74


@contextmanager
def held(family: int, member: int) -> Iterator[bool]:
    """Hold the lock of a member of a family for the block; yields whether it was free."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [family, member])
        free = bool(cursor.fetchone()[0])
    try:
        yield free
    finally:
        if free:
            # A lost connection has given the lock back already.
            with suppress(Error), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [family, member])

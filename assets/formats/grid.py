"""Bars on the clock: open times of many bars at once, how far apart rows are, and which bar a stamp means."""

from __future__ import annotations

from enum import Enum

import numpy as np

from assets.engine.timeframe import Timeframe
from assets.formats.block import Bools, Ints

SECOND = 1_000_000
DAY = 86_400 * SECOND
_MONDAY = 4 * DAY
_LENGTHS: dict[Timeframe, int] = {
    frame: round(frame.delta.total_seconds()) * SECOND for frame in Timeframe if frame is not Timeframe.MONTH
}
# A bar may be stamped with its last second, millisecond or microsecond instead of its first.
_LAST_MOMENTS = (SECOND, 1_000, 1)
_JITTER = 12


class Stamp(Enum):
    """What a row's time is: the open of its bar, or the moment its price was taken, the close of its bar."""

    OPEN = "open"
    CLOSE = "close"


def open_of(micros: Ints, timeframe: Timeframe) -> Ints:
    """Open time of the bar that contains each moment (n,)."""
    if timeframe is Timeframe.MONTH:
        return (
            micros.astype("datetime64[us]").astype("datetime64[M]").astype("datetime64[us]").astype(np.int64)
        )
    origin = _MONDAY if timeframe is Timeframe.WEEK else 0
    length = _LENGTHS[timeframe]
    return (micros - origin) // length * length + origin


def close_of(opens: Ints, timeframe: Timeframe) -> Ints:
    """Moment at which each bar (n,) is complete."""
    if timeframe is Timeframe.MONTH:
        return (
            (opens.astype("datetime64[us]").astype("datetime64[M]") + 1)
            .astype("datetime64[us]")
            .astype(np.int64)
        )
    return opens + _LENGTHS[timeframe]


def bar_opens(micros: Ints, timeframe: Timeframe, stamp: Stamp) -> tuple[Ints, Bools]:
    """Open time of the bar each stamp means (n,), and which (n,) mean none.

    A bar is stamped by its first moment, or by its last (23:59:59 belongs to that day). A closing price is
    stamped by the moment the bar ends, so 00:00 belongs to the day before; within a day a snapshot may be
    off by a twelfth of the bar, as it is taken when the provider gets to it.
    """
    opens = open_of(micros, timeframe)
    closes = close_of(opens, timeframe)
    ended = np.isin(closes - micros, _LAST_MOMENTS)
    if stamp is Stamp.OPEN:
        return opens, (micros != opens) & ~ended
    slack = 0 if timeframe not in _LENGTHS or _LENGTHS[timeframe] >= DAY else _LENGTHS[timeframe] // _JITTER
    early = closes - micros <= slack
    just_closed = micros - opens <= slack
    before = open_of(opens - 1, timeframe)
    return np.where(just_closed, before, opens), ~(just_closed | early | ended)


def spacing(series: Ints, micros: Ints) -> Timeframe | None:
    """Bar length told from the distances between neighbouring times of one series; `series` (n,) are codes.

    The most frequent distance must be a known bar length (within 1 %) and make up half of all.
    None if it cannot be told.
    """
    order = np.lexsort((micros, series))
    apart = np.diff(micros[order])[np.diff(series[order]) == 0]
    apart = apart[apart > 0]
    if not len(apart):
        return None
    counts = {
        frame: int(np.sum(np.abs(apart - length) * 100 <= length)) for frame, length in _LENGTHS.items()
    }
    counts[Timeframe.MONTH] = int(np.sum((apart >= 27.9 * DAY) & (apart <= 31.1 * DAY)))
    best = max(counts, key=lambda frame: counts[frame])
    return best if counts[best] * 2 >= len(apart) else None

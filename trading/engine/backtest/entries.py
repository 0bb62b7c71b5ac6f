"""Signals of rules that know nothing but where to enter."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from assets.engine.panel import Bools, Floats, Ints
from trading.engine.barriers import Issued

Shares = tuple[float, float, float]
"""Target and stop as multiples of the close, and the sign."""


@njit(cache=True, nogil=True)
def _marked(entries: NDArray[np.uint8], close: Floats, shares: Shares, places: Ints, prices: Floats) -> int:
    """Rows and columns (2, S + 1), and sign, entry, target and stop (4, S + 1), of each marked cell with a
    close, in order of rows; their number S.

    Without a branch a cell: each is written down, and the next one over it where it does not count.
    """
    up, down, sign = shares
    length, width = entries.shape
    columns = np.empty(width + 1, dtype=np.int64)
    count = 0
    for t in range(length):
        marked = 0
        for n in range(width):
            columns[marked] = n
            marked += entries[t, n]
        for n in columns[:marked]:
            entry = close[t, n]
            places[0, count], places[1, count] = t, n
            prices[0, count], prices[1, count] = sign, entry
            prices[2, count], prices[3, count] = entry * up, entry * down
            count += entry == entry
    return count


def at_shares(
    entries: Bools, close: Floats, target: float, stop: float, horizon: int, sign: float = 1.0
) -> Issued:
    """A signal at every true cell of `entries` (T, N), its levels at shares of the bar's close.

    For rules that know no other levels; a cell without a close is no signal.
    """
    marked = np.ascontiguousarray(entries).view(np.uint8)
    most = int(np.count_nonzero(marked)) + 1
    places, prices = np.empty((2, most), dtype=np.int64), np.empty((4, most))
    shares = (1.0 + sign * target, 1.0 - sign * stop, sign)
    count = _marked(marked, np.ascontiguousarray(close), shares, places, prices)
    signs, entry, above, below = prices[:, :count]
    return Issued(
        rows=places[0, :count],
        columns=places[1, :count],
        sign=signs,
        entry=entry,
        target=above,
        stop=below,
        horizon=np.full(count, horizon, dtype=np.int64),
    )

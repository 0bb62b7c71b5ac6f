"""Signals of rules that know nothing but where to enter."""

from __future__ import annotations

import numpy as np
from numba import njit

from assets.engine.panel import Bools, Floats, Ints
from trading.engine.backtest.bits import ONE, Bytes, lowest, packed
from trading.engine.barriers import Issued

Shares = tuple[float, float, float]  # target, stop, sign


@njit(cache=True, nogil=True)
def _marked(entries: Bytes, close: Floats, shares: Shares, places: Ints, prices: Floats) -> int:
    """Rows and columns (2, S), and sign, entry, target and stop (4, S), of each marked cell with a close, in
    order of rows; their number."""
    up, down, sign = shares
    length, width = entries.shape
    marks = np.zeros((width + 63) // 64 * 64, dtype=np.uint8)
    bits = np.zeros(marks.shape[0] // 8, dtype=np.uint8)
    words = bits.view(np.uint64)
    count = 0
    for t in range(length):
        marks[:width] = entries[t]
        packed(marks, bits)
        for k in range(words.shape[0]):
            word = words[k]
            while word:
                n = 64 * k + int(lowest(word))
                word &= word - ONE
                entry = close[t, n]
                if entry == entry:
                    places[0, count], places[1, count] = t, n
                    prices[0, count], prices[1, count] = sign, entry
                    prices[2, count], prices[3, count] = entry * up, entry * down
                    count += 1
    return count


def at_shares(
    entries: Bools, close: Floats, target: float, stop: float, horizon: int, sign: float = 1.0
) -> Issued:
    """A signal at every true cell of `entries` (T, N), its levels at shares of the bar's close.

    For rules that know no other levels; a cell without a close is no signal.
    """
    marked = np.ascontiguousarray(entries).view(np.uint8)
    most = int(np.count_nonzero(marked))
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

"""Every trade of a set of signals, one after the other in order of their bars.

The rules are those of `barriers`: filled at the open of the first bar after the signal's that trades, the
stop first where one bar touches both levels, closed at the last close when time runs out. On top of them
stands the rule of issue: a coin has at most one open trade a direction, so a signal that comes while one is
open is skipped; at the close of the bar of its exit the coin is free again. A trade is followed to its end at
once, which decides whether the coin's next signal is taken.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from assets.engine.panel import Bools, Floats, Ints, Panel
from trading.engine.barriers import OPEN, Bars, Codes, Costs, Issued, _end, in_line

NEVER = np.iinfo(np.int64).max
AHEAD = 8  # rows that are in the cache before trades of the row read them; as many again at a time

Places = tuple[Ints, Ints, Ints]
"""Row, column and horizon of each signal, in order of rows."""
Plans = tuple[Floats, Floats, Floats, Floats]
"""Sign, entry, target and stop of each signal."""
# Tables, not tuples of arrays: each array that a compiled function takes costs it two counted references.
SIGNAL, ROW, ENTERED, EXITED, COLUMN = range(5)
SIGN, FILL, PRICE, GROSS, NET, MULTIPLE = range(6)
Done = tuple[Ints, Floats, Codes]
"""The columns of `Trades`: (5, S) whole numbers, (6, S) floats and (S,) codes."""


@dataclass(frozen=True, slots=True, eq=False)
class Trades:
    """Trades in the order of their signals, all arrays (K,).

    `signal` index into the signals they came from; `row` the signal's bar, `entered` and `exited` those of
    the fills (-1: none yet); `column` of the panel; `sign` +1 long, -1 short; `fill` and `exit_price` in USD;
    `code` index into barriers.OUTCOMES; `gross` and `net` return on the value of the fill, before and after
    costs; `return_r` net in multiples of the planned risk |entry - stop|. NaN: not known (still open, or no
    bar came to enter on).
    """

    signal: Ints
    row: Ints
    entered: Ints
    exited: Ints
    column: Ints
    sign: Floats
    fill: Floats
    exit_price: Floats
    code: Codes
    gross: Floats
    net: Floats
    return_r: Floats

    def __len__(self) -> int:
        return len(self.row)

    def take(self, keep: Bools | Ints) -> Trades:
        """The trades of the mask or index `keep`."""
        return Trades(*(getattr(self, f.name)[keep] for f in fields(self)))

    @property
    def closed(self) -> Bools:
        """Trades that were filled and have ended."""
        return np.asarray((self.code != OPEN) & np.isfinite(self.net))


@njit(cache=True, nogil=True, fastmath=True)
def _warm(bars: Bars, first: np.uint64, last: np.uint64) -> float:
    """Read the places from `first` to `last` in the order in which they lie; their sum is nobody's.

    Trades read here and there, and would wait for memory at each bar; read in order, bars arrive many times
    faster, and are in the cache when they are asked for.
    """
    opens, highs, lows, closes = bars
    total = 0.0
    for at in range(first, last):
        total += opens[at] + highs[at] + lows[at] + closes[at]
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def _sweep(bars: Bars, width: int, places: Places, plans: Plans, cost: float) -> tuple[Done, int, float]:
    """The columns of `Trades`, how many there are, and what `_warm` had to return."""
    rows, columns, horizons = places
    signs, entries, targets, stops = plans
    count, cells = rows.shape[0], bars[3].shape[0]
    ints = np.empty((5, count), dtype=np.int64)
    floats = np.empty((6, count), dtype=np.float64)
    codes = np.empty(count, dtype=np.int8)
    free = np.full(2 * width, -1)  # the first row at whose close a coin and direction has no open trade
    warmed, total = 0, 0.0
    k = 0
    for i in range(count):
        row, column, sign = rows[i], columns[i], signs[i]
        if (row + AHEAD) * width > warmed and warmed < cells:
            until = min((row + 2 * AHEAD) * width, cells)
            total += _warm(bars, np.uint64(max(warmed, row * width)), np.uint64(until))
            warmed = until
        lane = np.uint64(2 * column + (0 if sign > 0 else 1))
        if row < free[lane]:
            continue
        levels = (targets[i], stops[i], sign)
        code, price, exited, entered, fill = _end(bars, width, (row, column), horizons[i], levels)
        free[lane] = NEVER if code == OPEN else exited
        ints[SIGNAL, k], ints[ROW, k], ints[COLUMN, k] = i, row, column
        ints[ENTERED, k], ints[EXITED, k], codes[k] = entered, exited, code
        gain = sign * (price - fill)
        paid = gain - cost * (price + fill)
        floats[SIGN, k], floats[FILL, k], floats[PRICE, k] = sign, fill, price
        floats[GROSS, k], floats[NET, k] = gain / fill, paid / fill
        floats[MULTIPLE, k] = paid / abs(entries[i] - stops[i])
        k += 1
    return (ints, floats, codes), k, total


@njit(cache=True, nogil=True)
def _faults(rows: int, places: Places, width: int, plans: Plans) -> tuple[int, int, int]:
    """How many signals have levels out of order (a NaN is), no horizon, or no place in the panel."""
    disordered, short, outside = 0, 0, 0
    for i in range(len(places[0])):
        row, column, horizon = places[0][i], places[1][i], places[2][i]
        sign, entry, target, stop = plans[0][i], plans[1][i], plans[2][i], plans[3][i]
        low, high = (stop, target) if sign > 0 else (target, stop)
        disordered += not (low > 0.0 and low < entry and entry < high)
        short += horizon < 1
        outside += row < -1 or row >= rows or column < 0 or column >= width
    return disordered, short, outside


def trade(panel: Panel, issued: Issued, costs: Costs) -> Trades:
    """Follow `issued` through the bars of `panel`, at most one open trade a coin and direction.

    A signal of row -1 is one of the bar before the panel. Raises ValueError where levels are not in order
    or a signal's bar or coin is not in the panel.
    """
    order = _order(issued.rows)
    given = issued if order is None else issued.take(order)
    rows, width = panel.shape
    places = (_laid(given.rows), _laid(given.columns), _laid(given.horizon))
    plans = (_laid(given.sign), _laid(given.entry), _laid(given.target), _laid(given.stop))
    _refuse(_faults(rows, places, width, plans), panel)
    (ints, floats, codes), count, _ = _sweep(in_line(panel), width, places, plans, costs.side)
    signal, row, entered, exited, column = ints[:, :count]
    sign, fill, exit_price, gross, net, return_r = floats[:, :count]
    return Trades(
        signal=signal if order is None else order[signal],
        row=row,
        entered=entered,
        exited=exited,
        column=column,
        sign=sign,
        fill=fill,
        exit_price=exit_price,
        code=codes[:count],
        gross=gross,
        net=net,
        return_r=return_r,
    )


def _order(rows: Ints) -> Ints | None:
    """What brings signals into the order of their rows, those of one row as they came; None: they are."""
    return None if np.all(rows[1:] >= rows[:-1]) else np.argsort(rows, kind="stable")


def _laid(values: NDArray[Any]) -> NDArray[Any]:
    """The array in the one layout that loops are compiled for."""
    return np.ascontiguousarray(values)


def _refuse(faults: tuple[int, int, int], panel: Panel) -> None:
    """Raise ValueError where the signals cannot be followed."""
    disordered, short, outside = faults
    if disordered:
        raise ValueError("levels must be in order: stop < entry < target for a long, the reverse for a short")
    if short:
        raise ValueError("a horizon is one bar or more")
    if outside:
        rows, columns = panel.shape
        raise ValueError(f"{outside} signals lie outside the panel of {rows} bars x {columns} coins")


def join(parts: list[Trades]) -> Trades:
    """The trades of several runs in order of their signals' bars."""
    whole = Trades(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Trades)))
    return whole.take(np.argsort(whole.row, kind="stable"))

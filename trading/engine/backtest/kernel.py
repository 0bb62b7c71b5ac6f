"""Every trade of a set of signals in one sweep over the bars.

The rules are those of `barriers`: filled at the open of the first bar after the signal's that trades, the
stop first where one bar touches both levels, closed at the last close when time runs out. On top of them
stands the rule of issue: a coin has at most one open trade a direction, so a signal that comes while one is
open is skipped; at the close of the bar of its exit the coin is free again.

The sweep visits bars in the order in which they lie in memory, and looks again only at the cells that fill,
touch or run out.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from assets.engine.panel import Bools, Floats, Ints, Panel
from trading.engine.backtest.bits import ONE, Bytes, lowest, packed
from trading.engine.barriers import OPEN, TIME, Codes, Costs, Issued, _bar, _touch

NEVER = np.iinfo(np.int64).max

Bars = tuple[Floats, Floats, Floats, Floats]
Words = NDArray[np.uint64]
Upcoming = tuple[int, int, int]
"""The signal that comes next, how many trades there are, and how many of them wait to be filled."""

# Tables, not tuples of arrays: each array that a compiled function takes costs it two counted references.
ROW, COLUMN, LAST = range(3)
SIGN, GOAL, LOSS, RISK, COST = range(5)
Plans = tuple[Ints, Floats]
"""In order of rows: (S, 3) row, column, last bar; (S, 5) sign, target, stop, risk and a fill's cost."""
DOWN, UP = range(2)
ENDS, HOLDER = range(2)
Lanes = tuple[Floats, Ints]
"""(side, 2, N) lower and upper level, and the last bar and the trade that holds the lane."""
SIGNAL, AT, ENTERED, EXITED, COIN = range(5)
WAY, FILL, PRICE, GROSS, NET, MULTIPLE = range(6)
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


@njit(cache=True, nogil=True)
def _reached(bars: Bars, t: int, lanes: Lanes, side: int, marks: Bytes) -> None:
    """Mark the lanes that bar `t` concerns: a level reached or time run out.

    Without a branch, so that it becomes vectors. A NaN reaches nothing; open and close are asked too, for
    they stand in for what a bar lacks.
    """
    opens, highs, lows, closes = bars
    levels, held = lanes
    for n in range(closes.shape[1]):
        down, up = levels[side, DOWN, n], levels[side, UP, n]
        reached = (lows[t, n] <= down) | (highs[t, n] >= up)
        reached |= (opens[t, n] <= down) | (opens[t, n] >= up)
        reached |= (closes[t, n] <= down) | (closes[t, n] >= up)
        marks[n] = reached | (held[side, ENDS, n] <= t)


@njit(cache=True, nogil=True)
def _last_close(closes: Floats, first: int, t: int, n: int) -> float:
    """The last close from bar `first` to bar `t`; NaN where there is none."""
    for row in range(t, first - 1, -1):
        if closes[row, n] == closes[row, n]:
            return float(closes[row, n])
    return np.nan


@njit(cache=True, nogil=True)
def _earned(fill: float, price: float, sign: float, risk: float, cost: float) -> tuple[float, float, float]:
    """Gross and net return on the fill, and net R, of a trade."""
    gain = sign * (price - fill)
    paid = gain - cost * (price + fill)
    return gain / fill, paid / fill, paid / risk


@njit(cache=True, nogil=True)
def _settle(bars: Bars, t: int, side: int, words: Words, plans: Plans, done: Done, lanes: Lanes) -> None:
    """End the trades that bar `t` touches or whose time runs out there, among the lanes set in `words`."""
    opens, highs, lows, closes = bars
    places, terms = plans
    ints, floats, codes = done
    levels, held = lanes
    sign = 1.0 - 2.0 * side
    for k in range(words.shape[0]):
        word = words[k]
        while word:
            n = 64 * k + int(lowest(word))
            word &= word - ONE
            trade, close = held[side, HOLDER, n], closes[t, n]
            if trade < 0:
                continue
            i = ints[SIGNAL, trade]
            what, price = OPEN, close
            if close == close:
                open_, high, low = _bar(opens[t, n], highs[t, n], lows[t, n], close)
                if ints[ENTERED, trade] < 0:
                    ints[ENTERED, trade], floats[FILL, trade] = t, open_
                stop, target = levels[side, side, n], levels[side, 1 - side, n]
                what, price = _touch(open_, high, low, target, stop, sign)
            if what == OPEN:
                if held[side, ENDS, n] > t:
                    continue
                what, price = TIME, _last_close(closes, places[i, ROW] + 1, t, n)
            codes[trade], ints[EXITED, trade], floats[PRICE, trade] = what, t, price
            floats[GROSS, trade], floats[NET, trade], floats[MULTIPLE, trade] = _earned(
                floats[FILL, trade], price, sign, terms[i, RISK], terms[i, COST]
            )
            held[side, HOLDER, n], held[side, ENDS, n] = -1, NEVER
            levels[side, DOWN, n], levels[side, UP, n] = -np.inf, np.inf


@njit(cache=True, nogil=True)
def _fill(bars: Bars, t: int, done: Done, waiting: Ints, unfilled: int) -> int:
    """Write down the fills of bar `t`, which is in the cache by now; how many trades wait on."""
    opens, highs, lows, closes = bars
    ints, floats, _ = done
    kept = 0
    for k in range(unfilled):
        trade = waiting[k]
        n = ints[COIN, trade]
        if ints[ENTERED, trade] >= 0 or ints[EXITED, trade] >= 0:
            continue
        if closes[t, n] == closes[t, n]:
            ints[ENTERED, trade] = t
            floats[FILL, trade] = _bar(opens[t, n], highs[t, n], lows[t, n], closes[t, n])[0]
        else:
            waiting[kept] = trade
            kept += 1
    return kept


@njit(cache=True, nogil=True)
def _issue(t: int, coming: Upcoming, plans: Plans, done: Done, lanes: Lanes, waiting: Ints) -> Upcoming:
    """Give the signals of bar `t` their lanes where those are free; say what comes next.

    Until a bar fills and ends it, the trade is written down as `waiting` and open.
    """
    places, terms = plans
    levels, held = lanes
    ints, floats, codes = done
    i, trade, unfilled = coming
    while i < places.shape[0] and places[i, ROW] == t:
        n = places[i, COLUMN]
        side = 0 if terms[i, SIGN] > 0 else 1
        if held[side, HOLDER, n] < 0:
            held[side, HOLDER, n], held[side, ENDS, n] = trade, places[i, LAST]
            levels[side, side, n], levels[side, 1 - side, n] = terms[i, LOSS], terms[i, GOAL]
            ints[SIGNAL, trade], ints[AT, trade], ints[COIN, trade] = i, t, n
            ints[ENTERED, trade], ints[EXITED, trade], codes[trade] = -1, -1, OPEN
            floats[WAY, trade], floats[FILL, trade] = terms[i, SIGN], np.nan
            waiting[unfilled] = trade
            trade += 1
            unfilled += 1
        i += 1
    return i, trade, unfilled


@njit(cache=True, nogil=True)
def _leave_open(done: Done, lanes: Lanes) -> None:
    """Nothing is known of how the trades end that no bar has ended."""
    floats = done[1]
    for trade in lanes[1][:, HOLDER].copy().ravel():
        if trade >= 0:
            floats[PRICE:, trade] = np.nan


@njit(cache=True, nogil=True)
def _sweep(bars: Bars, plans: Plans, sides: int) -> tuple[Done, int]:
    """The columns of `Trades` and their number, `SIGNAL` being an index into `plans`.

    A lane is a coin and a direction. Each bar is compared with all lanes' levels and deadlines at once; only
    what it concerns is looked at again. A trade's columns are written while its lane is in the cache.
    """
    length, width = bars[3].shape
    count = plans[0].shape[0]
    done = (
        np.empty((5, count), dtype=np.int64),
        np.empty((6, count), dtype=np.float64),
        np.empty(count, dtype=np.int8),
    )
    lanes = (np.empty((sides, 2, width), dtype=np.float64), np.empty((sides, 2, width), dtype=np.int64))
    lanes[0][:, DOWN], lanes[0][:, UP] = -np.inf, np.inf
    lanes[1][:, ENDS], lanes[1][:, HOLDER] = NEVER, -1
    marks = np.zeros((width + 63) // 64 * 64, dtype=np.uint8)
    bits = np.zeros(marks.shape[0] // 8, dtype=np.uint8)
    waiting = np.empty(sides * width, dtype=np.int64)
    i, trades, unfilled = _issue(-1, (0, 0, 0), plans, done, lanes, waiting)
    for t in range(length):
        for side in range(sides):
            _reached(bars, t, lanes, side, marks)
            packed(marks, bits)
            _settle(bars, t, side, bits.view(np.uint64), plans, done, lanes)
        unfilled = _fill(bars, t, done, waiting, unfilled)
        i, trades, unfilled = _issue(t, (i, trades, unfilled), plans, done, lanes, waiting)
    _leave_open(done, lanes)
    return done, trades


@njit(cache=True, nogil=True)
def _planned(order: Ints, places: tuple[Ints, Ints, Ints], terms: tuple[Floats, ...], cost: float) -> Plans:
    """Signals in `order`, from rows, columns and horizons, and signs, targets, stops and entries."""
    rows, columns, horizons = places
    signs, targets, stops, entries = terms
    whole, exact = np.empty((len(order), 3), dtype=np.int64), np.empty((len(order), 5), dtype=np.float64)
    for k in range(len(order)):
        i = order[k]
        whole[k, ROW], whole[k, COLUMN], whole[k, LAST] = rows[i], columns[i], rows[i] + horizons[i]
        exact[k, SIGN], exact[k, GOAL], exact[k, LOSS] = signs[i], targets[i], stops[i]
        exact[k, RISK], exact[k, COST] = abs(entries[i] - stops[i]), cost
    return whole, exact


@njit(cache=True, nogil=True)
def _disordered(entry: Floats, target: Floats, stop: Floats, sign: Floats) -> bool:
    """Whether any signal's levels are not in order; a NaN is not."""
    for i in range(len(entry)):
        low, high = (stop[i], target[i]) if sign[i] > 0 else (target[i], stop[i])
        if not (low > 0.0 and low < entry[i] and entry[i] < high):
            return True
    return False


def trade(panel: Panel, issued: Issued, costs: Costs) -> Trades:
    """Follow `issued` through the bars of `panel`, at most one open trade a coin and direction.

    A signal of row -1 is one of the bar before the panel. Raises ValueError where levels are not in order
    or a signal's bar or coin is not in the panel.
    """
    check(panel, issued)
    bars = (_laid(panel.open), _laid(panel.high), _laid(panel.low), _laid(panel.close))
    order = _in_order(issued.rows)
    plans = _planned(
        order,
        (_laid(issued.rows), _laid(issued.columns), _laid(issued.horizon)),
        (_laid(issued.sign), _laid(issued.target), _laid(issued.stop), _laid(issued.entry)),
        costs.side,
    )
    sides = 2 if np.any(issued.sign < 0) else 1
    (ints, floats, codes), count = _sweep(bars, plans, sides)
    signal, row, entered, exited, column = ints[:, :count]
    sign, fill, exit_price, gross, net, return_r = floats[:, :count]
    return Trades(
        signal=order[signal],
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


def _in_order(rows: Ints) -> Ints:
    """The signals in order of their rows, those of one row as they came."""
    if np.all(rows[1:] >= rows[:-1]):
        return np.arange(len(rows), dtype=np.int64)
    return np.argsort(rows, kind="stable")


def _laid(values: NDArray[Any]) -> NDArray[Any]:
    """The array in the one layout that loops are compiled for."""
    return np.ascontiguousarray(values)


def check(panel: Panel, issued: Issued) -> None:
    """Raise ValueError where the signals cannot be followed in `panel`."""
    if _disordered(issued.entry, issued.target, issued.stop, issued.sign):
        raise ValueError("levels must be in order: stop < entry < target for a long, the reverse for a short")
    if np.any(issued.horizon < 1):
        raise ValueError("a horizon is one bar or more")
    if not len(issued.rows):
        return
    rows, columns = panel.shape
    outside = (issued.rows < -1) | (issued.rows >= rows) | (issued.columns < 0) | (issued.columns >= columns)
    if np.any(outside):
        raise ValueError(
            f"{int(outside.sum())} signals lie outside the panel of {rows} bars x {columns} coins"
        )


def join(parts: list[Trades]) -> Trades:
    """The trades of several runs in order of their signals' bars."""
    whole = Trades(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Trades)))
    return whole.take(np.argsort(whole.row, kind="stable"))

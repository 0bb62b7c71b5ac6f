"""Every trade of a set of signals in one sweep over the bars.

The rules are those of `barriers`: filled at the open of the first bar after the signal's that trades, the
stop first where one bar touches both levels, closed at the last close when time runs out. On top of them
stands the rule of issue: a coin has at most one open trade a direction, so a signal that comes while one is
open is skipped; at the close of the bar of its exit the coin is free again.

The sweep visits bars in the order in which they lie in memory, and of each bar only the cells that hold an
open trade.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numba import njit
from numpy.typing import NDArray

from assets.engine.panel import Bools, Floats, Ints, Panel
from trading.engine.barriers import OPEN, TIME, Codes, Costs, Issued, _bar, _touch

Bars = tuple[Floats, Floats, Floats, Floats]
Bytes = NDArray[np.uint8]
Plans = tuple[Ints, Ints, Floats, Floats, Floats, Ints]  # row, column, target, stop, sign, horizon
Done = tuple[Ints, Ints, Ints, Floats, Floats, Codes]  # signal, entered, exited, fill, exit price, code
Lanes = tuple[Floats, Floats, Ints]  # (side, column): lower level, upper level, the trade that holds it
Lists = tuple[Ints, Ints]  # each bar's first trade, each trade's next


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
def _touched(bars: Bars, t: int, low_level: Floats, high_level: Floats, mask: Bytes) -> None:
    """Which lanes' levels bar `t` may have reached (`mask`); without a branch, so that it becomes vectors.

    A lane without a trade has infinite levels. A NaN reaches nothing; the close is asked too, for it stands
    in for what a bar lacks.
    """
    opens, highs, lows, closes = bars
    for n in range(closes.shape[1]):
        down, up = low_level[n], high_level[n]
        reached = (lows[t, n] <= down) | (highs[t, n] >= up)
        reached |= (opens[t, n] <= down) | (opens[t, n] >= up)
        reached |= (closes[t, n] <= down) | (closes[t, n] >= up)
        mask[n] = reached


@njit(cache=True, nogil=True)
def _last_close(closes: Floats, first: int, t: int, n: int) -> float:
    """The last close from bar `first` to bar `t`; NaN where there is none."""
    for row in range(t, first - 1, -1):
        if closes[row, n] == closes[row, n]:
            return float(closes[row, n])
    return np.nan


@njit(cache=True, nogil=True)
def _end(done: Done, lanes: Lanes, lane: tuple[int, int], how: tuple[int, int, float]) -> None:
    """Write down how (code, bar, price) the trade of `lane` (side, column) ended, and free the lane."""
    low_level, high_level, holder = lanes
    trade = holder[lane]
    done[5][trade], done[2][trade], done[4][trade] = how
    holder[lane] = -1
    low_level[lane], high_level[lane] = -np.inf, np.inf


@njit(cache=True, nogil=True)
def _settle(bars: Bars, t: int, plans: Plans, done: Done, lanes: Lanes, mask: Bytes) -> None:
    """End what bar `t` touches."""
    opens, highs, lows, closes = bars
    _, _, targets, stops, signs, _ = plans
    signal, entered, _, fill, _, _ = done
    width = closes.shape[1]
    eights = mask.view(np.uint64)
    for side in range(mask.shape[0]):
        _touched(bars, t, lanes[0][side], lanes[1][side], mask[side])
        for eight in range(eights.shape[1]):
            if eights[side, eight] == 0:
                continue
            for n in range(8 * eight, min(8 * eight + 8, width)):
                if mask[side, n] == 0 or closes[t, n] != closes[t, n]:
                    continue
                trade = lanes[2][side, n]
                i = signal[trade]
                open_, high, low = _bar(opens[t, n], highs[t, n], lows[t, n], closes[t, n])
                if entered[trade] < 0:
                    entered[trade], fill[trade] = t, open_
                what, price = _touch(open_, high, low, targets[i], stops[i], signs[i])
                if what != OPEN:
                    _end(done, lanes, (side, n), (what, t, price))


@njit(cache=True, nogil=True)
def _fill(bars: Bars, t: int, columns: Ints, done: Done, waiting: Ints, unfilled: int) -> int:
    """Write down the fills of bar `t`, which is in the cache by now; how many trades wait on."""
    opens, highs, lows, closes = bars
    signal, entered, _, fill, _, code = done
    kept = 0
    for k in range(unfilled):
        trade = waiting[k]
        if entered[trade] >= 0 or code[trade] != OPEN:
            continue
        n = columns[signal[trade]]
        if closes[t, n] == closes[t, n]:
            entered[trade] = t
            fill[trade] = _bar(opens[t, n], highs[t, n], lows[t, n], closes[t, n])[0]
        else:
            waiting[kept] = trade
            kept += 1
    return kept


@njit(cache=True, nogil=True)
def _run_out(bars: Bars, t: int, plans: Plans, done: Done, lanes: Lanes, due: Lists) -> None:
    """End the trades whose time runs out at bar `t`."""
    heads, following = due
    rows, columns, _, _, signs, _ = plans
    trade = heads[t]
    while trade >= 0:
        i = done[0][trade]
        lane = (0 if signs[i] > 0 else 1, columns[i])
        if lanes[2][lane] == trade:
            price = _last_close(bars[3], rows[i] + 1, t, columns[i])
            _end(done, lanes, lane, (TIME, t, price))
        trade = following[trade]


@njit(cache=True, nogil=True)
def _sweep(bars: Bars, order: Ints, plans: Plans) -> tuple[Ints, Ints, Ints, Floats, Floats, Codes]:
    """Signal, entry row, exit row, fill, exit price and code of each trade; `order` sorts signals by row.

    A lane is a coin and a direction. Each bar is compared with all lanes' levels at once; only what
    touched is looked at again. Trades whose time runs out at a bar hang in a list of that bar.
    """
    rows, columns, targets, stops, signs, horizons = plans
    length, width = bars[3].shape
    count = order.shape[0]
    signal = np.empty(count, dtype=np.int64)
    entered, exited = np.full(count, -1, dtype=np.int64), np.full(count, -1, dtype=np.int64)
    fill, exit_price = np.full(count, np.nan), np.full(count, np.nan)
    code = np.zeros(count, dtype=np.int8)
    done = (signal, entered, exited, fill, exit_price, code)
    sides = 2 if np.any(signs < 0) else 1
    low_level, high_level = np.full((sides, width), -np.inf), np.full((sides, width), np.inf)
    holder = np.full((sides, width), -1, dtype=np.int64)
    lanes = (low_level, high_level, holder)
    mask = np.zeros((sides, (width + 7) // 8 * 8), dtype=np.uint8)
    due = (np.full(length + 1, -1, dtype=np.int64), np.empty(count, dtype=np.int64))
    waiting = np.empty(sides * width, dtype=np.int64)  # trades that no bar has filled yet
    unfilled, trades, upcoming = 0, 0, 0
    for t in range(-1, length):
        if t >= 0:
            _settle(bars, t, plans, done, lanes, mask)
            unfilled = _fill(bars, t, columns, done, waiting, unfilled)
            _run_out(bars, t, plans, done, lanes, due)
        while upcoming < count and rows[order[upcoming]] == t:
            i = order[upcoming]
            upcoming += 1
            side, n = 0 if signs[i] > 0 else 1, columns[i]
            if holder[side, n] >= 0:
                continue
            holder[side, n] = trades
            low_level[side, n] = min(targets[i], stops[i])
            high_level[side, n] = max(targets[i], stops[i])
            signal[trades] = i
            ends = min(t + horizons[i], length)
            due[1][trades], due[0][ends] = due[0][ends], trades
            waiting[unfilled] = trades
            unfilled += 1
            trades += 1
    return (
        signal[:trades],
        entered[:trades],
        exited[:trades],
        fill[:trades],
        exit_price[:trades],
        code[:trades],
    )


@njit(cache=True, nogil=True)
def _places(entries: Bools, close: Floats) -> tuple[Ints, Ints]:
    """Row and column of every true cell that has a close, in order of rows."""
    count = np.count_nonzero(entries)
    rows, columns = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    k = 0
    for t in range(entries.shape[0]):
        for n in range(entries.shape[1]):
            if entries[t, n] and close[t, n] == close[t, n]:
                rows[k], columns[k] = t, n
                k += 1
    return rows[:k], columns[:k]


@njit(cache=True, nogil=True)
def _earned(
    signal: Ints, sign: Floats, planned: tuple[Floats, Floats], fills: tuple[Floats, Floats], side: float
) -> tuple[Floats, Floats, Floats]:
    """Gross and net return on the fill, and net R, of each trade."""
    entry, stop = planned
    fill, exit_price = fills
    gross, net, return_r = np.empty(len(signal)), np.empty(len(signal)), np.empty(len(signal))
    for k in range(len(signal)):
        i = signal[k]
        gain = sign[i] * (exit_price[k] - fill[k])
        paid = gain - side * (exit_price[k] + fill[k])
        gross[k], net[k] = gain / fill[k], paid / fill[k]
        return_r[k] = paid / abs(entry[i] - stop[i])
    return gross, net, return_r


@njit(cache=True, nogil=True)
def _disordered(entry: Floats, target: Floats, stop: Floats, sign: Floats) -> bool:
    """Whether any signal's levels are not in order; a NaN is not."""
    for i in range(len(entry)):
        low, high = (stop[i], target[i]) if sign[i] > 0 else (target[i], stop[i])
        if not (low > 0.0 and low < entry[i] and entry[i] < high):
            return True
    return False


def at_shares(
    entries: Bools, close: Floats, target: float, stop: float, horizon: int, sign: float = 1.0
) -> Issued:
    """A signal at every true cell of `entries` (T, N), its levels at shares of the bar's close.

    For rules that know no other levels; a cell without a close is no signal.
    """
    rows, columns = _places(np.ascontiguousarray(entries), _laid(close))
    entry = close[rows, columns]
    return Issued(
        rows=rows,
        columns=columns,
        sign=np.full(len(rows), sign),
        entry=entry,
        target=entry * (1.0 + sign * target),
        stop=entry * (1.0 - sign * stop),
        horizon=np.full(len(rows), horizon, dtype=np.int64),
    )


def trade(panel: Panel, issued: Issued, costs: Costs) -> Trades:
    """Follow `issued` through the bars of `panel`, at most one open trade a coin and direction.

    A signal of row -1 is one of the bar before the panel. Raises ValueError where levels are not in order
    or a signal's bar or coin is not in the panel.
    """
    check(panel, issued)
    order = np.argsort(issued.rows, kind="stable")
    if len(order) and np.all(order[1:] > order[:-1]):
        order = np.arange(len(order), dtype=np.int64)
    bars = (_laid(panel.open), _laid(panel.high), _laid(panel.low), _laid(panel.close))
    plans = (issued.rows, issued.columns, issued.target, issued.stop, issued.sign, issued.horizon)
    signal, entered, exited, fill, exit_price, code = _sweep(bars, order, plans)
    planned = (issued.entry, issued.stop)
    gross, net, return_r = _earned(signal, issued.sign, planned, (fill, exit_price), costs.side)
    return Trades(
        signal=signal,
        row=issued.rows[signal],
        entered=entered,
        exited=exited,
        column=issued.columns[signal],
        sign=issued.sign[signal],
        fill=fill,
        exit_price=exit_price,
        code=code,
        gross=gross,
        net=net,
        return_r=return_r,
    )


def _laid(values: Floats) -> Floats:
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

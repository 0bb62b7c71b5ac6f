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


@dataclass(frozen=True, slots=True, eq=False)
class Trades:
    """Trades in the order of their signals, all arrays (K,).

    `signal` index into the signals they came from; `row` the signal's bar, `entered` and `exited` those of the
    fills (-1: none yet); `column` of the panel; `sign` +1 long, -1 short; `fill` and `exit_price` in USD;
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
    """Which lanes' levels bar `t` may have reached (`mask`), without a branch: the compiler makes vectors of it.

    A lane without a trade has infinite levels. A NaN reaches nothing; the close is asked too, for it stands in
    for what a bar lacks.
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
def _sweep(
    bars: Bars, order: Ints, cells: tuple[Ints, Ints], levels: tuple[Floats, Floats], signs: Floats, horizons: Ints
) -> tuple[Ints, Ints, Ints, Floats, Floats, Codes]:
    """Signal, entry row, exit row, fill, exit price and code of each trade; `order` sorts signals by row.

    A lane is a coin and a direction. Each bar is compared with all lanes' levels at once; only what touched is
    looked at again. Trades whose time runs out at a bar hang in a list of that bar.
    """
    opens, highs, lows, closes = bars
    rows, columns = cells
    targets, stops = levels
    length, width = closes.shape
    count = order.shape[0]
    signal = np.empty(count, dtype=np.int64)
    entered = np.full(count, -1, dtype=np.int64)
    exited = np.full(count, -1, dtype=np.int64)
    fill = np.full(count, np.nan)
    exit_price = np.full(count, np.nan)
    code = np.zeros(count, dtype=np.int8)
    sides = 2 if np.any(signs < 0) else 1
    low_level = np.full((sides, width), -np.inf)
    high_level = np.full((sides, width), np.inf)
    holder = np.full((sides, width), -1, dtype=np.int64)
    mask = np.zeros((sides, (width + 7) // 8 * 8), dtype=np.uint8)
    eights = mask.view(np.uint64)
    due = np.full(length + 1, -1, dtype=np.int64)  # head of each bar's list
    following = np.empty(count, dtype=np.int64)
    waiting = np.empty(sides * width, dtype=np.int64)  # trades that no bar has filled yet
    unfilled = 0
    trades = 0
    upcoming = 0
    for t in range(-1, length):
        for side in range(sides if t >= 0 else 0):
            _touched(bars, t, low_level[side], high_level[side], mask[side])
            for eight in range(eights.shape[1]):
                if eights[side, eight] == 0:
                    continue
                for n in range(8 * eight, min(8 * eight + 8, width)):
                    if mask[side, n] == 0 or closes[t, n] != closes[t, n]:
                        continue
                    trade = holder[side, n]
                    i = signal[trade]
                    open_, high, low = _bar(opens[t, n], highs[t, n], lows[t, n], closes[t, n])
                    if entered[trade] < 0:
                        entered[trade], fill[trade] = t, open_
                    what, price = _touch(open_, high, low, targets[i], stops[i], signs[i])
                    if what != OPEN:
                        code[trade], exited[trade], exit_price[trade] = what, t, price
                        holder[side, n] = -1
                        low_level[side, n], high_level[side, n] = -np.inf, np.inf
        kept = 0  # the bar is in the cache by now: what it fills is written down after it was compared
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
        unfilled = kept
        trade = due[t] if t >= 0 else -1
        while trade >= 0:
            i = signal[trade]
            side, n = 0 if signs[i] > 0 else 1, columns[i]
            if holder[side, n] == trade:
                code[trade], exited[trade] = TIME, t
                exit_price[trade] = _last_close(closes, rows[i] + 1, t, n)
                holder[side, n] = -1
                low_level[side, n], high_level[side, n] = -np.inf, np.inf
            trade = following[trade]
        while upcoming < count and rows[order[upcoming]] == t:
            i = order[upcoming]
            upcoming += 1
            side, n = 0 if signs[i] > 0 else 1, columns[i]
            if holder[side, n] >= 0:
                continue
            holder[side, n] = trades
            signal[trades] = i
            ends = min(t + horizons[i], length)
            following[trades] = due[ends]
            due[ends] = trades
            low_level[side, n] = min(targets[i], stops[i])
            high_level[side, n] = max(targets[i], stops[i])
            waiting[unfilled] = trades
            unfilled += 1
            trades += 1
    return signal[:trades], entered[:trades], exited[:trades], fill[:trades], exit_price[:trades], code[:trades]


def trade(panel: Panel, issued: Issued, costs: Costs) -> Trades:
    """Follow `issued` through the bars of `panel`, at most one open trade a coin and direction.

    A signal of row -1 is one of the bar before the panel. Raises ValueError where levels are not in order
    or a signal's bar or coin is not in the panel.
    """
    check(panel, issued)
    order = np.argsort(issued.rows, kind="stable")
    if len(order) and np.all(order[1:] > order[:-1]):
        order = np.arange(len(order), dtype=np.int64)
    # One layout, so that one loop is compiled.
    bars = tuple(np.ascontiguousarray(getattr(panel, name)) for name in ("open", "high", "low", "close"))
    cells, levels = (issued.rows, issued.columns), (issued.target, issued.stop)
    signal, entered, exited, fill, exit_price, code = _sweep(
        bars, order, cells, levels, issued.sign, issued.horizon
    )
    sign = issued.sign[signal]
    gain = sign * (exit_price - fill)
    paid = gain - costs.side * (exit_price + fill)
    risk = np.abs(issued.entry[signal] - issued.stop[signal])
    return Trades(
        signal=signal,
        row=issued.rows[signal],
        entered=entered,
        exited=exited,
        column=issued.columns[signal],
        sign=sign,
        fill=fill,
        exit_price=exit_price,
        code=code,
        gross=gain / fill,
        net=paid / fill,
        return_r=paid / risk,
    )


def check(panel: Panel, issued: Issued) -> None:
    """Raise ValueError where the signals cannot be followed in `panel`."""
    low = np.where(issued.sign > 0, issued.stop, issued.target)
    high = np.where(issued.sign > 0, issued.target, issued.stop)
    if not np.all((low > 0) & (low < issued.entry) & (issued.entry < high)):
        raise ValueError("levels must be in order: stop < entry < target for a long, the reverse for a short")
    if np.any(issued.horizon < 1):
        raise ValueError("a horizon is one bar or more")
    if not len(issued.rows):
        return
    rows, columns = panel.shape
    outside = (issued.rows < -1) | (issued.rows >= rows) | (issued.columns < 0) | (issued.columns >= columns)
    if np.any(outside):
        raise ValueError(f"{int(outside.sum())} signals lie outside the panel of {rows} bars x {columns} coins")


def join(parts: list[Trades]) -> Trades:
    """The trades of several runs in order of their signals' bars."""
    whole = Trades(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Trades)))
    return whole.take(np.argsort(whole.row, kind="stable"))

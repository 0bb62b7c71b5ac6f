"""What became of an entry: target, stop or time, decided bar by bar (triple barrier, Lopez de Prado 2018).

A signal of bar t is filled at the open of the first bar after t that trades. From then on each bar is asked
in this order: did it open beyond a level (then the open is the fill), did it touch the stop, did it touch
the target. So the stop comes first where one bar touches both. After `horizon` bars what is left is closed
at the last close. A bar without close is no bar; a missing open, high or low is taken from what the bar
has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np
from numba import njit
from numpy.typing import NDArray

from assets.engine.panel import Bools, Floats, Ints, Panel

Codes = NDArray[np.int8]
Bars = tuple[Floats, Floats, Floats, Floats]
"""Open, high, low and close, row after row in one line."""


class Direction(StrEnum):
    """Which way a signal bets."""

    LONG = "long"
    SHORT = "short"

    @property
    def sign(self) -> float:
        """+1 where a rising price pays, -1 where a falling one does."""
        return 1.0 if self is Direction.LONG else -1.0


class Outcome(StrEnum):
    """How an entry ended; the position in this list is its code in arrays."""

    OPEN = "open"
    TARGET = "target"
    STOP = "stop"
    TIME = "time"


DIRECTIONS = (Direction.LONG, Direction.SHORT)
OUTCOMES = tuple(Outcome)
OPEN, TARGET, STOP, TIME = range(4)


@dataclass(frozen=True, slots=True)
class Costs:
    """What a fill costs, as shares of its value: the venue's fee and the slippage behind the quoted price."""

    fee: float = 0.001
    slippage: float = 0.0005

    @property
    def side(self) -> float:
        """Cost of one fill; a trade pays it twice."""
        return self.fee + self.slippage


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """One entry in each cell.

    `code` (int8, index into OUTCOMES); `offset` bars from the signal's bar to the exit's (0 while open);
    `exit_price`; `return_r` after fees and slippage, in multiples of the planned risk |entry - stop|.
    Prices and returns are NaN while open, and where no bar came to enter on before time ran out.
    """

    code: Codes
    offset: Ints
    exit_price: Floats
    return_r: Floats


@njit(cache=True, nogil=True)
def _bar(open_: float, high: float, low: float, close: float) -> tuple[float, float, float]:
    """Open, high and low of a bar that has a close, what is missing filled from the rest."""
    if np.isnan(open_):
        open_ = close
    if np.isnan(high):
        high = max(open_, close)
    if np.isnan(low):
        low = min(open_, close)
    return open_, high, low


@njit(cache=True, nogil=True)
def _touch(
    open_: float, high: float, low: float, target: float, stop: float, sign: float
) -> tuple[int, float]:
    """Which level a bar decides and at what price; (OPEN, NaN) where it touches none.

    Without branches, for which of them a bar takes cannot be foretold.
    """
    worst, best = (low, high) if sign > 0 else (high, low)
    below = sign * (open_ - stop) <= 0.0
    above = (sign * (open_ - target) >= 0.0) & (not below)
    stopped = below | ((sign * (worst - stop) <= 0.0) & (not above))
    ended = stopped | above | (sign * (best - target) >= 0.0)
    level = stop if stopped else target
    price = open_ if below | above else level
    return (STOP if stopped else TARGET) if ended else OPEN, price if ended else np.nan


@njit(cache=True, nogil=True)
def _follow(
    bars: Bars, start: np.uint64, step: np.uint64, count: int, levels: tuple[float, float, float]
) -> tuple[int, float, int, int, float]:
    """Code and price of the exit, bars before it, bars before the fill (-1: none) and the fill's price.

    At most `count` bars of one coin are read, from place `start` on, `step` apart (unsigned numbers: a place
    that cannot be negative is found without a test). `levels` are target, stop and sign.
    """
    opens, highs, lows, closes = bars
    target, stop, sign = levels
    down, up = (stop, target) if sign > 0 else (target, stop)
    at, seen = start, 0
    while seen < count and closes[at] != closes[at]:
        at += step
        seen += 1
    if seen >= count:
        return OPEN, np.nan, count, -1, np.nan
    entered, fill = seen, opens[at] if opens[at] == opens[at] else closes[at]
    while seen < count:
        open_, high, low = opens[at], highs[at], lows[at]
        # Most bars are quiet. What lacks something is not, and looked at again.
        if not (low > down and high < up and open_ > down and open_ < up):
            close = closes[at]
            if close == close:
                open_, high, low = _bar(open_, high, low, close)
                code, price = _touch(open_, high, low, target, stop, sign)
                if code != OPEN:
                    return code, price, seen, entered, fill
        at += step
        seen += 1
    return OPEN, np.nan, count, entered, fill


@njit(cache=True, nogil=True, inline="always")
def _end(
    bars: Bars, width: int, cell: tuple[int, int], horizon: int, levels: tuple[float, float, float]
) -> tuple[int, float, int, int, float]:
    """Code, price and row of the exit (-1: open), row of the fill (-1: none) and its price, of the signal at
    `cell` (row, column) among `width` coins; what neither level ends, time does."""
    row, column = cell
    closes = bars[3]
    due, left = row + horizon, len(closes) // width - 1 - row
    start = np.uint64((row + 1) * width + column)
    code, price, seen, filled, fill = _follow(bars, start, np.uint64(width), min(horizon, left), levels)
    entered = row + 1 + filled if filled >= 0 else -1
    if code != OPEN:
        return code, price, row + 1 + seen, entered, fill
    if horizon > left:
        return OPEN, np.nan, -1, entered, fill
    price = np.nan
    for t in range(due, row, -1):
        price = closes[np.uint64(t * width + column)]
        if price == price:
            break
    return TIME, price, due, entered, fill


@njit(cache=True, nogil=True)
def _decide(
    bars: Bars,
    width: int,
    cells: tuple[Ints, Ints],
    levels: tuple[Floats, Floats, Floats],
    signs: Floats,
    horizons: Ints,
    side_cost: float,
) -> tuple[Codes, Ints, Floats, Floats]:
    rows, columns = cells
    entry, target, stop = levels
    count = rows.shape[0]
    code = np.zeros(count, dtype=np.int8)
    offset = np.zeros(count, dtype=np.int64)
    exit_price = np.full(count, np.nan)
    return_r = np.full(count, np.nan)
    for i in range(count):
        plan = (target[i], stop[i], signs[i])
        what, price, when, _, fill = _end(bars, width, (rows[i], columns[i]), horizons[i], plan)
        if what == OPEN:
            continue
        code[i], offset[i], exit_price[i] = what, when - rows[i], price
        risk = abs(entry[i] - stop[i])
        if risk > 0.0:
            gain = signs[i] * (price - fill)
            return_r[i] = (gain - side_cost * (price + fill)) / risk
    return code, offset, exit_price, return_r


def first_touch(
    bars: Sequence[tuple[float, float, float, float]], target: float, stop: float, sign: float
) -> tuple[int, float]:
    """Which level consecutive bars (open, high, low, close) decide first, and at what price; (OPEN, NaN)
    if none."""
    for open_, high, low, _close in bars:
        code, price = _touch(open_, high, low, target, stop, sign)
        if code != OPEN:
            return int(code), float(price)
    return OPEN, float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class Issued:
    """Signals to follow, all arrays (S,): panel row and column of the bar that spoke, +1 long or -1 short,
    the three prices, and bars until time runs out."""

    rows: Ints
    columns: Ints
    sign: Floats
    entry: Floats
    target: Floats
    stop: Floats
    horizon: Ints

    def take(self, keep: Bools | Ints) -> Issued:
        """The signals of the mask or index `keep`."""
        return Issued(*(getattr(self, f.name)[keep] for f in fields(self)))


def resolve(panel: Panel, issued: Issued, costs: Costs) -> Outcomes:
    """Outcome (S,) of each issued signal from the bars of `panel` after its own.

    The signal's own bar need not be in the panel: row -1 is the bar before its first. Raises ValueError
    where levels are not in order (long: stop < entry < target; short the reverse), or the bars after a
    signal or its asset are not in the panel.
    """
    low = np.where(issued.sign > 0, issued.stop, issued.target)
    high = np.where(issued.sign > 0, issued.target, issued.stop)
    if not np.all((low > 0) & (low < issued.entry) & (issued.entry < high)):
        raise ValueError("levels must be in order: stop < entry < target for a long, the reverse for a short")
    if issued.rows.size and (issued.rows.min() < -1 or issued.columns.max() >= panel.shape[1]):
        raise ValueError("the panel must reach from the bar after each signal on and hold its asset")
    levels = (issued.entry, issued.target, issued.stop)
    cells = (issued.rows, issued.columns)
    width = panel.shape[1]
    return Outcomes(*_decide(in_line(panel), width, cells, levels, issued.sign, issued.horizon, costs.side))


def in_line(panel: Panel) -> Bars:
    """The panel's prices as loops read them; copies only what does not lie so already."""
    return panel.open.ravel(), panel.high.ravel(), panel.low.ravel(), panel.close.ravel()


def outcomes(
    panel: Panel, prices: tuple[Floats, Floats, Floats], direction: Direction, horizon: int, costs: Costs
) -> Outcomes:
    """Outcome (T, N) of an entry signalled at every cell that has `prices` (entry, target, stop), each (T,
    N).

    Cells without prices stay open. A cell's outcome depends on the `horizon` bars after it alone.
    """
    rows, columns = np.nonzero(np.isfinite(prices[0]) & np.isfinite(prices[1]) & np.isfinite(prices[2]))
    entry, target, stop = (level[rows, columns] for level in prices)
    issued = Issued(
        rows=rows.astype(np.int64),
        columns=columns.astype(np.int64),
        sign=np.full(rows.size, direction.sign),
        entry=entry,
        target=target,
        stop=stop,
        horizon=np.full(rows.size, horizon, dtype=np.int64),
    )
    flat = resolve(panel, issued, costs)
    shape = panel.shape
    wide = Outcomes(
        np.zeros(shape, dtype=np.int8),
        np.zeros(shape, dtype=np.int64),
        np.full(shape, np.nan),
        np.full(shape, np.nan),
    )
    for into, values in (
        (wide.code, flat.code),
        (wide.offset, flat.offset),
        (wide.exit_price, flat.exit_price),
        (wide.return_r, flat.return_r),
    ):
        into[rows, columns] = values
    return wide

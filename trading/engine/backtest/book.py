"""The portfolio that takes the trades: sizes, the exposure cap, costs, and its worth at every close.

Trades are taken in order of their fills. Each is given a share of the portfolio's worth at the close before
its fill, cut down to what the cap still leaves; what is cut to nothing is not taken. A long ties up its
value in cash, a short is a loan of the coin: its worth moves against the price. Fees and slippage are paid
on both fills. Once all is lost nothing comes back: what still runs is sold to pay for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from assets.engine.panel import Floats, Ints
from trading.engine.backtest.kernel import Trades
from trading.engine.barriers import OPEN, Costs

LEAST_SHARE = 1e-6  # of the portfolio: less is no position


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What the portfolio goes by.

    `share` (K,) of the portfolio wanted for each trade; `cap` (T,) most that may be in the market, known at
    the close of each bar, as a share of the portfolio; NaN: no cap but the whole.
    """

    share: Floats
    cap: Floats
    costs: Costs


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """How the portfolio did.

    `equity` (T,) worth at each close, 1 before the first; `invested` (T,) value in the market at each close
    as a share of the worth; `traded` (T,) value of the bar's fills as a share of the worth before; `size`
    (K,) what was put behind each trade as a share of the portfolio then, 0 where it was not taken.
    """

    equity: Floats
    invested: Floats
    traded: Floats
    size: Floats


@njit(cache=True, nogil=True)
def _settle(
    close: Floats,
    row: int,
    alive: Ints,
    running: int,
    exited: Ints,
    columns: Ints,
    signs: Floats,
    fills: tuple[Floats, Floats],
    units: Floats,
    mark: Floats,
    side: float,
) -> tuple[int, float, float, float, float]:
    """Let go of what leaves at `row` and mark the rest at its closes (N,); writes `alive` and `mark`.

    Returns how many still run, the cash that came free, the value of the fills, and of what is held the
    gain and the value.
    """
    fill, exit_price = fills
    kept = 0
    freed = turned = gain = held = 0.0
    for j in range(running):
        k = alive[j]
        if exited[k] == row:
            value = units[k] * exit_price[k]
            freed += signs[k] * units[k] * (exit_price[k] - fill[k]) - side * value
            turned += value
            continue
        price = close[columns[k]]
        if np.isfinite(price):
            mark[k] = price
        gain += signs[k] * units[k] * (mark[k] - fill[k])
        held += units[k] * mark[k]
        alive[kept] = k
        kept += 1
    return kept, freed, turned, gain, held


@njit(cache=True, nogil=True)
def _keep(
    close: Floats,
    spans: tuple[Ints, Ints],
    columns: Ints,
    signs: Floats,
    fills: tuple[Floats, Floats],
    share: Floats,
    cap: Floats,
    side: float,
    least: float,
) -> tuple[Floats, Floats, Floats, Floats]:
    entered, exited = spans
    fill = fills[0]
    rows = close.shape[0]
    count = entered.shape[0]
    equity = np.ones(rows)
    invested = np.zeros(rows)
    traded = np.zeros(rows)
    size = np.zeros(count)
    units = np.zeros(count)
    mark = np.zeros(count)
    alive = np.empty(count, dtype=np.int64)
    running = 0
    upcoming = 0
    cash = 1.0  # free cash: what is behind open trades is inside `held`
    worth = 1.0
    held = 0.0
    for t in range(rows):
        before = worth
        if before <= 0.0:  # lost: what still ran was sold to pay for it
            equity[t:] = 0.0
            break
        room = cap[t - 1] if t > 0 else 1.0
        if np.isnan(room) or room > 1.0:
            room = 1.0
        while upcoming < count and entered[upcoming] == t:
            k = upcoming
            upcoming += 1
            value = min(share[k] * before, room * before - held)
            if not value > least * before:
                continue
            size[k] = value / before
            units[k] = value / fill[k]
            mark[k] = fill[k]
            cash -= side * value
            traded[t] += value / before
            held += value
            alive[running] = k
            running += 1
        running, freed, turned, gain, held = _settle(
            close[t], t, alive, running, exited, columns, signs, fills, units, mark, side
        )
        cash += freed
        traded[t] += turned / before
        worth = max(cash + gain, 0.0)
        equity[t] = worth
        invested[t] = held / worth if worth > 0.0 else 0.0
    return equity, invested, traded, size


def keep_book(close: Floats, trades: Trades, terms: Terms) -> Book:
    """The portfolio over the bars of `close` (T, N); `size` of the book is in the order of `trades`.

    Trades not filled or without an exit price are not taken; those still open at the end are valued at the
    last close.
    """
    usable = np.isfinite(trades.fill) & ((trades.code == OPEN) | np.isfinite(trades.exit_price))
    order = np.flatnonzero(usable)
    order = order[np.argsort(trades.entered[order], kind="stable")]
    equity, invested, traded, size = _keep(
        close,
        (trades.entered[order], trades.exited[order]),
        trades.column[order],
        trades.sign[order],
        (trades.fill[order], trades.exit_price[order]),
        np.nan_to_num(terms.share[order]),
        terms.cap,
        terms.costs.side,
        LEAST_SHARE,
    )
    sizes = np.zeros(len(trades))
    sizes[order] = size
    return Book(equity, invested, traded, sizes)

"""What a portfolio was worth at each close, and what it earned apart from money put in and taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.engine import rolling
from assets.engine.panel import Floats, Ints


@dataclass(frozen=True, slots=True, eq=False)
class Movements:
    """M changes of holdings: `rows` (M,) of the close that first shows each, `columns` (M,), and
    `quantity` (M,)."""

    rows: Ints
    columns: Ints
    quantity: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Equity:
    """At each of T closes, in USD: `value` (T,) with cash, `returns` (T,) as fractions with flows taken out
    (first NaN), `drawdown` (T,) from the highest point of the compounded returns, at most 0."""

    value: Floats
    returns: Floats
    drawdown: Floats


def equity(close: Floats, moves: Movements, cash: Floats, flows: Floats) -> Equity:
    """Value of what was held at each row of `close` (T, N), with `cash` (T,) held then.

    A coin without a price keeps its last one (a delisted coin too); one that never had a price is worth
    nothing yet. `flows` (T,) is what came in from outside since the row before: it counts as there from the
    start of the row, r = V[t] / (V[t-1] + F[t]) - 1. NaN where nothing was invested.
    """
    held = np.zeros(close.shape)
    np.add.at(held, (moves.rows, moves.columns), moves.quantity)
    value = cash + np.nansum(np.cumsum(held, axis=0) * rolling.last_known(close, len(close)), axis=1)
    returns = np.full(len(value), np.nan)
    base = value[:-1] + flows[1:]
    invested = base > 0.0
    returns[1:][invested] = value[1:][invested] / base[invested] - 1.0
    return Equity(value, returns, drawdown(returns))


def drawdown(returns: Floats) -> Floats:
    """Distance (T,) of the compounded returns from their highest point, at most 0; NaN counts as 0."""
    path = np.cumprod(1.0 + np.nan_to_num(returns))
    return path / np.maximum(np.maximum.accumulate(path), 1.0) - 1.0


def risk_contributions(weights: Floats, returns: Floats, least: int = 60) -> Floats:
    """Share (N,) of the portfolio's variance that each holding brings, w (S w) / w' S w; they add up to 1.

    `returns` (T, N) with one row a day; days on which a coin has none are left out. All NaN under `least`
    days, or where nothing moves.
    """
    known = returns[np.isfinite(returns).all(axis=1)]
    if len(known) < least or not len(weights):
        return np.full(len(weights), np.nan)
    marginal = np.atleast_2d(np.cov(known, rowvar=False)) @ weights
    variance = float(weights @ marginal)
    return weights * marginal / variance if variance > 0.0 else np.full(len(weights), np.nan)

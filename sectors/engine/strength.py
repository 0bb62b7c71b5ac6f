"""How strong a sector is: returns, momentum, and its place on a relative rotation graph."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numba import njit

from assets.engine import rolling
from assets.engine.panel import Bools, Floats, Ints
from assets.engine.timeframe import Timeframe
from sectors.engine.index import SectorIndex
from sectors.engine.params import Params


class Status(StrEnum):
    """Quadrant of the relative rotation graph; sectors tend to pass through them in this order."""

    LEADING = "leading"
    WEAKENING = "weakening"
    LAGGING = "lagging"
    IMPROVING = "improving"


STATUSES: tuple[Status, ...] = tuple(Status)


@dataclass(frozen=True, slots=True, eq=False)
class Strength:
    """(T, S) unless noted; returns as fractions, NaN where too few bars of the span are known.

    `pace` (T, S, H): return over each momentum span over its own volatility, less the mean of the risky
    sectors; `momentum` in [-1, 1]; `ratio` and `impulse`: relative strength and its momentum about 100;
    `status`: index into `STATUSES`, -1 unknown; `volatility` and `correlation` (with the market) over
    `volatility_days`, the first a year; `drawdown` in [0, 1] from the high of `strength_days`.
    """

    day: Floats
    week: Floats
    month: Floats
    pace: Floats
    momentum: Floats
    ratio: Floats
    impulse: Floats
    status: Ints
    volatility: Floats
    correlation: Floats
    drawdown: Floats


def measure(index: SectorIndex, risky: Bools, timeframe: Timeframe, params: Params) -> Strength:
    """Strength of every sector at every row."""
    logs = np.log1p(index.returns)
    paces = pace(logs, risky, timeframe, params.momentum_days, params)
    ratio, impulse = rotation_graph(logs - np.log1p(index.market)[:, None], timeframe, params)
    span = params.bars(timeframe, params.volatility_days)
    long = params.bars(timeframe, params.strength_days)
    return Strength(
        day=performance(logs, timeframe, 1, params),
        week=performance(logs, timeframe, 7, params),
        month=performance(logs, timeframe, 30, params),
        pace=paces,
        momentum=momentum(paces),
        ratio=ratio,
        impulse=impulse,
        status=quadrant(ratio, impulse),
        volatility=rolling.std(logs, span, params.least(span)) * np.sqrt(timeframe.bars_per_year),
        correlation=rolling.correlation(logs, np.log1p(index.market), span, params.least(span)),
        drawdown=_drawdown(logs, long, params.least(long)),
    )


def momentum(paces: Floats) -> Floats:
    """Score in [-1, 1] from paces (T, S, H): tanh of their mean over the spans; NaN where one is unknown."""
    return np.asarray(np.tanh(_mean_of_last(paces)), dtype=np.float64)


def performance(logs: Floats, timeframe: Timeframe, days: int, params: Params) -> Floats:
    """Compound return over the last `days`, from log returns of bars; unknown bars count as flat."""
    bars = params.bars(timeframe, days)
    return np.expm1(rolling.total(logs, bars, params.least(bars)))


def quadrant(ratio: Floats, impulse: Floats) -> Ints:
    """Index into `STATUSES` from the two axes, both split at 100; -1 where either is NaN."""
    strong, rising = ratio >= 100.0, impulse >= 100.0
    place = np.where(strong, np.where(rising, 0, 1), np.where(rising, 3, 2))
    return np.where(np.isfinite(ratio) & np.isfinite(impulse), place, -1).astype(np.int64)


def rotation_graph(relative: Floats, timeframe: Timeframe, params: Params) -> tuple[Floats, Floats]:
    """The two axes of a relative rotation graph from log returns relative to the market (T, S).

    Like de Kempenaer's JdK RS-Ratio and RS-Momentum, whose exact formula is not published: the ratio is
    100 plus the standard score of the log relative strength within `strength_days`; the momentum is 100
    plus the ratio's change over `strength_change_days` in units of the usual size of such a change. So
    above 100 means stronger than its own average, and rising.
    """
    window = params.bars(timeframe, params.strength_days)
    step = params.bars(timeframe, params.strength_change_days)
    ratio = 100.0 + standing(np.ascontiguousarray(relative), window, params.least(window))
    moved = ratio - rolling.lag(ratio, step)
    usual = np.sqrt(rolling.mean(moved * moved, window, params.least(window)))
    impulse = 100.0 + np.divide(moved, usual, out=np.full(ratio.shape, np.nan), where=usual > 0)
    return ratio, impulse


@njit(cache=True, nogil=True)
def standing(steps: Floats, window: int, least: int) -> Floats:
    """Standard score of a path's last point among the `window` points that its steps lead through.

    The path is rebuilt backwards in each window, so it carries no level along. Unknown steps are flat.
    """
    rows, cols = steps.shape
    out = np.full((rows, cols), np.nan)
    path = np.empty(window)
    for t in range(window - 1, rows):
        for n in range(cols):
            if np.isnan(steps[t, n]):
                continue
            level = 0.0
            count = 0
            for k in range(window):
                path[k] = level
                step = steps[t - k, n]
                if not np.isnan(step):
                    level -= step
                    count += 1
            if count < least:
                continue
            mean = 0.0
            for k in range(window):
                mean += path[k]
            mean /= window
            spread = 0.0
            for k in range(window):
                spread += (path[k] - mean) * (path[k] - mean)
            if spread > 0.0:
                out[t, n] = -mean / np.sqrt(spread / window)
    return out


@njit(cache=True, nogil=True)
def _drawdown(logs: Floats, window: int, least: int) -> Floats:
    """Loss from the highest level within the window, as a fraction of it."""
    rows, cols = logs.shape
    out = np.full((rows, cols), np.nan)
    for t in range(rows):
        for n in range(cols):
            level = 0.0
            best = 0.0
            count = 0
            for k in range(min(window, t + 1)):
                step = logs[t - k, n]
                if not np.isnan(step):
                    level -= step
                    best = max(best, level)
                    count += 1
            if count >= least:
                out[t, n] = 1.0 - np.exp(-best)
    return out


def pace(logs: Floats, risky: Bools, timeframe: Timeframe, spans: tuple[int, ...], params: Params) -> Floats:
    """Log return over each of `spans` days in units of its own volatility, less the row's mean (T, S, H).

    The volatility is that of `steady_days`, at least `least_daily_volatility`; the mean that of the risky.
    """
    steady = params.bars(timeframe, params.steady_days)
    floor = params.least_daily_volatility / np.sqrt(params.bars(timeframe, 1))
    volatility = np.maximum(rolling.std(logs, steady, params.least(steady)), floor)
    scores = []
    for days in spans:
        bars = params.bars(timeframe, days)
        scores.append(rolling.total(logs, bars, params.least(bars)) / (volatility * np.sqrt(bars)))
    return less_mean(np.stack(scores, axis=2), risky)


def less_mean(values: Floats, risky: Bools) -> Floats:
    """Values (T, S, F) less the row's mean over the risky sectors that have one."""
    total = np.zeros((values.shape[0], values.shape[2]))
    count = np.zeros_like(total)
    for s in np.flatnonzero(risky):
        known = np.isfinite(values[:, s])
        total += np.where(known, values[:, s], 0.0)
        count += known
    mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return np.asarray(values - mean[:, None, :], dtype=np.float64)


def _mean_of_last(values: Floats) -> Floats:
    total = values[..., 0].copy()
    for h in range(1, values.shape[-1]):
        total += values[..., h]
    return np.asarray(total / values.shape[-1], dtype=np.float64)

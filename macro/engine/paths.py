"""Averages, peaks and oscillators of a price known only by its returns, from a fixed window each.

An index level that is summed up from the start of the data carries other last digits for another
start. These functions walk back from each row instead: the price k bars ago relative to now is the
product of the returns since. A missing return counts as no move.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from assets.engine.panel import Floats


@njit(cache=True, nogil=True)
def _walk(returns: Floats, window: int, least: int, weights: Floats) -> tuple[Floats, Floats, Floats]:
    rows = len(returns)
    mean = np.full(rows, np.nan)
    peak = np.full(rows, np.nan)
    trough = np.full(rows, np.nan)
    for t in range(rows):
        if t + 1 < window:
            continue
        relative = 1.0
        total = 0.0
        mass = 0.0
        high = 1.0
        low = 1.0
        seen = 0
        for k in range(window):
            total += weights[k] * relative
            mass += weights[k]
            high = max(high, relative)
            low = min(low, relative)
            step = returns[t - k]
            if not np.isnan(step):
                seen += 1
                relative /= 1.0 + step
        if seen >= least:
            mean[t] = mass / total
            peak[t] = 1.0 / high
            trough[t] = 1.0 / low
    return mean, peak, trough


def above_mean(returns: Floats, window: int) -> Floats:
    """Price over its mean of `window` bars, minus 1 (T,); needs nine of ten returns."""
    return _walk(returns, window, (window * 9) // 10, np.ones(window))[0] - 1.0


def above_ewma(returns: Floats, halflife: float, window: int) -> Floats:
    """Price over its exponential mean (cut off after `window` bars), minus 1 (T,)."""
    weights = 0.5 ** (np.arange(window) / halflife)
    return _walk(returns, window, (window * 9) // 10, weights)[0] - 1.0


def drawdown(returns: Floats, window: int) -> Floats:
    """Price below its peak of the window, in [-1, 0] (T,)."""
    return _walk(returns, window, (window * 9) // 10, np.ones(window))[1] - 1.0


def rebound(returns: Floats, window: int) -> Floats:
    """Price above its trough of the window, from 0 up (T,)."""
    return _walk(returns, window, (window * 9) // 10, np.ones(window))[2] - 1.0


@njit(cache=True, nogil=True)
def _gain(returns: Floats, window: int, least: int) -> Floats:
    out = np.full(len(returns), np.nan)
    for t in range(window - 1, len(returns)):
        growth = 1.0
        seen = 0
        for k in range(window):
            step = returns[t - window + 1 + k]
            if not np.isnan(step):
                seen += 1
                growth *= 1.0 + step
        if seen >= least:
            out[t] = growth - 1.0
    return out


def gain(returns: Floats, window: int) -> Floats:
    """Simple return over the last `window` bars (T,); needs nine of ten returns."""
    return np.asarray(_gain(returns, window, (window * 9) // 10), dtype=np.float64)


@njit(cache=True, nogil=True)
def _rsi(returns: Floats, span: int, window: int) -> Floats:
    out = np.full(len(returns), np.nan)
    for t in range(window - 1, len(returns)):
        up = 0.0
        down = 0.0
        relative = 1.0
        seen = 0
        for k in range(window):
            step = returns[t - k]
            if np.isnan(step):
                continue
            seen += 1
            before = relative / (1.0 + step)
            weight = (1.0 - 1.0 / span) ** k
            up += weight * max(relative - before, 0.0)
            down += weight * max(before - relative, 0.0)
            relative = before
        if seen >= (window * 9) // 10 and up + down > 0.0:
            out[t] = 100.0 * up / (up + down)
    return out


def rsi(returns: Floats, span: int) -> Floats:
    """Wilder's relative strength index in [0, 100] (T,), his smoothing cut off after 10 spans.

    The tail beyond holds less than a thousandth of the weight. NaN where the price stood still.
    """
    return np.asarray(_rsi(returns, span, 10 * span), dtype=np.float64)

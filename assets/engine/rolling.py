"""Moving-window statistics whose value at a row depends on that window alone, bit for bit.

pandas and cumulative sums carry state along the series: the same window gives other last digits
when the series starts elsewhere. Here each window is summed afresh in a fixed order, so a live
run over a short history equals a backfill over a long one exactly. All functions take (T, N)
float64 and return (T, N); NaN cells are left out of a window; fewer than `least` finite cells in
the window (default: all of it) give NaN.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from scipy.stats import rankdata

from assets.engine.panel import Bools, Floats


@njit(cache=True, nogil=True)
def _sums(x: Floats, weights: Floats, least: int) -> tuple[Floats, Floats]:
    rows, cols = x.shape
    window = weights.shape[0]
    total = np.zeros((rows, cols))
    mass = np.zeros((rows, cols))
    count = np.zeros(cols, dtype=np.int64)
    for t in range(rows):
        count[:] = 0
        for k in range(min(window, t + 1)):
            weight = weights[k]
            for n in range(cols):
                value = x[t - k, n]
                if not np.isnan(value):
                    total[t, n] += weight * value
                    mass[t, n] += weight
                    count[n] += 1
        for n in range(cols):
            if count[n] < least or mass[t, n] <= 0.0:
                total[t, n] = np.nan
                mass[t, n] = np.nan
    return total, mass


@njit(cache=True, nogil=True)
def _moments(x: Floats, y: Floats, weights: Floats, least: int) -> tuple[Floats, Floats, Floats]:
    """Weighted second moments about the window's own means, on cells where both are finite."""
    rows, cols = x.shape
    window = weights.shape[0]
    xx = np.full((rows, cols), np.nan)
    yy = np.full((rows, cols), np.nan)
    xy = np.full((rows, cols), np.nan)
    for t in range(rows):
        reach = min(window, t + 1)
        for n in range(cols):
            mass = 0.0
            sum_x = 0.0
            sum_y = 0.0
            count = 0
            for k in range(reach):
                a = x[t - k, n]
                b = y[t - k, n]
                if not (np.isnan(a) or np.isnan(b)):
                    mass += weights[k]
                    sum_x += weights[k] * a
                    sum_y += weights[k] * b
                    count += 1
            if count < least or mass <= 0.0:
                continue
            mean_x = sum_x / mass
            mean_y = sum_y / mass
            s_xx = 0.0
            s_yy = 0.0
            s_xy = 0.0
            for k in range(reach):
                a = x[t - k, n]
                b = y[t - k, n]
                if not (np.isnan(a) or np.isnan(b)):
                    s_xx += weights[k] * (a - mean_x) * (a - mean_x)
                    s_yy += weights[k] * (b - mean_y) * (b - mean_y)
                    s_xy += weights[k] * (a - mean_x) * (b - mean_y)
            xx[t, n] = s_xx / mass
            yy[t, n] = s_yy / mass
            xy[t, n] = s_xy / mass
    return xx, yy, xy


@njit(cache=True, nogil=True)
def _extreme(x: Floats, window: int, least: int, sign: float) -> Floats:
    rows, cols = x.shape
    out = np.full((rows, cols), np.nan)
    for t in range(rows):
        for n in range(cols):
            best = -np.inf
            count = 0
            for k in range(min(window, t + 1)):
                value = x[t - k, n]
                if not np.isnan(value):
                    count += 1
                    best = max(best, sign * value)
            if count >= least and count > 0:
                out[t, n] = sign * best
    return out


@njit(cache=True, nogil=True)
def _median(x: Floats, window: int, least: int) -> Floats:
    """Keeps the window sorted while it slides; what it holds, hence its median, owes nothing to the past."""
    rows, cols = x.shape
    out = np.full((rows, cols), np.nan)
    ordered = np.empty(window + 1)
    for n in range(cols):
        count = 0
        for t in range(rows):
            if t >= window and not np.isnan(x[t - window, n]):
                place = np.searchsorted(ordered[:count], x[t - window, n])
                for k in range(place, count - 1):
                    ordered[k] = ordered[k + 1]
                count -= 1
            if not np.isnan(x[t, n]):
                value = x[t, n] + 0.0  # -0.0 and 0.0 sort alike, so let there be one zero
                place = np.searchsorted(ordered[:count], value)
                for k in range(count, place, -1):
                    ordered[k] = ordered[k - 1]
                ordered[place] = value
                count += 1
            if count >= least and count > 0:
                out[t, n] = 0.5 * (ordered[(count - 1) // 2] + ordered[count // 2])
    return out


def _grid(x: Floats) -> Floats:
    return np.ascontiguousarray(x, dtype=np.float64).reshape(len(x), -1)


def _flat(window: int) -> Floats:
    return np.ones(window)


def decay(halflife: float, window: int) -> Floats:
    """Exponential weights 0.5^(k/halflife), newest first, cut off after `window` bars."""
    return np.asarray(0.5 ** (np.arange(window) / halflife), dtype=np.float64)


def mean(x: Floats, window: int, least: int | None = None) -> Floats:
    """Moving mean of the last `window` bars, this one included."""
    total, mass = _sums(_grid(x), _flat(window), window if least is None else least)
    return np.asarray(total / mass, dtype=np.float64).reshape(x.shape)


def total(x: Floats, window: int, least: int | None = None) -> Floats:
    """Moving sum of the finite cells."""
    return _sums(_grid(x), _flat(window), window if least is None else least)[0].reshape(x.shape)


def ewma(x: Floats, halflife: float, window: int, least: int | None = None) -> Floats:
    """Exponentially weighted mean over the last `window` bars (about 5 half-lives leave 3 % out)."""
    total_, mass = _sums(_grid(x), decay(halflife, window), window if least is None else least)
    return np.asarray(total_ / mass, dtype=np.float64).reshape(x.shape)


def std(x: Floats, window: int, least: int | None = None) -> Floats:
    """Moving standard deviation (population, divisor: number of finite cells)."""
    grid = _grid(x)
    xx, _, _ = _moments(grid, grid, _flat(window), window if least is None else least)
    return np.sqrt(xx).reshape(x.shape)


def beta(x: Floats, market: Floats, window: int, least: int | None = None) -> Floats:
    """Slope of x (T, N) on the market's return (T,) over the window; NaN where the market stood still."""
    xy, yy = _with_market(x, market, window, least)[1:]
    return _ratio(xy, yy)


def correlation(x: Floats, market: Floats, window: int, least: int | None = None) -> Floats:
    """Pearson correlation of x (T, N) with one series (T,)."""
    xx, xy, yy = _with_market(x, market, window, least)
    return _ratio(xy, np.sqrt(xx * yy))


def residual_std(x: Floats, market: Floats, window: int, least: int | None = None) -> Floats:
    """Standard deviation of what the market's return leaves unexplained (idiosyncratic volatility)."""
    xx, xy, yy = _with_market(x, market, window, least)
    explained = np.divide(xy * xy, yy, out=np.zeros(x.shape), where=yy > 0)
    return np.sqrt(np.maximum(xx - explained, 0.0))


def _ratio(above: Floats, below: Floats) -> Floats:
    """above / below where below is positive, else NaN."""
    out = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=out, where=below > 0)
    return out


def _with_market(x: Floats, market: Floats, window: int, least: int | None) -> tuple[Floats, Floats, Floats]:
    wide = np.ascontiguousarray(np.broadcast_to(market[:, None], x.shape))
    xx, yy, xy = _moments(_grid(x), wide, _flat(window), window if least is None else least)
    return xx, xy, yy


def highest(x: Floats, window: int, least: int | None = None) -> Floats:
    """Moving maximum."""
    return _extreme(_grid(x), window, window if least is None else least, 1.0).reshape(x.shape)


def lowest(x: Floats, window: int, least: int | None = None) -> Floats:
    """Moving minimum."""
    return _extreme(_grid(x), window, window if least is None else least, -1.0).reshape(x.shape)


def median(x: Floats, window: int, least: int | None = None) -> Floats:
    """Moving median."""
    return _median(_grid(x), window, window if least is None else least).reshape(x.shape)


def lag(x: Floats, bars: int) -> Floats:
    """x moved down by `bars` rows (what was known `bars` ago); the first rows are NaN."""
    out = np.full(x.shape, np.nan)
    if bars < len(x):
        out[bars:] = x[: len(x) - bars]
    return out


def change(x: Floats, bars: int) -> Floats:
    """Simple return x_t / x_(t-bars) - 1."""
    return _ratio(x, lag(x, bars)) - 1.0


def log_return(x: Floats, bars: int = 1) -> Floats:
    """ln(x_t / x_(t-bars)); NaN where either price is missing or not positive."""
    ratio = _ratio(x, lag(x, bars))
    out = np.full(x.shape, np.nan)
    np.log(ratio, out=out, where=ratio > 0)
    return out


def rank(x: Floats, mask: Bools | None = None) -> Floats:
    """Rank within each row scaled to [-0.5, 0.5], ties by mean; NaN stays NaN; a lone cell is 0."""
    values = x if mask is None else np.where(mask, x, np.nan)
    order = rankdata(values, axis=1, nan_policy="omit")
    count = np.isfinite(values).sum(axis=1, keepdims=True)
    scaled = np.divide(order - 1.0, count - 1, out=np.full(x.shape, 0.5), where=count > 1) - 0.5
    return np.where(np.isfinite(values), scaled, np.nan)

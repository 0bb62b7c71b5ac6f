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

# The loops over columns are innermost and have no branches, so that they become vector instructions: a
# missing cell adds 0.0, which changes no digit. The order of each cell's additions is that of its window.


@njit(cache=True, nogil=True)
def _sums(x: Floats, weights: Floats, least: int) -> tuple[Floats, Floats]:
    rows, cols = x.shape
    window = weights.shape[0]
    total = np.zeros((rows, cols))
    mass = np.zeros((rows, cols))
    count = np.zeros(cols)
    for t in range(rows):
        count[:] = 0.0
        for k in range(min(window, t + 1)):
            weight = weights[k]
            for n in range(cols):
                value = x[t - k, n]
                there = value == value
                total[t, n] += weight * value if there else 0.0
                mass[t, n] += weight if there else 0.0
                count[n] += 1.0 if there else 0.0
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
    xx = np.zeros((rows, cols))
    yy = np.zeros((rows, cols))
    xy = np.zeros((rows, cols))
    mass, count = np.zeros(cols), np.zeros(cols)
    mean_x, mean_y = np.zeros(cols), np.zeros(cols)
    for t in range(rows):
        reach = min(window, t + 1)
        mass[:], count[:], mean_x[:], mean_y[:] = 0.0, 0.0, 0.0, 0.0
        for k in range(reach):
            weight = weights[k]
            for n in range(cols):
                a, b = x[t - k, n], y[t - k, n]
                there = a == a and b == b
                mass[n] += weight if there else 0.0
                mean_x[n] += weight * a if there else 0.0
                mean_y[n] += weight * b if there else 0.0
                count[n] += 1.0 if there else 0.0
        for n in range(cols):
            mean_x[n] /= mass[n] if mass[n] > 0.0 else 1.0
            mean_y[n] /= mass[n] if mass[n] > 0.0 else 1.0
        for k in range(reach):
            weight = weights[k]
            for n in range(cols):
                a, b = x[t - k, n], y[t - k, n]
                there = a == a and b == b
                xx[t, n] += weight * (a - mean_x[n]) * (a - mean_x[n]) if there else 0.0
                yy[t, n] += weight * (b - mean_y[n]) * (b - mean_y[n]) if there else 0.0
                xy[t, n] += weight * (a - mean_x[n]) * (b - mean_y[n]) if there else 0.0
        for n in range(cols):
            over = mass[n] if count[n] >= least and mass[n] > 0.0 else np.nan
            xx[t, n] /= over
            yy[t, n] /= over
            xy[t, n] /= over
    return xx, yy, xy


@njit(cache=True, nogil=True)
def _extreme(x: Floats, window: int, least: int, sign: float) -> Floats:
    rows, cols = x.shape
    out = np.full((rows, cols), -np.inf)
    count = np.zeros(cols)
    for t in range(rows):
        count[:] = 0.0
        for k in range(min(window, t + 1)):
            for n in range(cols):
                value = x[t - k, n]
                there = value == value
                count[n] += 1.0 if there else 0.0
                out[t, n] = max(out[t, n], sign * value if there else -np.inf)
        for n in range(cols):
            out[t, n] = sign * out[t, n] if count[n] >= least and count[n] > 0.0 else np.nan
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


def last_known(x: Floats, span: int, reset: Bools | None = None) -> Floats:
    """The last finite value (T, N) at most `span` bars old; a True in `reset` (T, N) forgets older ones."""
    return np.asarray(_last_known(x, span, np.zeros(x.shape, dtype=np.bool_) if reset is None else reset))


@njit(cache=True, nogil=True)
def _last_known(x: Floats, span: int, reset: Bools) -> Floats:
    rows, cols = x.shape
    out = np.full((rows, cols), np.nan)
    for n in range(cols):
        age = span + 1
        value = np.nan
        for t in range(rows):
            age += 1
            if reset[t, n]:
                value = np.nan
            if np.isfinite(x[t, n]):
                value = x[t, n]
                age = 0
            if age <= span:
                out[t, n] = value
    return out

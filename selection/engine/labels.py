"""What a score has to foretell: returns that follow a close, as a buyer at the next open would have had
them.
"""

from __future__ import annotations

import numpy as np

from assets.engine import rolling
from assets.engine.panel import Bools, Floats, Panel
from selection.engine.features import ratio

LEAST_COINS = 20
SCALED_CLIP = 3.0
LEAST_DAILY_VOLATILITY = 0.02


def forward_return(panel: Panel, bars: int) -> Floats:
    """Simple return (T, N) from the open of bar t+1 to the open of bar t+1+bars.

    A coin that stops trading in between leaves at its last close before that open, so that the dead count.
    NaN where there is no open at t+1 and in the last `bars` + 1 rows, whose exit is not known yet.
    """
    entry = _ahead(panel.open, 1)
    stopped = _ahead(rolling.last_known(panel.close, bars - 1), bars)
    planned = _ahead(panel.open, bars + 1)
    leaving = np.where(np.isfinite(planned), planned, stopped)
    out = ratio(leaving, entry) - 1.0
    out[max(0, len(out) - bars - 1) :] = np.nan
    return out


def relative_rank(returns: Floats, members: Bools) -> Floats:
    """Rank (T, N) in [-0.5, 0.5] of each member's return among the row's; NaN in rows of fewer than 20."""
    return rolling.rank(returns, judged(returns, members))


def relative_scaled(returns: Floats, members: Bools, volatility: Floats, bars: int) -> Floats:
    """Return over the row's median in standard deviations of the coin (T, N), clipped at 3 and centred by
    row.

    `volatility` (T, N) is that of one bar; it counts as at least 2 % for a bar of the horizon's root.
    """
    seen = judged(returns, members) & np.isfinite(volatility)
    middle = row_median(returns, seen)
    scale = np.maximum(volatility, LEAST_DAILY_VOLATILITY) * np.sqrt(bars)
    scaled = np.clip((returns - middle[:, None]) / scale, -SCALED_CLIP, SCALED_CLIP)
    count = seen.sum(axis=1)
    total = np.where(seen, scaled, 0.0).sum(axis=1)
    mean = ratio(total, count.astype(np.float64))
    return np.where(seen, scaled - mean[:, None], np.nan)


def beats_median(returns: Floats, members: Bools) -> Floats:
    """1 where a member's return is above the row's median, 0 where not (T, N); NaN where not judged."""
    seen = judged(returns, members)
    above = (returns > row_median(returns, seen)[:, None]).astype(np.float64)
    return np.where(seen, above, np.nan)


def judged(returns: Floats, members: Bools) -> Bools:
    """Members (T, N) with a return, in rows that have at least 20 of them."""
    seen: Bools = members & np.isfinite(returns)
    enough: Bools = seen.sum(axis=1, keepdims=True) >= LEAST_COINS
    return np.asarray(seen & enough, dtype=np.bool_)


def row_median(x: Floats, seen: Bools) -> Floats:
    """Median of each row's cells in `seen` (T,); NaN for an empty row."""
    order = np.sort(np.where(seen, x, np.inf), axis=1)
    count = seen.sum(axis=1)
    row = np.arange(len(x))
    low = order[row, np.maximum((count - 1) // 2, 0)]
    high = order[row, np.minimum(count // 2, x.shape[1] - 1)]
    return np.where(count > 0, np.where(count % 2 == 1, low, 0.5 * (low + high)), np.nan)


def _ahead(x: Floats, bars: int) -> Floats:
    """x moved up: what `bars` rows later holds; the last rows are NaN."""
    out = np.full(x.shape, np.nan)
    if bars < len(x):
        out[: len(x) - bars] = x[bars:]
    return out

"""95 % intervals of figures made from overlapping observations: the circular block bootstrap.

Politis and Romano (1992): a history is redrawn as blocks of neighbouring rows, begun at random and wrapped at
the end, so that rows whose labels overlap stay together. Any figure can be judged: one that is a
function of sums over rows through `sums`, one that depends on the order of rows through `paths`. The seed is
fixed: the same history has the same interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.engine.panel import Floats, Ints

DRAWS = 1000
SEED = 20180101
LEVELS = (0.025, 0.975)
#: Blocks below which an interval would say more about the blocks than about the figure.
LEAST_BLOCKS = 5


@dataclass(frozen=True, slots=True)
class Measured:
    """A value with its 95 % interval; NaN where it is not known."""

    value: float
    low: float = float("nan")
    high: float = float("nan")


NOTHING = Measured(float("nan"))


def starts(rows: int, block: int, draws: int = DRAWS, seed: int = SEED) -> Ints:
    """First rows (draws, ceil(rows / block)) of the blocks that make up each redrawn history."""
    count = -(-rows // block)
    chosen = np.random.default_rng(seed).integers(0, rows, size=(draws, count))
    return np.asarray(chosen, dtype=np.int64)


def sums(table: Floats, block: int, draws: int = DRAWS, seed: int = SEED) -> Floats:
    """Column sums (draws, K) of redrawn histories of `table` (R, K), one row an observation of one bar.

    Every draw has as many rows as blocks fill, at least R: figures have to be ratios of the columns.
    Empty (0, K) where there are fewer than `LEAST_BLOCKS` blocks.
    """
    rows, columns = table.shape
    if rows < LEAST_BLOCKS * block:
        return np.empty((0, columns))
    total = np.cumsum(np.concatenate([np.zeros((1, columns)), table, table[:block]]), axis=0)
    each = total[block : block + rows] - total[:rows]
    first = starts(rows, block, draws, seed)
    out = np.zeros((draws, columns))
    for place in range(first.shape[1]):
        out += each[first[:, place]]
    return out


def paths(rows: int, block: int, draws: int = DRAWS, seed: int = SEED) -> Ints:
    """Row numbers (draws, rows) of redrawn histories, in their order; (0, rows) where too short."""
    if rows < LEAST_BLOCKS * block:
        return np.empty((0, rows), dtype=np.int64)
    first = starts(rows, block, draws, seed)
    every = (first[:, :, None] + np.arange(block)) % rows
    return np.asarray(every.reshape(draws, -1)[:, :rows], dtype=np.int64)


def interval(sample: Floats) -> tuple[float, float]:
    """The middle 95 % of a redrawn figure (draws,); (NaN, NaN) without a finite one."""
    seen = sample[np.isfinite(sample)]
    if not len(seen):
        return float("nan"), float("nan")
    low, high = np.quantile(seen, LEVELS)
    return float(low), float(high)


def mean(series: Floats, block: int, draws: int = DRAWS, seed: int = SEED) -> Measured:
    """Mean of the finite rows of `series` (R,) with its interval."""
    seen = np.isfinite(series)
    return ratio(np.where(seen, series, 0.0), seen.astype(np.float64), block, draws, seed)


def ratio(top: Floats, bottom: Floats, block: int, draws: int = DRAWS, seed: int = SEED) -> Measured:
    """Sum of `top` over sum of `bottom`, both (R,) by bar, with its interval."""
    if not bottom.sum():
        return NOTHING
    drawn = sums(np.column_stack([top, bottom]), block, draws, seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = interval(drawn[:, 0] / drawn[:, 1])
    return Measured(float(top.sum() / bottom.sum()), low, high)

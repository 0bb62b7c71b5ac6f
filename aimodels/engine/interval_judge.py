"""Whether intervals cover as often as they say and are worth their width, beside the naive random walk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from aimodels.engine.conformal import GROUPS
from aimodels.engine.intervals import HORIZON_DAYS, LEVEL, Result
from aimodels.engine.volatility import Inputs, foretold
from assets.engine import rolling
from assets.engine.panel import Bools, Floats, Ints, Panel

DECAY, EWMA_BARS = 0.94, 100
#: Normal quantile of nine tenths: the naive interval's half width in standard deviations.
NORMAL = 1.2815515655446004
DRAWS, SEED = 1000, 20180101


@dataclass(frozen=True, slots=True)
class Share:
    """A figure with its 95 % interval by blocks of time."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class IntervalJudgement:
    """One horizon: `coverage`, `ratio` of the mean interval score (Winkler 1972) to the naive one's, and of
    the mean width; the naive one's coverage; coverage by volatility group (calmest first)."""

    days: int
    cases: int
    coverage: Share
    ratio: Share
    width_ratio: float
    naive_coverage: float
    by_group: tuple[float, ...]


def naive_half(panel: Panel, days: int) -> Floats:
    """Half width (T, N) in logs of an 80 % interval: normal quantile times an exponentially weighted
    volatility of daily log returns (RiskMetrics, decay 0.94), times the root of the days."""
    day = panel.timeframe.bars(timedelta(days=1))
    squares = rolling.log_return(panel.close) ** 2
    weights = DECAY ** (np.arange(EWMA_BARS * day) / day)
    variance = np.full(squares.shape, np.nan)
    total, mass = np.zeros(squares.shape), np.zeros(squares.shape)
    for back, weight in enumerate(weights):
        past = rolling.lag(squares, back) if back else squares
        seen = np.isfinite(past)
        total += np.where(seen, weight * past, 0.0)
        mass += np.where(seen, weight, 0.0)
    np.divide(total, mass, out=variance, where=mass > 1.0)
    return np.asarray(NORMAL * np.sqrt(variance * day * days), dtype=np.float64)


def score(half: Floats, moved: Floats, level: float = LEVEL) -> Floats:
    """Interval score of [-half, half] for log moves: width + 2 / (1 - level) times how far outside."""
    return 2.0 * half + 2.0 / (1.0 - level) * np.maximum(np.abs(moved) - half, 0.0)


def judge(inputs: Inputs, result: Result, rows: Bools | None = None) -> tuple[IntervalJudgement, ...]:
    """One judgement a horizon on members whose move is known, of the result's rows in `rows` (R,).

    Raises ValueError where there is none.
    """
    frame = inputs.panel.timeframe
    chosen = np.ones(len(result.members), dtype=np.bool_) if rows is None else rows
    out = []
    for h, days in enumerate(HORIZON_DAYS):
        bars = frame.bars(timedelta(days=days))
        moved = foretold(inputs, bars)[0][result.first :]
        rival = naive_half(inputs.panel, days)[result.first :]
        half = result.half[h]
        known = result.members & chosen[:, None]
        known &= np.isfinite(half) & np.isfinite(moved) & np.isfinite(rival)
        if not known.any():
            raise ValueError(f"no interval over {days} days has come to its end yet")
        out.append(_judge(days, bars, half, rival, moved, known, result.group[h]))
    return tuple(out)


def _judge(
    days: int, bars: int, half: Floats, rival: Floats, moved: Floats, known: Bools, group: Ints
) -> IntervalJudgement:
    row, _ = np.nonzero(known)
    own, naive, move = half[known], rival[known], np.abs(moved[known])
    inside = (move <= own).astype(np.float64)
    mine, theirs = score(own, move), score(naive, move)
    block = row // (2 * bars + 5)
    groups = group[known]
    covered = (inside[groups == number] for number in range(GROUPS))
    return IntervalJudgement(
        days=days,
        cases=len(row),
        coverage=_share(inside, np.ones(len(row)), block),
        ratio=_share(mine, theirs, block),
        width_ratio=float(own.sum() / naive.sum()),
        naive_coverage=float((move <= naive).mean()),
        by_group=tuple(float(part.mean()) if len(part) else float("nan") for part in covered),
    )


def _share(over: Floats, under: Floats, block: Ints) -> Share:
    """sum(over) / sum(under) (C,) with an interval from drawing blocks of time with replacement."""
    _, owner = np.unique(block, return_inverse=True)
    top, bottom = np.bincount(owner, over), np.bincount(owner, under)
    value = float(top.sum() / bottom.sum())
    if len(top) < 2:
        return Share(value, float("nan"), float("nan"))
    picks = np.random.default_rng(SEED).integers(len(top), size=(DRAWS, len(top)))
    low, high = np.quantile(top[picks].sum(axis=1) / bottom[picks].sum(axis=1), (0.025, 0.975))
    return Share(value, float(low), float(high))

"""Whether probabilities meant what they said, and what signals earned; out of sample, beside the rival."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from assets.engine.panel import Bools, Floats, Ints
from trading.engine.barriers import OPEN, TARGET
from trading.engine.inputs import Inputs
from trading.engine.levels import horizon_bars
from trading.engine.signals import Result

BINS = 10
WILSON = 1.96
DRAWS = 1000
SEED = 20180101


@dataclass(frozen=True, slots=True, eq=False)
class Reliability:
    """Reliability table (B,), equally many cases in each bin: said, came true, and Wilson's 95 % interval."""

    count: Ints
    said: Floats
    true: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % block-bootstrap interval; NaN where there are no cases, or one block only."""

    mean: float
    low: float
    high: float
    cases: int


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """Probabilities against what happened (both directions, or one), and money.

    `issued` net R of what was issued; `rival` that of all candidates of the same direction on the same
    bars: what random entries with the same exits earn on average; `lead` the difference, signal by signal.
    """

    cases: int
    base_rate: float
    reliability: Reliability
    ece: float
    brier: float
    brier_skill: float
    auc: float
    issued: Interval
    rival: Interval
    lead: Interval


@dataclass(frozen=True, slots=True, eq=False)
class _Decided:
    """Candidates (C,) with a probability and a known outcome."""

    said: Floats
    base: Floats
    hit: Floats
    return_r: Floats
    bar: Ints
    side: Ints
    issued: Bools


def judge(inputs: Inputs, result: Result, sides: tuple[int, ...] = (0, 1)) -> Judgement:
    """Judge `result` on what the panel of `inputs` has decided since; `sides` index DIRECTIONS.

    The base rate of each candidate is that of its fit's past. Raises ValueError where nothing was decided.
    """
    cases = _decided(inputs, result, sides)
    if not len(cases.said):
        raise ValueError("no candidate with a probability has a known outcome yet")
    block = 4 * horizon_bars(inputs.panel.timeframe)
    usual = _same_bar_mean(cases)
    chosen = cases.issued
    own, random = cases.return_r[chosen], usual[chosen]
    bars = cases.bar[chosen]
    return Judgement(
        cases=len(cases.said),
        base_rate=float(cases.hit.mean()),
        reliability=reliability(cases.said, cases.hit),
        ece=calibration_error(cases.said, cases.hit),
        brier=float(np.mean((cases.said - cases.hit) ** 2)),
        brier_skill=brier_skill(cases.said, cases.hit, cases.base),
        auc=auc(cases.said, cases.hit),
        issued=bootstrap(own, bars, block),
        rival=bootstrap(random, bars, block),
        lead=bootstrap(own - random, bars, block),
    )


def _decided(inputs: Inputs, result: Result, sides: tuple[int, ...]) -> _Decided:
    parts = []
    for side in sides:
        ended = inputs.outcomes[side]
        code, earned = ended.code[result.first :], ended.return_r[result.first :]
        keep = (
            result.candidates & np.isfinite(result.probability[side]) & np.isfinite(earned) & (code != OPEN)
        )
        row, column = np.nonzero(keep)
        parts.append(
            (
                result.probability[side][row, column],
                result.base_rate[side][row],
                (code[row, column] == TARGET).astype(np.float64),
                earned[row, column],
                row,
                np.full(len(row), side),
                result.issued[side][row, column],
            )
        )
    return _Decided(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _same_bar_mean(cases: _Decided) -> Floats:
    """Mean net R (C,) of the candidates of each case's bar and direction."""
    _, group = np.unique(cases.bar * 2 + cases.side, return_inverse=True)
    mean = np.bincount(group, cases.return_r) / np.bincount(group)
    return np.asarray(mean[group], dtype=np.float64)


def reliability(said: Floats, hit: Floats, bins: int = BINS) -> Reliability:
    """Reliability table of probabilities (C,) and outcomes (C,) in {0, 1}, by equally full bins."""
    groups = [group for group in np.array_split(np.argsort(said, kind="stable"), bins) if len(group)]
    count = np.array([len(group) for group in groups])
    share = np.array([hit[group].mean() for group in groups])
    square = WILSON**2
    centre = (share + square / (2 * count)) / (1 + square / count)
    half = WILSON * np.sqrt(share * (1 - share) / count + square / (4 * count**2)) / (1 + square / count)
    mean = np.array([said[group].mean() for group in groups])
    return Reliability(count, mean, share, centre - half, centre + half)


def calibration_error(said: Floats, hit: Floats, bins: int = BINS) -> float:
    """Expected calibration error: mean |said - came true| over equally full bins, weighted by their cases."""
    table = reliability(said, hit, bins)
    return float(np.average(np.abs(table.said - table.true), weights=table.count))


def brier_skill(said: Floats, hit: Floats, base: Floats) -> float:
    """1 - Brier score / that of the base rate known at the time (C,); NaN where the base rate made no
    error.
    """
    rival = float(np.mean((base - hit) ** 2))
    return 1.0 - float(np.mean((said - hit) ** 2)) / rival if rival > 0 else float("nan")


def auc(said: Floats, hit: Floats) -> float:
    """Chance that a hit was given a higher probability than a miss (Mann and Whitney 1947); NaN for one
    class.
    """
    hits = float(hit.sum())
    misses = len(hit) - hits
    if not hits or not misses:
        return float("nan")
    ranks = float(rankdata(said)[hit == 1.0].sum())
    return (ranks - hits * (hits + 1) / 2) / (hits * misses)


def bootstrap(values: Floats, bars: Ints, block: int, draws: int = DRAWS, seed: int = SEED) -> Interval:
    """Mean of `values` (C,) with a 95 % interval from drawing blocks of `block` bars with replacement.

    Cases of one block stay together, so labels that overlap are not counted as independent.
    """
    if not len(values):
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    _, owner = np.unique(bars // block, return_inverse=True)
    total, count = np.bincount(owner, values), np.bincount(owner)
    if len(count) < 2:
        return Interval(float(values.mean()), float("nan"), float("nan"), len(values))
    picks = np.random.default_rng(seed).integers(len(count), size=(draws, len(count)))
    means = total[picks].sum(axis=1) / count[picks].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(values.mean()), float(low), float(high), len(values))

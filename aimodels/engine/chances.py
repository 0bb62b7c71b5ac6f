"""Probabilities against outcomes: ratios of sums by bar, so that blocks of bars redraw them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from aimodels.engine import bootstrap
from aimodels.engine.bootstrap import NOTHING, Measured
from assets.engine.panel import Floats, Ints

BINS = 10
LEVELS = 200
_EDGES = np.arange(1, LEVELS) / LEVELS


@dataclass(frozen=True, slots=True)
class Chances:
    """How good probabilities were: `skill` 1 - Brier / the rival's, `ece` expected calibration error over ten
    equally full bins, `rival_ece` that of the rival, `auc` chance that a hit was given more than a miss."""

    cases: int
    base_rate: float
    skill: Measured
    ece: Measured
    rival_ece: Measured
    auc: Measured


def judge(said: Floats, rival: Floats, hit: Floats, bar: Ints, bars: int, block: int) -> Chances:
    """Judge `said` (C,) and its `rival` (C,) on outcomes `hit` (C,) in {0, 1}, each of bar number `bar` (C,).

    `bars` is how many bars there were, those without a case included; `block` how many a redrawn block
    holds. Cases with a NaN are left out; NaN figures where nothing is left.
    """
    told = np.isfinite(said) & np.isfinite(rival) & np.isfinite(hit)
    said, rival, hit, bar = said[told], rival[told], hit[told], bar[told]
    if not len(said):
        return Chances(0, np.nan, NOTHING, NOTHING, NOTHING, NOTHING)
    brier = np.stack([_by_bar((p - hit) ** 2, bar, bars) for p in (said, rival)], axis=1)
    return Chances(
        cases=len(said),
        base_rate=float(hit.mean()),
        skill=_measured(brier, block, lambda s: 1.0 - s[:, 0] / s[:, 1]),
        ece=_measured(_gaps(said, hit, bar, bars), block, _error),
        rival_ece=_measured(_gaps(rival, hit, bar, bars), block, _error),
        auc=_measured(_ranks(said, hit, bar, bars), block, _auc),
    )


def _measured(table: Floats, block: int, figure: Callable[[Floats], Floats]) -> Measured:
    with np.errstate(invalid="ignore", divide="ignore"):
        value = float(figure(table.sum(axis=0)[None, :])[0])
        low, high = bootstrap.interval(figure(bootstrap.sums(table, block)))
    return Measured(value, low, high)


def _by_bar(values: Floats, bar: Ints, bars: int) -> Floats:
    return np.asarray(np.bincount(bar, values, bars), dtype=np.float64)


def _gaps(said: Floats, hit: Floats, bar: Ints, bars: int) -> Floats:
    """By bar and bin: how many cases, and said minus came true (R, 2 BINS)."""
    # One value is in one bin, whatever the order of its cases: the bin in which its first case stands.
    first = np.searchsorted(np.sort(said), said, side="left")
    place = first * BINS // len(said)
    cell = bar * BINS + place
    count = np.bincount(cell, minlength=bars * BINS).reshape(bars, BINS)
    gap = np.bincount(cell, said - hit, bars * BINS).reshape(bars, BINS)
    return np.concatenate([count, gap], axis=1).astype(np.float64)


def _error(sums: Floats) -> Floats:
    return np.asarray(np.abs(sums[:, BINS:]).sum(axis=1) / sums[:, :BINS].sum(axis=1), dtype=np.float64)


def _ranks(said: Floats, hit: Floats, bar: Ints, bars: int) -> Floats:
    """By bar: misses and hits at each of `LEVELS` levels of probability (R, 2 LEVELS)."""
    edges = np.unique(np.quantile(said, _EDGES))
    level = np.searchsorted(edges, said, side="right")
    cell = (bar * 2 + (hit == 1.0)) * LEVELS + level
    return np.bincount(cell, minlength=bars * 2 * LEVELS).reshape(bars, -1).astype(np.float64)


def _auc(sums: Floats) -> Floats:
    misses, hits = sums[:, :LEVELS], sums[:, LEVELS:]
    below = np.cumsum(misses, axis=1) - misses
    won = (hits * (below + 0.5 * misses)).sum(axis=1)
    return np.asarray(won / (hits.sum(axis=1) * misses.sum(axis=1)), dtype=np.float64)

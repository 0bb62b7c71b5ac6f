"""Whether intervals cover as often as they say and are worth their width, beside the naive random walk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from aimodels.engine import bootstrap
from aimodels.engine.bootstrap import NOTHING
from aimodels.engine.checks import Sample
from aimodels.engine.conformal import GROUPS
from aimodels.engine.figures import Bounds, Figure, Role, Span, figure
from aimodels.engine.intervals import HORIZON_DAYS, LEVEL, IntervalFit, apply, gather
from aimodels.engine.spec import ModelSpec
from aimodels.engine.volatility import FEATURES, Inputs, foretold
from assets.engine import rolling
from assets.engine.panel import Bools, Floats, Ints, Panel

DECAY, EWMA_BARS = 0.94, 100
#: Normal quantile of nine tenths: the naive interval's half width in standard deviations.
NORMAL = 1.2815515655446004
BLOCK_DAYS = 28
OBSERVE_STRIDE = 7
#: How far coverage may lie from what is claimed (floor, goal), and the score against the naive one's.
COVERAGE_BOUNDS: Mapping[int, tuple[float, float]] = {1: (0.03, 0.01), 7: (0.05, 0.02)}
SCORE_BOUNDS: Mapping[int, Bounds] = {1: Bounds(0.99, 0.965, 0.9), 7: Bounds(1.0, 0.96, 0.9)}


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """Half widths said by the model and by its rival, the size of the moves, each interval's group of
    volatility, and which cells are judged (R, N); `block` rows a block of the bootstrap."""

    half: Floats
    rival: Floats
    moved: Floats
    group: Ints
    known: Bools
    block: int


def figures(
    spec: ModelSpec, inputs: Inputs, fits: Mapping[datetime, IntervalFit], span: Span
) -> tuple[Figure, ...]:
    """Coverage by all and by each group of volatility, interval score against the naive one's, on members
    whose move is known in the rows of `span`; NaN with a note where there is none."""
    moves = _moves(spec, inputs, fits, span)
    return (
        _coverage(moves, spec.horizon_days),
        *_worth(moves, spec.horizon_days),
        *(_group(moves, spec.horizon_days, number) for number in range(GROUPS)),
    )


def _moves(spec: ModelSpec, inputs: Inputs, fits: Mapping[datetime, IntervalFit], span: Span) -> _Moves:
    result = apply(inputs, {spec.name: fits}, span.first)
    h, days = HORIZON_DAYS.index(spec.horizon_days), spec.horizon_days
    frame = inputs.panel.timeframe
    half = result.half[h]
    moved = np.abs(foretold(inputs, frame.bars(timedelta(days=days)))[0][span.first :])
    rival = naive_half(inputs.panel, days)[span.first :]
    known = result.members & span.judged[:, None]
    known &= np.isfinite(half) & np.isfinite(moved) & np.isfinite(rival)
    block = frame.bars(timedelta(days=max(BLOCK_DAYS, 2 * days)))
    return _Moves(half, rival, moved, result.group[h], known, block)


def _note(cases: int) -> str:
    return "" if cases else "no interval has come to its end"


def _coverage(moves: _Moves, days: int) -> Figure:
    cases = int(moves.known.sum())
    return figure(
        f"interval_coverage_{days}d",
        Role.COVERAGE,
        _share(moves.moved <= moves.half, moves.known, moves.block),
        _share(moves.moved <= moves.rival, moves.known, moves.block),
        target=LEVEL,
        slack=0.01,
        bounds=_around(days),
        cases=cases,
        note=_note(cases),
    )


def _worth(moves: _Moves, days: int) -> tuple[Figure, ...]:
    """Score and width over the rival's."""
    known, cases = moves.known, int(moves.known.sum())
    made = partial(figure, rival=1.0, higher=False, cases=cases, note=_note(cases))

    def over(own: Floats, naive: Floats) -> bootstrap.Measured:
        return bootstrap.ratio(_rows(own, known), _rows(naive, known), moves.block) if cases else NOTHING

    return (
        made(
            f"interval_score_{days}d",
            Role.SKILL,
            over(score(moves.half, moves.moved), score(moves.rival, moves.moved)),
            slack=0.01,
            bounds=SCORE_BOUNDS.get(days, Bounds()),
        ),
        made(f"interval_width_{days}d", Role.OTHER, over(moves.half, moves.rival)),
    )


def _group(moves: _Moves, days: int, number: int) -> Figure:
    among = moves.known & (moves.group == number)
    return figure(
        f"interval_coverage_{days}d_group_{number + 1}",
        Role.OTHER,
        _share(moves.moved <= moves.half, among, moves.block),
        target=LEVEL,
        cases=int(among.sum()),
        note=f"volatility group {number + 1} of {GROUPS}, calmest first",
    )


def observe(spec: ModelSpec, inputs: Inputs, start: int, stop: int) -> Sample:
    """Features of the members of every seventh of rows `start` to `stop` - 1, and the log move they foretell
    where it was known by then."""
    bars = inputs.panel.timeframe.bars(timedelta(days=spec.horizon_days))
    rows = np.arange(start, stop)[::-OBSERVE_STRIDE][::-1]
    where, columns = np.nonzero(inputs.members[rows] & np.isfinite(inputs.features[0, rows]))
    target = foretold(inputs, bars)[1][rows[where], columns]
    known = rows[where] + bars < stop
    x = gather(inputs, rows[where], columns, bars)
    return Sample(FEATURES, x, np.where(known, target, np.nan))


def naive_half(panel: Panel, days: int) -> Floats:
    """Half width (T, N) in logs of an 80 % interval: normal quantile times an exponentially weighted
    volatility of daily log returns (RiskMetrics, decay 0.94), times the root of the days."""
    day = panel.timeframe.bars(timedelta(days=1))
    squares = rolling.log_return(panel.close) ** 2
    total, mass = np.zeros(squares.shape), np.zeros(squares.shape)
    for back in range(EWMA_BARS * day):
        past = rolling.lag(squares, back) if back else squares
        seen = np.isfinite(past)
        weight = DECAY ** (back / day)
        total += np.where(seen, weight * past, 0.0)
        mass += np.where(seen, weight, 0.0)
    variance = np.divide(total, mass, out=np.full(squares.shape, np.nan), where=mass > 1.0)
    return np.asarray(NORMAL * np.sqrt(variance * day * days), dtype=np.float64)


def score(half: Floats, moved: Floats, level: float = LEVEL) -> Floats:
    """Interval score (Winkler 1972) of [-half, half] for moves of size `moved`: width + 2 / (1 - level) times
    how far outside."""
    return 2.0 * half + 2.0 / (1.0 - level) * np.maximum(moved - half, 0.0)


def _rows(values: Floats, known: Bools) -> Floats:
    return np.asarray(np.where(known, values, 0.0).sum(axis=1), dtype=np.float64)


def _share(inside: Bools, known: Bools, block: int) -> bootstrap.Measured:
    return bootstrap.ratio(
        _rows(inside.astype(np.float64), known), known.sum(axis=1).astype(np.float64), block
    )


def _around(days: int) -> Bounds:
    """Bounds as the coverage that lies just so far below what is claimed."""
    floor, goal = COVERAGE_BOUNDS.get(days, (None, None))
    return Bounds(None if floor is None else LEVEL - floor, None if goal is None else LEVEL - goal)

"""Where a price will be: the last price in the middle, an interval that covers four times in five.

Nobody beats the last price as the middle over days to weeks; how far a price strays from it can be told.
A ridge on the coin's own bars foretells the scale of the move, conformal widths turn it into an interval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from aimodels.engine import guard, volatility
from aimodels.engine.conformal import GROUPS, Widths, adapted, fit_widths, group_of, width_at
from aimodels.engine.linear import Linear, fit_ridge, score
from aimodels.engine.spec import ModelSpec, ModelType, fit_times, serving
from aimodels.engine.volatility import FEATURES, Inputs, prepare
from assets.engine.panel import Bools, Floats, Ints, Panel
from assets.engine.timeframe import Timeframe

LEVEL = 0.8
HORIZON_DAYS = (1, 7, 30)
TRAIN_DAYS = 1825
STRIDE_DAYS = 3
WIDTH_DAYS = 730
MEMORY_DAYS = 365
LEAST_ROWS = 2000
PENALTY = 10.0
#: How fast the level follows what was covered; slower where a row's outcome is known weeks later.
GAMMA: Mapping[int, float] = {1: 0.005, 7: 0.005, 30: 0.002}
#: Confidence in an interval of a coin that is like nothing learned from: it may hold or not.
NOTHING_KNOWN = 0.5


def _spec(days: int) -> ModelSpec:
    return ModelSpec(
        name=f"interval_{days}d",
        model_type=ModelType.ASSET,
        estimator="ridge on log volatility, conformal by volatility group, adapted online",
        target=f"80 % interval of the price {days} days ahead",
        features=FEATURES,
        horizon_days=days,
        train_days=TRAIN_DAYS,
        version=2,
        metric="interval score",
        rival="random walk with an exponentially weighted volatility",
    )


SPECS = tuple(_spec(days) for days in HORIZON_DAYS)


@dataclass(frozen=True, slots=True, eq=False)
class IntervalFit:
    """`scale`: log of the daily move from FEATURES; `widths` in units of it; `rows` learned from, and what
    they looked like."""

    scale: Linear
    widths: Widths
    rows: int
    seen: guard.Reference


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """Rows `first` to the last (R) of the panel, horizons by HORIZON_DAYS (H).

    `half` (H, R, N): the interval is price times exp(-half) to price times exp(half); `group` (H, R, N) by
    volatility, -1 unknown; `level` and `covered` (H, R, G): each group's adapted level, and the share its
    intervals covered in the year before; `unlike` (H, R, N) in [0, 1]: how unlike what was learned from a
    coin is. `members` (R, N). NaN: no fit, or too few bars.
    """

    first: int
    members: Bools
    half: Floats
    group: Ints
    level: Floats
    covered: Floats
    unlike: Floats


Fits = Mapping[str, Mapping[datetime, IntervalFit]]


def lookback(timeframe: Timeframe) -> int:
    """Rows before the first result that make it independent of where the panel starts, models given."""
    days = MEMORY_DAYS + max(spec.refit_days for spec in SPECS) + max(HORIZON_DAYS)
    return timeframe.bars(timedelta(days=days)) + volatility.lookback(timeframe) + 2


#: What a retraining may change.
HYPERPARAMETERS = {"penalty": PENALTY}


def fit(inputs: Inputs, row: int, spec: ModelSpec, penalty: float = PENALTY) -> IntervalFit:
    """The model that may be known at the close of `row`: only moves that had ended by then.

    Every third day of the training span for the scale, every day of the last two years for the widths.
    Raises ValueError below 2,000 labelled rows.
    """
    frame = inputs.panel.timeframe
    bars, train, stride, span = (
        frame.bars(timedelta(days=days)) for days in (spec.horizon_days, TRAIN_DAYS, STRIDE_DAYS, WIDTH_DAYS)
    )
    start = max(0, row - train)
    moved, target = volatility.foretold_between(inputs, start, row + 1, bars)
    inputs = _between(inputs, start, row + 1)
    last = len(moved) - 1 - bars
    used = np.arange(last, -1, -stride)[::-1]
    known = inputs.members[used] & np.isfinite(inputs.features[0, used]) & np.isfinite(target[used])
    where, columns = np.nonzero(known)
    if len(where) < LEAST_ROWS:
        raise ValueError(f"{spec.name}: {len(where)} labelled rows; {LEAST_ROWS} are needed")
    rows = used[where]
    x = gather(inputs, rows, columns, bars)
    line = fit_ridge(x, target[rows, columns], penalty)
    recent = np.arange(max(0, last - span + 1), last + 1)
    able = inputs.members[recent] & np.isfinite(inputs.features[0, recent]) & np.isfinite(moved[recent])
    where, columns = np.nonzero(able)
    scale = np.exp(score(line, gather(inputs, recent[where], columns, bars))) * np.sqrt(spec.horizon_days)
    widths = fit_widths(scale, np.abs(moved[recent[where], columns]) / scale)
    return IntervalFit(line, widths, len(rows), guard.reference(guard.thinned(x)))


def gather(inputs: Inputs, rows: Ints, columns: Ints, bars: int) -> Floats:
    """Features (C, F) in the order of FEATURES at cells (rows, columns)."""
    rests = volatility.weekend(inputs.panel, bars)[rows]
    return np.column_stack([*inputs.features[:, rows, columns], rests])


def apply(inputs: Inputs, fits: Fits, first: int) -> Result:
    """Intervals of rows `first` to the last by the stored `fits` (spec name, fit moment)."""
    rows, coins = inputs.panel.shape[0] - first, inputs.panel.shape[1]
    shape = (len(SPECS), rows)
    half = np.full((*shape, coins), np.nan)
    group = np.full((*shape, coins), -1, dtype=np.int64)
    level, covered = np.full((*shape, GROUPS), np.nan), np.full((*shape, GROUPS), np.nan)
    strange = np.full((*shape, coins), np.nan)
    for h, spec in enumerate(SPECS):
        for moment, served in serving(spec, inputs.panel, first).items():
            known = fits.get(spec.name, {}).get(moment)
            if known is None:
                continue
            into = slice(served.start - first, served.stop - first)
            part = _part(inputs, spec, known, moment, served)
            half[h, into], group[h, into], level[h, into], covered[h, into] = part
            strange[h, into] = _strange(inputs, spec, known, served)
    return Result(first, inputs.members[first:], half, group, level, covered, strange)


def analyse(panel: Panel, first: int) -> Result:
    """Prepare, fit what rows `first` on need, apply."""
    inputs = prepare(panel)
    return apply(inputs, fit_all(inputs, first), first)


def fit_all(inputs: Inputs, first: int) -> dict[str, dict[datetime, IntervalFit]]:
    """Every fit that serves rows `first` to the last; moments with too little history are left out."""
    found: dict[str, dict[datetime, IntervalFit]] = {}
    for spec in SPECS:
        found[spec.name] = {}
        for moment in fit_times(spec, inputs.panel, first):
            try:
                found[spec.name][moment] = fit(inputs, inputs.panel.known_at(moment) - 1, spec)
            except ValueError:
                continue  # too little history: apply leaves the rows it would have served unknown
    return found


def _part(
    inputs: Inputs, spec: ModelSpec, known: IntervalFit, moment: datetime, served: slice
) -> tuple[Floats, Ints, Floats, Floats]:
    """One fit's rows: half widths and groups (r, N), levels and shares covered (r, G).

    The levels are replayed from a year before the fit, under the fit itself.
    """
    frame = inputs.panel.timeframe
    bars = frame.bars(timedelta(days=spec.horizon_days))
    memory = frame.bars(timedelta(days=MEMORY_DAYS))
    begin = max(0, inputs.panel.known_at(moment) - 1 - memory)
    wide = slice(begin, served.stop)
    scale = scales(inputs, known.scale, wide, spec.horizon_days)
    group = group_of(known.widths.edges, scale)
    moved, _ = volatility.foretold_between(inputs, begin, served.stop, bars)
    mine = np.where(inputs.members[wide], group, -1)
    level, covered = adapted(known.widths, mine, np.abs(moved) / scale, bars, LEVEL, GAMMA[spec.horizon_days])
    own = slice(served.start - begin, None)
    half = np.full(scale[own].shape, np.nan)
    for number in range(GROUPS):
        factor = width_at(known.widths, number, level[own, number])[:, None]
        half = np.where(group[own] == number, factor * scale[own], half)
    return half, group[own], level[own], covered[own]


def _strange(inputs: Inputs, spec: ModelSpec, known: IntervalFit, rows: slice) -> Floats:
    """How unlike what was learned from each member of the rows is (r, N); NaN for others."""
    bars = inputs.panel.timeframe.bars(timedelta(days=spec.horizon_days))
    where, columns = np.nonzero(inputs.members[rows])
    out = np.full(inputs.members[rows].shape, np.nan)
    out[where, columns] = guard.unlike(known.seen, gather(inputs, where + rows.start, columns, bars))
    return out


def lowered(covered: Floats, strange: Floats) -> Floats:
    """How far to rely on an interval (...): the share that such intervals `covered`, LEVEL where none has
    ended yet, drawn to NOTHING_KNOWN as far as its coin is unlike (...) what was learned from."""
    measured = np.where(np.isfinite(covered), covered, LEVEL)
    return guard.lowered(measured, NOTHING_KNOWN, np.nan_to_num(strange))


def scales(inputs: Inputs, line: Linear, rows: slice, days: int) -> Floats:
    """Scale (r, N) of the log move over `days`, every coin with a month of bars; NaN elsewhere."""
    bars = inputs.panel.timeframe.bars(timedelta(days=days))
    where, columns = np.nonzero(np.isfinite(inputs.features[0, rows]))
    out = np.full(inputs.features[0, rows].shape, np.nan)
    known = score(line, gather(inputs, where + rows.start, columns, bars))
    out[where, columns] = np.exp(known) * np.sqrt(days)
    return out


def half_at(half: Floats, hours: float) -> Floats:
    """Half width (...) at any horizon from `half` (H, ...) at HORIZON_DAYS.

    Straight lines in log width over log time between them; before the first and after the last it grows
    with the root of time.
    """
    if hours / 24 in HORIZON_DAYS:
        return np.asarray(half[HORIZON_DAYS.index(round(hours / 24))], dtype=np.float64)
    spans = np.log(np.array(HORIZON_DAYS, dtype=np.float64) * 24.0)
    at = np.log(hours)
    logs = np.log(half)
    if at <= spans[0]:
        return np.asarray(np.exp(logs[0] + 0.5 * (at - spans[0])), dtype=np.float64)
    for j in range(1, len(spans)):
        if at <= spans[j]:
            share = (at - spans[j - 1]) / (spans[j] - spans[j - 1])
            return np.asarray(np.exp(logs[j - 1] + share * (logs[j] - logs[j - 1])), dtype=np.float64)
    return np.asarray(np.exp(logs[-1] + 0.5 * (at - spans[-1])), dtype=np.float64)


def _between(inputs: Inputs, start: int, stop: int) -> Inputs:
    cut = slice(start, stop)
    bars = inputs.panel.rows(start, stop)
    return Inputs(bars, inputs.members[cut], inputs.features[:, cut], inputs.daily[cut])

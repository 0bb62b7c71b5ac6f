"""How likely the target comes before the stop: a pooled logistic model for each direction, calibrated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from aimodels.engine.linear import Linear, contributions, fit_logistic, fit_ridge, score, sigmoid
from aimodels.engine.spec import ModelSpec, ModelType
from assets.engine.panel import Floats, Ints
from trading.engine.barriers import DIRECTIONS, OPEN, TARGET, Direction
from trading.engine.calibration import Calibration, calibrate, folds, probability
from trading.engine.features import FEATURES
from trading.engine.inputs import Inputs
from trading.engine.levels import HORIZON_DAYS, horizon_bars

NEAR_DAYS = (1, 3)
TRAIN_DAYS = 1460
STRIDE_DAYS = 5
BLOCKS, LEAST_BLOCKS = 6, 2
LEAST_CASES = 500
INVERSE_PENALTY = 0.003


def names(direction: Direction) -> tuple[str, ...]:
    """Names of the features of one direction: shorts see each against the mean of that bar's candidates."""
    own = FEATURES if direction is Direction.LONG else tuple(f"{name}_relative" for name in FEATURES)
    return (*own, "target_distance", "stop_distance")


def _spec(direction: Direction) -> ModelSpec:
    return ModelSpec(
        name=f"timing_{direction}",
        model_type=ModelType.TIMING,
        estimator="pooled logistic, prequential calibration",
        target=f"the target of a {direction} plan is reached before its stop within {HORIZON_DAYS} days",
        features=names(direction),
        horizon_days=HORIZON_DAYS,
        train_days=TRAIN_DAYS,
        metric="brier_skill",
        rival="base rate",
    )


SPECS: Mapping[Direction, ModelSpec] = {direction: _spec(direction) for direction in DIRECTIONS}


@dataclass(frozen=True, slots=True)
class TimingFit:
    """What was learned for one direction.

    `line` scores the target within the horizon, `calibration` makes it a probability; `within` are, for
    each of NEAR_DAYS from the longest down, the share of those hits that come that soon. `hit_r`, `miss_r`:
    mean gross R of plans that reached the target, over their own risk-reward ratio, and of those that did
    not. `cases`: candidates seen.
    """

    line: Linear
    calibration: Calibration
    within: tuple[Linear, ...]
    hit_r: float
    miss_r: Linear
    cases: int


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """Labelled candidates (C,): panel row, features (C, F), hit or not, bars to the exit, gross R over
    costs.
    """

    rows: Ints
    x: Floats
    hit: Floats
    offset: Ints
    return_r: Floats
    risk_reward: Floats


def fit(inputs: Inputs, row: int, direction: Direction) -> TimingFit:
    """The model as it can be known at the close of `row`.

    Candidates of every fifth of the last `TRAIN_DAYS` days whose horizon had passed by then (purged):
    labels of neighbouring days overlap and add little. The calibration is fitted on scores of models that
    had seen only earlier blocks of time, an embargo of one horizon between. Raises ValueError where there
    are fewer than 500 candidates, or too few to calibrate on.
    """
    cases = labelled(inputs, row, direction)
    if len(cases.rows) < LEAST_CASES or not 0.0 < cases.hit.mean() < 1.0:
        raise ValueError(
            f"{len(cases.rows)} candidates with a known outcome: too few to learn {direction} from"
        )
    horizon = horizon_bars(inputs.panel.timeframe)
    raw = _out_of_fold(cases, horizon)
    seen = np.isfinite(raw)
    judged = calibrate(cases.rows[seen], raw[seen], cases.hit[seen], horizon, BLOCKS - LEAST_BLOCKS)
    reached = cases.hit == 1.0
    line = fit_logistic(cases.x, cases.hit, INVERSE_PENALTY)
    missed = score(line, cases.x[~reached])
    return TimingFit(
        line=line,
        calibration=judged,
        within=_within(inputs, cases),
        hit_r=float(np.mean(cases.return_r[reached] / cases.risk_reward[reached])),
        miss_r=fit_ridge(missed[:, None], cases.return_r[~reached], alpha=1.0),
        cases=len(cases.rows),
    )


def _out_of_fold(cases: Cases, horizon: int) -> Floats:
    """Scores (C,) of each block of time by a model of the blocks before it; NaN for the first blocks."""
    raw = np.full(len(cases.rows), np.nan)
    for past, following in folds(cases.rows, BLOCKS, horizon, LEAST_BLOCKS):
        if past.sum() >= LEAST_CASES // 4:
            line = fit_logistic(cases.x[past], cases.hit[past], INVERSE_PENALTY)
            raw[following] = score(line, cases.x[following])
    return raw


def labelled(inputs: Inputs, row: int, direction: Direction) -> Cases:
    """Candidates whose outcome was known at the close of `row`, every fifth day back from it."""
    frame = inputs.panel.timeframe
    train, stride = (frame.bars(timedelta(days=days)) for days in (TRAIN_DAYS, STRIDE_DAYS))
    last = row - horizon_bars(frame)
    used = np.arange(last, max(row - train, -1), -stride)[::-1]
    side = DIRECTIONS.index(direction)
    ended, levels = inputs.outcomes[side], inputs.levels[side]
    usable = inputs.candidates[used] & np.isfinite(ended.return_r[used]) & (ended.code[used] != OPEN)
    where, columns = np.nonzero(usable)
    rows = used[where]
    return Cases(
        rows=rows,
        x=gather(inputs, rows, columns, direction),
        hit=(ended.code[rows, columns] == TARGET).astype(np.float64),
        offset=ended.offset[rows, columns],
        return_r=ended.return_r[rows, columns] + levels.cost_r[rows, columns],
        risk_reward=levels.risk_reward[rows, columns],
    )


def gather(inputs: Inputs, rows: Ints, columns: Ints, direction: Direction) -> Floats:
    """Features (C, F) in the order of `names` at cells (rows, columns); the plan's distances are in ATR."""
    levels = inputs.levels[DIRECTIONS.index(direction)]
    share = np.exp(inputs.features[FEATURES.index("atr_share")][rows, columns])
    stop = levels.stop_share[rows, columns] / share
    target = levels.risk_reward[rows, columns] * stop
    own = inputs.features[:, rows, columns]
    if direction is Direction.SHORT:
        own -= inputs.centre[:, rows]
    return np.column_stack([*own, target, stop])


def _within(inputs: Inputs, cases: Cases) -> tuple[Linear, ...]:
    """Models of P(hit within d days | hit within the next longer span), longest first."""
    out = []
    among = cases.hit == 1.0
    for days in reversed(NEAR_DAYS):
        soon = cases.offset <= inputs.panel.timeframe.bars(timedelta(days=days))
        out.append(fit_logistic(cases.x[among], soon[among], INVERSE_PENALTY))
        among &= soon
    return tuple(out)


def predict(fit_: TimingFit, x: Floats) -> tuple[Floats, ...]:
    """Probability (C,) of the target before the stop within 1, 3 and 7 days; never falling with the span."""
    spans = [probability(fit_.calibration, score(fit_.line, x))]
    for line in fit_.within:
        spans.append(spans[-1] * sigmoid(score(line, x)))
    return tuple(reversed(spans))


def payoffs(fit_: TimingFit, x: Floats, risk_reward: Floats, cost_r: Floats) -> tuple[Floats, Floats]:
    """What a hit and a miss pay on average (C,), in R after costs; a miss may be a stop or end in time."""
    miss = score(fit_.miss_r, score(fit_.line, x)[:, None])
    return fit_.hit_r * risk_reward - cost_r, np.clip(miss, -1.5, 0.5) - cost_r


def weighed(fit_: TimingFit, x: Floats) -> Floats:
    """What each feature adds to the log odds (C, F), in the order of `names`, after calibration's trust."""
    return fit_.calibration.trust * contributions(fit_.line, x)

"""How likely the target comes before the stop: a pooled logistic model for each direction, calibrated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta

import numpy as np

from aimodels.engine import guard
from aimodels.engine.linear import Linear, contributions, fit_logistic, fit_ridge, score, sigmoid
from aimodels.engine.spec import ModelSpec, ModelType
from assets.engine.panel import Bools, Floats, Ints
from trading.engine.barriers import DIRECTIONS, OPEN, TARGET, Direction
from trading.engine.calibration import Calibration, calibrate, folds, probability, spans
from trading.engine.features import FEATURES
from trading.engine.inputs import Inputs
from trading.engine.levels import HORIZON_DAYS, horizon_bars
from trading.engine.tail import Coverage, Proof, coverage, prove

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
        version=5,
    )


SPECS: Mapping[Direction, ModelSpec] = {direction: _spec(direction) for direction in DIRECTIONS}


@dataclass(frozen=True, slots=True)
class TimingFit:
    """What was learned for one direction.

    `line` scores the target within the horizon, `calibration` makes it a probability; `within` are, for
    each of NEAR_DAYS from the longest down, the share of those hits that come that soon. `hit_r`, `miss_r`:
    mean gross R of plans that reached the target, over their own risk-reward ratio, and of those that did
    not. `cases`: candidates learned from. `proof`: what candidates of every day had earned that would have
    been issued on what was said of them before; `coverage` the same along the whole range. `seen` is what
    the cases looked like: where a candidate is unlike them, its probabilities go back to the base rate.
    """

    line: Linear
    calibration: Calibration
    within: tuple[Linear, ...]
    hit_r: float
    miss_r: Linear
    cases: int
    proof: Proof
    coverage: Coverage
    seen: guard.Reference


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """Labelled candidates (C,): panel row, whether of a day that models learn from, features (C, F), hit or
    not, bars to the exit, net R, the round trip's cost in R, risk-reward ratio and break-even of the plan.
    """

    rows: Ints
    sampled: Bools
    x: Floats
    hit: Floats
    offset: Ints
    net_r: Floats
    cost_r: Floats
    risk_reward: Floats
    break_even: Floats

    def taken(self, which: Bools) -> Cases:
        """The cases where `which` (C,) says so."""
        return Cases(*(getattr(self, field.name)[which] for field in fields(self)))


#: What a retraining may change.
HYPERPARAMETERS = {"inverse_penalty": INVERSE_PENALTY}


def fit(
    inputs: Inputs, row: int, direction: Direction, inverse_penalty: float = INVERSE_PENALTY
) -> TimingFit:
    """The model as it can be known at the close of `row`.

    It learns from candidates of every fifth of the last `TRAIN_DAYS` days whose horizon had passed by then
    (purged): labels of neighbouring days overlap and add little to a fit. It is judged on those of every
    day, as which fifth days a fit happens to see is luck: scored by models that had seen only earlier
    blocks of time, an embargo of one horizon between. Raises ValueError where there are fewer than 500
    candidates to learn from, or too few to calibrate on.
    """
    every = labelled(inputs, row, direction)
    cases = every.taken(every.sampled)
    if len(cases.rows) < LEAST_CASES or not 0.0 < cases.hit.mean() < 1.0:
        raise ValueError(
            f"{len(cases.rows)} candidates with a known outcome: too few to learn {direction} from"
        )
    horizon = horizon_bars(inputs.panel.timeframe)
    raw = _out_of_fold(every, horizon, inverse_penalty)
    scored = np.flatnonzero(np.isfinite(raw))
    judged = calibrate(every.rows[scored], raw[scored], every.hit[scored], horizon, BLOCKS - LEAST_BLOCKS)
    reached = cases.hit == 1.0
    line = fit_logistic(cases.x, cases.hit, inverse_penalty)
    missed = score(line, cases.x[~reached])
    gross = cases.net_r + cases.cost_r
    hit_r = float(np.mean(gross[reached] / cases.risk_reward[reached]))
    miss_r = fit_ridge(missed[:, None], gross[~reached], alpha=1.0)
    places = scored[judged.seen]
    pay = hit_r * every.risk_reward - every.cost_r, _missed(miss_r, raw) - every.cost_r
    proof, curve = _record(every, judged.said, places, pay, horizon, inputs.params.margin)
    return TimingFit(
        line=line,
        calibration=judged.calibration,
        within=_within(inputs, cases, inverse_penalty),
        hit_r=hit_r,
        miss_r=miss_r,
        cases=len(cases.rows),
        proof=proof,
        coverage=curve,
        seen=guard.reference(guard.thinned(cases.x)),
    )


def _record(
    cases: Cases, said: Floats, places: Ints, pay: tuple[Floats, Floats], horizon: int, margin: float
) -> tuple[Proof, Coverage]:
    """What the cases at `places` (S,) came to, of which `said` (S,) was said before, and those among them
    that would have been issued at expected R above `margin`; `pay` (C,) of a hit and of a miss."""
    win, lose = pay[0][places], pay[1][places]
    break_even, net, hit = cases.break_even[places], cases.net_r[places], cases.hit[places]
    block = spans(cases.rows[places], horizon)
    chosen = (said >= break_even) & (said * win + (1.0 - said) * lose > margin)
    return prove(said, hit, break_even, net, block, chosen), coverage(said, hit, net, block)


def _out_of_fold(cases: Cases, horizon: int, inverse_penalty: float) -> Floats:
    """Scores (C,) of each block of time by a model of the sampled days before; NaN for the first blocks."""
    raw = np.full(len(cases.rows), np.nan)
    for past, following in folds(cases.rows, BLOCKS, horizon, LEAST_BLOCKS):
        before = past & cases.sampled
        if before.sum() >= LEAST_CASES // 4:
            line = fit_logistic(cases.x[before], cases.hit[before], inverse_penalty)
            raw[following] = score(line, cases.x[following])
    return raw


def labelled(inputs: Inputs, row: int, direction: Direction) -> Cases:
    """Candidates whose outcome was known at the close of `row`, a bar of every day back from it; every fifth
    of those days is sampled."""
    frame = inputs.panel.timeframe
    train, day, stride = (frame.bars(timedelta(days=days)) for days in (TRAIN_DAYS, 1, STRIDE_DAYS))
    last = row - horizon_bars(frame)
    used = np.arange(last, max(row - train, -1), -day)[::-1]
    side = DIRECTIONS.index(direction)
    ended, levels = inputs.outcomes[side], inputs.levels[side]
    usable = inputs.candidates[used] & np.isfinite(ended.return_r[used]) & (ended.code[used] != OPEN)
    where, columns = np.nonzero(usable)
    rows = used[where]
    return Cases(
        rows=rows,
        sampled=(last - rows) % stride == 0,
        x=gather(inputs, rows, columns, direction),
        hit=(ended.code[rows, columns] == TARGET).astype(np.float64),
        offset=ended.offset[rows, columns],
        net_r=ended.return_r[rows, columns],
        cost_r=levels.cost_r[rows, columns],
        risk_reward=levels.risk_reward[rows, columns],
        break_even=levels.break_even[rows, columns],
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
    return np.vstack([own, target, stop]).T


def _within(inputs: Inputs, cases: Cases, inverse_penalty: float) -> tuple[Linear, ...]:
    """Models of P(hit within d days | hit within the next longer span), longest first."""
    out = []
    among = cases.hit == 1.0
    for days in reversed(NEAR_DAYS):
        soon = cases.offset <= inputs.panel.timeframe.bars(timedelta(days=days))
        out.append(fit_logistic(cases.x[among], soon[among], inverse_penalty))
        among &= soon
    return tuple(out)


def predict(fit_: TimingFit, x: Floats) -> tuple[Floats, ...]:
    """Probability (C,) of the target before the stop within 1, 3 and 7 days; never falling with the span.

    As far as a candidate is unlike those learned from, it goes back to the base rate.
    """
    spans = [guard.lowered(undoubted_chance(fit_, x), fit_.calibration.base_rate, unlike(fit_, x))]
    for line in fit_.within:
        spans.append(spans[-1] * sigmoid(score(line, x)))
    return tuple(reversed(spans))


def undoubted_chance(fit_: TimingFit, x: Floats) -> Floats:
    """Probability (C,) of the target before the stop as if all candidates were like those learned from."""
    return probability(fit_.calibration, score(fit_.line, x))


def unlike(fit_: TimingFit, x: Floats) -> Floats:
    """How unlike the cases learned from candidates x (C, F) are, in [0, 1] (C,)."""
    return guard.unlike(fit_.seen, x)


def payoffs(fit_: TimingFit, x: Floats, risk_reward: Floats, cost_r: Floats) -> tuple[Floats, Floats]:
    """What a hit and a miss pay on average (C,), in R after costs; a miss may be a stop or end in time."""
    return fit_.hit_r * risk_reward - cost_r, _missed(fit_.miss_r, score(fit_.line, x)) - cost_r


def _missed(line: Linear, raw: Floats) -> Floats:
    """Mean gross R (C,) of a miss at scores `raw` (C,)."""
    return np.clip(score(line, raw[:, None]), -1.5, 0.5)


def weighed(fit_: TimingFit, x: Floats) -> Floats:
    """What each feature adds to the log odds (C, F), in the order of `names`, after calibration's trust."""
    return fit_.calibration.trust * contributions(fit_.line, x)

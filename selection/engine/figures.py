"""How good a score is on bars its fits had not seen: rank correlation beside its rivals, money,
calibration."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np

from aimodels.engine import chances
from aimodels.engine.bootstrap import NOTHING, Measured
from aimodels.engine.checks import Sample
from aimodels.engine.figures import Bounds, Figure, Role, Span, figure, masked
from aimodels.engine.spec import ModelSpec
from assets.engine.panel import Floats
from selection.engine import judge as judging
from selection.engine.features import FEATURES
from selection.engine.inputs import Inputs
from selection.engine.judge import Costs, Estimate, Judgement
from selection.engine.layer import apply
from selection.engine.score import WEEK, ScoreFit

#: The table's bounds are those of the seven-day score.
BOUNDS = {
    "ic": Bounds(0.07, 0.13, 0.22),
    "ic_beyond_low_volatility": Bounds(0.03, 0.07, 0.15),
    "ic_t": Bounds(3.0, 8.0),
    "quintile_spread": Bounds(None, 0.008, 0.025, within=0.0),
    "scaled_spread": Bounds(None, 0.008, 0.025, within=0.0),
}
#: Whose fifths a spread compares.
HEADS = {"quintile_spread": "the score a user sees", "scaled_spread": "the head that allocation uses"}
SLACK_IC = 0.01
OBSERVE_STRIDE = 7


def figures(
    spec: ModelSpec, inputs: Inputs, fits: Mapping[datetime, ScoreFit], span: Span
) -> tuple[Figure, ...]:
    """Figures of one score on the rows of `span`; NaN with a note where too few rows can be judged."""
    result = apply(inputs, {spec.name: fits}, span.first)
    scores = result.week if spec.name == WEEK.name else result.month
    raw, confidence = masked(scores.raw, span.judged), masked(scores.confidence, span.judged)
    heads = {"quintile_spread": raw, "scaled_spread": masked(scores.scaled, span.judged)}
    try:
        got = judging.judge(inputs, raw, span.first, spec.horizon_days)
    except ValueError as error:
        return tuple(
            figure(f"{name}_{spec.horizon_days}d", Role.SKILL, NOTHING, note=str(error))
            for name in ("ic", "ic_beyond_low_volatility")
        )
    return (
        *_ranks(got, spec),
        *(_spread(name, inputs, said, span, spec) for name, said in heads.items()),
        *_calibration(inputs, confidence, scores.base_rate, span, spec),
    )


def observe(inputs: Inputs, start: int, stop: int) -> Sample:
    """Factors of the members of every seventh of rows `start` to `stop` - 1, in natural units: ranks would
    hide that the whole market has moved."""
    rows = np.arange(start, stop)[::-OBSERVE_STRIDE][::-1]
    row, coin = np.nonzero(inputs.members[rows])
    return Sample(FEATURES, np.column_stack([inputs.raw[name][rows][row, coin] for name in FEATURES]))


def _bounds(name: str, spec: ModelSpec) -> Bounds:
    return BOUNDS.get(name, Bounds()) if spec.name == WEEK.name else Bounds()


def _measured(one: Estimate) -> Measured:
    return Measured(one.mean, one.low, one.high)


def _ranks(got: Judgement, spec: ModelSpec) -> tuple[Figure, ...]:
    month, calm, days = got.rivals["last_month"], got.rivals["low_volatility"], f"{spec.horizon_days}d"
    return (
        figure(
            f"ic_{days}",
            Role.SKILL,
            _measured(got.ic),
            _measured(month),
            slack=SLACK_IC,
            bounds=_bounds("ic", spec),
            cases=got.ic.rows,
            note="mean daily rank correlation; the rival is last month's return",
        ),
        figure(
            f"ic_beyond_low_volatility_{days}",
            Role.SKILL,
            _measured(got.beyond),
            0.0,
            slack=SLACK_IC,
            bounds=_bounds("ic_beyond_low_volatility", spec),
            cases=got.beyond.rows,
            note="rank correlation with low volatility held fixed",
        ),
        figure(
            f"ic_t_{days}",
            Role.OTHER,
            Measured(got.ic.t_value),
            calm.t_value,
            bounds=_bounds("ic_t", spec),
            cases=got.ic.rows,
            note="t-value for overlapping labels; the rival is low volatility alone",
        ),
        figure(
            f"ic_low_volatility_{days}",
            Role.OTHER,
            _measured(calm),
            cases=calm.rows,
            note="rank correlation of the low-volatility rule alone",
        ),
    )


def _spread(name: str, inputs: Inputs, said: Floats, span: Span, spec: ModelSpec) -> Figure:
    """Top minus bottom fifth of one head a horizon, after costs; by row, so that two can be compared."""
    bars = inputs.panel.timeframe.bars(timedelta(days=spec.horizon_days))
    ahead = judging.forward(inputs, span.first, spec.horizon_days)
    gross, turnover = judging.quintile_spread(said, ahead, bars)
    costs = Costs()
    net = gross - turnover * 2.0 * (costs.fee + costs.slippage)
    got = judging.estimate(net, bars + 1)
    return figure(
        f"{name}_{spec.horizon_days}d",
        Role.MONEY,
        _measured(got),
        0.0,
        bounds=_bounds(name, spec),
        cases=got.rows,
        series=net,
        note=f"top minus bottom fifth a horizon by {HEADS[name]}, after fees and slippage",
    )


def _calibration(
    inputs: Inputs, confidence: Floats, base: Floats, span: Span, spec: ModelSpec
) -> tuple[Figure, ...]:
    """Chance to beat the universe's median, against what happened."""
    returns = judging.forward(inputs, span.first, spec.horizon_days)
    rows, coins = returns.shape
    told = np.isfinite(returns).any(axis=1)
    middle = np.full((rows, 1), np.nan)
    middle[told, 0] = np.nanmedian(returns[told], axis=1)
    decided = np.isfinite(returns) & (returns != middle)
    beat = np.where(decided, (returns > middle).astype(np.float64), np.nan)
    bar = np.repeat(np.arange(rows), coins)
    block = inputs.panel.timeframe.bars(timedelta(days=4 * spec.horizon_days))
    got = chances.judge(confidence.ravel(), np.repeat(base, coins), beat.ravel(), bar, rows, block)
    return (
        figure(
            f"score_calibration_error_{spec.horizon_days}d",
            Role.CALIBRATION,
            got.ece,
            got.rival_ece,
            higher=False,
            slack=0.03,
            cases=got.cases,
            note="of the chance to beat the median coin",
        ),
        figure(
            f"score_brier_skill_{spec.horizon_days}d",
            Role.SKILL,
            got.skill,
            0.0,
            slack=0.005,
            cases=got.cases,
            note="1 - Brier score / that of the base rate",
        ),
    )

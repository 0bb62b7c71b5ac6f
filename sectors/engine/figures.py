"""How good the layer is on bars its fits had not seen: rotation and outlook against base rates, the
allocation
against equal weight."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from aimodels.engine import bootstrap, chances, money
from aimodels.engine.checks import Sample
from aimodels.engine.figures import Bounds, Figure, Role, Span, figure, masked
from aimodels.engine.spec import ModelSpec
from sectors.engine import outlook
from sectors.engine.inputs import Inputs
from sectors.engine.judge import strategy
from sectors.engine.layer import SectorFit, apply
from sectors.engine.result import SectorResult

COST = 0.001
BLOCK_DAYS = 28


def figures(
    spec: ModelSpec, inputs: Inputs, fits: Mapping[datetime, SectorFit], span: Span
) -> tuple[Figure, ...]:
    """Figures of one of the layer's models on the rows of `span`; the allocation's stand with the
    rotation's."""
    result = apply(inputs, {spec.name: fits}, span.first)
    if spec.name == outlook.SPEC.name:
        return _outlook(inputs, result, span)
    return (*_rotation(inputs, result, span), *_allocation(inputs, result, span))


def observe(spec: ModelSpec, inputs: Inputs, start: int, stop: int) -> Sample:
    """Features and labels of rows `start` to `stop` - 1; labels that lie beyond `stop` are not known."""
    contest = spec.name == outlook.SPEC.name
    x = (inputs.contest.features if contest else inputs.race.features)[start:stop]
    y = (inputs.contest.beats if contest else inputs.race.changed)[start:stop].copy()
    y[max(0, len(y) - _bars(inputs, spec.horizon_days)) :] = np.nan
    return Sample(spec.features, x.reshape(-1, x.shape[-1]), y.ravel())


def _bars(inputs: Inputs, days: int) -> int:
    return inputs.panel.timeframe.bars(timedelta(days=days))


def _rotation(inputs: Inputs, result: SectorResult, span: Span) -> tuple[Figure, ...]:
    changed = masked(inputs.race.changed[span.first :], span.judged)
    rows = np.arange(len(changed))
    block = _bars(inputs, BLOCK_DAYS)
    got = chances.judge(result.rotation, result.base_rate, changed, rows, len(rows), block)
    return _chances("rotation", got, Bounds(0.15, 0.28, 0.5), Bounds(0.08, 0.04))


def _outlook(inputs: Inputs, result: SectorResult, span: Span) -> tuple[Figure, ...]:
    beats = masked(inputs.contest.beats[span.first :], span.judged)
    rows, sectors = beats.shape
    bar = np.repeat(np.arange(rows), sectors)
    even = np.full(rows * sectors, 0.5)
    block = _bars(inputs, BLOCK_DAYS)
    got = chances.judge(result.outlook.ravel(), even, beats.ravel(), bar, rows, block)
    return _chances("outlook", got, Bounds(), Bounds())


def _chances(what: str, got: chances.Chances, skill: Bounds, error: Bounds) -> tuple[Figure, ...]:
    note = "" if got.cases else "no forecast has come due"
    made = partial(figure, cases=got.cases)
    return (
        made(
            f"{what}_brier_skill",
            Role.SKILL,
            got.skill,
            0.0,
            slack=0.01,
            bounds=skill,
            note=note or "1 - Brier score / that of the base rate",
        ),
        made(
            f"{what}_calibration_error",
            Role.CALIBRATION,
            got.ece,
            got.rival_ece,
            higher=False,
            slack=0.04,
            bounds=error,
            note=note,
        ),
    )


def _allocation(inputs: Inputs, result: SectorResult, span: Span) -> tuple[Figure, ...]:
    """The fully invested target against equal weight over the same sectors, filled one bar later."""
    held = masked(result.target, span.judged)
    could = np.isfinite(result.returns) & np.isfinite(result.momentum) & inputs.membership.risky
    own, equal = strategy(held, could, result.returns, COST, delay=1)
    block = _bars(inputs, 2 * BLOCK_DAYS)
    got = money.judge(own, equal, inputs.panel.timeframe.bars_per_year, block)
    note = f"after {COST:.1%} a trade, against equal weight over the same sectors"
    made = partial(figure, role=Role.MONEY, cases=got.bars, note=note)
    return (
        made("allocation_sharpe_gain", own=got.sharpe_gain, rival=0.0, bounds=Bounds(-0.15, 0.25, 0.8)),
        made("allocation_drawdown", own=got.drawdown, rival=got.rival_drawdown, higher=False),
        made("allocation_lead_bar", own=bootstrap.mean(own - equal, block), rival=0.0, series=own - equal),
    )

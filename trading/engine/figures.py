"""How good one direction's timing is on bars its fits had not seen: probabilities, and what signals
earned."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from aimodels.engine import bootstrap, chances
from aimodels.engine.checks import Sample
from aimodels.engine.figures import Bounds, Figure, Role, Span, figure
from assets.engine.panel import Floats
from trading.engine.backtest.significance import deflate
from trading.engine.barriers import DIRECTIONS, OPEN, TARGET, Direction
from trading.engine.inputs import Inputs
from trading.engine.levels import horizon_bars
from trading.engine.probability import SPECS, STRIDE_DAYS, TimingFit, gather
from trading.engine.signals import Result, apply

#: Blocks of four horizons: outcomes of neighbouring days overlap.
BLOCK_HORIZONS = 4
#: Looks at the same years: three estimators, each before and after the rule for the top end, two directions.
TRIALS = 12


def figures(
    direction: Direction, inputs: Inputs, fits: Mapping[datetime, TimingFit], span: Span
) -> tuple[Figure, ...]:
    """Figures of one direction on the rows of `span`; what was not decided yet does not count."""
    result = apply(inputs, {SPECS[direction].name: fits}, span.first)
    result = replace(result, candidates=result.candidates & span.judged[:, None])
    side = DIRECTIONS.index(direction)
    block = BLOCK_HORIZONS * horizon_bars(inputs.panel.timeframe)
    return (*_probabilities(inputs, result, side, block), *_issued(inputs, result, side, block))


def observe(direction: Direction, inputs: Inputs, start: int, stop: int) -> Sample:
    """Features and outcomes of the candidates of every fifth day of rows `start` to `stop` - 1; outcomes that
    were not decided by then are not known."""
    stride = inputs.panel.timeframe.bars(timedelta(days=STRIDE_DAYS))
    rows = np.arange(start, stop)[::-stride][::-1]
    where, columns = np.nonzero(inputs.candidates[rows])
    ended = inputs.outcomes[DIRECTIONS.index(direction)]
    row = rows[where]
    hit = (ended.code[row, columns] == TARGET).astype(np.float64)
    decided = (ended.code[row, columns] != OPEN) & (row + horizon_bars(inputs.panel.timeframe) < stop)
    return Sample(
        SPECS[direction].features, gather(inputs, row, columns, direction), np.where(decided, hit, np.nan)
    )


def _decided(inputs: Inputs, result: Result, side: int) -> tuple[Floats, Floats]:
    """Whether candidates hit, and their net R (R, N); NaN where open or no candidate."""
    ended = inputs.outcomes[side]
    code, earned = ended.code[result.first :], ended.return_r[result.first :]
    known = result.candidates & (code != OPEN) & np.isfinite(earned)
    return np.where(known, (code == TARGET).astype(np.float64), np.nan), np.where(known, earned, np.nan)


def _probabilities(inputs: Inputs, result: Result, side: int, block: int) -> tuple[Figure, ...]:
    hit, _ = _decided(inputs, result, side)
    rows, coins = hit.shape
    bar = np.repeat(np.arange(rows), coins)
    base = np.repeat(result.base_rate[side], coins)
    got = chances.judge(result.probability[side].ravel(), base, hit.ravel(), bar, rows, block)
    note = "" if got.cases else "no candidate has been decided yet"
    made = partial(figure, cases=got.cases, note=note)
    return (
        made(
            "timing_calibration_error",
            Role.CALIBRATION,
            got.ece,
            got.rival_ece,
            higher=False,
            slack=0.03,
            bounds=Bounds(0.06, 0.02),
        ),
        made("timing_brier_skill", Role.SKILL, got.skill, 0.0, slack=0.005, bounds=Bounds(0.005, 0.035, 0.1)),
        made("timing_auc", Role.SKILL, got.auc, 0.5, slack=0.01, bounds=Bounds(0.58, 0.63, 0.70)),
    )


def _issued(inputs: Inputs, result: Result, side: int, block: int) -> tuple[Figure, ...]:
    """Net R of what was issued, and its lead on random entries: the bar's other candidates, same exits."""
    _, earned = _decided(inputs, result, side)
    issued = result.issued[side] & np.isfinite(earned)
    count = issued.sum(axis=1).astype(np.float64)
    known = np.isfinite(earned).sum(axis=1)
    usual = count * np.nansum(earned, axis=1) / np.maximum(known, 1)
    total = np.where(issued, earned, 0.0).sum(axis=1)
    made = partial(figure, role=Role.MONEY, cases=int(count.sum()))
    none = "" if count.any() else "nothing was issued"
    return (
        made(
            "issued_net_r",
            own=bootstrap.ratio(total, count, block),
            rival=bootstrap.ratio(usual, count, block),
            bounds=Bounds(None, 0.05, 0.25, within=0.0),
            note=none or "mean net R; the rival is random entries",
        ),
        made(
            "issued_lead_r",
            own=bootstrap.ratio(total - usual, count, block),
            rival=0.0,
            note=none or "net R beyond random entries with the same exits",
        ),
        made(
            "issued_r_bar",
            own=bootstrap.mean(total, block),
            rival=0.0,
            series=total,
            note="net R a bar, nothing issued counted as nothing",
        ),
        _deflated(total, int(count.sum())),
    )


def _deflated(total: Floats, issued: int) -> Figure:
    """Chance that the Sharpe ratio of net R a bar (R,) is more than the best of `TRIALS` looks without skill
    (Bailey and Lopez de Prado 2014); the rival is a coin's one half."""
    got = deflate(total, np.full(TRIALS, np.nan))
    note = "nothing was issued"
    if issued and got.sharpe is not None:
        note = (
            f"Sharpe a bar {got.sharpe:.3f}; the best of {TRIALS} looks without skill {got.expected_best:.3f}"
        )
    return figure(
        "issued_deflated_sharpe",
        Role.OTHER,
        bootstrap.Measured(math.nan if not issued or got.deflated is None else got.deflated),
        0.5,
        bounds=Bounds(None, 0.95),
        cases=issued,
        note=note,
    )

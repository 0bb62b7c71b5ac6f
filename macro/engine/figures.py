"""How good the layer is on bars its fits had not seen: forecasts against persistence, exposure against
holding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from aimodels.engine import bootstrap, chances, money
from aimodels.engine.bootstrap import Measured
from aimodels.engine.checks import Sample
from aimodels.engine.figures import Bounds, Figure, Role, Span, figure
from assets.engine.panel import Bools, Floats, Ints, Panel
from macro.engine import forecast, regime, states
from macro.engine.analysis import Inputs, Result, apply
from macro.engine.market import holding_return

COST = 0.001
#: What the regime's log loss has to gain on calibrated persistence, by days ahead: floor, goal.
FORECAST_BOUNDS = {1: (-0.02, 0.0), 7: (0.0, 0.15), 30: (0.02, 0.12)}
SUSPECT_SKILL = 0.5
BLOCK_DAYS = 60


@dataclass(frozen=True, slots=True)
class _Ahead:
    """Probabilities of one horizon, their rival (R, 4), and the regime that came (R,)."""

    days: int
    said: Floats
    rival: Floats
    label: Ints


def figures(
    panel: Panel, inputs: Inputs, fits: Mapping[datetime, regime.RegimeFit], span: Span
) -> tuple[Figure, ...]:
    """Every figure of the layer on the rows of `span`; NaN with a note where too little is known."""
    result = apply(inputs, {regime.SPEC.name: fits}, span.first)
    block = panel.timeframe.bars(timedelta(days=BLOCK_DAYS))
    spans = _spans(panel, result, span.judged)
    return (
        *(_log_loss(one, block) for one in spans),
        *(_calibration(one, block) for one in spans if one.days == 7),
        *_exposure(panel, inputs, result, span, block),
        *_habits(panel, result, span),
    )


def observe(inputs: Inputs, start: int, stop: int) -> Sample:
    """Features of rows `start` to `stop` - 1: direction, turbulence, context. The regime has no given
    label."""
    rows = slice(start, stop)
    model = inputs.model
    names = (*states.DIRECTION_FEATURES, *states.TURBULENCE_FEATURES, *regime.CONTEXT)
    return Sample(
        names, np.column_stack([model.direction[rows], model.turbulence[rows], model.context[rows]])
    )


def _spans(panel: Panel, result: Result, judged: Bools) -> list[_Ahead]:
    out = []
    for place, days in enumerate(forecast.HORIZONS_DAYS):
        label = regime.later_label(result.regime, panel.timeframe.bars(timedelta(days=days)))
        told = np.where(judged, label, -1)
        out.append(_Ahead(days, result.probabilities[:, place], result.persistence[:, place], told))
    return out


def _usable(one: _Ahead) -> Bools:
    both = np.isfinite(one.said).all(axis=1) & np.isfinite(one.rival).all(axis=1)
    return np.asarray(both & (one.label >= 0), dtype=np.bool_)


def _log_loss(one: _Ahead, block: int) -> Figure:
    """1 - log loss / that of persistence, by blocks of bars."""
    usable = _usable(one)
    rows = np.flatnonzero(usable)
    loss = np.zeros((len(usable), 2))
    for k, given in enumerate((one.said, one.rival)):
        loss[rows, k] = -np.log(np.maximum(given[rows, one.label[rows]], forecast.FLOOR))
    return figure(
        f"regime_log_loss_skill_{one.days}d",
        Role.SKILL,
        bootstrap.ratio(loss[:, 1] - loss[:, 0], loss[:, 1], block),
        0.0,
        slack=0.02,
        bounds=Bounds(*FORECAST_BOUNDS[one.days], SUSPECT_SKILL),
        cases=len(rows),
        note="1 - log loss / that of transition frequencies" if len(rows) else "no forecast has come due",
    )


def _calibration(one: _Ahead, block: int) -> Figure:
    """Calibration error of the regime held likeliest, and of the one persistence holds likeliest."""
    rows = np.flatnonzero(_usable(one))

    def of(given: Floats) -> chances.Chances:
        best = np.argmax(given[rows], axis=1)
        hit = (best == one.label[rows]).astype(np.float64)
        usual = np.full(len(rows), hit.mean() if len(rows) else np.nan)
        return chances.judge(given[rows, best], usual, hit, rows, len(one.label), block)

    return figure(
        f"regime_calibration_error_{one.days}d",
        Role.CALIBRATION,
        of(one.said).ece,
        of(one.rival).ece,
        higher=False,
        slack=0.03,
        cases=len(rows),
        note="of the likeliest regime; the rival is persistence",
    )


def strategy_returns(
    panel: Panel, inputs: Inputs, result: Result, judged: Bools, cost: float = COST
) -> tuple[Floats, Floats]:
    """Net simple return of market x exposure and of holding (R - 1,), bar by bar; NaN where not judged.

    The exposure decided at a close is held from the next open to the one after (see `judge_exposure`).
    """
    first = len(inputs.times) - len(result.times)
    earned = holding_return(panel, inputs.market)[first:]
    held, gain = result.recommended_exposure[:-1], earned[1:]
    usable = np.isfinite(held) & np.isfinite(gain) & judged[:-1]
    before = np.concatenate([[0.0], np.nan_to_num(held[:-1])])
    own = held * gain - cost * np.abs(held - before)
    return np.where(usable, own, np.nan), np.where(usable, gain, np.nan)


def _exposure(panel: Panel, inputs: Inputs, result: Result, span: Span, block: int) -> tuple[Figure, ...]:
    own, holding = strategy_returns(panel, inputs, result, span.judged)
    got = money.judge(own, holding, panel.timeframe.bars_per_year, block)
    series = np.concatenate([own, [np.nan]])
    made = partial(
        figure,
        role=Role.MONEY,
        cases=got.bars,
        note=f"market x exposure after {COST:.1%} a trade, against holding the market",
    )
    return (
        made(
            "exposure_return_bar",
            own=bootstrap.mean(series, block),
            rival=0.0,
            series=series,
            note="mean net return a bar of market x exposure; the rival is cash",
        ),
        made("exposure_sharpe", own=got.sharpe, rival=got.rival_sharpe),
        made("exposure_sharpe_gain", own=got.sharpe_gain, rival=0.0, bounds=Bounds(-0.1, 0.4, 1.0)),
        made("exposure_drawdown", own=got.drawdown, rival=got.rival_drawdown, higher=False),
        made(
            "exposure_drawdown_share",
            own=got.drawdown_share,
            rival=1.0,
            higher=False,
            bounds=Bounds(0.8, 0.5, 0.3),
        ),
        made("exposure_calmar", own=got.calmar, rival=got.rival_calmar),
    )


def _habits(panel: Panel, result: Result, span: Span) -> tuple[Figure, ...]:
    """How often the regime flips and how much the exposure trades, a year."""
    years = max(int(span.judged.sum()), 1) / panel.timeframe.bars_per_year
    told = result.regime[span.judged & (result.regime >= 0)]
    flips = float((np.diff(told) != 0).sum()) / years if len(told) > 1 else np.nan
    held = result.recommended_exposure[span.judged]
    held = held[np.isfinite(held)]
    traded = float(np.abs(np.diff(held)).sum()) / years if len(held) > 1 else np.nan
    made = partial(figure, role=Role.OTHER, higher=False)
    return (
        made("regime_switches_year", own=Measured(flips), bounds=Bounds(8, 4), cases=len(told)),
        made("exposure_turnover_year", own=Measured(traded), bounds=Bounds(25, 12), cases=len(held)),
    )

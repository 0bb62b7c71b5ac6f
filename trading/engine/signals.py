"""Which plans become signals, and what keeps each of the others from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aimodels.engine.spec import fit_times, serving
from assets.engine.panel import Bools, Floats, Ints, Panel
from trading.engine import sizing
from trading.engine.barriers import DIRECTIONS, Direction
from trading.engine.inputs import Inputs, Params, Upstream, Words, prepare
from trading.engine.probability import SPECS, TimingFit, fit, gather, payoffs, predict, undoubted_chance

Codes = NDArray[np.int8]
RISK_SHARE = 0.01
LEAST_R = 1e-6


class Refusal(StrEnum):
    """The rule that kept a candidate from being issued, in the order of the funnel."""

    NO_MODEL = "no_model"
    SHORTS_OFF = "shorts_off"
    REGIME = "regime"
    EXPOSURE = "exposure"
    SCORE = "score"
    UNLIKE = "unlike"
    CONFIDENCE = "confidence"
    EXPECTED_VALUE = "expected_value"
    NO_SKILL = "no_skill"


class RiskLevel(StrEnum):
    """What the stop would cost: under 4, 8 and 15 per cent of the position, or more."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    EXTREME = "extreme"


REFUSALS = ("", *Refusal)
RISK_LEVELS = tuple(RiskLevel)
RISK_EDGES = (0.04, 0.08, 0.15)
NOT_A_CANDIDATE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """Rows `first` to T-1 (R of them) of the panel; arrays (2, R, N) by direction in the order of
    DIRECTIONS.

    `candidates` (R, N). Prices in USD; `break_even`, `probability` (target before stop within the horizon),
    `within_1d`, `within_3d`, `base_rate` (2, R) in [0, 1]; `proof` (2, R) lower bound of the net R that
    such signals had earned before the row's fit, NaN where they were too few; `expected_value` in R net;
    `position_share` of the portfolio. `refusal` index into REFUSALS (0 issued, -1 no candidate) with the
    value that fell short and its limit; `failed` how many rules stand against it. `risk_level` index into
    RISK_LEVELS. NaN: no model or no plan. `exposure`, `regime` (R,), `score` (R, N) as they came from
    upstream.
    """

    first: int
    times: pd.DatetimeIndex
    asset_ids: Ints
    candidates: Bools
    entry: Floats
    target: Floats
    stop: Floats
    risk_reward: Floats
    stop_share: Floats
    break_even: Floats
    probability: Floats
    within_1d: Floats
    within_3d: Floats
    base_rate: Floats
    proof: Floats
    expected_value: Floats
    position_share: Floats
    refusal: Codes
    refusal_value: Floats
    refusal_limit: Floats
    failed: Codes
    risk_level: Codes
    exposure: Floats
    regime: Words
    score: Floats

    @property
    def issued(self) -> Bools:
        """Cells (2, R, N) that became signals."""
        return np.asarray(self.refusal == 0)


@dataclass(frozen=True, slots=True, eq=False)
class _Verdict:
    """One rule: where it speaks against a plan (2, R, N), what it looked at, and the limit."""

    refusal: Refusal
    against: Bools
    value: Floats
    limit: Floats


Fits = Mapping[str, Mapping[datetime, TimingFit]]


def apply(inputs: Inputs, fits: Fits, first: int) -> Result:
    """Signals and refused candidates of rows `first` to the last, by the stored `fits` (spec name, fit
    moment).

    Rows whose fit is missing have no probabilities and are refused for that reason.
    """
    rows = slice(first, inputs.panel.shape[0])
    keep = inputs.candidates[rows]
    learned = [_learned(inputs, fits.get(SPECS[d].name, {}), d, first) for d in DIRECTIONS]
    spans, undoubted, base, proof, value, kelly = (np.stack(parts) for parts in zip(*learned, strict=True))
    plans = {
        name: np.stack([np.where(keep, getattr(levels, name)[rows], np.nan) for levels in inputs.levels])
        for name in ("entry", "target", "stop", "risk_reward", "stop_share", "break_even")
    }
    verdicts = _verdicts(inputs, rows, spans[:, 2], undoubted, plans["break_even"], value, proof)
    refusal, refusal_value, refusal_limit, failed = _sum_up(verdicts, keep)
    level = np.searchsorted(RISK_EDGES, plans["stop_share"], side="right").astype(np.int8)
    upstream = inputs.upstream
    return Result(
        first=first,
        times=inputs.panel.times[rows],
        asset_ids=inputs.panel.asset_ids,
        candidates=keep,
        **plans,
        probability=spans[:, 2],
        within_1d=spans[:, 0],
        within_3d=spans[:, 1],
        base_rate=base,
        proof=proof,
        expected_value=value,
        position_share=_position(kelly, plans["stop_share"], upstream.exposure[rows]),
        refusal=refusal,
        refusal_value=refusal_value,
        refusal_limit=refusal_limit,
        failed=failed,
        risk_level=np.where(keep, level, NOT_A_CANDIDATE).astype(np.int8),
        exposure=upstream.exposure[rows],
        regime=upstream.regime[rows],
        score=upstream.score[rows],
    )


def silenced(result: Result, silent: Bools) -> Result:
    """The result where `silent` (2, R) tells the rows whose model may not speak: as if there were none."""
    if not silent.any():
        return result
    cells = silent[:, :, None]
    unknown: dict[str, Any] = {
        name: np.where(cells, np.nan, getattr(result, name))
        for name in ("probability", "within_1d", "within_3d", "expected_value", "position_share")
    }
    bare = cells & (result.refusal != NOT_A_CANDIDATE)
    code = np.int8(REFUSALS.index(Refusal.NO_MODEL))
    unknown |= {
        name: np.where(bare, np.nan, getattr(result, name)) for name in ("refusal_value", "refusal_limit")
    }
    return replace(result, **unknown, refusal=np.where(bare, code, result.refusal))


def analyse(panel: Panel, upstream: Upstream | None, first: int, params: Params | None = None) -> Result:
    """Prepare, fit what rows `first` on need, apply."""
    inputs = prepare(panel, upstream, params)
    return apply(inputs, fit_all(inputs, first), first)


def analyse_each(
    panel: Panel, upstream: Upstream | None, first: int, variants: Iterable[Params]
) -> Iterator[Result]:
    """As `analyse` for one variant after the other; what two in a row learn alike is learned once."""
    fitted: tuple[Inputs, Fits] | None = None
    for params in variants:
        if fitted is None or _lessons(params) != _lessons(fitted[0].params):
            fitted = None  # makes room for the next
            fitted = _fitted(panel, upstream, first, params)
        yield apply(replace(fitted[0], params=params), fitted[1], first)


def _fitted(panel: Panel, upstream: Upstream | None, first: int, params: Params) -> tuple[Inputs, Fits]:
    inputs = prepare(panel, upstream, params)
    return inputs, fit_all(inputs, first)


def _lessons(params: Params) -> tuple[Any, ...]:
    """The numbers that fits depend on; the rest are rules that weigh what was learned."""
    return params.geometry, params.costs, params.universe, params.margin


def fit_all(inputs: Inputs, first: int) -> dict[str, dict[datetime, TimingFit]]:
    """Every fit that serves rows `first` to the last; moments with too little history are left out."""
    found: dict[str, dict[datetime, TimingFit]] = {}
    for direction, spec in SPECS.items():
        found[spec.name] = {}
        for moment in fit_times(spec, inputs.panel, first):
            try:
                learned = fit(inputs, inputs.panel.known_at(moment) - 1, direction)
            except ValueError:
                continue  # too little history: apply refuses the rows it would have served
            found[spec.name][moment] = learned
    return found


def _learned(
    inputs: Inputs, fits: Mapping[datetime, TimingFit], direction: Direction, first: int
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    """Probabilities (3, R, N), the last as it was before unlikeness lowered it (R, N), base rate and proof
    (R,), expected R (R, N) and Kelly's share at risk (R, N).
    """
    rows, coins = inputs.panel.shape[0] - first, inputs.panel.shape[1]
    spans, undoubted = np.full((3, rows, coins), np.nan), np.full((rows, coins), np.nan)
    base, proof = np.full(rows, np.nan), np.full(rows, np.nan)
    value, kelly = np.full((rows, coins), np.nan), np.full((rows, coins), np.nan)
    levels = inputs.levels[DIRECTIONS.index(direction)]
    for moment, served in serving(SPECS[direction], inputs.panel, first).items():
        known = fits.get(moment)
        if known is None:
            continue
        where, columns = np.nonzero(inputs.candidates[served])
        source = where + served.start
        into = source - first
        base[served.start - first : served.stop - first] = known.calibration.base_rate
        proof[served.start - first : served.stop - first] = known.proof.low_r
        x = gather(inputs, source, columns, direction)
        reached = predict(known, x)
        for span, chance in zip(spans, reached, strict=True):
            span[into, columns] = chance
        undoubted[into, columns] = undoubted_chance(known, x)
        reward, cost = levels.risk_reward[source, columns], levels.cost_r[source, columns]
        win, lose = payoffs(known, x, reward, cost)
        value[into, columns] = reached[-1] * win + (1.0 - reached[-1]) * lose
        # At the stop one R and the costs are lost, whatever a miss costs on average: size for that.
        kelly[into, columns] = sizing.kelly(reached[-1], np.maximum(win, LEAST_R), 1.0 + cost)
    return spans, undoubted, base, proof, value, kelly


def _verdicts(
    inputs: Inputs,
    rows: slice,
    chance: Floats,
    undoubted: Floats,
    break_even: Floats,
    value: Floats,
    proof: Floats,
) -> list[_Verdict]:
    """Every rule on every plan, in the order of Refusal; `undoubted` is `chance` as if every plan were like
    those learned from."""
    params, upstream = inputs.params, inputs.upstream
    shape = chance.shape
    is_short = np.broadcast_to(np.array([False, True])[:, None, None], shape)
    exposure = np.broadcast_to(upstream.exposure[rows][None, :, None], shape)
    regime = upstream.regime[rows]
    wrong = np.broadcast_to(((regime != "") & ~np.isin(regime, params.short_regimes))[None, :, None], shape)
    score = np.broadcast_to(upstream.score[rows][None], shape)
    part = np.where(is_short, params.score_share, 1.0 - params.score_share)
    out_of_part = np.where(is_short, score > part, score < part)
    least = np.fmax(break_even, params.least_confidence)
    unsure, doubted = chance < least, undoubted >= least
    unknown, nothing = np.full(shape, np.nan), np.zeros(shape)
    record = np.broadcast_to(proof[:, :, None], shape)
    floor, margin = np.full(shape, params.exposure_floor), np.full(shape, params.margin)
    return [
        _Verdict(Refusal.NO_MODEL, np.isnan(chance), unknown, unknown),
        _Verdict(Refusal.SHORTS_OFF, is_short & (not params.allow_short), unknown, unknown),
        _Verdict(Refusal.REGIME, is_short & wrong, unknown, unknown),
        _Verdict(Refusal.EXPOSURE, ~is_short & (exposure < floor), exposure, floor),
        _Verdict(Refusal.SCORE, out_of_part, score, part),
        _Verdict(Refusal.UNLIKE, unsure & doubted, chance, least),
        _Verdict(Refusal.CONFIDENCE, unsure & ~doubted, chance, least),
        _Verdict(Refusal.EXPECTED_VALUE, value <= margin, value, margin),
        _Verdict(Refusal.NO_SKILL, ~(record > 0.0), record, nothing),
    ]


def _sum_up(verdicts: list[_Verdict], keep: Bools) -> tuple[Codes, Floats, Floats, Codes]:
    """First rule against each candidate with its value and limit, and how many there are."""
    shape = verdicts[0].against.shape
    code = np.where(np.broadcast_to(keep, shape), 0, NOT_A_CANDIDATE).astype(np.int8)
    failed = np.zeros(shape, dtype=np.int8)
    value, limit = np.full(shape, np.nan), np.full(shape, np.nan)
    for verdict in verdicts:
        against = verdict.against & keep
        failed += against
        fresh = against & (code == 0)
        code[fresh] = REFUSALS.index(verdict.refusal)
        value[fresh], limit[fresh] = verdict.value[fresh], verdict.limit[fresh]
    return code, value, limit, failed


def _position(kelly: Floats, stop_share: Floats, exposure: Floats) -> Floats:
    """Share of the portfolio (2, R, N): what loses the smaller of 1 % and a quarter of Kelly at the stop.

    A long stays within the recommended exposure, where there is one.
    """
    most = np.where(np.isfinite(exposure), exposure, 1.0)[:, None]
    limit = np.stack([most, np.ones_like(most)])
    return sizing.fixed_fraction(np.minimum(kelly, RISK_SHARE), stop_share, limit)

"""The layer as a whole: features, fits and scores of all rows asked for, in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from aimodels.engine import linear
from aimodels.engine.spec import ModelSpec, fit_times, serving
from assets.engine import rolling
from assets.engine.panel import Bools, Floats, Panel
from selection.engine import inputs as layer_inputs
from selection.engine import score
from selection.engine.analysis import Analysis, analyse_coins
from selection.engine.features import FEATURES
from selection.engine.inputs import Context, Inputs, Params
from selection.engine.reasons import Reasons, by_feature, strongest
from selection.engine.score import MONTH, SPECS, WEEK, ScoreFit

Fits = Mapping[str, Mapping[datetime, ScoreFit]]


@dataclass(frozen=True, slots=True)
class Scores:
    """What one horizon says, (R, N) unless told; NaN outside the universe and where no fit serves the row.

    `raw` predicted rank in the ridge's units; `percentile` its place among the row's members, 0 to 1: the
    score a user sees; `persistent` mean percentile under the row's own fit over the persistence span;
    `scaled` predicted return over the median in the coin's own deviations over the horizon, for allocation;
    `expected` the same as a simple return; `confidence` calibrated chance to beat the median; `base_rate`
    (R,) how often coins did; `fold_ic` (R,) the fit's own mean rank correlation out of fold; `reasons` what
    moved `raw` most.
    """

    raw: Floats
    percentile: Floats
    persistent: Floats
    scaled: Floats
    expected: Floats
    confidence: Floats
    base_rate: Floats
    fold_ic: Floats
    reasons: Reasons


@dataclass(frozen=True, slots=True)
class Result:
    """Rows `first` to the panel's last: R of them, known from `as_of` (R,).

    `members` (R, N) universe; `week` and `month` the scores over 7 and 30 days; `analysis` each coin's own
    condition; `reason` (R,) why a row has no score, empty where it has.
    """

    first: int
    times: pd.DatetimeIndex
    as_of: tuple[datetime, ...]
    members: Bools
    week: Scores
    month: Scores
    analysis: Analysis
    reason: tuple[str, ...]


def apply(inputs: Inputs, fits: Fits, first: int) -> Result:
    """Scores of rows `first` to the last, each with the fit that serves it; NaN and a reason where it
    lacks.
    """
    panel = inputs.panel
    rows = len(panel.times)
    if not 0 <= first < rows:
        raise ValueError(f"first is {first}; it must be a row of the panel, 0 to {rows - 1}")
    week, month = (_scores(inputs, spec, fits.get(spec.name, {}), first) for spec in SPECS)
    analysis = analyse_coins(inputs, first, week.percentile, week.confidence, week.base_rate)
    return Result(
        first=first,
        times=panel.times[first:],
        as_of=tuple(panel.as_of(row) for row in range(first, rows)),
        members=inputs.members[first:],
        week=week,
        month=month,
        analysis=analysis,
        reason=_missing(inputs, fits, first),
    )


def analyse(
    panel: Panel, context: Context | None = None, params: Params | None = None, *, first: int
) -> Result:
    """Prepare, fit what the rows from `first` on need, and apply."""
    inputs = layer_inputs.prepare(panel, context, params)
    return apply(inputs, fit_all(inputs, first), first)


def fit_all(inputs: Inputs, first: int) -> dict[str, dict[datetime, ScoreFit]]:
    """Every fit that serves rows `first` to the last; moments with too little history are left out."""
    return {spec.name: _fits_of(inputs, spec, first) for spec in SPECS}


def _fits_of(inputs: Inputs, spec: ModelSpec, first: int) -> dict[datetime, ScoreFit]:
    found = {}
    for moment in fit_times(spec, inputs.panel, first):
        try:
            found[moment] = score.fit(inputs, inputs.panel.known_at(moment) - 1, spec)
        except ValueError:
            continue
    return found


def _scores(inputs: Inputs, spec: ModelSpec, fits: Mapping[datetime, ScoreFit], first: int) -> Scores:
    out = _empty(len(inputs.panel.times) - first, inputs.panel.shape[1], inputs.params.reasons)
    for moment, rows in serving(spec, inputs.panel, first).items():
        if moment in fits:
            part = _scores_of_fit(inputs, spec, fits[moment], rows)
            _place(out, part, slice(rows.start - first, rows.stop - first))
    return out


def _scores_of_fit(inputs: Inputs, spec: ModelSpec, fit: ScoreFit, rows: slice) -> Scores:
    """One fit's rows; the rows before them are scored too, so that persistence is judged by one yardstick."""
    frame = inputs.panel.timeframe
    keep = layer_inputs.persistence(frame, inputs.params)
    wide = slice(max(0, rows.start - keep + 1), rows.stop)
    own = slice(rows.start - wide.start, None)
    able = score.scorable(inputs, wide)
    x = score.design(inputs, wide)
    raw = np.where(able, linear.score(fit.rank, x), np.nan)
    percentile = rolling.rank(raw) + 0.5
    persistent = rolling.mean(percentile, keep, max(1, keep // 2))
    scaled = np.where(able, linear.score(fit.scaled, x), np.nan)[own]
    horizon = frame.bars(timedelta(days=spec.horizon_days))
    deviation = inputs.raw["total_volatility"][rows] * np.sqrt(horizon / frame.bars_per_year)
    natural = np.stack([inputs.raw[name][rows] for name in FEATURES])
    ranks = np.where(able[own], inputs.ranks[:, rows], np.nan)
    count = rows.stop - rows.start
    return Scores(
        raw=raw[own],
        percentile=percentile[own],
        persistent=np.where(able, persistent, np.nan)[own],
        scaled=scaled,
        expected=scaled * deviation,
        confidence=score.confidence(fit, raw[own]),
        base_rate=np.full(count, fit.base_rate),
        fold_ic=np.full(count, fit.fold_ic),
        reasons=strongest(by_feature(fit.rank, x[own]), natural, ranks, inputs.params.reasons),
    )


def _empty(rows: int, coins: int, reasons: int) -> Scores:
    def blank(*shape: int) -> Floats:
        return np.full(shape, np.nan)

    cells = {
        f.name: blank(rows, coins)
        for f in fields(Scores)
        if f.name not in ("base_rate", "fold_ic", "reasons")
    }
    named = Reasons(
        np.full((rows, coins, reasons), -1, dtype=np.int64), *(blank(rows, coins, reasons) for _ in range(3))
    )
    return Scores(**cells, base_rate=blank(rows), fold_ic=blank(rows), reasons=named)


def _place(out: Scores, part: Scores, rows: slice) -> None:
    for f in fields(Scores):
        if f.name != "reasons":
            getattr(out, f.name)[rows] = getattr(part, f.name)
    for f in fields(Reasons):
        getattr(out.reasons, f.name)[rows] = getattr(part.reasons, f.name)


def _missing(inputs: Inputs, fits: Fits, first: int) -> tuple[str, ...]:
    texts = [""] * (len(inputs.panel.times) - first)
    for spec in (MONTH, WEEK):
        for moment, rows in serving(spec, inputs.panel, first).items():
            if moment not in fits.get(spec.name, {}):
                for row in range(rows.start - first, rows.stop - first):
                    texts[row] = f"no fit of {spec.name} for {moment:%Y-%m-%d}: too little history"
    empty = (inputs.members[first:].sum(axis=1) == 0).tolist()
    return tuple(
        text or ("no coin in the universe" if none else "") for text, none in zip(texts, empty, strict=True)
    )

"""Layer 1 as a whole: candles and outside readings in, one analysis a bar out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import pandas as pd

from aimodels.engine.spec import fit_times, serving
from assets.engine.panel import Floats, Ints, Panel
from assets.engine.timeframe import Timeframe
from macro.engine import exposure as exposures
from macro.engine import forecast, reading, regime
from macro.engine.dominance import Dominance, dominance
from macro.engine.features import LONGEST_DAYS, Features, features
from macro.engine.market import Market, MarketParams, market
from macro.engine.metrics import metrics
from macro.engine.reading import Driver, Flip
from macro.engine.sentiment import Sentiment, sentiment
from macro.engine.series import absent, aligned
from macro.engine.states import ONLINE_DAYS, REGIMES

SPECS = (regime.SPEC,)
NO_FIT = "no regime model: too little history before its fit"
NO_FEATURES = "no regime: trend or volatility unknown at this bar"
DRIVER_NAMES = ("return_per_risk_60", "return_per_risk_20", "above_mean_100")


@dataclass(frozen=True, slots=True)
class Params:
    """Every constant of the layer that an administrator may want to see or change."""

    market: MarketParams = field(default_factory=MarketParams)
    exposure: exposures.ExposureParams = field(default_factory=exposures.ExposureParams)
    carry_days: int = 7


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """All that is computed from the panel before a model is asked, on its T rows."""

    timeframe: Timeframe
    times: pd.DatetimeIndex
    params: Params
    market: Market
    dominance: Dominance
    features: Features
    readings: dict[str, Floats]
    metrics: dict[str, Floats]
    sentiment: Sentiment
    model: regime.RegimeInputs
    leader_ids: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """One analysis a row, R = T - first rows from `times[0]` on.

    `regime`, `phase`, `risk_level` are numbers into `REGIMES`, `PHASES`, `RISK_LEVELS` (-1: unknown,
    see `reason`, which is "" elsewhere). `confidence`, `trend_strength`, `recommended_exposure` in
    [0, 1]. `probabilities` and `persistence` (R, 3, 4): regimes 1, 7, 30 days ahead by the model and
    by its rival. `settled` (R, 4): the regime now as hindsight will tell it. `composite_sentiment`
    in [-1, 1] with its `sentiment_parts` (R, 3) and `sentiment_sources`. `dominance`, `metrics` and
    `features` map names to (R,). `market_return`, `btc_return`, `members`, `cap_coverage` (R,) tell
    of the index, `leader` (R,) is the asset id behind the btc figures (0: none; BTC's own, if present).
    """

    times: pd.DatetimeIndex
    regime: Ints
    phase: Ints
    risk_level: Ints
    confidence: Floats
    trend_strength: Floats
    recommended_exposure: Floats
    probabilities: Floats
    persistence: Floats
    settled: Floats
    drivers: tuple[tuple[Driver, ...], ...]
    flip: tuple[Flip | None, ...]
    reason: tuple[str, ...]
    composite_sentiment: Floats
    sentiment_parts: Floats
    sentiment_sources: tuple[tuple[str, ...], ...]
    absent: tuple[tuple[str, ...], ...]
    dominance: dict[str, Floats]
    metrics: dict[str, Floats]
    features: dict[str, Floats]
    market_return: Floats
    btc_return: Floats
    members: Floats
    cap_coverage: Floats
    leader: Ints


def lookback(timeframe: Timeframe, params: Params | None = None) -> int:
    """Rows before the first result that make it independent of where the panel starts, models given.

    Supplies are carried for 400 days into weights, features reach 400 more, paths of the state model
    a year more, the exposure's no-trade band its memory. A fit needs SPEC.train_days on top of it.
    """
    params = params or Params()
    days = params.market.supply_days + LONGEST_DAYS + ONLINE_DAYS + params.exposure.memory_days
    return timeframe.bars(timedelta(days=days + params.carry_days + 3))


def prepare(panel: Panel, series: pd.DataFrame | None = None, params: Params | None = None) -> Inputs:
    """Index, dominance, features and readings of all rows.

    `series` holds outside readings by open time (columns of `series.NAMES`), as known at the close.
    """
    params = params or Params()
    readings = aligned(panel, series, params.carry_days)
    index = market(panel, params.market)
    shares = dominance(panel, index, readings["btc_dominance"])
    columns = features(panel, index, shares, readings)
    return Inputs(
        timeframe=panel.timeframe,
        times=panel.times,
        params=params,
        market=index,
        dominance=shares,
        features=columns,
        readings=readings,
        metrics=metrics(panel, index, shares, columns, readings),
        sentiment=sentiment(columns),
        model=regime.regime_inputs(panel.timeframe, columns),
        leader_ids=_leader_ids(panel, index.leader),
    )


def apply(inputs: Inputs, fits: Mapping[str, Mapping[datetime, regime.RegimeFit]], first: int) -> Result:
    """Analyses of rows `first` to the last; a row whose fit is not among `fits` gets NaN and a reason."""
    rows = len(inputs.times) - first
    out = _empty(rows)
    known = fits.get(regime.SPEC.name, {})
    for moment, span in _serving(inputs, first).items():
        if moment in known:
            _fill(out, inputs, known[moment], span, first)
    window = slice(first, None)
    state, sure = out.regime, out.confidence
    return Result(
        times=inputs.times[first:],
        regime=state,
        phase=reading.phases(state, sure, inputs.features, window),
        risk_level=reading.risk_levels(state, inputs.features, window),
        confidence=sure,
        trend_strength=reading.trend_strength(inputs.features, window),
        recommended_exposure=out.exposure,
        probabilities=out.probabilities,
        persistence=out.persistence,
        settled=out.settled,
        drivers=tuple(out.drivers),
        flip=tuple(out.flip),
        reason=tuple(out.reason),
        composite_sentiment=inputs.sentiment.composite[window],
        sentiment_parts=inputs.sentiment.parts[window],
        sentiment_sources=tuple(inputs.sentiment.sources(row) for row in range(first, first + rows)),
        absent=absent(inputs.readings, first),
        dominance=_dominance_columns(inputs.dominance, window),
        metrics={name: values[window] for name, values in inputs.metrics.items()},
        features={name: values[window] for name, values in inputs.features.columns.items()},
        market_return=inputs.market.market_return[window],
        btc_return=inputs.market.btc_return[window],
        members=inputs.market.members[window],
        cap_coverage=inputs.market.cap_coverage[window],
        leader=inputs.leader_ids[window],
    )


def analyse(
    panel: Panel, series: pd.DataFrame | None = None, first: int = 0, params: Params | None = None
) -> Result:
    """prepare, every fit the rows from `first` on need, apply; fits without enough history are left out."""
    inputs = prepare(panel, series, params)
    return apply(inputs, {regime.SPEC.name: fit_all(inputs, panel, first)}, first)


def learn(inputs: Inputs, row: int, **hyperparameters: float) -> regime.RegimeFit:
    """The layer's model as it can be known at the close of `row`; see `regime.fit`."""
    return regime.fit(inputs.model, row, **hyperparameters)


def fit_all(inputs: Inputs, panel: Panel, first: int) -> dict[datetime, regime.RegimeFit]:
    """The fits that serve rows `first` on, each on the bars known at its moment; impossible ones absent."""
    out: dict[datetime, regime.RegimeFit] = {}
    for moment in fit_times(regime.SPEC, panel, first):
        row = panel.known_at(moment) - 1
        if row < 0:
            continue
        try:
            out[moment] = regime.fit(inputs.model, row)
        except ValueError:
            continue  # too little history: apply says so row by row
    return out


@dataclass(slots=True, eq=False)
class _Draft:
    regime: Ints
    confidence: Floats
    exposure: Floats
    probabilities: Floats
    persistence: Floats
    settled: Floats
    drivers: list[tuple[Driver, ...]]
    flip: list[Flip | None]
    reason: list[str]


def _empty(rows: int) -> _Draft:
    horizons, number = len(forecast.HORIZONS_DAYS), len(REGIMES)
    return _Draft(
        regime=np.full(rows, -1, dtype=np.int64),
        confidence=np.full(rows, np.nan),
        exposure=np.full(rows, np.nan),
        probabilities=np.full((rows, horizons, number), np.nan),
        persistence=np.full((rows, horizons, number), np.nan),
        settled=np.full((rows, number), np.nan),
        drivers=[()] * rows,
        flip=[None] * rows,
        reason=[NO_FIT] * rows,
    )


def _serving(inputs: Inputs, first: int) -> Mapping[datetime, slice]:
    empty = np.empty((len(inputs.times), 0))
    clock = Panel(
        inputs.timeframe,
        inputs.times,
        np.empty(0, dtype=np.int64),
        (),
        np.empty(0, dtype=np.bool_),
        *[empty] * 6,
    )
    return serving(regime.SPEC, clock, first)


def _fill(out: _Draft, inputs: Inputs, fit: regime.RegimeFit, span: slice, first: int) -> None:
    """What one fit says of the rows it serves; the exposure's memory is replayed with the same fit."""
    params = inputs.params.exposure
    memory = exposures.memory(inputs.timeframe, params)
    begin = max(0, span.start - memory + 1)
    longer = regime.follow(fit.direction, fit.turbulence, inputs.model, begin, span.stop)
    path = longer.since(span.start - begin)
    cut = slice(span.start - first, span.stop - first)
    out.regime[cut] = path.regime
    out.confidence[cut] = regime.confidence(fit, path)
    out.settled[cut] = forecast.probabilities(fit.confidence, path.x, path.regime)
    for place, head in enumerate(fit.ahead):
        out.probabilities[cut, place] = forecast.probabilities(head, path.x, path.regime)
        out.persistence[cut, place] = forecast.persistence(head, path.regime)
    wanted = _target(inputs, longer.regime, slice(begin, span.stop))
    out.exposure[cut] = exposures.banded(wanted, params.band, memory)[span.start - begin :]
    _explain(out, inputs, fit, path, span, first)


def _target(inputs: Inputs, state: Ints, rows: slice) -> Floats:
    column = inputs.features.columns
    return exposures.target(
        column["above_mean_50"][rows],
        column["above_mean_200"][rows],
        column["volatility_ewma"][rows],
        state,
        inputs.params.exposure,
    )


def _explain(
    out: _Draft, inputs: Inputs, fit: regime.RegimeFit, path: regime.RegimePath, span: slice, first: int
) -> None:
    parts = regime.reasons(fit, path, inputs.model, span.start, span.stop)
    values = inputs.features.matrix(DRIVER_NAMES)[span]
    rivals, bars = regime.runner_up(path), regime.bars_to_flip(fit, path)
    for i in range(span.stop - span.start):
        place = span.start - first + i
        turbulent = bool(path.turbulent[i])
        out.drivers[place] = reading.drivers(DRIVER_NAMES, values[i], parts[i])
        out.flip[place] = reading.flip(int(rivals[i]), float(bars[i]), turbulent)
        out.reason[place] = "" if path.regime[i] >= 0 else NO_FEATURES


def _leader_ids(panel: Panel, leader: Ints) -> Ints:
    if len(panel.asset_ids) == 0:
        return np.zeros(len(leader), dtype=np.int64)
    return np.where(leader >= 0, panel.asset_ids[np.maximum(leader, 0)], 0)


def _dominance_columns(shares: Dominance, rows: slice) -> dict[str, Floats]:
    return {
        "btc_dominance": shares.btc[rows],
        "eth_dominance": shares.eth[rows],
        "alt_dominance": shares.alt[rows],
        "stablecoin_dominance": shares.stablecoin[rows],
        "total_market_cap": shares.total_market_cap[rows],
        "total_volume": shares.total_volume[rows],
        "cap_coverage": shares.coverage[rows],
        "reported_btc_dominance": shares.reported_btc[rows],
        **{name: values[rows] for name, values in shares.changes.items()},
    }

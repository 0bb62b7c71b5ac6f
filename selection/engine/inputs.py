"""What the layer takes in, and everything of it that is computed once for all rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

import numpy as np
import pandas as pd

from assets.engine import universe as universes
from assets.engine.panel import Bools, Floats, Ints, Panel
from assets.engine.timeframe import Timeframe
from assets.engine.universe import UniverseParams
from selection.engine import features, labels
from selection.engine.features import Market
from selection.engine.moments import Moments, day_moments

CHUNK_DAYS = 64


@dataclass(frozen=True, slots=True)
class Params:
    """Numbers that a user may ask about; stored beside each result.

    `persistence_days`: span over which a score must last to move a tier. `penalty`: weight of the ridge
    against the data. `folds`: blocks of the training window that calibrate on scores they had no part in,
    reading every `stride`-th day. `least_days`: labelled days below which nothing is fitted.
    `least_features`: known factors below which a coin gets no score. `reasons`: how many factors are named
    for each coin. `least_exposure`: share of the market below which (where upstream says so) nothing is
    called a buy.
    """

    universe: UniverseParams = field(default_factory=UniverseParams)
    persistence_days: int = 14
    penalty: float = 0.5
    folds: int = 4
    stride: int = 3
    least_days: int = 180
    least_features: int = 8
    reasons: int = 4
    least_exposure: float = 0.1


@dataclass(frozen=True, slots=True)
class Context:
    """What upstream knows, all on the panel's grid and all optional (None: not known).

    `sector_strength` (T, N) momentum of the coin's primary sector; `sector_return` (T, N) log return of
    that sector's index in the bar; `market_return` (T,) log return of the market in the bar (else the mean
    of the members); `cap` (T, N) market cap in USD where the panel's is too sparse; `exposure` (T,)
    recommended share in [0, 1]. Raw windowed figures, except exposure, which enters as a rule and never as
    a feature.
    """

    sector_strength: Floats | None = None
    sector_return: Floats | None = None
    market_return: Floats | None = None
    cap: Floats | None = None
    exposure: Floats | None = None


@dataclass(frozen=True, eq=False)
class Inputs:
    """Features of all rows: `members` (T, N), `raw` name -> (T, N) in natural units, `ranks` (F, T, N)."""

    panel: Panel
    context: Context
    params: Params
    members: Bools
    market: Market
    raw: Mapping[str, Floats]
    ranks: Floats

    @cached_property
    def day_rows(self) -> Ints:
        """Rows (D,) whose bar closes with a UTC day: models learn from these, whatever the bar length."""
        frame = self.panel.timeframe
        if frame in (Timeframe.DAY, Timeframe.WEEK, Timeframe.MONTH):
            return np.arange(len(self.panel.times))
        closes = self.panel.times + pd.Timedelta(frame.delta)
        return np.flatnonzero(closes == closes.normalize())

    @cached_property
    def _learning(self) -> dict[int, tuple[Learning, Moments]]:
        return {}

    def learning(self, days: int) -> tuple[Learning, Moments]:
        """Targets over `days` and the moments of the day rows; computed when first asked for, then kept."""
        if days not in self._learning:
            targets = _targets(self, days)
            self._learning[days] = targets, _moments(self, targets)
        return self._learning[days]


@dataclass(frozen=True, slots=True)
class Learning:
    """Targets on the day rows, (D, N): rank of the return, return over the median in the coin's own
    deviations, 1 for above the median. NaN where unknown.
    """

    ranked: Floats
    scaled: Floats
    beats: Floats


def lookback(timeframe: Timeframe, params: Params | None = None) -> int:
    """Rows before the first result that its features need; fits need `training_rows` before their own row."""
    params = params or Params()
    keep = persistence(timeframe, params)
    windows = max(
        features.longest(timeframe), timeframe.bars(timedelta(days=200 + params.universe.least_days))
    )
    return windows + keep + 1


def persistence(timeframe: Timeframe, params: Params) -> int:
    """Bars over which a score is averaged before it may move a tier."""
    return timeframe.bars(timedelta(days=params.persistence_days))


def prepare(panel: Panel, context: Context | None = None, params: Params | None = None) -> Inputs:
    """Features of all rows of `panel`, each from its own window; raises ValueError on a context of other
    shape.
    """
    context, params = context or Context(), params or Params()
    _check(panel, context)
    members = universes.universe(panel, params.universe)
    returns = context.market_return
    if returns is None:
        returns = features.market_return(panel, members)
    cap = panel.market_cap if context.cap is None else context.cap
    unknown = np.full(panel.shape, np.nan)
    sector = unknown if context.sector_strength is None else context.sector_strength
    raw = features.factors(panel, returns, cap, sector)
    market = features.market_state(panel.timeframe, returns)
    return Inputs(panel, context, params, members, market, raw, features.ranks(raw, members))


def terms(ranks: Floats, trend: Floats) -> Floats:
    """What the ridge adds up (3 F, R, N): each rank, its square about the mean, and its product with the
    trend.

    The squares let the extremes differ from the middle, the products let momentum turn with the market
    (windowed raw trend (R,), no learned regime). Unknown cells are 0, the middle.
    """
    known = np.isfinite(ranks)
    filled = np.where(known, ranks, 0.0)
    squared = np.where(known, ranks * ranks - 1.0 / 12.0, 0.0)
    moved = np.where(np.isfinite(trend), trend, 0.0)[:, None]
    return np.concatenate((filled, squared, filled * moved))


def _targets(inputs: Inputs, days: int) -> Learning:
    panel, rows = inputs.panel, inputs.day_rows
    bars = panel.timeframe.bars(timedelta(days=days))
    returns = labels.forward_return(panel, bars)[rows]
    members = inputs.members[rows]
    scale = inputs.raw["total_volatility"][rows] / np.sqrt(panel.timeframe.bars_per_year)
    return Learning(
        labels.relative_rank(returns, members),
        labels.relative_scaled(returns, members, scale, bars),
        labels.beats_median(returns, members),
    )


def _moments(inputs: Inputs, targets: Learning) -> Moments:
    """In chunks of days, since the terms of a whole window would fill hundreds of megabytes."""
    rows = inputs.day_rows
    wanted = np.stack((targets.ranked, targets.scaled))
    chunks = [slice(start, start + CHUNK_DAYS) for start in range(0, len(rows), CHUNK_DAYS)]
    parts = [
        day_moments(terms(inputs.ranks[:, rows[c]], inputs.market.trend[rows[c]]), wanted[:, c])
        for c in chunks
    ]
    return Moments(*(np.concatenate([getattr(p, name) for p in parts]) for name in Moments.__slots__))


def _check(panel: Panel, context: Context) -> None:
    rows, coins = panel.shape
    wanted = {
        "sector_strength": (rows, coins),
        "sector_return": (rows, coins),
        "market_return": (rows,),
        "cap": (rows, coins),
        "exposure": (rows,),
    }
    for name, shape in wanted.items():
        value = getattr(context, name)
        if value is not None and value.shape != shape:
            raise ValueError(f"{name} has shape {value.shape}; it must be on the panel's grid, {shape}")

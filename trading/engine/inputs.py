"""Everything the layer looks at, made once: plans, features, and what became of each candidate."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from assets.engine.panel import Bools, Floats, Panel
from assets.engine.timeframe import Timeframe
from assets.engine.universe import UniverseParams, universe
from trading.engine import features as own
from trading.engine.barriers import DIRECTIONS, Costs, Outcomes, outcomes
from trading.engine.levels import Geometry, Levels, horizon_bars, plan

Words = NDArray[np.str_]
A = TypeVar("A", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Params:
    """The layer's numbers.

    `margin` expected R above which a signal is worth its trouble; `least_confidence` the administrator's
    threshold (the break-even of the plan is the floor in any case); `exposure_floor` recommended exposure
    under which no long is issued; `short_regimes` in which shorts are, if `allow_short`; `score_share` the
    part of the selection score's percentiles that qualifies: longs at the top, shorts at the bottom.
    """

    geometry: Geometry = field(default_factory=Geometry)
    costs: Costs = field(default_factory=Costs)
    universe: UniverseParams = field(default_factory=UniverseParams)
    margin: float = 0.05
    least_confidence: float = 0.0
    exposure_floor: float = 0.1
    allow_short: bool = True
    short_regimes: tuple[str, ...] = ("bear",)
    score_share: float = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Upstream:
    """What the layers above said at each close: rules, never features.

    `exposure` (T,) in [0, 1]; `regime` (T,) words, "" where not known; `score` (T, N) selection percentile
    in [0, 1]. NaN or "": that rule is not applied.
    """

    exposure: Floats
    regime: Words
    score: Floats

    @classmethod
    def of(
        cls,
        panel: Panel,
        exposure: Floats | None = None,
        regime: Words | None = None,
        score: Floats | None = None,
    ) -> Self:
        """Rules for the last rows of `panel`, as long as each array is; none for the rows before.

        Raises ValueError where an array is longer than the panel.
        """
        rows, coins = panel.shape
        words = np.asarray([] if regime is None else regime, dtype=np.str_)
        return cls(
            exposure=_late(np.empty(0) if exposure is None else exposure, np.full(rows, np.nan)),
            regime=_late(words, np.zeros(rows, dtype=words.dtype)),
            score=_late(np.empty((0, coins)) if score is None else score, np.full((rows, coins), np.nan)),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Made by `prepare`. `candidates` (T, N) members with a plan; `features` (F, T, N), `centre` (F, T) their
    mean over the row's candidates; `levels` and `outcomes` by
    direction in the order of DIRECTIONS. Outcomes look ahead by the horizon: only `fit` and the judge read
    them, and only where they were realised."""

    panel: Panel
    params: Params
    upstream: Upstream
    candidates: Bools
    features: Floats
    centre: Floats
    levels: tuple[Levels, ...]
    outcomes: tuple[Outcomes, ...]


def lookback(timeframe: Timeframe) -> int:
    """Rows before the first result that make it independent of where the panel starts.

    Raises ValueError for bars longer than a day: a week's horizon would be a bar or none.
    """
    if timeframe in (Timeframe.WEEK, Timeframe.MONTH):
        raise ValueError(f"signals need bars of a day or less, not {timeframe}")
    rules = UniverseParams()
    members = timeframe.bars(timedelta(days=max(rules.volume_days, rules.least_days)))
    return max(own.longest(timeframe), members) + 1


def prepare(panel: Panel, upstream: Upstream | None = None, params: Params | None = None) -> Inputs:
    """Plans, features and outcomes of every row of `panel`; raises ValueError for bars longer than a day."""
    lookback(panel.timeframe)
    params = params or Params()
    plans = tuple(plan(panel, direction, params.geometry, params.costs) for direction in DIRECTIONS)
    members = universe(panel, params.universe) & np.isfinite(plans[0].entry)
    horizon = horizon_bars(panel.timeframe)
    followed = tuple(
        outcomes(panel, _only(levels, members), direction, horizon, params.costs)
        for direction, levels in zip(DIRECTIONS, plans, strict=True)
    )
    seen = own.features(panel)
    return Inputs(
        panel=panel,
        params=params,
        upstream=upstream or Upstream.of(panel),
        candidates=members,
        features=seen,
        centre=_centre(seen, members),
        levels=plans,
        outcomes=followed,
    )


def _centre(seen: Floats, members: Bools) -> Floats:
    """Mean of each feature over the row's members (F, T); 0 where nobody has it.

    Summed over the members alone and one by one: zeros of columns without bars between them would change
    the last digit, and a panel that starts later has fewer of those.
    """
    out = np.zeros(seen.shape[:2])
    for j, feature in enumerate(seen):
        known = members & np.isfinite(feature)
        total = np.bincount(np.nonzero(known)[0], weights=feature[known], minlength=known.shape[0])
        out[j] = total / np.maximum(known.sum(axis=1), 1)
    return out


def _only(levels: Levels, members: Bools) -> tuple[Floats, Floats, Floats]:
    entry, target, stop = (np.where(members, price, np.nan) for price in levels.prices)
    return entry, target, stop


def _late(values: NDArray[A], blank: NDArray[A]) -> NDArray[A]:
    if len(values) > len(blank):
        raise ValueError(f"{len(values)} rows of upstream results for a panel of {len(blank)}")
    blank[len(blank) - len(values) :] = values
    return blank

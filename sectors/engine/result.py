"""What the layer has to say, as arrays that line up with its tables."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd

from assets.engine.panel import Bools, Floats, Ints
from sectors.engine import flows
from sectors.engine.contest import FEATURES as OUTLOOK_FEATURES
from sectors.engine.outlook import STANCES, Stance
from sectors.engine.race import FEATURES as ROTATION_FEATURES
from sectors.engine.rotation import SIGNALS, Signal
from sectors.engine.strength import STATUSES, Status


class Reason(StrEnum):
    """Why a figure is missing; empty where it is not."""

    NONE = ""
    NO_MODEL = "no_model"
    FEW_SECTORS = "few_sectors"


@dataclass(frozen=True, slots=True)
class Driver:
    """One reason behind a figure: the feature, its value, and what it adds to the log odds."""

    feature: str
    value: float
    weight: float


@dataclass(frozen=True, slots=True)
class Flow:
    """Market-cap share, net of price, that went from one sector to another (indices into the names)."""

    source: int
    target: int
    share: float


@dataclass(frozen=True, slots=True, eq=False)
class SectorResult:
    """Rows R by sectors S; fractions, not percent; NaN (-1 for codes and columns) where unknown.

    Performance: `performance_*` compound returns; `market_cap`, `volume` (24 h) USD; `dominance` of all
    caps; `momentum` in [-1, 1]; `ratio`, `impulse` about 100 with their quadrant `status` (index into
    `STATUSES`); `volatility` a year and `correlation` with the market over 28 days; `drawdown`; `breadth`;
    `members`, and `effective` members; `top` (R, S, K) columns of the panel with `top_returns`.
    Market: `coverage` (R,) share of value with a real cap; `flow` net share moved in 7 days.
    Rotation: `rotation` (R,) probability that the `leads` of now do not lead in 7 days, `base_rate` (R,) its
    rival, `rotation_reasons` (R,); `trails` the last; `signals` (R, S, K) in the order of `SIGNALS`.
    Reading: `outlook` probability to beat the median sector over 7 days; `stance` (index into `STANCES`);
    `confidence` of the likelier side.
    Allocation: `target` fully invested, `weights` after exposure, `budget` of risk.
    `rotation_values`, `rotation_effects` (R, F), `outlook_values`, `outlook_effects` (R, S, F): the drivers.
    """

    times: pd.DatetimeIndex
    names: tuple[str, ...]
    performance_24h: Floats
    performance_7d: Floats
    performance_28d: Floats
    performance_30d: Floats
    market_cap: Floats
    volume: Floats
    dominance: Floats
    momentum: Floats
    ratio: Floats
    impulse: Floats
    status: Ints
    volatility: Floats
    correlation: Floats
    drawdown: Floats
    breadth: Floats
    members: Ints
    effective: Floats
    top: Ints
    top_returns: Floats
    coverage: Floats
    flow: Floats
    returns: Floats
    market_return: Floats
    rotation: Floats
    base_rate: Floats
    rotation_reasons: tuple[Reason, ...]
    leads: Bools
    trails: Bools
    signals: Bools
    outlook: Floats
    stance: Ints
    confidence: Floats
    outlook_reasons: tuple[Reason, ...]
    target: Floats
    weights: Floats
    budget: Floats
    rotation_values: Floats
    rotation_effects: Floats
    outlook_values: Floats
    outlook_effects: Floats

    def status_of(self, row: int, sector: int) -> Status | None:
        """Quadrant of a sector, None where unknown."""
        code = int(self.status[row, sector])
        return None if code < 0 else STATUSES[code]

    def stance_of(self, row: int, sector: int) -> Stance | None:
        """Stance on a sector, None where no model could tell."""
        code = int(self.stance[row, sector])
        return None if code < 0 else STANCES[code]

    def signals_of(self, row: int, sector: int) -> tuple[Signal, ...]:
        """What has just changed for a sector."""
        return tuple(signal for k, signal in enumerate(SIGNALS) if self.signals[row, sector, k])

    def leading(self, row: int) -> tuple[int, ...]:
        """The leaders of the last 28 days, best first."""
        return self._ordered(self.leads[row], -self.performance_28d[row])

    def declining(self, row: int) -> tuple[int, ...]:
        """The last of the last 28 days, worst first."""
        return self._ordered(self.trails[row], self.performance_28d[row])

    def flows_of(self, row: int, least: float = 0.0) -> tuple[Flow, ...]:
        """Edges of the flow graph larger than `least`, largest first."""
        graph = flows.edges(self.flow[[row]])[0]
        found = [Flow(int(i), int(j), float(graph[i, j])) for i, j in np.argwhere(graph > least)]
        return tuple(sorted(found, key=lambda edge: (-edge.share, edge.source, edge.target)))

    def rotation_drivers(self, row: int) -> tuple[Driver, ...]:
        """What moved the rotation probability, strongest first; empty without a probability."""
        return _drivers(ROTATION_FEATURES, self.rotation_values[row], self.rotation_effects[row])

    def outlook_drivers(self, row: int, sector: int) -> tuple[Driver, ...]:
        """What moved the reading of a sector, strongest first; empty without a reading."""
        return _drivers(OUTLOOK_FEATURES, self.outlook_values[row, sector], self.outlook_effects[row, sector])

    @staticmethod
    def _ordered(chosen: Bools, key: Floats) -> tuple[int, ...]:
        return tuple(int(s) for s in np.argsort(key, kind="stable") if chosen[s])


def _drivers(names: tuple[str, ...], values: Floats, effects: Floats) -> tuple[Driver, ...]:
    if not np.isfinite(effects).all():
        return ()
    order = np.argsort(-np.abs(effects), kind="stable")
    return tuple(Driver(names[k], float(values[k]), float(effects[k])) for k in order)

"""A figure of a judgement, how sure it is, the naive rival's beside it, and what it must reach."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from aimodels.engine.bootstrap import Measured
from assets.engine.panel import Bools, Floats


class Role(StrEnum):
    """What a figure says something about; the gate asks each on the window that suits it."""

    CALIBRATION = "calibration"
    COVERAGE = "coverage"
    SKILL = "skill"
    MONEY = "money"
    OTHER = "other"


class Grade(StrEnum):
    """Where a figure stands among its bounds."""

    UNKNOWN = "unknown"
    UNBOUNDED = "unbounded"
    BELOW_FLOOR = "below_floor"
    FLOOR = "floor"
    GOAL = "goal"
    SUSPECT = "suspect"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a figure has to reach (`floor`), should reach (`goal`), what would smell of a leak (`suspect`),
    and below what its interval must not lie wholly (`within`)."""

    floor: float | None = None
    goal: float | None = None
    suspect: float | None = None
    within: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """One figure with its 95 % interval, the rival's with its own; NaN is not known, see `note`.

    `higher` says which way is better; with a `target` it is the distance to that which counts, and smaller is
    better. `slack` is how far behind still counts as equal. `series` (R,) are the rows that `value` is the
    mean of, where it is one (money): two models are compared row by row on it. `cases` is how many
    observations stand behind the figure.
    """

    name: str
    role: Role
    value: float
    low: float = math.nan
    high: float = math.nan
    rival: float = math.nan
    rival_low: float = math.nan
    rival_high: float = math.nan
    higher: bool = True
    target: float | None = None
    slack: float = 0.0
    bounds: Bounds = field(default_factory=Bounds)
    cases: int = 0
    series: Floats | None = None
    note: str = ""

    def merit(self, value: float) -> float:
        """`value` on a scale on which more is better."""
        if self.target is not None:
            return -abs(value - self.target)
        return value if self.higher else -value

    def grade(self) -> Grade:
        """Place of the figure among its bounds."""
        if not math.isfinite(self.value):
            return Grade.UNKNOWN
        if self.bounds == Bounds():
            return Grade.UNBOUNDED
        own = self.merit(self.value)
        if self.bounds.within is not None and math.isfinite(self.high) and self.high < self.bounds.within:
            return Grade.BELOW_FLOOR
        if self.bounds.suspect is not None and own > self.merit(self.bounds.suspect):
            return Grade.SUSPECT
        if self.bounds.goal is not None and own >= self.merit(self.bounds.goal):
            return Grade.GOAL
        if self.bounds.floor is not None and own < self.merit(self.bounds.floor):
            return Grade.BELOW_FLOOR
        return Grade.FLOOR

    def document(self) -> dict[str, Any]:
        """The figure as JSON: NaN is null, the series is left out."""
        return {
            "role": self.role.value,
            "value": known(self.value),
            "low": known(self.low),
            "high": known(self.high),
            "rival": known(self.rival),
            "rival_low": known(self.rival_low),
            "rival_high": known(self.rival_high),
            "better": "near" if self.target is not None else "high" if self.higher else "low",
            "target": self.target,
            "floor": self.bounds.floor,
            "goal": self.bounds.goal,
            "suspect": self.bounds.suspect,
            "grade": self.grade().value,
            "cases": self.cases,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """The rows a judgement looks at: `first` to the panel's last, and which of them count (R,)."""

    first: int
    judged: Bools


def figure(name: str, role: Role, own: Measured, rival: Measured | float = math.nan, **more: Any) -> Figure:
    """A figure from a measured value and its rival's; `more` are the other fields of `Figure`."""
    other = rival if isinstance(rival, Measured) else Measured(rival)
    return Figure(name, role, own.value, own.low, own.high, other.value, other.low, other.high, **more)


def known(value: float) -> float | None:
    """A float for JSON: None where it is not finite."""
    return float(value) if math.isfinite(value) else None


def documents(figures: tuple[Figure, ...]) -> dict[str, dict[str, Any]]:
    """Figures by name, as JSON."""
    return {figure.name: figure.document() for figure in figures}


def values(figures: tuple[Figure, ...]) -> dict[str, float | None]:
    """The bare values by name, for a registry's metrics."""
    return {figure.name: known(figure.value) for figure in figures}


def by_name(figures: tuple[Figure, ...]) -> Mapping[str, Figure]:
    """Figures by their names."""
    return {figure.name: figure for figure in figures}


def masked(values_: Floats, judged: Bools) -> Floats:
    """Rows that do not count as NaN: `values_` (R, ...) and `judged` (R,)."""
    shape = (len(judged),) + (1,) * (values_.ndim - 1)
    return np.where(judged.reshape(shape), values_, np.nan)

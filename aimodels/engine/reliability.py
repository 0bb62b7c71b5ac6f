"""Did probabilities mean what they said: bins of a reliability diagram, months, the score beside a rival's.

Intervals are Wilson's (1927), which take cases as independent. Cases of one day share one market, so what is
true lies outside of them more often than they say; the pages say that too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from assets.engine.panel import Bools, Floats, Ints

BINS = 10
LEAST_CASES = 20
Z = 1.96


@dataclass(frozen=True, slots=True)
class Cell:
    """Cases of one bin or month: how many, what was said on average, what came true with 95 % interval."""

    count: int
    said: float
    true: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Score:
    """All cases: as `Cell`, with Brier scores of the probabilities and of the rival's, and the skill
    ``1 - brier / rival_brier``; None where there is no rival or it made no error."""

    cell: Cell
    brier: float
    rival_brier: float | None
    skill: float | None


def wilson(hits: int, cases: int) -> tuple[float, float]:
    """95 % interval of a share; `cases` above 0."""
    share, spread = hits / cases, Z * Z / cases
    centre = (share + spread / 2) / (1 + spread)
    half = Z * ((share * (1 - share) + spread / 4) / cases) ** 0.5 / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def cell(said: Floats, hit: Bools) -> Cell:
    """One cell of cases (K,), at least one."""
    count, hits = len(hit), int(hit.sum())
    low, high = wilson(hits, count)
    return Cell(count, float(said.mean()), hits / count, low, high)


def diagram(said: Floats, hit: Bools, bins: int = BINS) -> list[Cell]:
    """At most `bins` equally full cells of cases (K,), by rising probability; fewer where there are few."""
    order = np.argsort(said, kind="stable")
    parts: list[Ints] = [part for part in np.array_split(order, bins) if len(part)]
    return [cell(said[part], hit[part]) for part in parts]


def by_month(moments: list[datetime], said: Floats, hit: Bools) -> list[tuple[datetime, Cell]]:
    """One cell a calendar month of `moments` (K,), oldest first."""
    months = np.array([moment.year * 12 + moment.month - 1 for moment in moments], dtype=np.int64)
    found = []
    for month in np.unique(months):
        keep = months == month
        first = moments[int(np.flatnonzero(keep)[0])]
        start = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        found.append((start, cell(said[keep], hit[keep])))
    return found


def score(said: Floats, hit: Bools, rival: Floats | None = None) -> Score | None:
    """The score of cases (K,), beside `rival` (K,) probabilities; None without cases."""
    if not len(hit):
        return None
    truth = hit.astype(np.float64)
    brier = float(((said - truth) ** 2).mean())
    other = None if rival is None else float(((rival - truth) ** 2).mean())
    skill = 1.0 - brier / other if other else None
    return Score(cell(said, hit), brier, other, skill)

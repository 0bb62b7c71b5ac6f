"""Widths that cover as often as they say, by group, adapted to how often they lately did.

Split conformal by group (Mondrian; Romano, Patterson and Candes 2019) on |move| / scale, with the level
adapted online (Gibbs and Candes 2021): a + gamma (wanted - covered), from the share of a row's coins that
was covered. The adapted level starts afresh a fixed span before the fit, so it is a function of a window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.engine.panel import Floats, Ints

GROUPS = 5
LEAST_SCORES = 100
#: Levels of the table of widths.
LEVELS = np.concatenate([np.arange(0.30, 0.90, 0.02), np.arange(0.90, 0.991, 0.005)])
LOWEST, HIGHEST = 0.40, 0.98


@dataclass(frozen=True, slots=True, eq=False)
class Widths:
    """`edges` (G - 1,) between the groups' scales; `table` (G, L) by LEVELS: the |move| / scale that so large
    a share of past cases stayed within."""

    edges: Floats
    table: Floats


def fit_widths(scale: Floats, score: Floats) -> Widths:
    """Groups of equal size by `scale` (C,), and quantiles of `score` = |move| / scale (C,) in each.

    Raises ValueError below 100 scores a group.
    """
    if len(score) < GROUPS * LEAST_SCORES:
        raise ValueError(f"{len(score)} past moves are too few for {GROUPS} groups of {LEAST_SCORES}")
    edges = np.quantile(scale, np.arange(1, GROUPS) / GROUPS)
    group = group_of(edges, scale)
    rows = []
    for number in range(GROUPS):
        own = np.sort(score[group == number])
        if len(own) < LEAST_SCORES:
            raise ValueError(f"{len(own)} past moves in a group; {LEAST_SCORES} are needed")
        place = np.ceil(LEVELS * (len(own) + 1)).astype(np.int64) - 1
        rows.append(own[np.minimum(place, len(own) - 1)])
    return Widths(edges, np.stack(rows))


def group_of(edges: Floats, scale: Floats) -> Ints:
    """Group (...) of each scale (...), 0 the calmest; -1 where the scale is unknown."""
    return np.where(np.isfinite(scale), np.searchsorted(edges, scale), -1).astype(np.int64)


def width_at(widths: Widths, group: int, level: float | Floats) -> Floats:
    """|move| / scale that covers the share `level` in `group`, linear between the table's levels."""
    return np.asarray(np.interp(level, LEVELS, widths.table[group]), dtype=np.float64)


def adapted(
    widths: Widths, group: Ints, score: Floats, delay: int, wanted: float, gamma: float
) -> tuple[Floats, Floats]:
    """Adapted levels and shares covered (R, G) of rows in time; the first row starts at `wanted`.

    `group` and `score` (R, N): group and |move| / scale of each case, -1 and NaN where there is none. A row
    knows what became of the rows `delay` before it and earlier. Covered: the mean share over the rows known
    so far (NaN while there are none): what the interval's claim is measured by.
    """
    rows = len(score)
    levels = np.full((rows, GROUPS), wanted)
    covered = np.full((rows, GROUPS), np.nan)
    for number in range(GROUPS):
        own = (group == number) & np.isfinite(score)
        ends, column = np.nonzero(own)
        bounds = np.searchsorted(ends, np.arange(rows + 1))
        values = score[ends, column]
        level, hits, count = wanted, 0, 0
        # Row by row: what a row says hangs on how the rows before it fared.
        for row in range(rows):
            past = row - delay
            if past >= 0 and bounds[past + 1] > bounds[past]:
                cases = values[bounds[past] : bounds[past + 1]]
                inside = int((cases <= width_at(widths, number, levels[past, number])).sum())
                level = min(HIGHEST, max(LOWEST, level + gamma * (wanted - inside / len(cases))))
                hits, count = hits + inside, count + len(cases)
            levels[row, number] = level
            if count:
                covered[row, number] = hits / count
    return levels, covered

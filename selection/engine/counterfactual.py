"""What decisions were worth: what the coin did afterwards, against what could have been held instead.

All returns are fractions from the first close at or after the decision. Nothing here is an estimate of a
model; the only uncertainty is that of few and overlapping cases, which the intervals show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assets.engine import rolling, universe
from assets.engine.panel import Bools, Floats, Ints, Panel

HORIZONS = (7, 30, 90)  # days
RIVALS = ("market", "sector", "median")
LEAST_PEERS = 3
LEAST_PERIODS = 5
REPLICATIONS = 2_000
LEVEL = 0.95
_SEED = 20_240_101  # the same cases give the same interval on every machine, every time


@dataclass(frozen=True, slots=True)
class Cases:
    """Decisions (K,): `row` of the first close at or after each (T where none is known yet), the coin's
    `column` (-1 where there are no candles of it), and `sign`: 1 where the coin was to be taken up, -1
    where it was to be left, so that a fall speaks for the suggestion.
    """

    row: Ints
    column: Ints
    sign: Floats


@dataclass(frozen=True, slots=True)
class Outcome:
    """Returns (K,) over one horizon, NaN where not known; `ended` marks coins that stopped trading in it.

    `excess` (K, 3) is the sign times the coin's return less that of each of RIVALS.
    """

    days: int
    own: Floats
    rivals: Floats
    excess: Floats
    ended: Bools


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over `count` cases of `periods` separate periods, with its interval (None: too few)."""

    count: int
    periods: int
    mean: float | None
    low: float | None
    high: float | None


def outcome(panel: Panel, cases: Cases, homes: Ints, days: int, members: Bools | None = None) -> Outcome:
    """What became of the coins of `cases` within `days`, beside their rivals, on daily bars.

    market: the universe's return weighted by turnover; sector: the mean of the other members of the
    coin's sector (`homes` (N,), -1 for none; at least three); median: of the universe. The universe is that
    of the first row, so that what died later counts. A coin without further candles keeps its last price. NaN
    until the horizon is over.
    """
    length = panel.shape[0]
    filled, last = _filled(panel.close)
    inside = universe.universe(panel) if members is None else members
    liquid = universe.liquidity(panel)
    count = len(cases.row)
    own, rivals = np.full(count, np.nan), np.full((count, len(RIVALS)), np.nan)
    ended = np.zeros(count, dtype=np.bool_)
    for row in np.unique(cases.row):  # decisions come in sessions: few rows, many coins
        end = int(row) + days
        if row >= length or end >= length:
            continue
        here = np.flatnonzero((cases.row == row) & (cases.column >= 0))
        columns = cases.column[here]
        gain = filled[end] / filled[row] - 1.0
        own[here] = gain[columns]
        ended[here] = last[columns] < end
        rivals[here, 0] = _weighted(gain, liquid[row], inside[row])
        rivals[here, 1] = [_peers(gain, inside[row], homes, column) for column in columns]
        rivals[here, 2] = _median(gain[inside[row]])
    excess = cases.sign[:, None] * (own[:, None] - rivals)
    return Outcome(days, own, rivals, excess, ended)


def means(
    values: Floats, groups: Sequence[str], periods: Ints, against: tuple[str, str] | None = None
) -> tuple[dict[str, Mean], Mean]:
    """Mean of `values` (K,) of each group, and of the first group of `against` less the second.

    Intervals are the percentiles of a bootstrap of whole `periods` (K,), drawn together for all groups: cases
    of one period share the market's weather and are not independent. Cases without a value do not count.
    """
    known = np.isfinite(values)
    names = np.asarray(groups, dtype=object)
    blocks, place = np.unique(periods[known], return_inverse=True)
    drawn = _draws(len(blocks))
    found: dict[str, Mean] = {}
    replicates: dict[str, Floats] = {}
    for name in dict.fromkeys(groups):
        mine = names[known] == name
        sums = np.bincount(place[mine], weights=values[known][mine], minlength=len(blocks))
        sizes = np.bincount(place[mine], minlength=len(blocks)).astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            replicates[name] = (drawn @ sums) / (drawn @ sizes)
        found[name] = _mean(values[known][mine], int((sizes > 0).sum()), replicates[name])
    return found, _difference(found, replicates, against)


def periods_of(rows: Ints, days: int) -> Ints:
    """The period (K,) that each decision belongs to: as long as the horizon, so that returns of two
    periods overlap with their neighbours at most.
    """
    return rows // max(days, 7)


def _filled(close: Floats) -> tuple[Floats, Ints]:
    """Closes carried forward (T, N), and the row (N,) of the last one that was traded (-1 for none)."""
    rows = np.where(np.isfinite(close), np.arange(len(close))[:, None], -1)
    return rolling.last_known(close, len(close)), rows.max(axis=0, initial=-1).astype(np.int64)


def _weighted(gain: Floats, weight: Floats, inside: Bools) -> float:
    use = inside & np.isfinite(gain) & np.isfinite(weight)
    total = float(weight[use].sum())
    return float(gain[use] @ weight[use]) / total if total > 0 else np.nan


def _peers(gain: Floats, inside: Bools, homes: Ints, column: int) -> float:
    if homes[column] < 0:
        return np.nan
    use = inside & (homes == homes[column]) & np.isfinite(gain)
    use[column] = False
    return float(gain[use].mean()) if int(use.sum()) >= LEAST_PEERS else np.nan


def _median(gain: Floats) -> float:
    known = gain[np.isfinite(gain)]
    return float(np.median(known)) if len(known) >= LEAST_PEERS else np.nan


def _draws(blocks: int) -> Floats:
    """How often each of the blocks is drawn in each replication (R, B)."""
    if blocks == 0:
        return np.zeros((REPLICATIONS, 0))
    share = np.full(blocks, 1.0 / blocks)
    return np.random.default_rng(_SEED).multinomial(blocks, share, size=REPLICATIONS).astype(np.float64)


def _mean(values: Floats, periods: int, replicates: Floats) -> Mean:
    if len(values) == 0:
        return Mean(0, 0, None, None, None)
    low, high = _interval(replicates) if periods >= LEAST_PERIODS else (None, None)
    return Mean(len(values), periods, float(values.mean()), low, high)


def _difference(
    found: dict[str, Mean], replicates: dict[str, Floats], against: tuple[str, str] | None
) -> Mean:
    first, second = (found.get(name) for name in against) if against else (None, None)
    if against is None or first is None or second is None or first.mean is None or second.mean is None:
        return Mean(0, 0, None, None, None)
    fewest = min(first.periods, second.periods)
    gap = replicates[against[0]] - replicates[against[1]]
    low, high = _interval(gap) if fewest >= LEAST_PERIODS else (None, None)
    return Mean(first.count + second.count, fewest, first.mean - second.mean, low, high)


def _interval(replicates: Floats) -> tuple[float, float]:
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.nanpercentile(replicates, [tail, 100 - tail])
    return float(low), float(high)

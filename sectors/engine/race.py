"""The race for the lead: who is ahead, by how much, and whether the lead changed hands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from scipy.special import ndtr

from assets.engine import rolling
from assets.engine.panel import Bools, Floats
from assets.engine.timeframe import Timeframe
from sectors.engine.index import SectorIndex
from sectors.engine.params import Params

FEATURES = ("keep_logit", "margin", "gap", "churn", "stir")
HORIZON_DAYS = 7
NOISE_DAYS = 56
CHURN_DAYS = 28
GRID = 81


@dataclass(frozen=True, slots=True, eq=False)
class Race:
    """The race for the lead. `trailing` (T, S) return over `leader_days`; `leads`, `trails` (T, S): the
    first and last `leaders` of the risky sectors; `features` (T, F); `changed` (T,) the label: 1.0 if the
    set of leaders is another 7 days on, NaN where that is unknown.
    """

    trailing: Floats
    leads: Bools
    trails: Bools
    features: Floats
    changed: Floats


def run(index: SectorIndex, risky: Bools, timeframe: Timeframe, params: Params) -> Race:
    """Leaders, features and labels of every row. The label of row t looks 7 days ahead; no feature does."""
    logs = np.where(risky, np.log1p(index.returns), np.nan)
    trailing = _sum_of(logs, params.bars(timeframe, params.leader_days), params)
    trailing = np.where(np.isfinite(logs), trailing, np.nan)
    leads, trails = _ends(trailing, params.leaders)
    horizon = timeframe.bars(timedelta(days=HORIZON_DAYS))
    later = np.zeros_like(leads)
    later[:-horizon] = leads[horizon:]
    both = leads.any(axis=1) & later.any(axis=1)
    changed = np.where(both, (leads != later).any(axis=1).astype(np.float64), np.nan)
    features = _features(logs, index.spread, trailing, leads, timeframe, params)
    return Race(np.expm1(trailing), leads, trails, features, changed)


def _sum_of(logs: Floats, bars: int, params: Params) -> Floats:
    return rolling.total(logs, bars, params.least(bars))


def _ends(values: Floats, count: int) -> tuple[Bools, Bools]:
    """The `count` first and last of each row; none where fewer than count + 1 values are known."""
    known = np.isfinite(values)
    enough = (known.sum(axis=1) > count)[:, None]
    order = np.argsort(np.where(known, -values, np.inf), axis=1, kind="stable")
    place = np.argsort(order, axis=1, kind="stable")
    number = known.sum(axis=1)[:, None]
    first = known & enough & (place < count)
    last = known & enough & (place >= np.maximum(number - count, count))
    return first, last


def _features(
    logs: Floats, spread: Floats, trailing: Floats, leads: Bools, timeframe: Timeframe, params: Params
) -> Floats:
    """The five features (T, 5) in the order of `FEATURES`; NaN rows where nobody leads.

    A lead of 28 days seven days from now is 21 days that are known and seven that are not: the
    distances between leaders and followers on the known part, in units of what seven days can do.
    """
    horizon = timeframe.bars(timedelta(days=HORIZON_DAYS))
    bars = params.bars(timeframe, params.leader_days)
    apart = logs - np.log1p(spread)[:, None]
    noise = params.bars(timeframe, NOISE_DAYS)
    scale = rolling.std(apart, noise, params.least(noise)) * np.sqrt(horizon)
    known_part = _sum_of(logs, bars - horizon, params)
    others = np.isfinite(trailing) & ~leads
    keep, margin = keep_chance(known_part, scale, leads, others)
    weakest = np.where(leads, trailing, np.inf).min(axis=1)
    strongest = np.where(others, trailing, -np.inf).max(axis=1)
    usual = _row_mean(scale, np.isfinite(trailing))
    gap = (weakest - strongest) / usual
    churn = _churn(leads, horizon, params.bars(timeframe, CHURN_DAYS))
    lately = rolling.std(apart, horizon, max(2, horizon // 2)) * np.sqrt(horizon)
    stir = np.log(_row_mean(lately, np.isfinite(trailing)) / usual)
    logit = np.log(keep / (1.0 - keep))
    features = np.stack([logit, margin, gap, churn, stir], axis=1)
    told = np.isfinite(features).all(axis=1) & leads.any(axis=1)
    return np.where(told[:, None], features, np.nan)


def keep_chance(known: Floats, scale: Floats, leads: Bools, others: Bools) -> tuple[Floats, Floats]:
    """Chance (T,) that the lowest leader ends above the highest follower, and the smallest known distance.

    Sector s ends at known_s plus an independent normal error of scale_s; the chance is the integral over x
    of P(all leaders > x) d P(all followers <= x), by a grid of `GRID` steps, kept within [1e-4, 1 - 1e-4].
    """
    taking_part = (leads | others) & np.isfinite(known) & (scale > 0)
    low = np.where(taking_part, known - 4.0 * scale, np.inf).min(axis=1)
    high = np.where(taking_part, known + 4.0 * scale, -np.inf).max(axis=1)
    told = np.isfinite(low) & np.isfinite(high)
    low, high = np.where(told, low, 0.0), np.where(told, high, 1.0)
    grid = low[:, None] + (high - low)[:, None] * (np.arange(GRID) / (GRID - 1.0))
    below = np.ones((len(known), GRID))
    above = np.ones((len(known), GRID))
    for s in range(known.shape[1]):
        sure = np.where(taking_part[:, s], scale[:, s], 1.0)[:, None]
        chance = ndtr((grid - np.where(taking_part[:, s], known[:, s], 0.0)[:, None]) / sure)
        below *= np.where((taking_part[:, s] & others[:, s])[:, None], chance, 1.0)
        above *= np.where((taking_part[:, s] & leads[:, s])[:, None], 1.0 - chance, 1.0)
    total = np.zeros(len(known))
    for g in range(1, GRID):
        total += 0.5 * (above[:, g] + above[:, g - 1]) * (below[:, g] - below[:, g - 1])
    keep = np.where(told, np.clip(total, 1e-4, 1.0 - 1e-4), np.nan)
    weakest = np.where(leads & taking_part, known, np.inf).min(axis=1)
    strongest = np.where(others & taking_part, known, -np.inf).max(axis=1)
    distance = np.where(told, weakest - strongest, np.nan) / _row_mean(scale, taking_part)
    return keep, distance


def _row_mean(values: Floats, mask: Bools) -> Floats:
    total = np.zeros(len(values))
    count = np.zeros(len(values))
    for s in range(values.shape[1]):
        known = mask[:, s] & np.isfinite(values[:, s])
        total += np.where(known, values[:, s], 0.0)
        count += known
    known_rows = (count > 0) & (total > 0)
    mean = np.divide(total, count, out=np.full(len(values), np.nan), where=known_rows)
    return np.asarray(mean, dtype=np.float64)


def _churn(leads: Bools, step: int, window: int) -> Floats:
    """Share of the last `window` bars on which the leaders were not those of `step` bars before."""
    moved = np.full(len(leads), np.nan)
    told = leads[step:].any(axis=1) & leads[:-step].any(axis=1)
    moved[step:] = np.where(told, (leads[step:] != leads[:-step]).any(axis=1).astype(np.float64), np.nan)
    return rolling.mean(moved, window, window // 2)

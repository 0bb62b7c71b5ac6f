"""The state model behind regimes: a statistical jump model, fitted on a window and followed online.

A jump model (Nystrup, Lindstrom and Madsen 2020; Shu, Yu and Mulvey 2024) explains each bar's
features by one of a few centres and pays a penalty for every change of centre, which is what makes
regimes last. Online means: the state at t ends the cheapest path through the bars up to t. The path
is begun afresh `ONLINE_DAYS` before each t, long after its beginning has been forgotten, so a state
depends on that window and on nothing before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jumpmodels.jump import JumpModel
from numba import njit

from assets.engine.panel import Floats, Ints


class Regime(StrEnum):
    """The market as users are told about it; the order is that of the regime numbers."""

    BULL = "bull"
    NEUTRAL = "neutral"
    VOLATILE = "volatile"
    BEAR = "bear"


REGIMES = tuple(Regime)
BULL, NEUTRAL, VOLATILE, BEAR = range(4)
#: What the three directions are told apart by; the first orders them. All are per unit of risk and
#: bounded, so that a bull market of 2017 and one of 2023 look alike.
DIRECTION_FEATURES = ("trend_60", "trend_20", "trend_100")
#: What turbulent bars are told from calm ones by.
TURBULENCE_FEATURES = ("log_volatility",)
DIRECTION_PENALTY = 30.0
TURBULENCE_PENALTY = 30.0
ONLINE_DAYS = 365
#: Standardised features are bounded here, or one crash would own a centre.
BOUND = 3.0
#: Digits of the centres that are kept: those beyond depend on how a machine orders its additions.
DIGITS = 9


@dataclass(frozen=True, slots=True, eq=False)
class JumpFit:
    """Standardisation (F,), centres (K, F) by falling first feature, and the penalty of a change."""

    mean: Floats
    scale: Floats
    centres: Floats
    penalty: float


class _Begun(JumpModel):  # type: ignore[misc]
    """A jump model whose search begins at the means of equal parts of the rows, by falling first feature.

    The cost has several valleys of nearly the same depth. From random starts a month of new bars moves
    the search from one to another, and the regime changes though the market did not.
    """

    def init_centers(self, X: Floats) -> Floats:
        parts = np.array_split(np.argsort(-X[:, 0], kind="stable"), self.n_components)
        return np.array([[X[part].mean(axis=0) for part in parts]])


def fit_jump(x: Floats, states: int, penalty: float) -> JumpFit:
    """Centres of x (R, F), no NaN, in standard units; the first has the highest first feature."""
    mean, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    model = _Begun(states, jump_penalty=penalty, max_iter=60)
    model.fit(_standard(x, mean, scale), sort_by=None)
    centres = np.round(np.nan_to_num(model.centers_, nan=0.0), DIGITS)
    order = np.argsort(-centres[:, 0], kind="stable")
    return JumpFit(mean, scale, np.ascontiguousarray(centres[order]), penalty)


def regimes(direction: Ints, turbulence: Ints) -> Ints:
    """Regime numbers (R,) from directions (0 up, 1 neither, 2 down) and turbulence (0 turbulent, 1 calm).

    A market that goes nowhere is volatile when turbulent, neutral when calm; -1 without a direction.
    """
    sideways = np.where(turbulence == 0, VOLATILE, NEUTRAL)
    named = np.select([direction == 0, direction == 1, direction == 2], [BULL, sideways, BEAR], -1)
    return np.asarray(named, dtype=np.int64)


def losses(fit: JumpFit, x: Floats) -> Floats:
    """Half the squared distance of each row of x (R, F) to each centre (R, K); NaN where x has one."""
    out = np.zeros((len(x), len(fit.centres)))
    for j in range(x.shape[1]):
        out += evidence(fit, x, j)
    return out


def evidence(fit: JumpFit, x: Floats, j: int) -> Floats:
    """The part of `losses` that feature j contributes (R, K)."""
    standard = np.clip((x[:, j] - fit.mean[j]) / fit.scale[j], -BOUND, BOUND)
    return np.asarray(0.5 * (standard[:, None] - fit.centres[:, j]) ** 2, dtype=np.float64)


@njit(cache=True, nogil=True)
def online(loss: Floats, penalty: float, window: int) -> tuple[Ints, Floats]:
    """State (R,) and the cost of each state above the cheapest (R, 4), paths begun `window` rows back.

    Rows without features carry the path on at no cost; a row whose own features are missing has no
    state (-1) and NaN costs.
    """
    rows, states = loss.shape
    out = np.full(rows, -1, dtype=np.int64)
    margin = np.full((rows, states), np.nan)
    value = np.empty(states)
    for t in range(rows):
        if np.isnan(loss[t, 0]):
            continue
        value[:] = 0.0
        for k in range(max(0, t - window + 1), t + 1):
            if np.isnan(loss[k, 0]):
                continue
            reach = value.min() + penalty
            for s in range(states):
                value[s] = min(value[s], reach) + loss[k, s]
        best = value.min()
        out[t] = value.argmin()
        for s in range(states):
            margin[t, s] = value[s] - best
    return out, margin


@njit(cache=True, nogil=True)
def hindsight(loss: Floats, penalty: float, window: int, ahead: int) -> Ints:
    """State (R,) that each bar turned out to have been in, seen `ahead` bars later; -1 where not yet.

    The cheapest path over the `window` bars before and the `ahead` bars after each row, read at it.
    """
    rows, states = loss.shape
    out = np.full(rows, -1, dtype=np.int64)
    past = np.empty(states)
    future = np.empty(states)
    for t in range(rows - ahead):
        if np.isnan(loss[t, 0]):
            continue
        past[:] = 0.0
        for k in range(max(0, t - window + 1), t + 1):
            if not np.isnan(loss[k, 0]):
                reach = past.min() + penalty
                for s in range(states):
                    past[s] = min(past[s], reach) + loss[k, s]
        future[:] = 0.0
        for k in range(t + ahead, t, -1):
            if not np.isnan(loss[k, 0]):
                for s in range(states):
                    future[s] += loss[k, s]
            reach = future.min() + penalty
            for s in range(states):
                future[s] = min(future[s], reach)
        out[t] = (past + future).argmin()
    return out


def _standard(x: Floats, mean: Floats, scale: Floats) -> Floats:
    return np.clip((x - mean) / scale, -BOUND, BOUND)

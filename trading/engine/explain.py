"""Why a candidate stands where it stands, in figures that a person can check."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trading.engine.barriers import DIRECTIONS, Direction
from trading.engine.inputs import Inputs
from trading.engine.probability import TimingFit, gather, names, unlike, weighed
from trading.engine.signals import REFUSALS, Result
from trading.engine.tail import Proof


@dataclass(frozen=True, slots=True)
class Factor:
    """One feature: its value, and what it adds to the target's log odds against the average candidate."""

    name: str
    value: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """What stands behind one candidate; `probability_analysis` by span (`24h_target`, `3d_target`,
    `7d_target`).

    `market_context` holds exposure, regime and score where upstream gave them. `calibration_skill` is the
    Brier skill the model had shown, before the signal, on blocks of time it had not seen; `trust` how far
    it was followed; `unlike_training` in [0, 1] how far the probabilities went back to the base rate because
    nothing like the candidate had been learned from.
    """

    direction: Direction
    key_factors: tuple[Factor, ...]
    market_context: dict[str, float | str]
    probability_analysis: dict[str, float]
    base_rate: float
    break_even: float
    calibration_skill: float
    trust: float
    unlike_training: float
    proof: Proof


@dataclass(frozen=True, slots=True)
class Nearest:
    """The candidate that came nearest to a signal on a bar: its column, the first rule against it, and how
    far its probability is from the break-even (negative: short of it)."""

    direction: Direction
    column: int
    refusal: str
    value: float
    limit: float
    failed: int
    probability: float
    margin: float


def explain(
    inputs: Inputs, result: Result, fit: TimingFit, cell: tuple[int, int], direction: Direction, most: int = 5
) -> Explanation:
    """Explanation of the candidate at `cell` (row of `result`, column), by the fit that served it.

    The `most` largest contributions, largest first; features that were not known are left out.
    """
    row, column = cell
    side = DIRECTIONS.index(direction)
    source, where = np.array([row + result.first]), np.array([column])
    x = gather(inputs, source, where, direction)
    added = weighed(fit, x)[0]
    order = np.argsort(-np.abs(added), kind="stable")
    factors = [
        Factor(names(direction)[j], float(x[0, j]), float(added[j])) for j in order if np.isfinite(x[0, j])
    ]
    return Explanation(
        direction=direction,
        key_factors=tuple(factors[:most]),
        market_context=_context(result, row, column),
        probability_analysis={
            "24h_target": float(result.within_1d[side, row, column]),
            "3d_target": float(result.within_3d[side, row, column]),
            "7d_target": float(result.probability[side, row, column]),
        },
        base_rate=float(result.base_rate[side, row]),
        break_even=float(result.break_even[side, row, column]),
        calibration_skill=fit.calibration.skill,
        trust=fit.calibration.trust,
        unlike_training=float(unlike(fit, x)[0]),
        proof=fit.proof,
    )


def nearest(result: Result, row: int) -> Nearest | None:
    """What came nearest to a signal on row `row` of `result`; None where a signal was issued or nothing was
    weighed.

    Fewest rules against it first, then the probability nearest to or furthest over its break-even.
    """
    chance = result.probability[:, row]
    weighed_ = result.candidates[row] & np.isfinite(chance)
    if not weighed_.any() or result.issued[:, row].any():
        return None
    margin = chance - result.break_even[:, row]
    failed = np.where(weighed_, result.failed[:, row], np.iinfo(np.int8).max)
    best = np.where(failed == failed.min(), margin, -np.inf)
    side, column = (int(i) for i in np.unravel_index(int(np.argmax(best)), best.shape))
    at = (side, row, column)
    return Nearest(
        direction=DIRECTIONS[side],
        column=column,
        refusal=REFUSALS[result.refusal[at]],
        value=float(result.refusal_value[at]),
        limit=float(result.refusal_limit[at]),
        failed=int(result.failed[at]),
        probability=float(chance[side, column]),
        margin=float(margin[side, column]),
    )


def _context(result: Result, row: int, column: int) -> dict[str, float | str]:
    said: dict[str, float | str] = {}
    if np.isfinite(result.exposure[row]):
        said["exposure"] = float(result.exposure[row])
    if result.regime[row]:
        said["regime"] = str(result.regime[row])
    if np.isfinite(result.score[row, column]):
        said["score_percentile"] = float(result.score[row, column])
    return said

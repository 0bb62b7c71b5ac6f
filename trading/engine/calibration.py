"""From a score to a probability that means what it says, or to the base rate where the score says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from sklearn.isotonic import IsotonicRegression

from aimodels.engine.linear import Linear, fit_logistic, score, sigmoid
from assets.engine.panel import Bools, Floats, Ints

FLOOR = 0.005
LEAST_BIN = 500  # cases of every day: those of a hundred on every fifth
TAIL_FROM = 0.9
TAIL_HORIZONS = 4  # blocks of time by which the tail is judged, in horizons


class Method(StrEnum):
    """How scores become probabilities."""

    SIGMOID = "sigmoid"
    ISOTONIC = "isotonic"


@dataclass(frozen=True, slots=True)
class Curve:
    """A calibration curve: a logistic line (sigmoid), or knots `x`, `y` joined by straight lines
    (isotonic).
    """

    method: str
    line: Linear | None
    x: Floats
    y: Floats


@dataclass(frozen=True, slots=True)
class Calibration:
    """The curve, and how far to trust it: p = base + trust (curve - base), and what of p lies above `knot`
    counts `tail_trust` of itself: the highest estimates are the luckiest too.
    """

    curve: Curve
    base_rate: float
    trust: float
    knot: float
    tail_trust: float
    skill: float


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A calibration, and what it said of cases whose outcome its curve had not seen: `seen` (S,) their
    places, `said` (S,) the probabilities.
    """

    calibration: Calibration
    seen: Ints
    said: Floats


def fit_curve(method: Method, raw: Floats, hit: Floats) -> Curve:
    """Calibration curve on scores `raw` (C,) and outcomes `hit` (C,) in {0, 1}.

    Isotonic knots are means of at least 500 cases, so the ends are not drawn by a few. Raises ValueError
    on fewer than two cases.
    """
    if method is Method.SIGMOID:
        return Curve(method.value, fit_logistic(raw[:, None], hit, c=1e6), np.empty(0), np.empty(0))
    order = np.argsort(raw, kind="stable")
    bins = np.array_split(order, max(2, len(raw) // LEAST_BIN))
    middle = np.array([raw[index].mean() for index in bins])
    share = np.array([hit[index].mean() for index in bins])
    size = np.array([float(len(index)) for index in bins])
    model = IsotonicRegression(out_of_bounds="clip").fit(middle, share, sample_weight=size)
    x = np.asarray(model.X_thresholds_, dtype=np.float64)
    return Curve(method.value, None, x, np.asarray(model.y_thresholds_, dtype=np.float64))


def curve_at(curve: Curve, raw: Floats) -> Floats:
    """Probability (C,) at scores `raw` (C,), kept off 0 and 1."""
    if curve.line is None:
        return np.clip(np.interp(raw, curve.x, curve.y), FLOOR, 1.0 - FLOOR)
    return np.clip(sigmoid(score(curve.line, raw[:, None])), FLOOR, 1.0 - FLOOR)


def probability(calibration: Calibration, raw: Floats) -> Floats:
    """Calibrated probability (C,), drawn towards the base rate as far as skill was not shown."""
    known = curve_at(calibration.curve, raw)
    drawn = calibration.base_rate + calibration.trust * (known - calibration.base_rate)
    return _bent(drawn, calibration.knot, calibration.tail_trust)


def _bent(said: Floats, knot: float, slope: float) -> Floats:
    return np.minimum(said, knot) + slope * np.maximum(said - knot, 0.0)


def spans(rows: Ints, horizon: int) -> Ints:
    """Numbers (C,) of the blocks of TAIL_HORIZONS horizons in which cases at panel rows `rows` (C,) lie.

    Counted back from the last one, so that they do not depend on where the panel starts.
    """
    return np.asarray((rows.max() - rows) // (TAIL_HORIZONS * horizon), dtype=np.int64)


def folds(rows: Ints, blocks: int, embargo: int, least: int) -> Iterator[tuple[Bools, Bools]]:
    """(past, next) masks over cases at panel rows `rows` (C,): each block of time after `least` of them,
    and all that ended `embargo` bars or more before it."""
    edges = np.array_split(np.unique(rows), blocks)
    for block in edges[least:]:
        if len(block):
            yield rows <= block[0] - embargo, (rows >= block[0]) & (rows <= block[-1])


def calibrate(rows: Ints, raw: Floats, hit: Floats, embargo: int, blocks: int) -> Judged:
    """The curve that foretold best, judged prequentially (Dawid 1984): each block of time by curves of its
    past.

    `rows`, `raw`, `hit` (C,): panel row, out-of-fold score and outcome of each case. The trust is the
    slope, between 0 and 1, that would have minimised the Brier score of the better curve, less one standard
    error by blocks of time; the tail's trust the same for what lies above the nine tenths of the lower
    probabilities. Raises ValueError where there are too few cases for two blocks.
    """
    told = _prequential(rows, raw, hit, embargo, blocks)
    truth, base = hit[told.seen], told.base
    loss = {method: float(np.mean((told.known[method] - truth) ** 2)) for method in Method}
    best = Method.ISOTONIC if loss[Method.ISOTONIC] < loss[Method.SIGMOID] else Method.SIGMOID
    trust = _trust(told.known[best] - base, truth - base, told.block)
    drawn = base + trust * (told.known[best] - base)
    knot = float(np.quantile(drawn, TAIL_FROM))
    top = drawn > knot
    tail_trust = _trust(drawn[top] - knot, truth[top] - knot, spans(told.rows, embargo)[top])
    said = _bent(drawn, knot, tail_trust)
    reference = float(np.mean((base - truth) ** 2))
    skill = 1.0 - float(np.mean((said - truth) ** 2)) / reference if reference > 0 else 0.0
    fitted = Calibration(fit_curve(best, raw, hit), float(hit.mean()), trust, knot, tail_trust, skill)
    return Judged(fitted, told.seen, said)


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """Cases (S,) of the later blocks: their places, rows and blocks, the base rate and the curves of
    before."""

    seen: Ints
    rows: Ints
    block: Ints
    base: Floats
    known: dict[Method, Floats]


def _prequential(rows: Ints, raw: Floats, hit: Floats, embargo: int, blocks: int) -> _Told:
    seen, base, owner = [], [], []
    known: dict[Method, list[Floats]] = {method: [] for method in Method}
    for number, (past, following) in enumerate(folds(rows, blocks, embargo, 1)):
        if past.sum() < 2 * LEAST_BIN:
            continue
        for method in Method:
            known[method].append(curve_at(fit_curve(method, raw[past], hit[past]), raw[following]))
        places = np.flatnonzero(following)
        seen.append(places)
        base.append(np.full(len(places), hit[past].mean()))
        owner.append(np.full(len(places), number))
    if not base:
        raise ValueError(f"{len(rows)} candidates are too few to calibrate on")
    places = np.concatenate(seen)
    together = {method: np.concatenate(parts) for method, parts in known.items()}
    return _Told(places, rows[places], np.concatenate(owner), np.concatenate(base), together)


def _trust(lift: Floats, surprise: Floats, block: Ints) -> float:
    """Slope of surprise on lift through the origin, less its standard error over blocks, within [0, 1]."""
    mass = float(np.sum(lift * lift))
    if mass <= 0.0:
        return 0.0
    slope = float(np.sum(lift * surprise)) / mass
    parts = np.array([np.sum((lift * (surprise - slope * lift))[block == b]) for b in np.unique(block)])
    error = float(np.sqrt(np.sum(parts * parts))) / mass if len(parts) > 1 else slope
    return float(np.clip(slope - error, 0.0, 1.0))

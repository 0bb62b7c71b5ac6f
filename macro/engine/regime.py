"""The learned model of the layer: regimes, how sure they are, and where they go from here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from aimodels.engine.spec import ModelSpec, ModelType
from assets.engine import rolling
from assets.engine.panel import Bools, Floats, Ints
from assets.engine.timeframe import Timeframe
from macro.engine import states
from macro.engine.features import Features
from macro.engine.forecast import HINDSIGHT_DAYS, HORIZONS_DAYS, HeadFit, fit_head, probabilities

#: Beside the state model's own margins, what the heads look at.
CONTEXT = (
    "trend_20",
    "trend_60",
    "trend_100",
    "log_volatility",
    "volatility_ratio",
    "drawdown_90",
    "breadth_50",
)
MARGINS = ("cost_of_up", "cost_of_neither", "cost_of_down", "calm_minus_turbulent")
#: Bars of features without which no state model is fitted.
LEAST_DAYS = 365
#: Bars over which the evidence behind a regime is summed up for its reasons.
EVIDENCE_DAYS = 20

SPEC = ModelSpec(
    name="macro_regime",
    model_type=ModelType.MACRO,
    estimator="statistical jump model with calibrated heads",
    target="regime now (as hindsight tells it) and 1, 7, 30 days ahead",
    features=(*states.DIRECTION_FEATURES, *states.TURBULENCE_FEATURES, *MARGINS, *CONTEXT),
    horizon_days=30,
    train_days=1826,
    metric="log loss of the regime 7 days ahead",
    rival="calibrated persistence (transition frequencies)",
    version=2,
)


@dataclass(frozen=True, slots=True, eq=False)
class RegimeInputs:
    """What the model reads: direction (T, 3) and turbulence (T, 1) features, context (T, C)."""

    timeframe: Timeframe
    direction: Floats
    turbulence: Floats
    context: Floats


@dataclass(frozen=True, slots=True, eq=False)
class RegimeFit:
    """Two jump models, the head that says how sure the regime is, and one head a horizon."""

    direction: states.JumpFit
    turbulence: states.JumpFit
    confidence: HeadFit
    ahead: tuple[HeadFit, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RegimePath:
    """What a fit says of a run of rows (R,): regime numbers (-1 unknown), directions, costs of each
    direction above the chosen one (R, 3), head features (R, G).
    """

    regime: Ints
    direction: Ints
    turbulent: Bools
    cost: Floats
    x: Floats

    def since(self, start: int) -> RegimePath:
        """The path without its first `start` rows."""
        return RegimePath(
            self.regime[start:],
            self.direction[start:],
            self.turbulent[start:],
            self.cost[start:],
            self.x[start:],
        )


def regime_inputs(timeframe: Timeframe, features: Features) -> RegimeInputs:
    """The model's view of the layer's features."""
    return RegimeInputs(
        timeframe,
        features.matrix(states.DIRECTION_FEATURES),
        features.matrix(states.TURBULENCE_FEATURES),
        features.matrix(CONTEXT),
    )


#: What a retraining may change: the cost of a switch of each state model.
HYPERPARAMETERS = {
    "direction_penalty": states.DIRECTION_PENALTY,
    "turbulence_penalty": states.TURBULENCE_PENALTY,
}


def fit(
    inputs: RegimeInputs,
    row: int,
    direction_penalty: float = states.DIRECTION_PENALTY,
    turbulence_penalty: float = states.TURBULENCE_PENALTY,
) -> RegimeFit:
    """The model as it can be known at the close of `row`, the last bar it sees.

    Trained on the `train_days` up to `row` (and the bars before that the paths begin with). Labels
    are the regimes this fit gives to later rows of the window: rows whose label lies beyond `row`
    have none. Raises ValueError with less than a year of features.
    """
    bars = inputs.timeframe.bars
    window = bars(timedelta(days=states.ONLINE_DAYS))
    train = bars(timedelta(days=SPEC.train_days))
    start = max(0, row + 1 - train)
    direction = _fit_jump(inputs.direction[start : row + 1], 3, direction_penalty, inputs.timeframe)
    turbulence = _fit_jump(inputs.turbulence[start : row + 1], 2, turbulence_penalty, inputs.timeframe)
    known = follow(direction, turbulence, inputs, start, row + 1)
    later = bars(timedelta(days=HINDSIGHT_DAYS))
    settled = states.regimes(
        _settled(direction, inputs.direction, start, row + 1, window, later),
        _settled(turbulence, inputs.turbulence, start, row + 1, window, later),
    )
    horizons = [bars(timedelta(days=days)) for days in HORIZONS_DAYS]
    return RegimeFit(
        direction,
        turbulence,
        fit_head(known.x, known.regime, settled, later),
        tuple(fit_head(known.x, known.regime, later_label(known.regime, h), h) for h in horizons),
    )


def follow(
    direction: states.JumpFit, turbulence: states.JumpFit, inputs: RegimeInputs, start: int, stop: int
) -> RegimePath:
    """Regimes of rows start..stop-1 and what the heads see there, each from its own trailing window."""
    window = inputs.timeframe.bars(timedelta(days=states.ONLINE_DAYS))
    begin = max(0, start - window + 1)
    cut = slice(start - begin, stop - begin)
    way, cost = states.online(
        states.losses(direction, inputs.direction[begin:stop]), direction.penalty, window
    )
    storm, storm_cost = states.online(
        states.losses(turbulence, inputs.turbulence[begin:stop]), turbulence.penalty, window
    )
    balance = (storm_cost[:, 1] - storm_cost[:, 0]) / turbulence.penalty
    x = np.column_stack([cost / direction.penalty, balance])[cut]
    return RegimePath(
        regime=states.regimes(way, storm)[cut],
        direction=way[cut],
        turbulent=(storm == 0)[cut],
        cost=cost[cut],
        x=np.column_stack([x, inputs.context[start:stop]]),
    )


def later_label(regime: Ints, bars: int) -> Ints:
    """The regime `bars` rows later (R,); -1 where that is not known yet."""
    out = np.full(len(regime), -1, dtype=np.int64)
    out[: max(0, len(regime) - bars)] = regime[bars:]
    return out


def confidence(fit_: RegimeFit, path: RegimePath) -> Floats:
    """Calibrated probability that hindsight will call the row by the same regime (R,)."""
    each = probabilities(fit_.confidence, path.x, path.regime)
    return np.where(path.regime >= 0, each[np.arange(len(each)), path.regime], np.nan)


def reasons(fit_: RegimeFit, path: RegimePath, inputs: RegimeInputs, start: int, stop: int) -> Floats:
    """Evidence of each direction feature for the chosen direction against its runner-up (R, 3).

    Mean over the last `EVIDENCE_DAYS` of how much nearer the feature is to the chosen centre, in the
    units of the penalty; positive speaks for the regime.
    """
    span = inputs.timeframe.bars(timedelta(days=EVIDENCE_DAYS))
    begin = max(0, start - span + 1)
    rows = np.arange(stop - start)
    chosen, rival = np.maximum(path.direction, 0), runner_up(path)
    out = np.full((stop - start, inputs.direction.shape[1]), np.nan)
    for j in range(inputs.direction.shape[1]):
        loss = states.evidence(fit_.direction, inputs.direction[begin:stop], j)
        recent = rolling.mean(loss, span, 1)[start - begin :]
        out[:, j] = recent[rows, rival] - recent[rows, chosen]
    return np.where((path.direction >= 0)[:, None], out, np.nan)


def runner_up(path: RegimePath) -> Ints:
    """The direction that is next cheapest (R,)."""
    others = np.where(np.isfinite(path.cost), path.cost, np.inf)
    others[np.arange(len(others)), np.maximum(path.direction, 0)] = np.inf
    return np.asarray(np.argmin(others, axis=1), dtype=np.int64)


def bars_to_flip(fit_: RegimeFit, path: RegimePath) -> Floats:
    """Bars that would have to look like the runner-up's centre until the direction flips (R,)."""
    rival, chosen = runner_up(path), np.maximum(path.direction, 0)
    centres = fit_.direction.centres
    apart = np.zeros(len(rival))
    for j in range(centres.shape[1]):
        apart += 0.5 * (centres[chosen, j] - centres[rival, j]) ** 2
    gap = path.cost[np.arange(len(rival)), rival]
    need = np.divide(gap, apart, out=np.full(len(rival), np.nan), where=apart > 0)
    return np.where(path.direction >= 0, np.floor(need) + 1.0, np.nan)


def _fit_jump(x: Floats, number: int, penalty: float, timeframe: Timeframe) -> states.JumpFit:
    usable = np.isfinite(x).all(axis=1)
    least = timeframe.bars(timedelta(days=LEAST_DAYS))
    if usable.sum() < least:
        raise ValueError(f"{int(usable.sum())} bars of features are too few for regimes; {least} are needed")
    return states.fit_jump(np.ascontiguousarray(x[usable]), number, penalty)


def _settled(jump: states.JumpFit, x: Floats, start: int, stop: int, window: int, later: int) -> Ints:
    begin = max(0, start - window + 1)
    loss = states.losses(jump, x[begin:stop])
    return np.asarray(states.hindsight(loss, jump.penalty, window, later)[start - begin :], dtype=np.int64)

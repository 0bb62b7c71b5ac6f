"""Layer 4: plans with target, stop and time, how likely they are to pay, and which are issued."""

from collections.abc import Callable, Mapping
from functools import partial

from trading.engine.barriers import (
    DIRECTIONS,
    OUTCOMES,
    Costs,
    Direction,
    Issued,
    Outcome,
    Outcomes,
    resolve,
)
from trading.engine.explain import Explanation, Factor, Nearest, explain, nearest
from trading.engine.inputs import Inputs, Params, Upstream, lookback, prepare
from trading.engine.judge import Judgement, judge
from trading.engine.levels import HORIZON_DAYS, Geometry, Levels
from trading.engine.probability import SPECS as _BY_DIRECTION
from trading.engine.probability import TimingFit, fit
from trading.engine.signals import (
    REFUSALS,
    RISK_LEVELS,
    Refusal,
    Result,
    RiskLevel,
    analyse,
    analyse_each,
    apply,
    fit_all,
    silenced,
)
from trading.engine.tail import Coverage, Proof

SPECS = tuple(_BY_DIRECTION.values())
FITS: Mapping[str, type[TimingFit]] = {spec.name: TimingFit for spec in SPECS}
LEARN: Mapping[str, Callable[..., TimingFit]] = {
    spec.name: partial(fit, direction=direction) for direction, spec in _BY_DIRECTION.items()
}

__all__ = [
    "DIRECTIONS",
    "FITS",
    "HORIZON_DAYS",
    "LEARN",
    "OUTCOMES",
    "REFUSALS",
    "RISK_LEVELS",
    "SPECS",
    "Costs",
    "Coverage",
    "Direction",
    "Explanation",
    "Factor",
    "Geometry",
    "Inputs",
    "Issued",
    "Judgement",
    "Levels",
    "Nearest",
    "Outcome",
    "Outcomes",
    "Params",
    "Proof",
    "Refusal",
    "Result",
    "RiskLevel",
    "TimingFit",
    "Upstream",
    "analyse",
    "analyse_each",
    "apply",
    "explain",
    "fit_all",
    "judge",
    "lookback",
    "nearest",
    "prepare",
    "resolve",
    "silenced",
]

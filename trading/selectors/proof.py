"""What stands behind the rule that signals need shown skill: the record of each direction's newest model."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from aimodels import selectors as aimodels
from assets.engine.timeframe import Timeframe
from trading.engine import DIRECTIONS, SPECS, TimingFit, tail

NO_MODEL = "no model of this direction has been fitted yet"
NOT_SHOWN = "no skill shown: past cases that would have been issued did not pay for sure"
TOO_FEW = "no skill shown: too few past cases would have been issued"


def risk_coverage(timeframe: Timeframe, now: datetime) -> list[dict[str, Any]]:
    """One entry a direction: skill, trust, what would have been issued and had earned, and the risk-coverage
    curve, all on cases whose outcome the model had not seen; null where there is none. A model
    past its expiry, or with no sound version left, shows nothing, whatever it once did. Four queries."""
    stands = aimodels.standings(timeframe, now, tuple(spec.name for spec in SPECS))
    fits = aimodels.newest_fits(SPECS, timeframe, now, TimingFit)
    found = []
    for direction, spec in zip(DIRECTIONS, SPECS, strict=True):
        entry: dict[str, Any] = {"direction": direction.value, "model_name": spec.name}
        if spec.name not in fits:
            found.append({**entry, "is_shown": False, "reason": NO_MODEL, "issued": None, "curve": []})
            continue
        _, version, moment, fit = fits[spec.name]
        told = _told(fit)
        if stands[spec.name].state in (aimodels.State.EXPIRED, aimodels.State.BROKEN):
            told |= {"is_shown": False, "reason": stands[spec.name].reason}
        found.append({**entry, "model_version": version, "fitted_as_of": moment, **told})
    return found


def _told(fit: TimingFit) -> dict[str, Any]:
    proof = fit.proof
    unknown = TOO_FEW if math.isnan(proof.low_r) else NOT_SHOWN
    return {
        "base_rate": fit.calibration.base_rate,
        "brier_skill": fit.calibration.skill,
        "trust": fit.calibration.trust,
        "tail_trust": fit.calibration.tail_trust,
        "is_shown": proof.shown,
        "reason": "" if proof.shown else unknown,
        "issued": {
            "cases": proof.cases,
            "said": _known(proof.said),
            "hit": _known(proof.hit),
            "break_even": _known(proof.break_even),
            "net_r": _known(proof.net_r),
            "net_r_low": _known(proof.low_r),
        },
        "curve": tail.curve(fit.coverage),
    }


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None

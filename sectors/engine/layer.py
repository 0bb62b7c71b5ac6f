"""From inputs and fitted models to the layer's result."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np

from aimodels.engine.linear import contributions
from aimodels.engine.spec import ModelSpec, fit_times, serving
from assets.engine.panel import Floats, Panel
from sectors.engine import calibrated, outlook, performers, rotation
from sectors.engine.allocation import allocate
from sectors.engine.calibrated import Calibrated
from sectors.engine.inputs import Inputs, prepare
from sectors.engine.membership import Membership
from sectors.engine.outlook import OutlookFit
from sectors.engine.params import Params
from sectors.engine.result import Reason, SectorResult
from sectors.engine.rotation import RotationFit

SPECS: tuple[ModelSpec, ...] = (rotation.SPEC, outlook.SPEC)
SectorFit = RotationFit | OutlookFit
Fits = Mapping[str, Mapping[datetime, SectorFit]]
Columns = dict[str, Any]  # fields of a SectorResult by name


#: What a retraining may change, by model.
HYPERPARAMETERS = {
    rotation.SPEC.name: {"inverse_penalty": rotation.REGULARISATION},
    outlook.SPEC.name: {"inverse_penalty": outlook.REGULARISATION},
}


def fit(spec: ModelSpec, inputs: Inputs, row: int, **hyperparameters: float) -> SectorFit:
    """Fit one of `SPECS` on what was known at the close of `row`, with `HYPERPARAMETERS` as given.

    Raises ValueError with too little history, or for another layer's model.
    """
    if spec.name == rotation.SPEC.name:
        return rotation.fit(inputs, row, **hyperparameters)
    if spec.name == outlook.SPEC.name:
        return outlook.fit(inputs, row, **hyperparameters)
    raise ValueError(f"{spec.name} is not a model of this layer")


def fit_all(inputs: Inputs, first: int) -> dict[str, dict[datetime, SectorFit]]:
    """Every fit that rows `first` on need and history allows, by model and moment."""
    fits: dict[str, dict[datetime, SectorFit]] = {}
    for spec in SPECS:
        fits[spec.name] = {}
        for moment in fit_times(spec, inputs.panel, first):
            try:
                fits[spec.name][moment] = fit(spec, inputs, inputs.panel.known_at(moment) - 1)
            except ValueError:
                # Too little history: the rows say so themselves.
                continue
    return fits


def analyse(
    panel: Panel,
    membership: Membership,
    exposure: Floats | None,
    first: int,
    params: Params | None = None,
) -> SectorResult:
    """The whole layer for rows `first` on: inputs, every fit they need, result."""
    inputs = prepare(panel, membership, exposure, params)
    return apply(inputs, fit_all(inputs, first), first)


def apply(inputs: Inputs, fits: Fits, first: int) -> SectorResult:
    """Result of rows `first` to the last, by the fits that serve them."""
    return SectorResult(
        times=inputs.panel.times[first:],
        names=inputs.membership.names,
        **_performance(inputs, first),
        **_market(inputs, first),
        **_rotation(inputs, fits, first),
        **_outlook(inputs, fits, first),
        **_allocation(inputs, first),
    )


def _performance(inputs: Inputs, first: int) -> Columns:
    """What each sector did, and how it stands to the others."""
    strength = inputs.strength
    return {
        "performance_24h": strength.day[first:],
        "performance_7d": strength.week[first:],
        "performance_28d": inputs.race.trailing[first:],
        "performance_30d": strength.month[first:],
        "momentum": strength.momentum[first:],
        "ratio": strength.ratio[first:],
        "impulse": strength.impulse[first:],
        "status": strength.status[first:],
        "volatility": strength.volatility[first:],
        "correlation": strength.correlation[first:],
        "drawdown": strength.drawdown[first:],
    }


def _market(inputs: Inputs, first: int) -> Columns:
    """What each sector is made of, its best coins, and where money went."""
    index, weights = inputs.index, inputs.membership.weights
    top, top_returns = performers.top(inputs.panel, index.eligible, weights, first, inputs.params)
    return {
        "market_cap": index.cap[first:],
        "volume": index.volume[first:],
        "dominance": index.dominance[first:],
        "breadth": index.breadth[first:],
        "members": index.members[first:],
        "effective": index.effective[first:],
        "top": top,
        "top_returns": top_returns,
        "coverage": index.caps.coverage[first:],
        "flow": inputs.flow[first:],
        "returns": index.returns[first:],
        "market_return": index.market[first:],
    }


def _rotation(inputs: Inputs, fits: Fits, first: int) -> Columns:
    """Whether today's leaders will lead, why, and the signals of a change that has begun."""
    race, panel = inputs.race, inputs.panel
    chance, base, effects = _serve(
        rotation.SPEC, race.features, fits.get(rotation.SPEC.name, {}), panel, first
    )
    step = inputs.params.bars(panel.timeframe, inputs.params.strength_change_days)
    new = rotation.signals(race.leads, inputs.strength.status, inputs.flow, step)
    return {
        "rotation": chance,
        "base_rate": base,
        "rotation_reasons": _reasons(chance, base),
        "rotation_values": race.features[first:],
        "rotation_effects": effects,
        "leads": race.leads[first:],
        "trails": race.trails[first:],
        "signals": new[first:],
    }


def _outlook(inputs: Inputs, fits: Fits, first: int) -> Columns:
    """Whether each sector will beat the median one, and why."""
    features = inputs.contest.features
    beats, base, effects = _serve(
        outlook.SPEC, features, fits.get(outlook.SPEC.name, {}), inputs.panel, first
    )
    return {
        "outlook": beats,
        "stance": outlook.stance(beats, inputs.params.stance_margin),
        "confidence": outlook.confidence(beats),
        "outlook_reasons": _reasons(_any(beats), base),
        "outlook_values": features[first:],
        "outlook_effects": effects,
    }


def _allocation(inputs: Inputs, first: int) -> Columns:
    spread = allocate(
        inputs.panel,
        inputs.index,
        inputs.strength,
        inputs.membership,
        inputs.exposure,
        first,
        inputs.params,
    )
    return {"target": spread.target, "weights": spread.weights, "budget": spread.budget}


def _serve(
    spec: ModelSpec, features: Floats, fits: Mapping[datetime, SectorFit], panel: Panel, first: int
) -> tuple[Floats, Floats, Floats]:
    """Probability, base rate of the training rows, and effects on the log odds, rows `first` on."""
    chance = np.full(features.shape[:-1], np.nan)
    base = np.full(len(features), np.nan)
    effects = np.full(features.shape, np.nan)
    for moment, rows in serving(spec, panel, first).items():
        if moment not in fits:
            continue
        model: Calibrated = fits[moment].model
        chance[rows] = calibrated.probability(model, features[rows])
        base[rows] = model.base_rate
        known = np.isfinite(chance[rows])[..., None]
        effects[rows] = np.where(known, model.slope * contributions(model.model, features[rows]), np.nan)
    return chance[first:], base[first:], effects[first:]


def _any(values: Floats) -> Floats:
    """One known figure of each row (R, S), NaN where a row has none."""
    return np.where(np.isfinite(values).any(axis=1), 1.0, np.nan)


def _reasons(figure: Floats, base: Floats) -> tuple[Reason, ...]:
    """Why each row's figure is missing: no model serves it, or too few sectors had a history to feed it."""
    return tuple(
        Reason.NONE if told else Reason.FEW_SECTORS if served else Reason.NO_MODEL
        for told, served in zip(np.isfinite(figure), np.isfinite(base), strict=True)
    )

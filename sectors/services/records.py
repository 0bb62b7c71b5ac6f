"""The engine's arrays as columns of the tables. NaN becomes NULL, and the reason is kept beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from aimodels.engine.footing import Footing
from aimodels.services import Served
from assets.engine.panel import Floats
from sectors.engine import STATUSES, Driver, Inputs, Reason, SectorFit, SectorResult
from sectors.engine import flows as graph
from sectors.engine.outlook import SPEC as OUTLOOK
from sectors.engine.rotation import SPEC as ROTATION
from sectors.models import Sector, SectorStatus, Stance

Columns = dict[str, Any]
STATUS_WORDS = (*(SectorStatus(status) for status in STATUSES), SectorStatus.UNKNOWN)  # the last for -1
STANCE_WORDS = (Stance.OVERWEIGHT, Stance.NEUTRAL, Stance.UNDERWEIGHT, Stance.UNKNOWN)
LEAST_FLOW = 1e-4  # of the market's cap: smaller edges are noise and would fill the table
DRIVERS = 5
PLACES = 6  # decimals of figures inside JSON; columns keep every digit
METRICS = ("performance_28d", "volatility", "correlation", "drawdown", "breadth", "effective")


@dataclass(frozen=True, slots=True)
class Book:
    """A run to be written down: R closes of S sectors, the closes and sectors repeated for R x S rows."""

    inputs: Inputs
    result: SectorResult
    first: int
    sectors: Sequence[Sector]
    closes: list[datetime] = field(init=False)

    def __post_init__(self) -> None:
        panel = self.inputs.panel
        closes = [panel.as_of(row) for row in range(self.first, len(panel.times))]
        object.__setattr__(self, "closes", closes)

    @property
    def each(self) -> Columns:
        """The columns that name each row of R x S."""
        return {
            "timeframe": self.inputs.panel.timeframe,
            "as_of": [moment for moment in self.closes for _ in self.sectors],
            "sector_id": [sector.pk for sector in self.sectors] * len(self.closes),
        }


def performances(book: Book) -> Columns:
    """One row a close and sector. Returns stay fractions; dominance becomes percent."""
    result = book.result
    return {
        **book.each,
        "total_market_cap": result.market_cap.ravel(),
        "total_volume": result.volume.ravel(),
        "dominance_percentage": np.minimum(100.0 * result.dominance, 100.0).ravel(),
        "momentum_score": result.momentum.ravel(),
        "relative_strength": result.ratio.ravel(),
        "relative_momentum": result.impulse.ravel(),
        "status": [STATUS_WORDS[code].value for code in result.status.ravel()],
        "performance_24h": result.performance_24h.ravel(),
        "performance_7d": result.performance_7d.ravel(),
        "performance_30d": result.performance_30d.ravel(),
        "member_count": result.members.ravel(),
        "top_performers": _top_performers(book),
        "performance_metrics": _metrics(result),
    }


def rotations(book: Book, served: Served[SectorFit]) -> Columns:
    """One row a close. Sectors are named by slug; flows are percentage points of the market's cap."""
    result, rows = book.result, range(len(book.closes))
    slugs = [sector.slug for sector in book.sectors]
    stood = served.standing(ROTATION, book.closes)
    withheld = np.array([one.withheld for one in stood], dtype=np.bool_)
    return {
        "timeframe": book.inputs.panel.timeframe,
        "as_of": book.closes,
        "rotation_probability": np.where(withheld, np.nan, result.rotation),
        "base_rate": result.base_rate,
        "flow_directions": [_known(slugs, 100.0 * result.flow[row], PLACES) for row in rows],
        "rotation_signals": [_signals(book, slugs, row) for row in rows],
        "leading_sectors": [[slugs[s] for s in result.leading(row)] for row in rows],
        "declining_sectors": [[slugs[s] for s in result.declining(row)] for row in rows],
        "recommended_allocation": [_known(slugs, result.weights[row]) for row in rows],
        "reasons": [_rotation_reasons(book, row, stood[row]) for row in rows],
        "model_id": [one.model_id for one in stood],
    }


def flows(book: Book) -> Columns:
    """One row an edge of at least `LEAST_FLOW`."""
    edges = graph.edges(book.result.flow)
    rows, sources, targets = np.nonzero(edges >= LEAST_FLOW)
    ids = np.array([sector.pk for sector in book.sectors], dtype=np.int64)
    return {
        "timeframe": book.inputs.panel.timeframe,
        "as_of": [book.closes[row] for row in rows],
        "from_sector_id": ids[sources],
        "to_sector_id": ids[targets],
        "share": 100.0 * edges[rows, sources, targets],
        "window_days": book.inputs.params.flow_days,
    }


def analyses(book: Book, served: Served[SectorFit]) -> Columns:
    """One row a close and sector; a reading that no model could make is not known, with its reason."""
    result, width = book.result, len(book.sectors)
    cells = [(row, s) for row in range(len(book.closes)) for s in range(width)]
    stood = served.standing(OUTLOOK, book.closes)
    withheld = np.array([one.withheld for one in stood], dtype=np.bool_)
    return {
        **book.each,
        "stance": [STANCE_WORDS[code].value for code in result.stance.ravel()],
        "confidence_score": np.where(withheld[:, None], np.nan, result.confidence).ravel(),
        "weight": np.clip(result.weights, 0.0, 1.0).ravel(),
        "drivers": [_drivers(result.outlook_drivers(row, s)) for row, s in cells],
        "analysis_data": [_reading(book, row, s, stood[row]) for row, s in cells],
        "model_id": [one.model_id for one in stood for _ in range(width)],
    }


def _top_performers(book: Book) -> list[list[Columns]]:
    panel, result = book.inputs.panel, book.result
    width = result.top.shape[-1]
    ids = panel.asset_ids.tolist()
    cells = zip(
        result.top.reshape(-1, width).tolist(),
        np.round(result.top_returns, PLACES).reshape(-1, width).tolist(),
        strict=True,
    )
    return [
        [
            {"asset_id": ids[n], "symbol": panel.symbols[n], "performance_7d": gain}
            for n, gain in zip(columns, gains, strict=True)
            if n >= 0
        ]
        for columns, gains in cells
    ]


def _metrics(result: SectorResult) -> list[Columns]:
    figures = np.stack([getattr(result, name) for name in METRICS], axis=-1)
    rounded = np.round(figures, PLACES).reshape(-1, len(METRICS)).tolist()
    cells = zip(rounded, result.members.ravel().tolist(), np.isfinite(result.momentum).ravel(), strict=True)
    out = []
    for values, members, told in cells:
        metrics: Columns = {
            name: value for name, value in zip(METRICS, values, strict=True) if math.isfinite(value)
        }
        if not told:
            metrics["reason"] = "short_history" if members else "no_members"
        out.append(metrics)
    return out


def _signals(book: Book, slugs: list[str], row: int) -> Columns:
    found = {slug: list(book.result.signals_of(row, s)) for s, slug in enumerate(slugs)}
    return {
        "changes": {slug: signals for slug, signals in found.items() if signals},
        "drivers": _drivers(book.result.rotation_drivers(row)),
    }


def _rotation_reasons(book: Book, row: int, stood: Footing) -> Columns:
    result, exposure = book.result, book.inputs.exposure
    reasons: Columns = {}
    if result.rotation_reasons[row] is not Reason.NONE:
        reasons["rotation_probability"] = result.rotation_reasons[row].value
    elif stood.withheld:
        reasons["rotation_probability"] = stood.cause.value
    if not np.isfinite(result.weights[row]).any():
        reasons["recommended_allocation"] = "short_history"
    elif exposure is None or not np.isfinite(exposure[book.first + row]):
        reasons["recommended_allocation"] = "exposure_not_known_fully_invested"
    if not np.isfinite(result.flow[row]).any():
        reasons["flow_directions"] = "caps_not_known"
    model = stood.document()
    return reasons | ({"model": model} if model else {})


def _reading(book: Book, row: int, s: int, stood: Footing) -> Columns:
    result = book.result
    figures = {"outlook": result.outlook, "target_weight": result.target, "risk_budget": result.budget}
    data: Columns = {
        name: round(float(values[row, s]), PLACES)
        for name, values in figures.items()
        if math.isfinite(values[row, s])
    }
    if not math.isfinite(result.outlook[row, s]):
        served = result.outlook_reasons[row] is Reason.NONE
        stable = bool(book.inputs.membership.stable[s])
        data["reason"] = (
            "cash" if stable else "short_history" if served else result.outlook_reasons[row].value
        )
    elif stood.withheld:
        data["reason"] = stood.cause.value
    model = stood.document()
    return data | ({"model": model} if model else {})


def _known(slugs: list[str], values: Floats, places: int | None = None) -> Columns:
    """The figures by slug, without those that are not known."""
    told = zip(slugs, values.tolist(), strict=True)
    return {
        slug: value if places is None else round(value, places)
        for slug, value in told
        if math.isfinite(value)
    }


def _drivers(drivers: Sequence[Driver]) -> list[Columns]:
    return [
        {
            "feature": driver.feature,
            "value": round(driver.value, PLACES),
            "weight": round(driver.weight, PLACES),
        }
        for driver in drivers[:DRIVERS]
    ]

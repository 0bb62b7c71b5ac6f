"""What others read of models."""

from aimodels.selectors.cards import card, cards, text
from aimodels.selectors.catalogue import Unknown, catalogue, declared
from aimodels.selectors.predictions import (
    adapted_level,
    analytics,
    measured_coverage,
    newest_fits,
    prediction_rows,
    told,
    visible_to,
)
from aimodels.selectors.record import (
    HORIZONS,
    coverage,
    coverage_by_month,
    has_ended,
    ledger_state,
    monthly_data,
    reliability_data,
)
from aimodels.selectors.records import decisions, evaluations, job_of, jobs, latest_evaluations
from aimodels.selectors.standing import Standing, State, standing, standings
from aimodels.selectors.versions import (
    active,
    current_versions,
    earlier,
    grid,
    in_effect,
    needed_rows,
    pins,
    stored,
    version_of,
)

__all__ = [
    "HORIZONS",
    "Standing",
    "State",
    "Unknown",
    "active",
    "adapted_level",
    "analytics",
    "card",
    "cards",
    "catalogue",
    "coverage",
    "coverage_by_month",
    "current_versions",
    "decisions",
    "declared",
    "earlier",
    "evaluations",
    "grid",
    "has_ended",
    "in_effect",
    "job_of",
    "jobs",
    "latest_evaluations",
    "ledger_state",
    "measured_coverage",
    "monthly_data",
    "needed_rows",
    "newest_fits",
    "pins",
    "prediction_rows",
    "reliability_data",
    "standing",
    "standings",
    "stored",
    "text",
    "told",
    "version_of",
    "visible_to",
]

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
from aimodels.selectors.records import decisions, evaluations, job_of, jobs, latest_evaluations
from aimodels.selectors.standing import Standing, State, standing, standings
from aimodels.selectors.versions import (
    active,
    current_versions,
    declared_like,
    earlier,
    grid,
    in_effect,
    needed_rows,
    pins,
    serving_declared,
    spec_at,
    stored,
    version_of,
)

__all__ = [
    "Standing",
    "State",
    "Unknown",
    "active",
    "adapted_level",
    "analytics",
    "card",
    "cards",
    "catalogue",
    "current_versions",
    "decisions",
    "declared",
    "declared_like",
    "earlier",
    "evaluations",
    "grid",
    "in_effect",
    "job_of",
    "jobs",
    "latest_evaluations",
    "measured_coverage",
    "needed_rows",
    "newest_fits",
    "pins",
    "prediction_rows",
    "serving_declared",
    "spec_at",
    "standing",
    "standings",
    "stored",
    "text",
    "told",
    "version_of",
    "visible_to",
]

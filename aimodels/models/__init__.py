"""What was learned, how it was judged, and what it said."""

from aimodels.models.aimodel import AIModel, ModelStatus, ModelType
from aimodels.models.job import Evaluation, JobStatus, PredictionJob, TrainingJob
from aimodels.models.ledger import LedgerEntry, LedgerFormat
from aimodels.models.prediction import LayerSource, OutcomeReason, Prediction
from aimodels.models.promotion import HOLDING, Promotion, PromotionVerdict

__all__ = [
    "HOLDING",
    "AIModel",
    "Evaluation",
    "JobStatus",
    "LayerSource",
    "LedgerEntry",
    "LedgerFormat",
    "ModelStatus",
    "ModelType",
    "OutcomeReason",
    "Prediction",
    "PredictionJob",
    "Promotion",
    "PromotionVerdict",
    "TrainingJob",
]

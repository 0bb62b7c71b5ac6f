"""The only writers of models: fitting, judging, deciding which version serves."""

from aimodels.services.decisions import RollbackError, activate, rollback
from aimodels.services.evaluation import evaluate
from aimodels.services.jobs import BusyError, TrainingError, cancel, mend_all, request
from aimodels.services.limits import LimitError, limit_predictions
from aimodels.services.predictions import PredictionError, ask, foretell
from aimodels.services.realisation import Realised, resolve
from aimodels.services.serving import Served, serve
from aimodels.services.training import train, train_all

__all__ = [
    "BusyError",
    "LimitError",
    "PredictionError",
    "Realised",
    "RollbackError",
    "Served",
    "TrainingError",
    "activate",
    "ask",
    "cancel",
    "evaluate",
    "foretell",
    "limit_predictions",
    "mend_all",
    "request",
    "resolve",
    "rollback",
    "serve",
    "train",
    "train_all",
]

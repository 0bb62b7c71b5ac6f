"""Models, trainings, judgements and predictions, on the desk."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from aimodels.models import AIModel, Evaluation, Prediction, PredictionJob, TrainingJob
from cryptopredict.common.desk import Exportable, RecordAdmin


@admin.register(AIModel)
class AIModelAdmin(RecordAdmin):
    """The versions, newest fit first; the artefact is not shown, its hash is."""

    list_display = [
        "name",
        "timeframe",
        "version",
        "model_type",
        "status",
        "is_active",
        "fitted_as_of",
        "training_seconds",
        "prediction_count",
    ]
    list_filter = ["status", "is_active", "model_type", "timeframe", "name"]
    search_fields = ["name", "version", "artefact_sha256"]
    ordering = ["-fitted_as_of", "name", "-pk"]
    exclude = ["artefact"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AIModel]:
        return super().get_queryset(request).defer("artefact")


class JobAdmin(RecordAdmin):
    """Work that was asked for: how far it is, and what went wrong."""

    list_filter = ["status"]
    search_fields = ["error"]
    ordering = ["-created_at", "-pk"]
    list_select_related = ["requested_by", "model"]


@admin.register(TrainingJob)
class TrainingJobAdmin(JobAdmin):
    list_display = ["created_at", "name", "timeframe", "status", "percent", "fit_as_of", "requested_by"]
    list_display += ["finished_at", "error"]
    search_fields = ["name", "error"]

    @admin.display(description=_("progress"))
    def percent(self, job: TrainingJob) -> str:
        return f"{round(100 * job.progress)} %"


@admin.register(PredictionJob)
class PredictionJobAdmin(JobAdmin):
    list_display = ["created_at", "model", "as_of", "status", "rows", "requested_by", "error"]


@admin.register(Evaluation)
class EvaluationAdmin(Exportable, RecordAdmin):
    """Judgements on data that the model had not seen."""

    list_display = ["created_at", "name", "timeframe", "window_start", "window_end", "rival", "verdict"]
    list_filter = ["timeframe", "verdict", "name"]
    search_fields = ["name", "verdict"]
    ordering = ["-created_at", "-pk"]


@admin.register(Prediction)
class PredictionAdmin(Exportable, RecordAdmin):
    """What was said about prices, and what became of it."""

    list_display = [
        "as_of",
        "asset",
        "layer_source",
        "model_name",
        "prediction_horizon",
        "predicted_price",
        "confidence_score",
        "actual_price",
        "is_inside",
        "origin",
    ]
    list_filter = ["layer_source", "is_inside", "model_name", "origin"]
    list_select_related = ["asset"]
    search_fields = ["asset__symbol", "model_name"]
    ordering = ["-as_of", "-pk"]

"""Models, trainings, judgements and predictions, on the desk.

Training anew, going back to an earlier version and stopping a training are offered where the layer's services
have them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from aimodels import services
from aimodels.models import AIModel, Evaluation, LedgerEntry, Prediction, PredictionJob, TrainingJob
from cryptopredict.common.desk import Exportable, RecordAdmin

TRAINING_DAYS = 730
VALIDATION_SPLIT = 0.2


class Served(RecordAdmin):
    """Records with actions of the layer's services, for those who may change models."""

    needs: dict[str, str] = {}  # the service that each action calls

    def has_serve_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("aimodels.change_aimodel"))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without those whose service this version does not have."""
        return {
            name: each
            for name, each in super().get_actions(request).items()
            if name not in self.needs or hasattr(services, self.needs[name])
        }

    def told(self, request: HttpRequest, what: object, act: Callable[[], object]) -> None:
        """Do it, and say what became of it; a refusal is told in its own words."""
        try:
            act()
        except ValidationError as error:
            self.message_user(request, f"{what}: {' '.join(error.messages)}", messages.ERROR)
        except (ValueError, LookupError, RuntimeError) as error:  # the layer's refusals are of these kinds
            self.message_user(request, f"{what}: {error}", messages.ERROR)
        else:
            self.message_user(request, _t("%(what)s: done") % {"what": what}, messages.SUCCESS)


@admin.register(AIModel)
class AIModelAdmin(Served):
    """The versions, newest fit first; the artefact is not shown, its hash is."""

    actions = ["retrain", "serve"]
    needs = {"retrain": "request", "serve": "rollback"}

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

    @admin.action(description=_("Train these models anew"), permissions=["serve"])
    def retrain(self, request: HttpRequest, queryset: QuerySet[AIModel]) -> None:
        """Ask for a training of each name, on the last two years."""
        for name, timeframe in sorted(set(queryset.values_list("name", "timeframe")), key=str):
            self.told(
                request,
                f"{name} {timeframe}",
                lambda name=name, timeframe=timeframe: services.request(
                    name=name,
                    timeframe=timeframe,
                    as_of=timezone.now(),
                    days=TRAINING_DAYS,
                    validation_split=VALIDATION_SPLIT,
                    requested_by=request.user.pk,
                ),
            )

    @admin.action(description=_("Let this version serve (roll back)"), permissions=["serve"])
    def serve(self, request: HttpRequest, queryset: QuerySet[AIModel]) -> None:
        """Let the chosen version of each name serve from now on."""
        rows = list(queryset)
        if len({(row.name, row.timeframe) for row in rows}) < len(rows):
            self.message_user(request, _t("Choose one version of a model."), messages.ERROR)
            return
        for row in rows:
            self.told(
                request,
                row,
                lambda row=row: services.rollback(
                    name=row.name,
                    timeframe=row.timeframe,
                    to=row.version,
                    now=timezone.now(),
                    decided_by=request.user.pk,
                ),
            )


class JobAdmin(Served):
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
    actions = ["stop"]
    needs = {"stop": "cancel"}

    @admin.action(description=_("Stop these trainings"), permissions=["serve"])
    def stop(self, request: HttpRequest, queryset: QuerySet[TrainingJob]) -> None:
        for job in queryset:
            self.told(request, job, lambda job=job: services.cancel(pk=job.pk))

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


@admin.register(LedgerEntry)
class LedgerEntryAdmin(Exportable, RecordAdmin):
    """The chain of what was said, newest link first."""

    hidden = (*Exportable.hidden, "hash")
    list_display = ["seq", "format", "record_id", "written_at", "fingerprint", "link"]
    list_filter = ["format"]
    list_select_related = ["format"]
    search_fields = ["=record_id"]
    ordering = ["-seq"]
    fields = ["seq", "format", "record_id", "written_at", "fingerprint", "link"]

    @admin.display(description=_("SHA-256 of the record"))
    def fingerprint(self, entry: LedgerEntry) -> str:
        return bytes(entry.digest).hex()

    @admin.display(description=_("SHA-256 of the chain"))
    def link(self, entry: LedgerEntry) -> str:
        return bytes(entry.hash).hex()

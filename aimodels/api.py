"""The registry over HTTP; paths are relative to /api/v1/."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound, Throttled
from rest_framework.request import Request
from rest_framework.response import Response

from aimodels import selectors, services
from aimodels.engine.registry import HyperparameterError
from aimodels.filters import (
    AIModelFilter,
    EvaluationFilter,
    PredictionFilter,
    PromotionFilter,
    TrainingJobFilter,
)
from aimodels.models import AIModel, LayerSource, Prediction, TrainingJob
from aimodels.serializers import (
    AIModelSerializer,
    CardSerializer,
    EvaluationSerializer,
    FullCardSerializer,
    PredictionAnalyticsSerializer,
    PredictionRequestSerializer,
    PredictionSerializer,
    PromotionSerializer,
    RetrainSerializer,
    TrainingJobSerializer,
)
from assets.selectors import newest_close
from cryptopredict.common import restapi


class AIModelViewSet(restapi.ReadOnlyViewSet):
    """Models and how they stand, one row each; `versions=all` lists every stored version."""

    role = "admin"
    keeps = True
    queryset = AIModel.objects.defer("artefact")
    serializer_class = AIModelSerializer
    filterset_class = AIModelFilter
    ordering = ("name", "-fitted_as_of", "-id")


class Retrain(restapi.View):
    """Ask for a training of a model in the background."""

    role = "admin"
    serializer_class = RetrainSerializer

    @extend_schema(request=RetrainSerializer, responses={202: TrainingJobSerializer})
    def post(self, request: Request, model_id: int) -> Response:
        """202 with the job that now waits; 409 where one waits or runs already."""
        model = get_object_or_404(AIModel.objects.defer("artefact"), pk=model_id)
        body = RetrainSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted: dict[str, Any] = body.validated_data
        self._check_hyperparameters(model.name, wanted["hyperparameters"])
        try:
            job = services.request(
                name=model.name,
                timeframe=model.timeframe,
                as_of=newest_close(model.timeframe),
                days=wanted["training_data_days"],
                validation_split=wanted["validation_split"],
                hyperparameters=wanted["hyperparameters"],
                requested_by=request.user.pk,
            )
        except services.BusyError as error:
            mend = _("Wait until it has ended, or cancel it.")
            raise restapi.Refusal(
                "model_id", model_id, str(error), mend, status_code=status.HTTP_409_CONFLICT
            ) from error
        return Response(TrainingJobSerializer(job).data, status=status.HTTP_202_ACCEPTED)

    def _check_hyperparameters(self, name: str, given: dict[str, Any]) -> None:
        try:
            declared = selectors.declared(name)
        except selectors.Unknown as error:
            raise restapi.Refusal(
                "model_id", name, str(error), _("Choose a model that a layer still declares.")
            ) from error
        known = declared.hyperparameters
        try:
            declared.tuned(given)
        except HyperparameterError as error:
            field = f"hyperparameters.{error.name}"
            if error.name not in known:
                mend = _("Known here: %s.") % (", ".join(known) or _("none; the estimator chooses its own"))
                rule = _("is not a hyperparameter of %s") % name
                raise restapi.Refusal(field, error.value, rule, mend) from error
            mend = _("Now it is %s.") % known[error.name]
            raise restapi.Refusal(field, error.value, str(error), mend) from error


class TrainingJobViewSet(restapi.ReadOnlyViewSet):
    """Trainings, newest first, with progress and log."""

    role = "admin"
    keeps = True
    keeps_seconds = restapi.LIVE
    queryset = TrainingJob.objects.all()
    serializer_class = TrainingJobSerializer
    filterset_class = TrainingJobFilter
    ordering = ("-created_at", "-id")


class Cancel(restapi.View):
    """Stop a training."""

    role = "admin"
    serializer_class = TrainingJobSerializer

    @extend_schema(request=None, responses=TrainingJobSerializer)
    def post(self, request: Request, job_id: int) -> Response:
        """The job as it stands; 409 where it has ended already. What served goes on."""
        try:
            job = services.cancel(pk=job_id)
        except TrainingJob.DoesNotExist as error:
            raise Http404 from error
        except services.TrainingError as error:
            raise restapi.Refusal(
                "job_id",
                job_id,
                str(error),
                _("Only one that waits or runs can be cancelled."),
                status_code=status.HTTP_409_CONFLICT,
            ) from error
        return Response(TrainingJobSerializer(job).data)


class Models(restapi.View):
    """Every declared model: what it is, how it stands, its last judgement."""

    role = "casual"
    keeps = True
    lists = True
    serializer_class = CardSerializer

    @extend_schema(responses=CardSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The cards, in the order of the funnel."""
        return Response(CardSerializer(selectors.cards(now=timezone.now()), many=True).data)


class ModelCard(restapi.View):
    """One model with its versions, decisions and trainings."""

    role = "casual"
    keeps = True
    serializer_class = FullCardSerializer

    def get(self, request: Request, name: str) -> Response:
        """The card; 404 for a name that no layer declares."""
        try:
            return Response(FullCardSerializer(selectors.card(name, now=timezone.now())).data)
        except selectors.Unknown as error:
            raise NotFound(str(error)) from error


class EvaluationViewSet(restapi.ReadOnlyViewSet):
    """Judgements on unseen bars, newest first: each figure with its interval and its rival's."""

    role = "casual"
    keeps = True
    queryset = selectors.evaluations()
    serializer_class = EvaluationSerializer
    filterset_class = EvaluationFilter
    ordering = ("-created_at", "-id")


class PromotionViewSet(restapi.ReadOnlyViewSet):
    """Decisions on which version serves, newest first, with all that was compared."""

    role = "casual"
    keeps = True
    queryset = selectors.decisions()
    serializer_class = PromotionSerializer
    filterset_class = PromotionFilter
    ordering = ("-created_at", "-id")


class PredictionViewSet(restapi.ReadOnlyViewSet):
    """Prices foretold, newest first: the system's, and those the asker asked for; POST asks for one."""

    role = "casual"
    keeps = "user"
    queryset = Prediction.objects.none()
    serializer_class = PredictionSerializer
    filterset_class = PredictionFilter
    ordering = ("-as_of", "-id")

    def get_permissions(self) -> list[Any]:
        """Reading is for casual users, asking for professionals."""
        return [restapi.RoleAtLeast("professional" if self.request.method == "POST" else self.role)()]

    def get_queryset(self) -> Any:
        return selectors.visible_to(self.request.user.pk)

    def create(self, request: Request) -> Response:
        """201 with the prediction, made from the coin's own bars up to its last daily close.

        429 with Retry-After where the model has told as many within the hour as it may.
        """
        body = PredictionRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted: dict[str, Any] = body.validated_data
        try:
            made = services.ask(
                user_id=request.user.pk,
                asset_id=wanted["crypto_id"],
                layer=LayerSource(wanted["layer_source"]),
                hours=wanted["prediction_horizon"],
                now=timezone.now(),
            )
        except services.PredictionError as error:
            raise restapi.Refusal(error.field, error.value, error.rule, error.mend) from error
        except services.LimitError as error:
            raise Throttled(
                error.seconds,
                _("%(name)s tells %(limit)d predictions an hour; they are used up.")
                % {"name": error.name, "limit": error.limit},
            ) from error
        return Response(PredictionSerializer(made).data, status=status.HTTP_201_CREATED)


class PredictionAnalytics(restapi.View):
    """How right predictions were whose time has come."""

    role = "casual"
    keeps = True
    serializer_class = PredictionAnalyticsSerializer
    query_parameters = ("days", "layer")

    def get(self, request: Request) -> Response:
        """Figures over the last `days` (1 to 3650, by default 30), of one layer or `all`."""
        days, layer = request.query_params.get("days", "30"), request.query_params.get("layer", "all")
        if not (days.isascii() and days.isdigit() and 1 <= int(days[:9]) <= MOST_DAYS):
            mend = _("Send a whole number of days from 1 to %d.") % MOST_DAYS
            raise restapi.Refusal("days", days, _("must be a whole number in range"), mend)
        if layer not in ("all", *LayerSource.values):
            mend = _("Send one of: %s.") % ", ".join(("all", *LayerSource.values))
            raise restapi.Refusal("layer", layer, _("is not a layer"), mend)
        figures = selectors.analytics(days=int(days), layer=layer, now=timezone.now())
        return Response(PredictionAnalyticsSerializer(figures).data)


MOST_DAYS = 3650
urlpatterns = [
    path(
        "admin/ai-models", AIModelViewSet.as_view({"get": "list"}, detail=False), name="api_admin_ai_models"
    ),
    path("admin/ai-models/<int:model_id>/retrain", Retrain.as_view(), name="api_admin_retrain"),
    path(
        "admin/training-jobs",
        TrainingJobViewSet.as_view({"get": "list"}, detail=False),
        name="api_admin_training_jobs",
    ),
    path("admin/training-jobs/<int:job_id>/cancel", Cancel.as_view(), name="api_admin_training_cancel"),
    path("models", Models.as_view(), name="api_models"),
    path("models/<str:name>", ModelCard.as_view(), name="api_model_card"),
    path("evaluations", EvaluationViewSet.as_view({"get": "list"}, detail=False), name="api_evaluations"),
    path(
        "predictions",
        PredictionViewSet.as_view({"get": "list", "post": "create"}, detail=False),
        name="api_predictions",
    ),
    path("predictions/analytics", PredictionAnalytics.as_view(), name="api_predictions_analytics"),
    path("promotions", PromotionViewSet.as_view({"get": "list"}, detail=False), name="api_promotions"),
]

"""The health of the system, what ran, and the settings that may change while it runs."""

from __future__ import annotations

import django_filters
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import answer_once
from assets.engine.timeframe import Timeframe
from cryptopredict import configuration, monitoring
from cryptopredict.common.restapi import LIVE, ReadOnlyViewSet, View
from cryptopredict.models import PipelineRun, RunStatus
from cryptopredict.serializers import ConfigSerializer, HealthSerializer, PipelineRunSerializer


class SystemHealthView(View):
    """How every part of the system is, looked at by `last_updated`: at most five seconds ago."""

    role = "admin"
    keeps = True
    keeps_seconds = LIVE  # the database's size and a ping are not asked for by each of many that watch

    @extend_schema(responses=HealthSerializer)
    def get(self, request: Request) -> Response:
        return Response(HealthSerializer(monitoring.inspect(timezone.now()).document()).data)


class PipelineRunFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=RunStatus.choices, label=_("Status"), empty_label=_("All"))
    timeframe = django_filters.ChoiceFilter(
        choices=[(length.value, length.value) for length in Timeframe], label=_("Bars"), empty_label=_("All")
    )

    class Meta:
        model = PipelineRun
        fields: list[str] = []


class PipelineRuns(ReadOnlyViewSet):
    """What ran, on which bars, how long, how many rows, and what failed; newest first."""

    role = "admin"
    keeps = True
    keeps_seconds = LIVE
    queryset = PipelineRun.objects.all()
    serializer_class = PipelineRunSerializer
    filterset_class = PipelineRunFilter
    ordering = ("-started_at", "-id")


class ConfigView(View):
    """The settings that an administrator may change while the system runs."""

    role = "admin"
    keeps = True
    serializer_class = ConfigSerializer

    def get(self, request: Request) -> Response:
        return Response(configuration.read())

    def post(self, request: Request) -> HttpResponseBase:
        return answer_once(request, lambda: self._change(request))

    def _change(self, request: Request) -> Response:
        body = ConfigSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(configuration.change(user=request.user, values=body.validated_data))


urlpatterns = [
    path("admin/system-health", SystemHealthView.as_view(), name="api_system_health"),
    path(
        "admin/pipeline-runs",
        PipelineRuns.as_view({"get": "list"}, detail=False),
        name="api_pipeline_runs",
    ),
    path(
        "admin/pipeline-runs/<int:pk>",
        PipelineRuns.as_view({"get": "retrieve"}, detail=True),
        name="api_pipeline_run",
    ),
    path("admin/config", ConfigView.as_view(), name="admin_config"),
]

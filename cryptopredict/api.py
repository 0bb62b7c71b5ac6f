"""The addresses that look at all layers at once."""

from __future__ import annotations

import math
from typing import Any

import django_filters
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors as accounts
from assets.engine.timeframe import Timeframe
from cryptopredict import dashboard, monitoring, overview
from cryptopredict.common.restapi import ReadOnlyViewSet, View, role_at_least, whole_number
from cryptopredict.models import PipelineRun, RunStatus
from cryptopredict.serializers import (
    DashboardSerializer,
    HealthSerializer,
    LayerCardSerializer,
    LayerSerializer,
    PipelineRunSerializer,
    QuickStatsSerializer,
    SignalCardSerializer,
)
from trading import selectors as trading

NEWEST = 10  # messages and signals on the dashboard
LIMIT = OpenApiParameter("limit", int, description="1 to 100")


def _cards(user: Any) -> list[dict[str, Any]]:
    """What the layers that are for `user` say in one look, macro first; silent ones are left out."""
    cards = [dashboard.ask(part, user) for part in dashboard.CARDS if role_at_least(user, part.role)]
    return [card for card in cards if card is not None]


class LayerOverview(View):
    """The four layers, macro to trading; a guest sees the first two."""

    serializer_class = LayerSerializer
    keeps = lists = True

    @extend_schema(responses=LayerSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Answer the layers that have said something, in the order of the funnel."""
        return Response(LayerSerializer(_cards(request.user), many=True).data)


class LayerCards(View):
    """The layers as cards for a phone: figure, sentence, the last weeks as a line."""

    keeps = lists = True

    @extend_schema(responses=LayerCardSerializer(many=True))
    def get(self, request: Request) -> Response:
        cards = [
            {**card, "sparkline": [None if math.isnan(value) else value for value in card["sparkline"]]}
            for card in _cards(request.user)
        ]
        return Response(LayerCardSerializer(cards, many=True).data)


class Dashboard(View):
    """All that the dashboard shows, in one answer."""

    role = "casual"
    keeps = "user"

    @extend_schema(responses=DashboardSerializer)
    def get(self, request: Request) -> Response:
        now = timezone.now()
        layers = _cards(request.user)
        data = {
            "user_profile": request.user,
            "portfolio_summary": overview.portfolio(request.user),
            "ai_status": overview.machine(layers),
            "market_overview": overview.market(now),
            "layers": layers,
            "active_signals": trading.active(timeframe=Timeframe.DAY)[:NEWEST],
            "notifications": accounts.unread(request.user)[:NEWEST],
            "last_updated": now,
        }
        context = {"stale_reason": trading.freshness(now).stale_reason}
        return Response(DashboardSerializer(data, context=context).data)


class QuickStats(View):
    """The figures of a phone's first screen."""

    role = "casual"
    keeps = "user"

    @extend_schema(responses=QuickStatsSerializer)
    def get(self, request: Request) -> Response:
        return Response(QuickStatsSerializer(overview.quick_stats(request.user, timezone.now())).data)


class SignalCards(View):
    """Open signals as cards, the surest first."""

    role = "casual"
    keeps = lists = True
    query_parameters = ("limit",)

    @extend_schema(parameters=[LIMIT], responses=SignalCardSerializer(many=True))
    def get(self, request: Request) -> Response:
        limit = whole_number(request, "limit", 10, 100)
        rows = trading.active(timeframe=Timeframe.DAY)[:limit]
        return Response(SignalCardSerializer(rows, many=True).data)


class SystemHealthView(View):
    """How every part of the system is, looked at now."""

    role = "admin"

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
    queryset = PipelineRun.objects.all()
    serializer_class = PipelineRunSerializer
    filterset_class = PipelineRunFilter
    ordering = ("-started_at", "-id")


urlpatterns = [
    path("ui/dashboard", Dashboard.as_view(), name="api_dashboard"),
    path("ui/layer-overview", LayerOverview.as_view(), name="api_layer_overview"),
    path("ui/mobile/quick-stats", QuickStats.as_view(), name="api_quick_stats"),
    path("ui/mobile/signal-cards", SignalCards.as_view(), name="api_signal_cards"),
    path("ui/mobile/layer-cards", LayerCards.as_view(), name="api_layer_cards"),
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
]

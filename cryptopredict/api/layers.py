"""The addresses that look at all layers at once."""

from __future__ import annotations

import math
from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import selectors as accounts
from assets.engine.timeframe import Timeframe
from cryptopredict import dashboard, overview
from cryptopredict.common.restapi import View, role_at_least, whole_number
from cryptopredict.serializers import (
    DashboardSerializer,
    LayerCardSerializer,
    LayerSerializer,
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


urlpatterns = [
    path("ui/dashboard", Dashboard.as_view(), name="api_dashboard"),
    path("ui/layer-overview", LayerOverview.as_view(), name="api_layer_overview"),
    path("ui/mobile/quick-stats", QuickStats.as_view(), name="api_quick_stats"),
    path("ui/mobile/signal-cards", SignalCards.as_view(), name="api_signal_cards"),
    path("ui/mobile/layer-cards", LayerCards.as_view(), name="api_layer_cards"),
]

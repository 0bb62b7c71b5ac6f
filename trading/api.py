"""The layer over HTTP; paths are relative to /api/v1/."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from assets.engine.timeframe import Timeframe
from cryptopredict.common import restapi
from trading import selectors
from trading.filters import SignalFilter
from trading.models import TradingSignal
from trading.serializers import RiskCoverageSerializer, SignalSerializer


class SignalViewSet(restapi.ReadOnlyViewSet):
    """Signals as issued and how they stand, newest first."""

    role = "casual"
    keeps = True
    queryset = TradingSignal.objects.select_related("asset")
    serializer_class = SignalSerializer
    filterset_class = SignalFilter
    ordering = ("-generated_at", "-id")

    def get_serializer_context(self) -> dict[str, Any]:
        context = super().get_serializer_context()
        if getattr(self, "swagger_fake_view", False):
            return context
        # The filters say what is wrong with a moment; here it only sets the age.
        given = self.request.query_params.get("as_of")
        as_of = restapi.MomentField().run_validation(given) if given else None
        fresh = selectors.freshness(as_of or timezone.now(), as_of=as_of)
        return {**context, "stale_reason": fresh.stale_reason}


class RiskCoverage(restapi.View):
    """What the surest cases had earned, by direction: why signals are issued, or why none is."""

    role = "casual"
    serializer_class = RiskCoverageSerializer

    def get(self, request: Request) -> Response:
        """The newest models of daily bars, longs first."""
        found = selectors.risk_coverage(Timeframe.DAY, timezone.now())
        return Response(RiskCoverageSerializer(found, many=True).data)


urlpatterns = [
    path("layer4/signals", SignalViewSet.as_view({"get": "list"}, detail=False), name="api_signals"),
    path("layer4/risk-coverage", RiskCoverage.as_view(), name="api_risk_coverage"),
]

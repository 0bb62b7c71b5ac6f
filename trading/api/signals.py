"""Signals as issued and how they stand."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone

from cryptopredict.common import restapi
from trading import selectors
from trading.filters import SignalFilter
from trading.models import TradingSignal
from trading.serializers import SignalSerializer


class SignalViewSet(restapi.ReadOnlyViewSet):
    """Signals as issued and how they stand, newest first."""

    role = "casual"
    queryset = TradingSignal.objects.select_related("asset")
    serializer_class = SignalSerializer
    filterset_class = SignalFilter
    ordering = ("-generated_at", "-id")

    def get_serializer_context(self) -> dict[str, Any]:
        return {
            **super().get_serializer_context(),
            "stale_reason": selectors.freshness(timezone.now()).stale_reason,
        }


urlpatterns = [
    path("layer4/signals", SignalViewSet.as_view({"get": "list"}, detail=False), name="api_signals"),
]

"""Signals: list, detail, calling one off."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assets.engine.timeframe import Timeframe
from assets.serializers import MomentQuery
from cryptopredict.common import restapi
from trading import selectors, services
from trading.api.problems import Problem
from trading.filters import SignalFilter
from trading.models import TradingSignal
from trading.serializers import RiskCoverageSerializer, SignalDetailSerializer, SignalSerializer


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


class SignalDetail(restapi.View):
    """One signal with everything it rests on; administrators can call it off."""

    role = "casual"
    keeps = True
    roles: ClassVar[dict[str, str]] = {"DELETE": "admin"}
    query_class = MomentQuery

    @extend_schema(responses=SignalDetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Answer the signal as issued, how it stands (with `as_of`, how it stood then), why it was issued,
        and what it risks."""
        moment, rows = self.asked()["as_of"], selectors.signals()
        signal = get_object_or_404(rows if moment is None else selectors.as_known(rows, moment), pk=pk)
        now = moment or timezone.now()
        reason = selectors.freshness(now, signal.timeframe, moment).stale_reason
        return Response(SignalDetailSerializer(signal, context={"stale_reason": reason}).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Call the signal off. Its outcome is still filled in later, and open positions run on."""
        signal = get_object_or_404(TradingSignal, pk=pk)
        try:
            services.cancel(signal, request.user)
        except ValidationError as error:
            fault = {
                "field": "status",
                "value": signal.status,
                "rule": " ".join(error.messages),
                "mend": _("There is nothing left to do."),
            }
            raise Problem("state", [fault], 409) from error
        return Response(status=204)


class RiskCoverage(restapi.View):
    """What the surest cases had earned, by direction: why signals are issued, or why none is."""

    role = "casual"
    keeps = True
    lists = True
    query_class = MomentQuery
    serializer_class = RiskCoverageSerializer

    @extend_schema(responses=RiskCoverageSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The newest models of daily bars (with `as_of`, those of then), longs first."""
        found = selectors.risk_coverage(Timeframe.DAY, self.asked()["as_of"] or timezone.now())
        return Response(RiskCoverageSerializer(found, many=True).data)


urlpatterns = [
    path("layer4/signals", SignalViewSet.as_view({"get": "list"}, detail=False), name="api_signals"),
    path("layer4/signals/<int:pk>", SignalDetail.as_view(), name="api_signal"),
    path("layer4/risk-coverage", RiskCoverage.as_view(), name="api_risk_coverage"),
]

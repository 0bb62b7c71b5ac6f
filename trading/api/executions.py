"""Executing signals: do it, look at it first, size it, list what was done, close by hand."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cryptopredict.common import restapi
from trading import services
from trading.api.problems import idempotency_key, told
from trading.filters import ExecutionFilter
from trading.models import SignalExecution, TradingSignal
from trading.serializers import (
    CloseSerializer,
    ExecuteSerializer,
    ExecutionSerializer,
    PreviewSerializer,
    SizingSerializer,
)


def signal_or_404(pk: int) -> TradingSignal:
    return get_object_or_404(TradingSignal.objects.select_related("asset"), pk=pk)


def order_of(request: Request) -> dict[str, Any]:
    """The checked body as the services take it."""
    body = ExecuteSerializer(data=request.data)
    body.is_valid(raise_exception=True)
    order = dict(body.validated_data)
    fill = order.pop("fill")
    return {**order, "fill": services.ReportedFill(**fill) if fill else None}


class Execute(restapi.View):
    """Execute a signal, on paper or as your own fill; `Idempotency-Key` makes a repeated request one deed."""

    role = "casual"
    refusals = (422,)

    @extend_schema(request=ExecuteSerializer, responses={201: ExecutionSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Answer 201 with the execution, the same one again for the same key."""
        signal, order = signal_or_404(pk), order_of(request)
        with told(request.data):
            done = services.execute(
                signal=signal,
                user=request.user,
                now=timezone.now(),
                idempotency_key=idempotency_key(request),
                **order,
            )
        headers = {"Idempotency-Replayed": "true"} if done.is_replay else None
        return Response(ExecutionSerializer(done.execution).data, status=201, headers=headers)


class Preview(restapi.View):
    """What executing would get, cost and risk; nothing is written."""

    role = "casual"

    @extend_schema(request=ExecuteSerializer, responses=PreviewSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Answer every limit with its value and the largest size that passes, whether they pass or not."""
        signal, order = signal_or_404(pk), order_of(request)
        order.pop("risk_confirmation")
        with told(request.data):
            seen = services.preview(signal=signal, user=request.user, now=timezone.now(), **order)
        return Response(PreviewSerializer(seen).data)


class SizingView(restapi.View):
    """How much to put behind a signal."""

    role = "casual"
    keeps = "user"
    keeps_seconds = restapi.LIVE
    refusals = (409,)  # the signal has ended, or its price is too old

    @extend_schema(responses=SizingSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Answer sizes by fixed fraction, volatility target and capped Kelly, and what the limits let
        pass."""
        with told():
            found = services.sizing(signal=signal_or_404(pk), user=request.user, now=timezone.now())
        return Response(SizingSerializer(found).data)


class ExecutionViewSet(restapi.ReadOnlyViewSet):
    """Your own executions, newest first: entries and what closed them."""

    role = "casual"
    keeps = "user"
    queryset = SignalExecution.objects.select_related("signal__asset")
    serializer_class = ExecutionSerializer
    filterset_class = ExecutionFilter
    ordering = ("-executed_at", "-id")

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset().none()
        return super().get_queryset().filter(user=self.request.user.pk)


class Close(restapi.View):
    """Close an open position by hand: on paper at the last price, live as you report it."""

    role = "casual"
    refusals = (422,)

    @extend_schema(request=CloseSerializer, responses={201: ExecutionSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Answer 201 with the execution that closed it."""
        own = get_object_or_404(SignalExecution, pk=pk, user=request.user.pk)
        body = CloseSerializer(data=request.data or {})
        body.is_valid(raise_exception=True)
        fill = body.validated_data["fill"]
        with told(request.data):
            closed = services.exit_position(
                execution=own,
                user=request.user,
                now=timezone.now(),
                fill=services.ReportedFill(**fill) if fill else None,
            )
        return Response(ExecutionSerializer(closed).data, status=201)


SIGNAL = "layer4/signals/<int:pk>"
urlpatterns = [
    path(f"{SIGNAL}/execute", Execute.as_view(), name="api_signal_execute"),
    path(f"{SIGNAL}/preview", Preview.as_view(), name="api_signal_preview"),
    path(f"{SIGNAL}/sizing", SizingView.as_view(), name="api_signal_sizing"),
    path(
        "layer4/executions",
        ExecutionViewSet.as_view({"get": "list"}, detail=False),
        name="api_executions",
    ),
    path("layer4/executions/<int:pk>/close", Close.as_view(), name="api_execution_close"),
]

"""Backtests: ask for one, look at it, compare those there are."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response

from assets.engine.timeframe import Timeframe
from cryptopredict.common import restapi
from trading import selectors, services
from trading.models import Backtest
from trading.serializers import AskSerializer, BacktestDetailSerializer, BacktestSerializer


class Refused(exceptions.APIException):
    """What a service would not do, field by field."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "invalid"

    def __init__(self, error: ValidationError, given: Any) -> None:
        super().__init__("; ".join(error.messages))
        self.errors = [
            {
                "field": {"from": "since"}.get(name, name),
                "value": given.get(name),
                "rule": " ".join(messages),
                "mend": _("Correct the value and send the request again."),
            }
            for name, messages in error.message_dict.items()
        ]


class BacktestViewSet(restapi.ReadOnlyViewSet):
    """Backtests, newest first; a professional can ask for one."""

    role = "professional"
    keeps = "user"
    keeps_seconds = restapi.LIVE
    queryset = selectors.backtests()
    serializer_class = BacktestSerializer
    ordering = ("-created_at", "-id")

    @extend_schema(request=AskSerializer, responses={202: BacktestSerializer})
    def create(self, request: Request) -> Response:
        """Put a backtest on record; a worker runs it. Its address answers how far it is."""
        asked = AskSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        since, until = given.pop("since"), given.pop("until")
        timeframe = Timeframe(given.pop("timeframe"))
        try:
            row = services.ask(
                timeframe=timeframe, since=since, until=until, plan=services.Plan(**given), user=request.user
            )
        except ValidationError as error:
            raise Refused(error, request.data) from error
        return Response(
            BacktestSerializer(row).data,
            status=status.HTTP_202_ACCEPTED,
            headers={"Location": f"/api/v1/backtests/{row.pk}"},
        )


class BacktestDetail(restapi.View):
    """One backtest with its report."""

    role = "professional"
    keeps = "user"
    keeps_seconds = restapi.LIVE
    serializer_class = BacktestDetailSerializer

    def get(self, request: Request, pk: int) -> Response:
        """Answer how far it is and, once completed, everything that was found."""
        return Response(BacktestDetailSerializer(get_object_or_404(Backtest, pk=pk)).data)


urlpatterns = [
    path(
        "backtests",
        BacktestViewSet.as_view({"get": "list", "post": "create"}, detail=False),
        name="api_backtests",
    ),
    path("backtests/<int:pk>", BacktestDetail.as_view(), name="api_backtest"),
]

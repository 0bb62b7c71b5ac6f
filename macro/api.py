"""The layer over HTTP; paths are relative to /api/v1/."""

from __future__ import annotations

from datetime import datetime

from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assets.engine.timeframe import Timeframe
from assets.serializers import ReadingQuery
from cryptopredict.common import restapi
from macro import selectors
from macro.serializers import MarketRegimeSerializer


class NotAnalysed(restapi.Refusal):
    """Nothing has been said of the moment asked for; says what to run."""

    default_code = "not_analysed"

    def __init__(self, timeframe: Timeframe, as_of: datetime | None) -> None:
        first = f"--from {as_of:%Y-%m-%d} --to {as_of:%Y-%m-%d} " if as_of else ""
        super().__init__(
            "as_of" if as_of else "timeframe",
            f"{as_of:%Y-%m-%dT%H:%M:%SZ}" if as_of else str(timeframe),
            _("the market has not been analysed by then") if as_of else _("the market is not analysed yet"),
            _("Import candles and run: manage.py run_pipeline %(range)s--timeframe %(timeframe)s.")
            % {"range": first, "timeframe": timeframe},
            status_code=404,
        )


class MarketRegimeView(restapi.View):
    """The regime of the market at the last analysed close; with `as_of` as it was known then."""

    query_class = ReadingQuery
    keeps = True

    @extend_schema(responses=MarketRegimeSerializer)
    def get(self, request: Request) -> Response:
        asked = self.asked()
        timeframe, as_of = asked["timeframe"], asked["as_of"]
        reading = selectors.latest_regime(as_of, timeframe)
        if reading is None:
            raise NotAnalysed(timeframe, as_of)
        context = {"now": as_of or timezone.now()}
        return Response(MarketRegimeSerializer(reading, context=context).data)


urlpatterns = [path("layer1/market-regime", MarketRegimeView.as_view(), name="api_market_regime")]

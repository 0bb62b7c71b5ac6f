"""The layer over HTTP; paths are relative to /api/v1/."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assets.api import NotAnalysed
from assets.engine.timeframe import Timeframe
from assets.models import Analysis
from assets.serializers import HistoryQuery, ReadingQuery
from cryptopredict.common import restapi
from macro import selectors
from macro.models import RegimeAnalysis
from macro.serializers import (
    DominanceSerializer,
    ForecastQuery,
    MarketRegimeSerializer,
    RegimeForecastSerializer,
    RegimeHistorySerializer,
    SentimentSerializer,
)


class ReadingView(restapi.View):
    """One reading of the market, the last or as it was known at `as_of`."""

    query_class = ReadingQuery
    keeps = True
    serializer_class: Any

    def answer(self, **which: Any) -> Response:
        """Serialize the reading asked for, its age judged then. Raises NotAnalysed where there is none."""
        asked = self.asked()
        timeframe, as_of = asked["timeframe"], asked["as_of"]
        reading = self.read(asked, as_of, timeframe)
        if reading is None:
            raise NotAnalysed(timeframe, as_of)
        context = {"now": as_of or timezone.now(), "as_of": as_of}
        return Response(self.serializer_class(reading, context=context).data)

    def read(self, asked: dict[str, Any], as_of: datetime | None, timeframe: Timeframe) -> Analysis | None:
        """The reading, from the selectors."""
        raise NotImplementedError


class MarketRegimeView(ReadingView):
    """The regime of the market at the last analysed close; with `as_of` as it was known then."""

    serializer_class = MarketRegimeSerializer

    @extend_schema(responses=MarketRegimeSerializer)
    def get(self, request: Request) -> Response:
        return self.answer()

    def read(self, asked: dict[str, Any], as_of: datetime | None, timeframe: Timeframe) -> Analysis | None:
        return selectors.latest_regime(as_of, timeframe)


class SentimentView(ReadingView):
    """The mood of the market and what it was made from; what no source gave is null, with the reason."""

    serializer_class = SentimentSerializer

    @extend_schema(responses=SentimentSerializer)
    def get(self, request: Request) -> Response:
        return self.answer()

    def read(self, asked: dict[str, Any], as_of: datetime | None, timeframe: Timeframe) -> Analysis | None:
        return selectors.latest_sentiment(as_of, timeframe)


class DominanceView(ReadingView):
    """Shares of the whole market's worth in percent; the four add up to 100."""

    serializer_class = DominanceSerializer

    @extend_schema(responses=DominanceSerializer)
    def get(self, request: Request) -> Response:
        return self.answer()

    def read(self, asked: dict[str, Any], as_of: datetime | None, timeframe: Timeframe) -> Analysis | None:
        return selectors.latest_dominance(as_of, timeframe)


class RegimeForecastView(ReadingView):
    """Probability of each regime 1, 7 or 30 days ahead, beside that of simply staying."""

    query_class = ForecastQuery
    serializer_class = RegimeForecastSerializer

    @extend_schema(responses=RegimeForecastSerializer)
    def get(self, request: Request) -> Response:
        return self.answer()

    def read(self, asked: dict[str, Any], as_of: datetime | None, timeframe: Timeframe) -> Analysis | None:
        return selectors.latest_forecast(asked["horizon"], as_of, timeframe)


class HistoryPages(restapi.CursorPages):
    """Long pages: a chart wants the whole of its range at once."""

    page_size = 1000
    max_page_size = 5000


class RegimeHistoryViewSet(restapi.ReadOnlyViewSet):
    """What was said of each bar of the last `days`, oldest first."""

    queryset = RegimeAnalysis.objects.none()
    serializer_class = RegimeHistorySerializer
    query_class = HistoryQuery
    pagination_class = HistoryPages
    ordering = ("as_of", "id")
    keeps = True

    def get_queryset(self) -> QuerySet[RegimeAnalysis]:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        asked = self.asked()
        return selectors.regimes_of_days(asked["days"], asked["as_of"], asked["interval"])


urlpatterns = [
    path("layer1/market-regime", MarketRegimeView.as_view(), name="api_market_regime"),
    path("layer1/sentiment", SentimentView.as_view(), name="api_sentiment"),
    path("layer1/dominance", DominanceView.as_view(), name="api_dominance"),
    path(
        "layer1/history",
        RegimeHistoryViewSet.as_view({"get": "list"}, detail=False),
        name="api_regime_history",
    ),
    path("layer1/regime-forecast", RegimeForecastView.as_view(), name="api_regime_forecast"),
]

"""The layer over HTTP; paths are relative to /api/v1/."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assets.api import NotAnalysed
from assets.serializers import ReadingQuery
from cryptopredict.common import restapi
from sectors import selectors
from sectors.models import Sector, SectorPerformance
from sectors.serializers import (
    SPANS,
    CompareQuery,
    ComparisonSerializer,
    DaysQuery,
    RotationSerializer,
    SectorDetailSerializer,
    SectorHistorySerializer,
    SectorSerializer,
    TrailQuery,
    TrailSerializer,
)


class SectorsView(restapi.View):
    """The sectors at the last close, strongest momentum first; with `as_of` as they were known then."""

    query_class = ReadingQuery
    keeps = lists = True

    @extend_schema(responses=SectorSerializer(many=True))
    def get(self, request: Request) -> Response:
        asked = self.asked()
        timeframe, as_of = asked["timeframe"], asked["as_of"]
        ranking = list(selectors.latest_ranking(as_of, timeframe))
        now = as_of or timezone.now()
        reason = selectors.stale_reason(timeframe, ranking[0].as_of, now) if ranking else ""
        return Response(SectorSerializer(ranking, many=True, context={"stale_reason": reason}).data)


class SectorView(restapi.View):
    """One sector with its last figures; with `as_of` as they were known then."""

    query_class = ReadingQuery
    keeps = True

    @extend_schema(responses=SectorDetailSerializer)
    def get(self, request: Request, sector_id: int) -> Response:
        asked = self.asked()
        timeframe, as_of = asked["timeframe"], asked["as_of"]
        sector = get_object_or_404(Sector, pk=sector_id)
        performance = selectors.performance_of(sector, as_of, timeframe)
        now = as_of or timezone.now()
        context = {
            "performance": performance,
            "analysis": selectors.analysis_of(sector, as_of, timeframe),
            "stale_reason": selectors.stale_reason(timeframe, performance.as_of, now) if performance else "",
        }
        return Response(SectorDetailSerializer(sector, context=context).data)


class RotationView(restapi.View):
    """Whether the leading sectors change, where money moves, and how to spread it."""

    query_class = ReadingQuery
    keeps = True

    @extend_schema(responses=RotationSerializer)
    def get(self, request: Request) -> Response:
        asked = self.asked()
        timeframe, as_of = asked["timeframe"], asked["as_of"]
        rotation = selectors.latest_rotation(as_of, timeframe)
        if rotation is None:
            raise NotAnalysed(timeframe, as_of)
        context = {
            "now": as_of or timezone.now(),
            "sectors": {sector.slug: sector for sector in Sector.objects.all()},
        }
        return Response(RotationSerializer(rotation, context=context).data)


class HistoryPages(restapi.CursorPages):
    """Long pages: a chart wants the whole of its range at once."""

    page_size = 1000
    max_page_size = 5000


class SectorHistoryViewSet(restapi.ReadOnlyViewSet):
    """One sector at each close of the last `days`, oldest first."""

    queryset = SectorPerformance.objects.none()
    serializer_class = SectorHistorySerializer
    query_class = DaysQuery
    pagination_class = HistoryPages
    ordering = ("as_of", "id")
    keeps = True

    def get_queryset(self) -> QuerySet[SectorPerformance]:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        asked = self.asked()
        sector = get_object_or_404(Sector, pk=self.kwargs["sector_id"])
        return selectors.performances_of_days(sector, asked["days"], asked["as_of"], asked["timeframe"])


class CompareView(restapi.View):
    """Sectors side by side over one span."""

    query_class = CompareQuery
    keeps = True

    @extend_schema(responses=ComparisonSerializer)
    def get(self, request: Request) -> Response:
        asked = self.asked()
        ids, span, interval = asked["sectors"], asked["timeframe"], asked["interval"]
        found = {row.sector_id: row for row in selectors.latest_ranking(asked["as_of"], interval)}
        self._demand(ids, found)
        rows = [found[number] for number in ids if number in found]
        field = SPANS[span]
        known = [row for row in rows if getattr(row, field) is not None]
        known.sort(key=lambda row: -getattr(row, field))
        now = asked["as_of"] or timezone.now()
        context = {
            "span": span,
            "ranks": {row.sector_id: place for place, row in enumerate(known, start=1)},
            "stale_reason": selectors.stale_reason(interval, rows[0].as_of, now) if rows else "",
        }
        data = {"timeframe": span, "as_of": rows[0].as_of if rows else None, "sectors": rows}
        return Response(ComparisonSerializer(data, context=context).data)

    def _demand(self, ids: list[int], found: dict[int, Any]) -> None:
        """Raise Refusal for ids of no sector; one that is not ranked yet is left out of the answer."""
        missing = [number for number in ids if number not in found]
        if not missing:
            return
        there = set(Sector.objects.filter(pk__in=missing).values_list("pk", flat=True))
        if unknown := [number for number in missing if number not in there]:
            raise restapi.Refusal(
                "sectors",
                ",".join(map(str, unknown)),
                _("is no sector"),
                _("Take ids from /api/v1/layer2/sectors."),
                status_code=404,
            )


class RelativeRotationView(restapi.View):
    """Each sector's way through the relative rotation graph: strength and momentum against the market."""

    query_class = TrailQuery
    keeps = lists = True

    @extend_schema(responses=TrailSerializer(many=True))
    def get(self, request: Request) -> Response:
        asked = self.asked()
        trails = selectors.trails(asked["days"], asked["as_of"], asked["timeframe"])
        return Response(TrailSerializer(trails, many=True).data)


urlpatterns = [
    path("layer2/sectors", SectorsView.as_view(), name="api_sectors"),
    path("layer2/sectors/<int:sector_id>", SectorView.as_view(), name="api_sector"),
    path(
        "layer2/sectors/<int:sector_id>/history",
        SectorHistoryViewSet.as_view({"get": "list"}, detail=False),
        name="api_sector_history",
    ),
    path("layer2/rotation", RotationView.as_view(), name="api_rotation"),
    path("layer2/compare", CompareView.as_view(), name="api_sector_compare"),
    path("layer2/relative-rotation", RelativeRotationView.as_view(), name="api_relative_rotation"),
]

"""The layer over HTTP; paths are relative to /api/v1/."""

from __future__ import annotations

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assets.serializers import ReadingQuery
from cryptopredict.common import restapi
from sectors import selectors
from sectors.serializers import SectorSerializer


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


urlpatterns = [path("layer2/sectors", SectorsView.as_view(), name="api_sectors")]

"""The layer over HTTP; paths are relative to /api/v1/."""

from __future__ import annotations

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assets.engine.timeframe import Timeframe
from cryptopredict.common import restapi
from sectors import selectors
from sectors.serializers import RankingQuery, SectorSerializer


class SectorsView(restapi.View):
    """The sectors at the last close, strongest momentum first; with `as_of` as they were known then."""

    role = "guest"
    query_parameters = ("as_of", "timeframe")

    @extend_schema(parameters=[RankingQuery], responses=SectorSerializer(many=True))
    def get(self, request: Request) -> Response:
        query = RankingQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        timeframe = Timeframe(query.validated_data["timeframe"])
        as_of = query.validated_data.get("as_of")
        ranking = list(selectors.latest_ranking(as_of, timeframe))
        now = as_of or timezone.now()
        reason = selectors.stale_reason(timeframe, ranking[0].as_of, now) if ranking else ""
        return Response(SectorSerializer(ranking, many=True, context={"stale_reason": reason}).data)


urlpatterns = [path("layer2/sectors", SectorsView.as_view(), name="api_sectors")]

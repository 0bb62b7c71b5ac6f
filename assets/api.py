"""Assets and their candles over HTTP; paths are relative to /api/v1/."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
from django.db.models import Value
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assets import selectors
from assets.engine import studies
from assets.engine.panel import Floats
from assets.engine.timeframe import Timeframe
from assets.filters import AssetFilter
from assets.models import Asset
from assets.serializers import AssetSerializer, CandleQuery, CandleSerializer
from cryptopredict.common import restapi

UNRANKED = 2**31 - 1


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


class AssetViewSet(restapi.ReadOnlyViewSet):
    """Coins by market cap, the largest first; what has no rank comes last."""

    queryset = Asset.objects.annotate(place=Coalesce("market_cap_rank", Value(UNRANKED)))
    serializer_class = AssetSerializer
    filterset_class = AssetFilter
    ordering = ("place", "id")
    keeps = True


class CandlesView(restapi.View):
    """Complete bars of one asset, oldest first, with indicators on request.

    The last `limit` bars of the range; older ones are at the `next` address in the Link header. Indicators
    run over the bars that exist.
    """

    query_class = CandleQuery
    keeps = lists = True

    @extend_schema(responses=CandleSerializer(many=True))
    def get(self, request: Request, crypto_id: int) -> Response:
        asked = self.asked()
        asset = get_object_or_404(Asset, pk=crypto_id)
        limit, wanted = asked["limit"], asked["indicators"]
        warm = max((one.rows_before for one in wanted), default=0)
        found = selectors.bars(
            asset,
            asked["timeframe"],
            asked["as_of"] or timezone.now(),
            limit + 1 + warm,
            since=None if wanted else asked["since"],
            until=asked["until"],
        )
        lines: dict[str, Floats] = {}
        for one in wanted:
            lines |= studies.columns(one, *(found.columns[name] for name in ("high", "low", "close")))
        since = asked["since"]
        places = [n for n, moment in enumerate(found.times) if since is None or moment >= since]
        rows = [self._row(found, lines, n) for n in places[-limit:]]
        older = len(places) > limit
        return Response(rows, headers={"Link": self._older(request, rows)} if older else None)

    def _row(self, found: selectors.Bars, lines: dict[str, Floats], n: int) -> dict[str, Any]:
        row: dict[str, Any] = {"candle_time": found.times[n]}
        row |= {name: _known(values[n]) for name, values in found.columns.items()}
        if lines:
            row["indicators"] = {name: _known(values[n]) for name, values in lines.items()}
        return row

    def _older(self, request: Request, rows: list[dict[str, Any]]) -> str:
        before = asked_until(rows[0]["candle_time"])
        query = {**request.query_params.dict(), "until": before}
        return f'<{request.build_absolute_uri(request.path)}?{urlencode(query)}>; rel="next"'


def asked_until(moment: datetime) -> str:
    """The moment just before a bar's open, as the query has it."""
    return (moment.replace(tzinfo=None) - datetime.resolution).isoformat() + "Z"


def _known(value: np.float64) -> float | None:
    return float(value) if np.isfinite(value) else None


urlpatterns = [
    path("assets", AssetViewSet.as_view({"get": "list"}, detail=False), name="api_assets"),
    path("assets/<int:pk>", AssetViewSet.as_view({"get": "retrieve"}, detail=True), name="api_asset"),
    path("assets/<int:crypto_id>/candles", CandlesView.as_view(), name="api_candles"),
]

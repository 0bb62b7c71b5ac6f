"""Layer 3 over HTTP, relative to /api/v1/."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone

from cryptopredict.common.restapi import ReadOnlyViewSet
from selection import selectors
from selection.models import Watchlist
from selection.serializers import WatchlistSerializer


class WatchlistViewSet(ReadOnlyViewSet):
    """The administrators' lists and the reader's own, with how many coins each holds."""

    role = "casual"
    queryset = Watchlist.objects.none()
    serializer_class = WatchlistSerializer
    ordering = ("type", "id")

    def get_queryset(self) -> QuerySet[Watchlist]:
        return selectors.watchlists(self.request.user)

    def get_serializer_context(self) -> dict[str, Any]:
        # The schema is drawn without a request's data; only a real answer asks how fresh the scores are.
        fake = getattr(self, "swagger_fake_view", False)
        fresh = selectors.Freshness(None, "") if fake else selectors.freshness(timezone.now())
        return {**super().get_serializer_context(), "freshness": fresh}


urlpatterns = [
    path(
        "layer3/watchlists",
        WatchlistViewSet.as_view({"get": "list"}, detail=False),
        name="layer3_watchlists",
    ),
]

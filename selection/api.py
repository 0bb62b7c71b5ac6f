"""Layer 3 over HTTP, relative to /api/v1/."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import permissions
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.idempotency import answer_once
from assets import selectors as assets
from assets.models import Asset
from assets.serializers import MomentQuery, ReadingQuery
from cryptopredict.common import restapi
from selection import selectors, services
from selection.models import Suggestion, SuggestionReview, Watchlist, WatchlistItem
from selection.serializers import (
    BULK_ACTIONS,
    PRIORITIES,
    AssetAnalysisSerializer,
    BulkBody,
    BulkSerializer,
    CurrentAnalysisSerializer,
    ItemAddSerializer,
    QueueQuery,
    QueueSerializer,
    ReviewBody,
    ReviewSerializer,
    SuggestionQuery,
    SuggestionSerializer,
    WatchlistDetailSerializer,
    WatchlistItemSerializer,
    WatchlistSerializer,
    WatchlistWriteSerializer,
    WorthSerializer,
)
from selection.services.reviews import PERMISSION


class WatchlistViewSet(restapi.ReadOnlyViewSet):
    """The administrators' lists and the reader's own, with how many coins each holds."""

    role = "casual"
    keeps = "user"
    queryset = Watchlist.objects.none()
    serializer_class = WatchlistSerializer
    query_class = MomentQuery
    ordering = ("type", "id")

    def get_queryset(self) -> QuerySet[Watchlist]:
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset()
        as_of = self.asked()["as_of"]
        rows = selectors.watchlists(self.request.user)
        return rows if as_of is None else rows.filter(created_at__lte=as_of)

    def get_serializer_context(self) -> dict[str, Any]:
        # The schema is drawn without a request's data; only a real answer asks how fresh the scores are.
        fake = getattr(self, "swagger_fake_view", False)
        as_of = None if fake else self.asked()["as_of"]
        now = as_of or timezone.now()
        fresh = selectors.Freshness(None, "") if fake else selectors.freshness(now, as_of=as_of)
        return {**super().get_serializer_context(), "freshness": fresh}

    @extend_schema(request=WatchlistWriteSerializer, responses={201: WatchlistSerializer})
    def create(self, request: Request) -> Response:
        """Make a list of one's own."""
        body = WatchlistWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        made = services.list_create(user=request.user, **body.validated_data)
        return Response(_told(made, request.user), status=201)


class WatchlistView(restapi.View):
    """One list with its coins, their last scores and prices."""

    role = "casual"
    keeps = "user"
    query_class = ReadingQuery

    @extend_schema(responses=WatchlistDetailSerializer)
    def get(self, request: Request, watchlist_id: int) -> Response:
        """The list; with `as_of`, the coins that were on it then, as they were scored and priced then."""
        asked = self.asked()
        as_of, timeframe = asked["as_of"], asked["timeframe"]
        watchlist = get_object_or_404(selectors.watchlists(request.user), pk=watchlist_id)
        items = list(selectors.items_of(watchlist, as_of))
        ids = [item.asset_id for item in items]
        scored = selectors.latest_scores(as_of, timeframe).filter(asset__in=ids)
        context = {
            "freshness": selectors.freshness(as_of or timezone.now(), timeframe, as_of),
            "items": items,
            "analyses": {row.asset_id: row for row in scored},
            "quotes": assets.quotes(ids, as_of),
        }
        return Response(WatchlistDetailSerializer(watchlist, context=context).data)

    @extend_schema(request=WatchlistWriteSerializer(partial=True), responses=WatchlistSerializer)
    def patch(self, request: Request, watchlist_id: int) -> Response:
        """Change name, description or limit of one's own list; administrators also of the tiers."""
        watchlist = get_object_or_404(selectors.watchlists(request.user), pk=watchlist_id)
        body = WatchlistWriteSerializer(watchlist, data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        for name, value in body.validated_data.items():
            setattr(watchlist, name, value)
        services.list_change(watchlist=watchlist, user=request.user)
        return Response(_told(watchlist, request.user))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, watchlist_id: int) -> Response:
        """Delete a list of one's own."""
        watchlist = get_object_or_404(selectors.watchlists(request.user), pk=watchlist_id)
        services.list_delete(watchlist=watchlist, user=request.user)
        return Response(status=204)


def _told(watchlist: Watchlist, user: Any) -> Any:
    row = selectors.watchlists(user).get(pk=watchlist.pk)
    return WatchlistSerializer(row, context={"freshness": selectors.freshness(timezone.now())}).data


class WatchlistItemsView(restapi.View):
    """Put a coin on a list: administrators on the tiers, everyone on their own."""

    role = "casual"

    @extend_schema(request=ItemAddSerializer, responses={201: WatchlistItemSerializer})
    def post(self, request: Request, watchlist_id: int) -> Response:
        watchlist = get_object_or_404(selectors.watchlists(request.user), pk=watchlist_id)
        body = ItemAddSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        number = given.pop("crypto_id")
        asset = Asset.objects.filter(pk=number).first()
        if asset is None:
            mend = _("Take an id from /api/v1/assets.")
            raise restapi.Refusal("crypto_id", number, _("is no coin that is known here"), mend)
        item = services.item_add(watchlist=watchlist, asset=asset, user=request.user, **given)
        scored = selectors.analysis_of(asset)
        context = {
            "analyses": {asset.pk: scored} if scored else {},
            "quotes": assets.quotes([asset.pk]),
        }
        return Response(WatchlistItemSerializer(item, context=context).data, status=201)


class WatchlistItemView(restapi.View):
    """Take a coin off a list."""

    role = "casual"

    @extend_schema(responses={204: None})
    def delete(self, request: Request, watchlist_id: int, item_id: int) -> Response:
        watchlist = get_object_or_404(selectors.watchlists(request.user), pk=watchlist_id)
        rows = WatchlistItem.objects.select_related("watchlist", "asset")
        item = get_object_or_404(rows, pk=item_id, watchlist=watchlist)
        services.item_remove(item=item, user=request.user)
        return Response(status=204)


class AssetAnalysisView(restapi.View):
    """All that layer 3 says of one coin: score, risk, indicators, what moved it, and what to do."""

    role = "casual"
    query_class = ReadingQuery
    keeps = True

    @extend_schema(responses=AssetAnalysisSerializer)
    def get(self, request: Request, crypto_id: int) -> Response:
        asked = self.asked()
        as_of, timeframe = asked["as_of"], asked["timeframe"]
        asset = get_object_or_404(Asset, pk=crypto_id)
        analysis = selectors.analysis_of(asset, as_of, timeframe)
        quote = assets.quotes([asset.pk], as_of).get(asset.pk)
        context = {"now": as_of or timezone.now(), "user": request.user}
        data = {
            "crypto_id": asset.pk,
            "symbol": asset.symbol,
            "name": asset.name,
            "sector": asset.sector_name,
            "watchlist_tier": asset.watchlist_tier,
            "current_analysis": _analysis(analysis, context),
            "performance_metrics": {
                "price": getattr(quote, "price", None),
                "performance_24h": getattr(quote, "change_24h", None),
                "performance_7d": getattr(quote, "change_7d", None),
                "performance_30d": getattr(quote, "change_30d", None),
                "closed_at": getattr(quote, "closed_at", None),
            },
            "recommendation": (analysis.recommendation or None) if analysis else None,
        }
        return Response(data)


def _analysis(analysis: Any, context: dict[str, Any]) -> Any:
    """The coin's condition; every figure null, with the reason, where it was never looked at."""
    if analysis is not None:
        return CurrentAnalysisSerializer(analysis, context=context).data
    unknown = dict.fromkeys(CurrentAnalysisSerializer.Meta.fields)
    reason = _("This coin has not been scored.")
    return {
        **unknown,
        "technical_indicators": {},
        "reasons": [],
        "reason": reason,
        "is_stale": True,
        "stale_reason": reason,
    }


class MayReview(permissions.BasePermission):
    """Administrators, and members of a group that may decide on suggestions."""

    message = gettext_lazy("Only an administrator or a reviewer may decide on suggestions.")

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        return bool(user.is_authenticated and user.is_active and user.has_perm(PERMISSION))


class SuggestionViewSet(restapi.ReadOnlyViewSet):
    """Changes of the tiers that the scores argue for, newest first."""

    role = "casual"
    keeps = True
    queryset = Suggestion.objects.none()
    query_class = SuggestionQuery
    serializer_class = SuggestionSerializer
    ordering = ("-suggested_at", "-id")

    def get_queryset(self) -> QuerySet[Suggestion]:
        if getattr(self, "swagger_fake_view", False):
            return Suggestion.objects.none()
        status, moment = self.asked()["status"], self.asked()["as_of"]
        return (
            selectors.suggestions_of(status) if moment is None else selectors.suggestions_then(status, moment)
        )


class ReviewView(restapi.View):
    """Decide on a suggestion. Approving carries the change out, or nothing happens."""

    role = "admin"

    def get_permissions(self) -> list[permissions.BasePermission]:
        return [MayReview()]

    @extend_schema(request=ReviewBody, responses=ReviewSerializer)
    def post(self, request: Request, suggestion_id: int) -> HttpResponseBase:
        return answer_once(request, lambda: self._review(request, suggestion_id))

    def _review(self, request: Request, suggestion_id: int) -> Response:
        body = ReviewBody(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        days = {"days": given["days"]} if "days" in given else {}
        (answer,) = services.review_all(
            ids=[suggestion_id],
            reviewer=request.user,
            decision=given["decision"],
            notes=given["review_notes"],
            target_tier=given.get("target_tier"),
            **days,
        )
        if answer.code == "missing":
            raise NotFound(answer.reason)
        if answer.review is None:
            raise restapi.Conflict("suggestion_id", suggestion_id, answer.reason, _MENDS[answer.code]())
        kept = SuggestionReview.objects.select_related("suggestion__asset").get(pk=answer.review.pk)
        return Response(ReviewSerializer(kept).data)


_MENDS = {
    "expired": lambda: _("Wait for the next run: what still stands is suggested anew."),
    "reviewed": lambda: _("Change the coin's tier directly if you disagree."),
    "changed": lambda: _("Read the suggestion again and decide on what it says now."),
    "unsupported": lambda: _("Reject the suggestion, or make the coin a supported one first."),
    "full": lambda: _("Take a coin off the list or raise its limit, then approve again."),
}


class BulkView(restapi.View):
    """Move many coins between the administrators' lists at once; each says what became of it."""

    role = "admin"

    @extend_schema(request=BulkBody, responses=BulkSerializer)
    def post(self, request: Request) -> HttpResponseBase:
        return answer_once(request, lambda: self._move(request))

    def _move(self, request: Request) -> Response:
        body = BulkBody(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        tier = BULK_ACTIONS[given["action"]]
        wanted = [(asset, tier) for asset in dict.fromkeys(given["crypto_ids"])]
        moves = services.set_tiers(wanted=wanted, user=request.user, notes=given["review_notes"])
        results = [
            {
                "crypto_id": made.asset_id,
                "symbol": made.asset.symbol if made.asset else None,
                "status": "done" if made.is_done else "refused",
                "tier_before": made.before,
                "tier_after": made.after,
                "rule": made.refusal,
            }
            for made in moves
        ]
        done = sum(made.is_done for made in moves)
        answer = {"action": given["action"], "done": done, "refused": len(moves) - done, "results": results}
        return Response(BulkSerializer(answer).data)


class QueueView(restapi.View):
    """What waits for a decision, most urgent first."""

    role = "admin"
    keeps = "user"  # not by role: reviewers may be guests, and other guests are not to be answered
    lists = True
    query_class = QueueQuery

    def get_permissions(self) -> list[permissions.BasePermission]:
        return [MayReview()]

    @extend_schema(responses=QueueSerializer(many=True))
    def get(self, request: Request) -> Response:
        asked = self.asked()
        priority = PRIORITIES.get(asked["priority"])
        rows = selectors.queue(priority, asked.get("days"))[: asked["limit"]]
        return Response(QueueSerializer(rows, many=True).data)


class WorthView(restapi.View):
    """What decisions on suggestions were worth, by horizon, rival, decision and reviewer."""

    role = "admin"
    keeps = "user"
    keeps_seconds = restapi.LIVE

    def get_permissions(self) -> list[permissions.BasePermission]:
        return [MayReview()]

    @extend_schema(responses=WorthSerializer)
    def get(self, request: Request) -> Response:
        return Response(WorthSerializer(selectors.worth()).data)


urlpatterns = [
    path(
        "layer3/watchlists",
        WatchlistViewSet.as_view({"get": "list", "post": "create"}, detail=False),
        name="layer3_watchlists",
    ),
    path("layer3/watchlists/<int:watchlist_id>", WatchlistView.as_view(), name="layer3_watchlist"),
    path(
        "layer3/watchlists/<int:watchlist_id>/items",
        WatchlistItemsView.as_view(),
        name="layer3_watchlist_items",
    ),
    path(
        "layer3/watchlists/<int:watchlist_id>/items/<int:item_id>",
        WatchlistItemView.as_view(),
        name="layer3_watchlist_item",
    ),
    path("layer3/assets/<int:crypto_id>/analysis", AssetAnalysisView.as_view(), name="layer3_analysis"),
    path(
        "layer3/suggestions",
        SuggestionViewSet.as_view({"get": "list"}, detail=False),
        name="layer3_suggestions",
    ),
    path("layer3/suggestions/<int:suggestion_id>/review", ReviewView.as_view(), name="layer3_review"),
    path("layer3/watchlists/bulk-actions", BulkView.as_view(), name="layer3_bulk"),
    path("admin/suggestions/queue", QueueView.as_view(), name="admin_queue"),
    path("admin/suggestions/worth", WorthView.as_view(), name="admin_worth"),
]

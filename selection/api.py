"""Layer 3 over HTTP, relative to /api/v1/."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import permissions
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from accounts.idempotency import answer_once
from cryptopredict.common.restapi import Conflict, ReadOnlyViewSet, Response, View
from selection import selectors, services
from selection.models import Suggestion, SuggestionReview, Watchlist
from selection.serializers import (
    BULK_ACTIONS,
    PRIORITIES,
    BulkBody,
    BulkSerializer,
    QueueQuery,
    QueueSerializer,
    ReviewBody,
    ReviewSerializer,
    SuggestionQuery,
    SuggestionSerializer,
    WatchlistSerializer,
    WorthSerializer,
)
from selection.services.reviews import PERMISSION


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


class MayReview(permissions.BasePermission):
    """Administrators, and members of a group that may decide on suggestions."""

    message = gettext_lazy("Only an administrator or a reviewer may decide on suggestions.")

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        return bool(user.is_authenticated and user.is_active and user.has_perm(PERMISSION))


class SuggestionViewSet(ReadOnlyViewSet):
    """Changes of the tiers that the scores argue for, newest first."""

    role = "casual"
    queryset = Suggestion.objects.none()
    query_class = SuggestionQuery
    serializer_class = SuggestionSerializer
    ordering = ("-suggested_at", "-id")

    def get_queryset(self) -> QuerySet[Suggestion]:
        if getattr(self, "swagger_fake_view", False):
            return Suggestion.objects.none()
        return selectors.suggestions_of(self.asked()["status"])


class ReviewView(View):
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
            raise Conflict("suggestion_id", suggestion_id, answer.reason, _MENDS[answer.code]())
        kept = SuggestionReview.objects.select_related("suggestion__asset").get(pk=answer.review.pk)
        return Response(ReviewSerializer(kept).data)


_MENDS = {
    "expired": lambda: _("Wait for the next run: what still stands is suggested anew."),
    "reviewed": lambda: _("Change the coin's tier directly if you disagree."),
    "changed": lambda: _("Read the suggestion again and decide on what it says now."),
    "unsupported": lambda: _("Reject the suggestion, or make the coin a supported one first."),
    "full": lambda: _("Take a coin off the list or raise its limit, then approve again."),
}


class BulkView(View):
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


class QueueView(View):
    """What waits for a decision, most urgent first."""

    role = "admin"
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


class WorthView(View):
    """What decisions on suggestions were worth, by horizon, rival, decision and reviewer."""

    role = "admin"

    def get_permissions(self) -> list[permissions.BasePermission]:
        return [MayReview()]

    @extend_schema(responses=WorthSerializer)
    def get(self, request: Request) -> Response:
        return Response(WorthSerializer(selectors.worth()).data)


urlpatterns = [
    path(
        "layer3/watchlists",
        WatchlistViewSet.as_view({"get": "list"}, detail=False),
        name="layer3_watchlists",
    ),
]
urlpatterns += [
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

"""What people did and changed, and the people themselves: for administrators."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request

from accounts import services as accounts
from accounts.models import AuditEntry, User, UserActivity
from cryptopredict.common import realtime
from cryptopredict.common.restapi import LIVE, ReadOnlyViewSet, Response
from cryptopredict.serializers import (
    ActivityQuery,
    ActivitySerializer,
    AuditQuery,
    AuditSerializer,
    UserBody,
    UserQuery,
    UserSerializer,
)


class ActivityViewSet(ReadOnlyViewSet):
    """What people did, newest first."""

    role = "admin"
    keeps = realtime.ACTIVITY
    queryset = UserActivity.objects.none()
    serializer_class = ActivitySerializer
    query_class = ActivityQuery
    ordering = ("-activity_time", "-id")

    def get_queryset(self) -> QuerySet[UserActivity]:
        if getattr(self, "swagger_fake_view", False):
            return UserActivity.objects.none()
        asked = self.asked()
        since = timezone.now() - timedelta(days=asked["days"])
        rows = UserActivity.objects.filter(activity_time__gte=since).select_related("user")
        if asked["activity_type"] != "all":
            rows = rows.filter(activity_type=asked["activity_type"])
        return rows.filter(user=asked["user_id"]) if "user_id" in asked else rows


class AuditViewSet(ReadOnlyViewSet):
    """What people changed, newest first."""

    role = "admin"
    keeps = "user"
    keeps_seconds = LIVE
    queryset = AuditEntry.objects.none()
    serializer_class = AuditSerializer
    query_class = AuditQuery
    ordering = ("-at", "-id")

    def get_queryset(self) -> QuerySet[AuditEntry]:
        if getattr(self, "swagger_fake_view", False):
            return AuditEntry.objects.none()
        return AuditEntry.objects.filter(**self.asked())


class UserViewSet(ReadOnlyViewSet):
    """The people; an administrator changes their role, closes accounts and lifts lock-outs."""

    role = "admin"
    keeps = "user"
    keeps_seconds = LIVE
    queryset = User.objects.filter(deleted_at=None).prefetch_related("groups")
    serializer_class = UserSerializer
    query_class = UserQuery
    ordering = ("id",)

    def get_queryset(self) -> QuerySet[User]:
        rows = super().get_queryset()
        if getattr(self, "swagger_fake_view", False) or self.detail:
            return rows
        asked = self.asked()
        if asked["is_active"] is not None:
            rows = rows.filter(is_active=asked["is_active"])
        if "role" in asked:
            rows = rows.filter(role=asked["role"])
        if "search" in asked:
            text = asked["search"]
            rows = rows.filter(
                Q(email__icontains=text) | Q(first_name__icontains=text) | Q(last_name__icontains=text)
            )
        return rows

    @extend_schema(request=UserBody, responses=UserSerializer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change a person's role, close or open the account, lift a lock-out."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        body = UserBody(data=request.data)
        body.is_valid(raise_exception=True)
        accounts.user_change(user=row, by=request.user, **body.validated_data)
        return Response(UserSerializer(self.get_queryset().get(pk=pk)).data)


urlpatterns = [
    path(
        "admin/user-activities",
        ActivityViewSet.as_view({"get": "list"}, detail=False),
        name="admin_user_activities",
    ),
    path("admin/audit", AuditViewSet.as_view({"get": "list"}, detail=False), name="admin_audit"),
    path("admin/users", UserViewSet.as_view({"get": "list"}, detail=False), name="admin_users"),
    path(
        "admin/users/<int:pk>",
        UserViewSet.as_view({"get": "retrieve", "patch": "partial_update"}, detail=True),
        name="admin_user",
    ),
]

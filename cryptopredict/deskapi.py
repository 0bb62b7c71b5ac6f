"""What administrators read and change over HTTP beside the layers: settings, activity, users."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from accounts import services as accounts
from accounts.idempotency import answer_once
from accounts.models import ActivityType, AuditEntry, Role, User, UserActivity
from cryptopredict import configuration
from cryptopredict.common.restapi import ReadOnlyViewSet, Response, View


class LimitsSerializer(serializers.Serializer[Any]):
    tier1_max = serializers.IntegerField(required=False)
    tier2_max = serializers.IntegerField(required=False)


class ThresholdsSerializer(serializers.Serializer[Any]):
    suggestion_confidence_min = serializers.FloatField(required=False)
    signal_confidence_min = serializers.FloatField(
        required=False, allow_null=True, help_text=_("null: the break-even of each signal's geometry")
    )


class PredictionLimitsSerializer(serializers.Serializer[Any]):
    per_hour = serializers.IntegerField(
        required=False, allow_null=True, help_text=_("of each model, by all who ask; null: no limit")
    )


class ConfigSerializer(serializers.Serializer[Any]):
    """The settings in force; what a change leaves out stays as it is."""

    watchlist_limits = LimitsSerializer(required=False)
    ai_thresholds = ThresholdsSerializer(required=False)
    prediction_limits = PredictionLimitsSerializer(required=False)

    def to_internal_value(self, data: Any) -> Any:
        known = {name: type(part) for name, part in self.fields.items()}
        if isinstance(data, dict):
            errors = {name: [_("is not a setting")] for name in data if name not in known}
            for name, inner in known.items():
                part = data.get(name)
                if isinstance(part, dict):
                    errors |= {
                        f"{name}.{key}": [_("is not a setting")] for key in part if key not in inner().fields
                    }
            if errors:
                raise serializers.ValidationError(errors)
        return super().to_internal_value(data)


class ConfigView(View):
    """The settings that an administrator may change while the system runs."""

    role = "admin"
    keeps = True
    serializer_class = ConfigSerializer

    def get(self, request: Request) -> Response:
        return Response(configuration.read())

    def post(self, request: Request) -> HttpResponseBase:
        return answer_once(request, lambda: self._change(request))

    def _change(self, request: Request) -> Response:
        body = ConfigSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(configuration.change(user=request.user, values=body.validated_data))


class ActivitySerializer(serializers.ModelSerializer[UserActivity]):
    """One thing that a person did."""

    user_id = serializers.IntegerField(read_only=True)
    user = serializers.CharField(source="user.email", read_only=True)

    class Meta:
        model = UserActivity
        fields = [
            "id",
            "user_id",
            "user",
            "activity_type",
            "entity_type",
            "entity_id",
            "action",
            "details",
            "ip_address",
            "activity_time",
        ]


class ActivityQuery(serializers.Serializer[Any]):
    """Whose activity, of which kind, of how many days back."""

    days = serializers.IntegerField(min_value=1, max_value=3650, default=7)
    activity_type = serializers.ChoiceField([*ActivityType.values, "all"], default="all")
    user_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


class ActivityViewSet(ReadOnlyViewSet):
    """What people did, newest first."""

    role = "admin"
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


class AuditSerializer(serializers.ModelSerializer[AuditEntry]):
    """One row that a person changed, as it was and as it became."""

    user_id = serializers.IntegerField(read_only=True)

    class Meta:
        model = AuditEntry
        fields = ["id", "user_id", "at", "table_name", "object_id", "operation", "before", "after", "place"]


class AuditQuery(serializers.Serializer[Any]):
    """Which entries."""

    table_name = serializers.CharField(max_length=63, required=False)
    object_id = serializers.CharField(max_length=64, required=False)
    user_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


class AuditViewSet(ReadOnlyViewSet):
    """What people changed, newest first."""

    role = "admin"
    queryset = AuditEntry.objects.none()
    serializer_class = AuditSerializer
    query_class = AuditQuery
    ordering = ("-at", "-id")

    def get_queryset(self) -> QuerySet[AuditEntry]:
        if getattr(self, "swagger_fake_view", False):
            return AuditEntry.objects.none()
        return AuditEntry.objects.filter(**self.asked())


class UserSerializer(serializers.ModelSerializer[User]):
    """A person as administrators see them."""

    groups = serializers.SlugRelatedField("name", many=True, read_only=True)
    is_locked = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "id",
            "email",
            "first_name",
            "last_name",
            "role",
            "groups",
            "is_active",
            "is_verified",
            "is_locked",
            "lockout_expires",
            "last_login",
            "created_at",
        ]

    def get_is_locked(self, row: User) -> bool:
        return row.lockout_expires is not None and row.lockout_expires > timezone.now()


class UserQuery(serializers.Serializer[Any]):
    """Which people."""

    role = serializers.ChoiceField(Role.values, required=False)
    is_active = serializers.BooleanField(required=False, allow_null=True, default=None)
    search = serializers.CharField(max_length=100, required=False)


class UserBody(serializers.Serializer[Any]):
    """What an administrator may change of a person."""

    role = serializers.ChoiceField(Role.values, required=False)
    is_active = serializers.BooleanField(required=False)
    unlock = serializers.BooleanField(required=False)


class UserViewSet(ReadOnlyViewSet):
    """The people; an administrator changes their role, closes accounts and lifts lock-outs."""

    role = "admin"
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
    path("admin/config", ConfigView.as_view(), name="admin_config"),
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

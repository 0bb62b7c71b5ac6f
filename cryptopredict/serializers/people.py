"""The wire shape of people, of what they did and of what they changed."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from accounts.models import ActivityType, AuditEntry, Role, User, UserActivity


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

"""The wire shape of people's own things, for the API and for events."""

from __future__ import annotations

from datetime import UTC
from typing import Any
from zoneinfo import available_timezones

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.models import ApiToken, Notification, User


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    """One message to one person."""

    class Meta:
        model = Notification
        fields = [
            "id",
            "notification_type",
            "title",
            "message",
            "status",
            "priority",
            "data",
            "created_at",
            "read_at",
            "expires_at",
        ]
        read_only_fields = fields


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """A key as it is known afterwards: its name and first characters, never its text."""

    is_valid = serializers.SerializerMethodField()

    class Meta:
        model = ApiToken
        fields = [
            "id",
            "name",
            "prefix",
            "created_at",
            "expires_at",
            "revoked_at",
            "last_used_at",
            "is_valid",
        ]
        read_only_fields = fields

    def get_is_valid(self, row: ApiToken) -> bool:
        over = row.expires_at is not None and row.expires_at <= timezone.now()
        return row.revoked_at is None and not over


class TokenWriteSerializer(serializers.Serializer[Any]):
    """A key that is wanted. Without an end it is valid until it is revoked."""

    name = serializers.CharField(max_length=100)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default_timezone=UTC)

    def validate_expires_at(self, value: Any) -> Any:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError(_("has passed already"), code="past")
        return value


class NewTokenSerializer(TokenSerializer):
    """A key just made, with its text, which is shown this once."""

    token = serializers.CharField()

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "token"]


class ProfileSerializer(serializers.ModelSerializer[User]):
    """Who is asking; names, language and time zone are theirs to change."""

    language = serializers.ChoiceField([code for code, _name in settings.LANGUAGES])
    timezone = serializers.CharField(max_length=50)

    class Meta:
        model = User
        fields = [
            "id",
            "email",
            "first_name",
            "last_name",
            "role",
            "language",
            "timezone",
            "subscription_plan",
            "created_at",
        ]
        read_only_fields = ["id", "email", "role", "subscription_plan", "created_at"]

    def validate_timezone(self, value: str) -> str:
        if value not in available_timezones():
            raise serializers.ValidationError(
                _("is no time zone; write one such as Asia/Tehran or UTC"), code="invalid_choice"
            )
        return value


class LogInSerializer(serializers.Serializer[Any]):
    """E-mail and password."""

    email = serializers.EmailField(max_length=255)
    password = serializers.CharField(max_length=500, trim_whitespace=False, write_only=True)


class SessionSerializer(serializers.Serializer[Any]):
    """An open session: whose, and the token that its writes have to carry as `X-CSRFToken`."""

    user = ProfileSerializer()
    csrf_token = serializers.CharField()

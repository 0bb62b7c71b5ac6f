"""What others read of people's own things."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.models import ApiToken, Notification, NotificationStatus


def inbox(user: Any) -> QuerySet[Notification]:
    """A person's messages that are due and not over, dismissed ones left out; in no order."""
    going = Q(expires_at=None) | Q(expires_at__gt=Now())
    rows = Notification.objects.filter(going, user=user.pk, scheduled_for__lte=Now())
    return rows.exclude(status=NotificationStatus.DISMISSED)


def unread(user: Any) -> QuerySet[Notification]:
    """Those that were not read yet, newest first."""
    return inbox(user).filter(status=NotificationStatus.UNREAD).order_by("-scheduled_for", "-pk")


def tokens(user: Any) -> QuerySet[ApiToken]:
    """A person's keys, revoked ones among them; in no order."""
    return ApiToken.objects.filter(user=user.pk)

"""What others read of people's own things."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from accounts import clients
from accounts.models import (
    ApiToken,
    Notification,
    NotificationChannel,
    NotificationDelivery,
    NotificationStatus,
    NotificationType,
)


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


def messages(user: Any, kind: str = "", status: str = "") -> QuerySet[Notification]:
    """A person's messages, newest first: of one type, and only those unread or read; "" is any."""
    rows = inbox(user).order_by("-scheduled_for", "-pk")
    rows = rows.filter(notification_type=kind) if kind else rows
    return rows.filter(status=status) if status else rows


def own_places(user: Any) -> dict[tuple[str, str], str]:
    """From which priority on a person wants each type in the app and by e-mail; "" is never. One query."""
    wanted = {(kind, "app"): "low" for kind in NotificationType.values}
    wanted |= {(kind, "email"): "" for kind in NotificationType.values}
    rows = NotificationChannel.objects.filter(user=user.pk, address__in=("app", "email"))
    for row in rows:
        wanted[row.notification_type, row.address] = row.least_priority if row.is_active else ""
    return wanted


def services(user: Any) -> list[dict[str, Any]]:
    """A person's other services with the last thing sent to each, addresses without their secrets."""
    newest = NotificationDelivery.objects.filter(channel=OuterRef("pk")).order_by("-pk")
    found = NotificationChannel.objects.filter(user=user.pk).exclude(address__in=("app", "email"))
    found = found.annotate(last=Subquery(newest.values("pk")[:1]))
    rows = list(found.order_by("address", "notification_type"))
    last = NotificationDelivery.objects.in_bulk([row.last for row in rows if row.last])
    names = {address: clients.masked(address) for address in {row.address for row in rows}}
    return [{"row": row, "name": names[row.address], "last": last.get(row.last)} for row in rows]


def failed_mails(user: Any) -> list[NotificationDelivery]:
    """The last e-mails to a person that could not be sent, with why."""
    rows = NotificationDelivery.objects.filter(channel__user=user.pk, channel__address="email")
    return list(rows.exclude(error="").select_related("notification").order_by("-pk")[:3])

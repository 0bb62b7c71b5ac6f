"""What people are told: messages in the app, and the word that carries them to other places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from celery import current_app
from django.db import transaction
from django.utils import timezone

from accounts import selectors
from accounts.models import (
    Notification,
    NotificationChannel,
    NotificationDelivery,
    NotificationPriority,
    NotificationStatus,
    NotificationType,
    Role,
    User,
)
from accounts.serializers import NotificationSerializer
from cryptopredict.common.realtime import Topic, publish, publish_each

TASK = "accounts.tasks.deliver"
APP, EMAIL = "app", "email"


@transaction.atomic
def notify(
    *,
    users: Iterable[User],
    notification_type: str,
    title: str,
    message: str,
    data: dict[str, Any] | None = None,
    priority: str = NotificationPriority.NORMAL,
    expires_at: datetime | None = None,
) -> list[Notification]:
    """One message to each of `users`, in the app and where else they asked for it.

    Who has muted the type in the app finds it in the list, as read. What goes elsewhere is stored with it
    and sent by a worker after the commit. What is about something in `settings.LETTERS` has its e-mail
    written by who knows it, when it is sent.
    """
    if notification_type not in NotificationType.values:
        raise ValueError(f"unknown notification type {notification_type!r}")
    people = list(users)
    channels = _channels(people, notification_type, priority)
    muted = {row.user_id for row in channels if row.address == APP}
    made = Notification.objects.bulk_create(
        Notification(
            user=user,
            notification_type=notification_type,
            title=title[:200],
            message=message,
            data=data or {},
            priority=priority,
            status=NotificationStatus.READ if user.pk in muted else NotificationStatus.UNREAD,
            sent_at=timezone.now(),
            expires_at=expires_at,
        )
        for user in people
    )
    _post(made, [row for row in channels if row.address != APP])
    due = Notification.objects.filter(pk__in=[row.pk for row in made]).order_by("pk")
    # Read again, for the database set when they are due. One message a person: they are different people.
    publish_each(Topic.NOTIFICATION, {row.user_id: NotificationSerializer(row).data for row in due})
    return made


def _channels(users: Sequence[User], notification_type: str, priority: str) -> list[NotificationChannel]:
    """Where these people want such a message; "app" for who does not want it there."""
    rows = NotificationChannel.objects.filter(user__in=users, notification_type=notification_type)
    rank = NotificationPriority(priority).rank
    found = []
    for row in rows.order_by("pk"):
        wanted = row.is_active and NotificationPriority(row.least_priority).rank <= rank
        if wanted != (row.address == APP):
            found.append(row)
    return found


def _post(made: Sequence[Notification], channels: Sequence[NotificationChannel]) -> None:
    """Store what is to be sent and call a worker once it is; Beat asks again where that call is lost."""
    theirs = {row.user_id: row for row in made}
    NotificationDelivery.objects.bulk_create(
        NotificationDelivery(notification=theirs[channel.user_id], channel=channel) for channel in channels
    )
    if channels:
        transaction.on_commit(lambda: current_app.send_task(TASK, retry=False), robust=True)


@transaction.atomic
def channel_test(*, channel: NotificationChannel, title: str, message: str) -> Notification:
    """Send a message through one channel alone, to see whether it arrives."""
    (made,) = Notification.objects.bulk_create(
        [
            Notification(
                user_id=channel.user_id,
                notification_type=NotificationType.SYSTEM,
                title=title[:200],
                message=message,
                status=NotificationStatus.READ,
                priority=NotificationPriority.LOW,
                sent_at=timezone.now(),
            )
        ]
    )
    _post([made], [channel])
    return made


@transaction.atomic
def notification_read(*, notification: Notification) -> Notification:
    """Mark a message as read, once, and tell the person's other pages."""
    unread = Notification.objects.filter(pk=notification.pk, status=NotificationStatus.UNREAD)
    changed = unread.update(status=NotificationStatus.READ, read_at=timezone.now())
    notification.refresh_from_db()
    if changed:
        publish(Topic.NOTIFICATION, NotificationSerializer(notification).data, notification.user_id)
    return notification


@transaction.atomic
def notification_dismiss(*, notification: Notification) -> None:
    """Take a message off its person's list, and off their open pages."""
    there = Notification.objects.filter(pk=notification.pk).exclude(status=NotificationStatus.DISMISSED)
    if there.update(status=NotificationStatus.DISMISSED):
        notification.refresh_from_db()
        publish(Topic.NOTIFICATION, NotificationSerializer(notification).data, notification.user_id)


@transaction.atomic
def notifications_read(*, user: User) -> int:
    """Mark all messages of a person as read and tell their other pages; how many were new."""
    rows = list(selectors.unread(user))
    if not rows:
        return 0
    ids = [row.pk for row in rows]
    Notification.objects.filter(pk__in=ids).update(status=NotificationStatus.READ, read_at=timezone.now())
    newest = Notification.objects.get(pk=ids[0])
    publish(Topic.NOTIFICATION, NotificationSerializer(newest).data, user.pk)
    return len(ids)


@transaction.atomic
def notify_role(
    *,
    role: str,
    notification_type: str,
    title: str,
    message: str,
    priority: str = NotificationPriority.NORMAL,
) -> int:
    """One message to everyone whose role is `role` or above and whose account is open; how many."""
    roles = [each.value for each in Role if each.rank >= Role(role).rank]
    users = User.objects.filter(role__in=roles, is_active=True, deleted_at=None)
    return len(
        notify(
            users=users,
            notification_type=notification_type,
            title=title,
            message=message,
            priority=priority,
        )
    )

"""What people are told, and where they want to be told it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cryptopredict.common import schema


class NotificationType(models.TextChoices):
    SIGNAL = "signal", _("Signal")
    ALERT = "alert", _("Alert")
    SYSTEM = "system", _("System")
    EDUCATIONAL = "educational", _("Educational")


class NotificationStatus(models.TextChoices):
    UNREAD = "unread", _("Unread")
    READ = "read", _("Read")
    DISMISSED = "dismissed", _("Dismissed")


class NotificationPriority(models.TextChoices):
    LOW = "low", _("Low")
    NORMAL = "normal", _("Normal")
    HIGH = "high", _("High")
    URGENT = "urgent", _("Urgent")


class Notification(models.Model):
    """One message to one person; gone from the list after `expires_at`."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    notification_type = models.CharField(max_length=20, choices=NotificationType)
    title = models.CharField(max_length=200)
    message = models.TextField()
    data = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=20, choices=NotificationStatus, default=NotificationStatus.UNREAD)
    priority = models.CharField(
        max_length=20, choices=NotificationPriority, default=NotificationPriority.NORMAL
    )
    scheduled_for = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            schema.one_of("notification_type", NotificationType),
            schema.one_of("status", NotificationStatus),
            schema.one_of("priority", NotificationPriority),
        ]
        indexes = [
            models.Index(
                "user", "status", models.F("scheduled_for").desc(), name="accounts_notification_inbox"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class NotificationChannel(models.Model):
    """Where a person wants which type at which least priority: in the app, by e-mail, or an Apprise URL."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notification_channels"
    )
    notification_type = models.CharField(max_length=20, choices=NotificationType)
    least_priority = models.CharField(
        max_length=20, choices=NotificationPriority, default=NotificationPriority.NORMAL
    )
    address = models.CharField(max_length=500, help_text="app, email, or an Apprise URL")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            schema.unique("user", "notification_type", "address"),
            schema.one_of("notification_type", NotificationType),
            schema.one_of("least_priority", NotificationPriority),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.notification_type} → {self.address}"

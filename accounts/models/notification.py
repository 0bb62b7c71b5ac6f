"""What people are told, and where they want to be told it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models.sealed import SealedField
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

    @property
    def rank(self) -> int:
        """Position from least (0) to most pressing."""
        return list(NotificationPriority).index(self)


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
    address = SealedField(plain=("app", "email"), help_text="app, email, or an Apprise URL")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            schema.unique("user", "notification_type", "address"),
            schema.one_of("notification_type", NotificationType),
            schema.one_of("least_priority", NotificationPriority),
        ]

    def __str__(self) -> str:
        return f"{self.get_notification_type_display()} → {self.scheme}"

    @property
    def scheme(self) -> str:
        """Which kind of place it is; the rest of an address is a key."""
        return str(self.address).partition("://")[0]


class DeliveryStatus(models.TextChoices):
    PENDING = "pending", _("On its way")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")


class NotificationDelivery(models.Model):
    """One message on its way to one place outside the app; `error` is what the last attempt failed of."""

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(NotificationChannel, on_delete=models.CASCADE, related_name="deliveries")
    status = models.CharField(max_length=20, choices=DeliveryStatus, default=DeliveryStatus.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    error = models.CharField(max_length=500, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "notification deliveries"
        constraints = [
            schema.unique("notification", "channel"),
            schema.one_of("status", DeliveryStatus),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=models.Q(status=DeliveryStatus.PENDING),
                name="accounts_delivery_due",
            ),
            models.Index("channel", models.F("id").desc(), name="accounts_delivery_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.notification_id} → {self.channel_id} {self.status}"

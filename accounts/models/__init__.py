"""Who is asking, with what token, and what they did and were told."""

from accounts.models.activity import ActivityType, UserActivity
from accounts.models.audit import AuditEntry, Operation
from accounts.models.idempotency import IdempotentAnswer
from accounts.models.notification import (
    DeliveryStatus,
    Notification,
    NotificationChannel,
    NotificationDelivery,
    NotificationPriority,
    NotificationStatus,
    NotificationType,
)
from accounts.models.token import ApiToken
from accounts.models.user import Role, SubscriptionPlan, User

__all__ = [
    "ActivityType",
    "ApiToken",
    "AuditEntry",
    "DeliveryStatus",
    "IdempotentAnswer",
    "Notification",
    "NotificationChannel",
    "NotificationDelivery",
    "NotificationPriority",
    "NotificationStatus",
    "NotificationType",
    "Operation",
    "Role",
    "SubscriptionPlan",
    "User",
    "UserActivity",
]

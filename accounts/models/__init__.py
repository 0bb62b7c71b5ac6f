"""Who is asking, with what token, and what they did and were told."""

from accounts.models.activity import ActivityType, UserActivity
from accounts.models.audit import AuditEntry, Operation
from accounts.models.idempotency import IdempotentAnswer
from accounts.models.notification import (
    Notification,
    NotificationChannel,
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
    "IdempotentAnswer",
    "Notification",
    "NotificationChannel",
    "NotificationPriority",
    "NotificationStatus",
    "NotificationType",
    "Operation",
    "Role",
    "SubscriptionPlan",
    "User",
    "UserActivity",
]

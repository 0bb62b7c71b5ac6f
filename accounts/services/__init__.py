"""The only writers of users, tokens, activity and notifications."""

from accounts.services.channels import MOST_CHANNELS, channel_add, channel_remove, own_places_set
from accounts.services.deliveries import deliver
from accounts.services.factors import second_factor_remove
from accounts.services.messages import (
    channel_test,
    notification_dismiss,
    notification_read,
    notifications_read,
    notify,
    notify_role,
)
from accounts.services.people import (
    MOST_TOKENS,
    appearance_change,
    create_user,
    profile_change,
    record,
    record_all,
    token_digest,
    token_issue,
    token_revoke,
    user_change,
)

__all__ = [
    "MOST_CHANNELS",
    "MOST_TOKENS",
    "appearance_change",
    "channel_add",
    "channel_remove",
    "channel_test",
    "create_user",
    "deliver",
    "notification_dismiss",
    "notification_read",
    "notifications_read",
    "notify",
    "notify_role",
    "own_places_set",
    "profile_change",
    "record",
    "record_all",
    "second_factor_remove",
    "token_digest",
    "token_issue",
    "token_revoke",
    "user_change",
]

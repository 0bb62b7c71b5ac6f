"""What people did, append-only."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from cryptopredict.common import schema


class ActivityType(models.TextChoices):
    LOGIN = "login", _("Log-in")
    LOGOUT = "logout", _("Log-out")
    VIEW_SIGNAL = "view_signal", _("Viewed a signal")
    EXECUTE_TRADE = "execute_trade", _("Executed a trade")
    CANCEL_SIGNAL = "cancel_signal", _("Cancelled a signal")
    ADD_WATCHLIST = "add_watchlist", _("Added to a watchlist")
    REMOVE_WATCHLIST = "remove_watchlist", _("Removed from a watchlist")
    SET_TIER = "set_tier", _("Changed a tier")
    REVIEW_SUGGESTION = "review_suggestion", _("Reviewed a suggestion")
    CREATE_TOKEN = "create_token", _("Created an API token")
    REVOKE_TOKEN = "revoke_token", _("Revoked an API token")
    CHANGE_SETTING = "change_setting", _("Changed a setting")
    RETRAIN_MODEL = "retrain_model", _("Asked for a training")
    REQUEST_PREDICTION = "request_prediction", _("Asked for a prediction")


class UserActivity(models.Model):
    """One thing a person did: type, what it touched, from where."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="activities")
    activity_type = models.CharField(max_length=50, choices=ActivityType)
    entity_type = models.CharField(max_length=50, blank=True)
    entity_id = models.CharField(max_length=64, blank=True)
    action = models.CharField(max_length=50, blank=True)
    details = models.JSONField(default=dict, blank=True)
    session_key = models.CharField(max_length=40, blank=True)
    ip_address = models.GenericIPAddressField(null=True, blank=True)
    user_agent = models.TextField(blank=True)
    activity_time = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name_plural = "user activities"
        constraints = [schema.one_of("activity_type", ActivityType)]
        indexes = [
            models.Index("user", models.F("activity_time").desc(), name="accounts_activity_user_time"),
            models.Index(models.F("activity_time").desc(), name="accounts_activity_time"),
        ]
        triggers = schema.append_only()

    def __str__(self) -> str:
        return f"{self.user_id} {self.activity_type}"

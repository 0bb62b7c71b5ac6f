"""Lists of coins that are followed, in two tiers."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assets.models import Asset
from cryptopredict.common import schema


class WatchlistType(models.TextChoices):
    ADMIN = "admin", _("Administrator's")
    PERSONAL = "personal", _("Personal")
    SYSTEM = "system", _("System")


class Tier(models.TextChoices):
    TIER1 = "tier1", _("Tier 1")
    TIER2 = "tier2", _("Tier 2")


class ItemStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    REMOVED = "removed", _("Removed")


class Watchlist(models.Model):
    """A list with room for `max_items`; the administrator's lists carry a tier, one list a tier."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE, related_name="watchlists"
    )
    name = models.CharField(max_length=100)
    type = models.CharField(max_length=20, choices=WatchlistType, default=WatchlistType.PERSONAL)
    tier = models.CharField(max_length=10, choices=Tier, null=True, blank=True)
    description = models.TextField(blank=True)
    max_items = models.PositiveIntegerField(default=50)
    is_active = models.BooleanField(default=True)
    configuration = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            schema.one_of("type", WatchlistType),
            schema.one_of("tier", Tier),
            models.UniqueConstraint(
                fields=["tier"],
                condition=models.Q(type=WatchlistType.ADMIN, is_active=True),
                name="selection_watchlist_one_a_tier",
            ),
            models.UniqueConstraint(
                fields=["user", "name"],
                condition=models.Q(type=WatchlistType.PERSONAL),
                name="selection_watchlist_unique_user_name",
            ),
            models.CheckConstraint(
                condition=~models.Q(type=WatchlistType.PERSONAL) | models.Q(user__isnull=False),
                name="selection_watchlist_personal_has_user",
            ),
            models.CheckConstraint(
                condition=~models.Q(type=WatchlistType.ADMIN) | models.Q(tier__isnull=False),
                name="selection_watchlist_admin_has_tier",
            ),
        ]
        indexes = [models.Index(fields=["user", "type"], name="selection_watchlist_user_type")]
        triggers = [schema.touch()]

    def __str__(self) -> str:
        return self.name


class WatchlistItem(models.Model):
    """A coin on a list."""

    watchlist = models.ForeignKey(Watchlist, on_delete=models.CASCADE, related_name="items")
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="watchlist_items")
    tier = models.CharField(max_length=10, choices=Tier)
    priority_order = models.PositiveIntegerField(default=0)
    status = models.CharField(max_length=20, choices=ItemStatus, default=ItemStatus.ACTIVE)
    analysis_config = models.JSONField(default=dict, blank=True)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    added_at = models.DateTimeField(db_default=Now(), editable=False)
    last_analysis = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            schema.unique("watchlist", "asset"),
            schema.one_of("tier", Tier),
            schema.one_of("status", ItemStatus),
        ]
        indexes = [models.Index(fields=["watchlist", "status"], name="selection_item_list_status")]
        triggers = [schema.touch()]

    def __str__(self) -> str:
        return f"{self.asset} {self.get_tier_display()}"

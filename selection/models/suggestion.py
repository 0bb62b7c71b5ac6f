"""What the machine suggests and what a person decided."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aimodels.models import Prediction
from assets.models import Asset, TimeframeField
from cryptopredict.common import schema

EXPIRES = timedelta(days=7)  # how long a suggestion waits, and again after each deferral
DEFERRED_DAYS = 7  # how long a suggestion is put off unless said otherwise
MOST_DEFERRED_DAYS = 30


class SuggestionType(models.TextChoices):
    ADD_TIER1 = "add_tier1", _("Add to tier 1")
    ADD_TIER2 = "add_tier2", _("Add to tier 2")
    PROMOTE = "promote", _("Promote to tier 1")
    DEMOTE = "demote", _("Demote to tier 2")
    REMOVE = "remove", _("Remove")


class SuggestionStatus(models.TextChoices):
    PENDING = "pending", _("Pending")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    EXPIRED = "expired", _("Expired")


class Decision(models.TextChoices):
    APPROVE = "approve", _("Approve")
    REJECT = "reject", _("Reject")
    DEFER = "defer", _("Defer")


class Suggestion(models.Model):
    """A change to the tiers that waits for a person; what argued for it never changes."""

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="suggestions")
    timeframe = TimeframeField()
    as_of = models.DateTimeField()
    suggestion_type = models.CharField(max_length=20, choices=SuggestionType)
    confidence_score = models.FloatField(
        null=True, blank=True, help_text="chance that the change is right; null where the coin has no score"
    )
    base_rate = models.FloatField(null=True, blank=True)
    priority = models.PositiveSmallIntegerField(default=0, help_text="larger comes first")
    ai_reasoning = models.JSONField(default=dict, blank=True)
    supporting_data = models.JSONField(default=dict, blank=True)
    performance_metrics = models.JSONField(default=dict, blank=True)
    prediction = models.ForeignKey(
        Prediction, null=True, blank=True, on_delete=models.PROTECT, related_name="suggestions"
    )
    status = models.CharField(max_length=20, choices=SuggestionStatus, default=SuggestionStatus.PENDING)
    deferred_until = models.DateTimeField(null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    suggested_at = models.DateTimeField(db_default=Now(), editable=False)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        permissions = [("review_suggestion", "Can decide on suggestions")]
        constraints = [
            models.UniqueConstraint(
                fields=["asset"],
                condition=models.Q(status=SuggestionStatus.PENDING),
                name="selection_suggestion_one_pending",
            ),
            schema.unique("asset", "timeframe", "as_of"),
            schema.one_of("suggestion_type", SuggestionType),
            schema.one_of("status", SuggestionStatus),
            schema.within("confidence_score", 0, 1),
        ]
        indexes = [
            models.Index("status", models.F("suggested_at").desc(), name="selection_suggestion_queue"),
            # The queue as the desk shows it: a page of ten thousand is read from the front of this.
            models.Index(
                models.F("priority").desc(),
                models.F("confidence_score").desc(nulls_last=True),
                "expires_at",
                "id",
                condition=models.Q(status=SuggestionStatus.PENDING),
                name="selection_suggestion_urgent",
            ),
        ]
        triggers = schema.append_only(
            fill_once=("reviewed_by_id", "reviewed_at"), free=("status", "deferred_until", "expires_at")
        )

    def __str__(self) -> str:
        return f"{self.asset}: {self.get_suggestion_type_display()}"


class SuggestionReview(models.Model):
    """One decision by one person, append-only."""

    suggestion = models.ForeignKey(Suggestion, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    decision = models.CharField(max_length=20, choices=Decision)
    target_tier = models.CharField(max_length=10, blank=True)
    review_notes = models.TextField(blank=True)
    review_criteria = models.JSONField(default=dict, blank=True)
    reviewed_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [schema.one_of("decision", Decision)]
        indexes = [models.Index("suggestion", name="selection_review_suggestion")]
        triggers = schema.append_only()

    def __str__(self) -> str:
        return f"{self.get_decision_display()}: {self.suggestion}"

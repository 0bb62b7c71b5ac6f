"""Which version serves, since when, and what was known when that was decided."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aimodels.models.aimodel import AIModel
from assets.models import TimeframeField
from cryptopredict.common import schema


class PromotionVerdict(models.TextChoices):
    PROMOTED = "promoted", _("Promoted")
    REFUSED = "refused", _("Refused")
    UNPROVEN = "unproven", _("Serves unproven")
    REFIT = "refit", _("Refit of what serves")
    ROLLED_BACK = "rolled_back", _("Rolled back")


#: After these `serving` goes on past later refits, until another decision.
HOLDING = (PromotionVerdict.REFUSED, PromotionVerdict.ROLLED_BACK)


class Promotion(models.Model):
    """One decision, never altered: `challenger` was weighed against `champion`, and `serving` serves after
    it.

    From `effective_from` on: earlier moments of the grid are served as they were. `figures` holds those of
    the challenger, the champion and the rival by window, `checks` every comparison, `reasons` what stood
    against."""

    name = models.CharField(max_length=100)
    timeframe = TimeframeField()
    verdict = models.CharField(max_length=20, choices=PromotionVerdict)
    challenger = models.ForeignKey(AIModel, on_delete=models.PROTECT, related_name="challenges")
    champion = models.ForeignKey(
        AIModel, null=True, blank=True, on_delete=models.PROTECT, related_name="defences"
    )
    serving = models.ForeignKey(AIModel, on_delete=models.PROTECT, related_name="promotions")
    effective_from = models.DateTimeField()
    window_start = models.DateTimeField(null=True, blank=True)
    window_end = models.DateTimeField(null=True, blank=True)
    figures = models.JSONField(default=dict, blank=True)
    checks = models.JSONField(default=list, blank=True)
    reasons = models.JSONField(default=list, blank=True)
    is_binding = models.BooleanField(default=True, help_text="false: a training of the past, on record only")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [schema.one_of("verdict", PromotionVerdict)]
        indexes = [
            models.Index(
                "name", "timeframe", models.F("effective_from").desc(), name="aimodels_promotion_effect"
            )
        ]
        triggers = schema.append_only()

    def __str__(self) -> str:
        return f"{self.name} {self.verdict}"

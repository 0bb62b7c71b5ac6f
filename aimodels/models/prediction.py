"""What was said about a price, and what became of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from aimodels.models.aimodel import AIModel
from assets.models import Asset, Origin, TimeframeField, record_triggers
from cryptopredict.common import schema
from cryptopredict.common.timeseries import RecordQuerySet


class LayerSource(models.TextChoices):
    LAYER1 = "layer1", _("Macro")
    LAYER2 = "layer2", _("Sectors")
    LAYER3 = "layer3", _("Selection")
    LAYER4 = "layer4", _("Trading")


class OutcomeReason(models.TextChoices):
    """Why a prediction whose time has come has no outcome."""

    NO_BAR = "no_bar", _("No bar of this coin closed at that moment")
    MISSING_BAR = "missing_bar", _("The bar that closes at that moment is missing")
    DELISTED = "delisted", _("The coin was no longer traded")


class Prediction(models.Model):
    """A price foretold for a moment, with interval and confidence; realised once, when it has come."""

    RESOLVED_BY = "evaluated_at"  # the ledger records it and, when this is filled in, its outcome

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="predictions")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="predictions"
    )
    model = models.ForeignKey(
        AIModel, null=True, blank=True, on_delete=models.PROTECT, related_name="predictions"
    )
    timeframe = TimeframeField()
    as_of = models.DateTimeField()
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.REPLAY, editable=False)
    layer_source = models.CharField(max_length=10, choices=LayerSource)
    model_name = models.CharField(max_length=100)
    model_version = models.CharField(max_length=50)
    prediction_horizon = models.PositiveIntegerField(help_text="hours")
    target_datetime = models.DateTimeField()
    input_price = models.DecimalField(max_digits=38, decimal_places=18)
    predicted_price = models.DecimalField(max_digits=38, decimal_places=18)
    lower_price = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    upper_price = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    interval_level = models.FloatField(null=True, blank=True, help_text="probability the interval claims")
    confidence_score = models.FloatField()
    features_used = models.JSONField(default=list, blank=True)
    input_features = models.JSONField(default=dict, blank=True)
    model_parameters = models.JSONField(default=dict, blank=True)
    macro_context = models.JSONField(default=dict, blank=True)
    training_data_end = models.DateTimeField(null=True, blank=True)
    market_conditions = models.CharField(max_length=20, blank=True)
    volatility_level = models.CharField(max_length=10, blank=True)
    accuracy_threshold = models.FloatField(default=5.0, help_text="percent")
    notes = models.TextField(blank=True)
    debug_info = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    actual_price = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    absolute_error = models.DecimalField(max_digits=38, decimal_places=18, null=True, blank=True)
    squared_error = models.FloatField(null=True, blank=True)
    accuracy_percentage = models.FloatField(null=True, blank=True)
    is_accurate = models.BooleanField(null=True, blank=True)
    is_inside = models.BooleanField(null=True, blank=True, help_text="actual price inside the interval")
    outcome_reason = models.CharField(
        max_length=20,
        choices=OutcomeReason,
        null=True,
        blank=True,
        help_text="why there is no actual price, where the time has come",
    )
    evaluated_at = models.DateTimeField(null=True, blank=True)

    objects = RecordQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["asset", "timeframe", "as_of", "prediction_horizon", "model_name"],
                condition=models.Q(user__isnull=True),
                name="aimodels_prediction_unique_claim",
            ),
            schema.one_of("layer_source", LayerSource),
            schema.one_of("origin", Origin),
            schema.one_of("outcome_reason", OutcomeReason),
            schema.within("confidence_score", 0, 1),
            schema.positive("predicted_price"),
            schema.positive("input_price"),
            models.CheckConstraint(
                condition=models.Q(lower_price__lte=models.F("upper_price")),
                name="aimodels_prediction_interval_order",
            ),
            models.CheckConstraint(
                condition=models.Q(target_datetime__gt=models.F("as_of")),
                name="aimodels_prediction_target_later",
            ),
        ]
        indexes = [
            models.Index("asset", "layer_source", models.F("as_of").desc(), name="aimodels_prediction_asset"),
            models.Index("user", models.F("created_at").desc(), name="aimodels_prediction_user"),
            models.Index(
                fields=["target_datetime"],
                condition=models.Q(evaluated_at__isnull=True),
                name="aimodels_prediction_due",
            ),
        ]
        triggers = record_triggers(
            fill_once=(
                "actual_price",
                "absolute_error",
                "squared_error",
                "accuracy_percentage",
                "is_accurate",
                "is_inside",
                "outcome_reason",
                "evaluated_at",
            )
        )

    def __str__(self) -> str:
        return f"{self.asset_id} {self.target_datetime:%Y-%m-%d %H:%M}"

    @property
    def is_realized(self) -> bool:
        """Whether the foretold moment has come and was scored."""
        return self.evaluated_at is not None

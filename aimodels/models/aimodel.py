"""A model's versions: one row a name and version, at most one active a name."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from assets.models import TimeframeField
from cryptopredict.common import schema


class ModelType(models.TextChoices):
    MACRO = "macro", _("Macro")
    SECTOR = "sector", _("Sector")
    ASSET = "asset", _("Asset")
    TIMING = "timing", _("Timing")


class ModelStatus(models.TextChoices):
    ACTIVE = "active", _("Active")
    TRAINING = "training", _("Training")
    INACTIVE = "inactive", _("Inactive")
    ERROR = "error", _("Error")
    DEPRECATED = "deprecated", _("Deprecated")


class AIModel(models.Model):
    """A fitted model: canonical JSON with its hash, what it was fitted on, and how it stands.

    `fitted_as_of` is the moment of the fit: nothing closed later was seen. The artefact and what
    describes it never change; status and counters do.
    """

    name = models.CharField(max_length=100)
    version = models.CharField(max_length=50)
    timeframe = TimeframeField()
    model_type = models.CharField(max_length=20, choices=ModelType)
    architecture = models.CharField(max_length=200)
    status = models.CharField(max_length=20, choices=ModelStatus, default=ModelStatus.INACTIVE)
    is_active = models.BooleanField(default=False)
    fitted_as_of = models.DateTimeField(help_text="nothing closed after this moment was seen")
    artefact = models.BinaryField(null=True, editable=False)
    artefact_sha256 = models.CharField(max_length=64, blank=True)
    framework = models.CharField(max_length=50, blank=True)
    framework_versions = models.JSONField(default=dict, blank=True)
    configuration = models.JSONField(default=dict, blank=True)
    performance_metrics = models.JSONField(default=dict, blank=True)
    training_features = models.JSONField(default=list, blank=True)
    training_data_range = models.JSONField(default=dict, blank=True)
    target_variable = models.CharField(max_length=100)
    input_schema = models.JSONField(default=dict, blank=True)
    output_schema = models.JSONField(default=dict, blank=True)
    health_status = models.JSONField(default=dict, blank=True)
    training_notes = models.TextField(blank=True)
    deployment_environment = models.CharField(max_length=20, blank=True)
    last_trained = models.DateTimeField(null=True, blank=True)
    last_prediction = models.DateTimeField(null=True, blank=True)
    deployed_at = models.DateTimeField(null=True, blank=True)
    deprecated_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    prediction_count = models.PositiveBigIntegerField(default=0)
    training_seconds = models.FloatField(null=True, blank=True)
    min_confidence_threshold = models.FloatField(default=0.5)
    max_predictions_per_hour = models.PositiveIntegerField(null=True, blank=True)
    requires_manual_approval = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("AI model")
        constraints = [
            schema.unique("name", "timeframe", "version"),
            models.UniqueConstraint(
                fields=["name", "timeframe"],
                condition=models.Q(is_active=True),
                name="aimodels_aimodel_one_active",
            ),
            schema.one_of("model_type", ModelType),
            schema.one_of("status", ModelStatus),
            schema.within("min_confidence_threshold", 0, 1),
            models.CheckConstraint(
                condition=models.Q(is_active=False) | models.Q(status=ModelStatus.ACTIVE),
                name="aimodels_aimodel_active_status",
            ),
        ]
        indexes = [
            models.Index(fields=["model_type", "status"], name="aimodels_aimodel_type_status"),
            models.Index(
                "name", "timeframe", models.F("fitted_as_of").desc(), name="aimodels_aimodel_serving"
            ),
        ]
        triggers = [
            *schema.append_only(
                free=(
                    "status",
                    "is_active",
                    "performance_metrics",
                    "health_status",
                    "training_notes",
                    "deployment_environment",
                    "last_prediction",
                    "deployed_at",
                    "deprecated_at",
                    "expires_at",
                    "prediction_count",
                    "min_confidence_threshold",
                    "max_predictions_per_hour",
                    "requires_manual_approval",
                    "updated_at",
                )
            ),
            schema.touch(),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.timeframe} {self.version}"

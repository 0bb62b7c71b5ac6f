"""The wire shape of the health of the system, its runs and its settings."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from cryptopredict.models import PipelineRun


class LayerStatusSerializer(serializers.Serializer[Any]):
    """Whether a layer speaks: online, stale or unknown, and why."""

    status = serializers.CharField()
    as_of = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class LayersStatusSerializer(serializers.Serializer[Any]):
    layer1 = LayerStatusSerializer()
    layer2 = LayerStatusSerializer()
    layer3 = LayerStatusSerializer()
    layer4 = LayerStatusSerializer()


class ModelsStatusSerializer(serializers.Serializer[Any]):
    active_models = serializers.IntegerField()
    training_models = serializers.IntegerField()
    error_models = serializers.IntegerField()


class DatabaseStatusSerializer(serializers.Serializer[Any]):
    status = serializers.CharField()
    response_ms = serializers.FloatField()
    size_bytes = serializers.IntegerField()
    connections = serializers.IntegerField()
    cache_hit_rate = serializers.FloatField(allow_null=True)


class PipelineStatusSerializer(serializers.Serializer[Any]):
    status = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)
    last_run = serializers.IntegerField(required=False)
    as_of = serializers.DateTimeField(required=False)
    started_at = serializers.DateTimeField(required=False)
    seconds = serializers.FloatField(required=False, allow_null=True)
    rows = serializers.IntegerField(required=False)
    rows_per_second = serializers.FloatField(required=False, allow_null=True)


class RedisStatusSerializer(serializers.Serializer[Any]):
    status = serializers.CharField()
    response_ms = serializers.FloatField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class HealthSerializer(serializers.Serializer[Any]):
    """The whole system; the score is 100 less what each part that is not well takes off."""

    overall_health_score = serializers.FloatField()
    api_status = LayersStatusSerializer()
    ml_models_status = ModelsStatusSerializer()
    database_performance = DatabaseStatusSerializer()
    pipeline_status = PipelineStatusSerializer()
    redis_status = RedisStatusSerializer()
    reasons = serializers.ListField(child=serializers.CharField())
    last_updated = serializers.DateTimeField()


class PipelineRunSerializer(serializers.ModelSerializer[PipelineRun]):
    """One passage of candles through the funnel; `stages` holds rows, queries and seconds of each."""

    timeframe = serializers.CharField()
    stages = serializers.ListField(child=serializers.DictField())

    class Meta:
        model = PipelineRun
        fields = [
            "id",
            "timeframe",
            "since",
            "as_of",
            "status",
            "stages",
            "rows",
            "seconds",
            "error",
            "started_at",
            "finished_at",
        ]


class LimitsSerializer(serializers.Serializer[Any]):
    tier1_max = serializers.IntegerField(required=False)
    tier2_max = serializers.IntegerField(required=False)


class ThresholdsSerializer(serializers.Serializer[Any]):
    suggestion_confidence_min = serializers.FloatField(required=False)
    signal_confidence_min = serializers.FloatField(
        required=False, allow_null=True, help_text=_("null: the break-even of each signal's geometry")
    )


class PredictionLimitsSerializer(serializers.Serializer[Any]):
    per_hour = serializers.IntegerField(
        required=False, allow_null=True, help_text=_("of each model, by all who ask; null: no limit")
    )


class ConfigSerializer(serializers.Serializer[Any]):
    """The settings in force; what a change leaves out stays as it is."""

    watchlist_limits = LimitsSerializer(required=False)
    ai_thresholds = ThresholdsSerializer(required=False)
    prediction_limits = PredictionLimitsSerializer(required=False)

    def to_internal_value(self, data: Any) -> Any:
        known = {name: type(part) for name, part in self.fields.items()}
        if isinstance(data, dict):
            errors = {name: [_("is not a setting")] for name in data if name not in known}
            for name, inner in known.items():
                part = data.get(name)
                if isinstance(part, dict):
                    errors |= {
                        f"{name}.{key}": [_("is not a setting")] for key in part if key not in inner().fields
                    }
            if errors:
                raise serializers.ValidationError(errors)
        return super().to_internal_value(data)

"""The wire shape of the registry, for the API and for events."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from aimodels.models import AIModel, Evaluation, Promotion, TrainingJob


class AIModelSerializer(serializers.ModelSerializer[AIModel]):
    """A model's serving version, or its newest where none serves."""

    type = serializers.CharField(source="model_type", read_only=True)

    class Meta:
        model = AIModel
        fields = [
            "id",
            "name",
            "type",
            "version",
            "timeframe",
            "architecture",
            "status",
            "is_active",
            "last_trained",
            "fitted_as_of",
            "expires_at",
            "performance_metrics",
            "health_status",
        ]
        read_only_fields = fields


class TrainingJobSerializer(serializers.ModelSerializer[TrainingJob]):
    """A training and how far it is."""

    class Meta:
        model = TrainingJob
        fields = [
            "id",
            "name",
            "timeframe",
            "status",
            "progress",
            "log",
            "error",
            "parameters",
            "fit_as_of",
            "model_id",
            "metrics",
            "created_at",
            "started_at",
            "finished_at",
        ]
        read_only_fields = fields


class EvaluationSerializer(serializers.ModelSerializer[Evaluation]):
    """One judgement: each figure with its interval, its rival's and its bounds."""

    model_version = serializers.CharField(source="model.version", read_only=True, default=None)

    class Meta:
        model = Evaluation
        fields = [
            "id",
            "name",
            "timeframe",
            "model_version",
            "window_start",
            "window_end",
            "metrics",
            "rival",
            "rival_metrics",
            "verdict",
            "details",
            "created_at",
        ]
        read_only_fields = fields


class PromotionSerializer(serializers.ModelSerializer[Promotion]):
    """One decision on which version serves."""

    challenger = serializers.CharField(source="challenger.version", read_only=True)
    champion = serializers.CharField(source="champion.version", read_only=True, default=None)
    serving = serializers.CharField(source="serving.version", read_only=True)

    class Meta:
        model = Promotion
        fields = [
            "id",
            "name",
            "timeframe",
            "verdict",
            "challenger",
            "champion",
            "serving",
            "effective_from",
            "window_start",
            "window_end",
            "reasons",
            "checks",
            "figures",
            "created_at",
        ]
        read_only_fields = fields


class RetrainSerializer(serializers.Serializer[Any]):
    """What a retraining is asked for.

    `training_data_days`: the last days that are walked forward, fold by fold; `validation_split`: the last
    share of them, on which calibration, coverage and rank skill are compared.
    """

    training_data_days = serializers.IntegerField(min_value=28, max_value=5000, default=1095)
    validation_split = serializers.FloatField(min_value=0.05, max_value=0.9, default=0.2)
    hyperparameters = serializers.DictField(default=dict)

"""The wire shape of the registry, for the API and for events."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from aimodels.models import AIModel, Evaluation, LayerSource, Prediction, Promotion, TrainingJob


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
            "is_binding",
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


class Price(serializers.DecimalField):
    """A price in USD: a number with every digit that counts."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            max_digits=None,
            decimal_places=None,
            coerce_to_string=False,
            normalize_output=True,
            read_only=True,
            **kwargs,
        )


class PredictionSerializer(serializers.ModelSerializer[Prediction]):
    """A price foretold with its interval, and what became of it.

    `confidence_score` is how often such intervals held, less where the coin is unlike what was learned from:
    `notes` says so. `prediction_horizon` is in hours. The actual price
    and what follows from it are null until the time has come; where no bar tells, `outcome_reason` says why.
    """

    crypto_id = serializers.IntegerField(source="asset_id", read_only=True)
    symbol = serializers.CharField(source="asset.symbol", read_only=True)
    input_price = Price()
    predicted_price = Price()
    lower_price = Price(allow_null=True)
    upper_price = Price(allow_null=True)
    actual_price = Price(allow_null=True)
    is_realized = serializers.BooleanField(read_only=True)

    class Meta:
        model = Prediction
        fields = [
            "id",
            "crypto_id",
            "symbol",
            "layer_source",
            "input_price",
            "predicted_price",
            "lower_price",
            "upper_price",
            "interval_level",
            "confidence_score",
            "notes",
            "prediction_horizon",
            "macro_context",
            "market_conditions",
            "volatility_level",
            "model_name",
            "model_version",
            "as_of",
            "target_datetime",
            "is_realized",
            "actual_price",
            "accuracy_percentage",
            "is_accurate",
            "is_inside",
            "outcome_reason",
        ]
        read_only_fields = fields


class PredictionRequestSerializer(serializers.Serializer[Any]):
    """Which coin's price is asked for, and how many hours from its last daily close."""

    crypto_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    layer_source = serializers.ChoiceField(choices=LayerSource.choices, default=LayerSource.LAYER3)
    prediction_horizon = serializers.IntegerField(min_value=1, max_value=2160)


class PredictionAnalyticsSerializer(serializers.Serializer[Any]):
    """How right predictions were; shares of 1, null where none has come to its end."""

    overall_accuracy = serializers.FloatField(allow_null=True)
    overall = serializers.DictField()
    accuracy_by_layer = serializers.DictField()
    accuracy_by_horizon = serializers.DictField()
    best_performing_models = serializers.ListField(child=serializers.DictField())
    without_outcome = serializers.DictField(child=serializers.IntegerField())
    days = serializers.IntegerField()
    as_of = serializers.DateTimeField()


class CardSerializer(serializers.Serializer[Any]):
    """A model card: what the model is, what it saw, how it stands, how well it did on unseen bars."""

    id = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    type = serializers.CharField()
    layer = serializers.CharField()
    estimator = serializers.CharField()
    target = serializers.CharField()
    features = serializers.ListField(child=serializers.CharField())
    horizon_days = serializers.IntegerField()
    train_days = serializers.IntegerField()
    refit_days = serializers.IntegerField()
    embargo_days = serializers.IntegerField()
    metric = serializers.CharField()
    rival = serializers.CharField()
    hyperparameters = serializers.DictField()
    state = serializers.CharField()
    held = serializers.BooleanField()
    withheld = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)
    version = serializers.CharField(allow_null=True)
    status = serializers.CharField(allow_null=True)
    fitted_as_of = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    last_trained = serializers.DateTimeField(allow_null=True)
    training_data_range = serializers.DictField()
    training_seconds = serializers.FloatField(allow_null=True)
    artefact = serializers.DictField()
    health = serializers.DictField()
    performance_metrics = serializers.DictField()
    evaluation = serializers.DictField(allow_null=True)


class FullCardSerializer(CardSerializer):
    """A card with the model's versions, decisions and trainings, the last of each."""

    risk_coverage = serializers.DictField()
    versions = serializers.ListField(child=serializers.DictField())
    decisions = serializers.ListField(child=serializers.DictField())
    trainings = serializers.ListField(child=serializers.DictField())

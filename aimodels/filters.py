"""Which models, judgements and trainings are asked for."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from aimodels.models import (
    AIModel,
    Evaluation,
    JobStatus,
    LayerSource,
    ModelStatus,
    ModelType,
    Prediction,
    Promotion,
    TrainingJob,
)
from aimodels.selectors import current_versions


class AIModelFilter(django_filters.FilterSet):
    """By default one row a model: the version that serves, or the newest. `versions=all` gives every one."""

    name = django_filters.CharFilter(label=_("Model"))
    type = django_filters.ChoiceFilter(field_name="model_type", choices=ModelType.choices, label=_("Layer"))
    status = django_filters.ChoiceFilter(choices=ModelStatus.choices, label=_("Status"))
    versions = django_filters.ChoiceFilter(
        choices=[("current", _("Current")), ("all", _("All"))], method="of_versions", label=_("Versions")
    )

    class Meta:
        model = AIModel
        fields: list[str] = []

    def of_versions(self, rows: QuerySet[AIModel], name: str, value: str) -> QuerySet[AIModel]:
        """Nothing to do: `filter_queryset` reads it."""
        return rows

    def filter_queryset(self, queryset: QuerySet[AIModel]) -> QuerySet[AIModel]:
        rows: Any = queryset
        if self.form.cleaned_data.get("versions") != "all":
            rows = rows.filter(pk__in=current_versions().values("pk"))
        return super().filter_queryset(rows)


class _Named(django_filters.FilterSet):
    name = django_filters.CharFilter(label=_("Model"))


class EvaluationFilter(_Named):
    class Meta:
        model = Evaluation
        fields: list[str] = []


class PromotionFilter(_Named):
    class Meta:
        model = Promotion
        fields: list[str] = []


class TrainingJobFilter(_Named):
    status = django_filters.ChoiceFilter(choices=JobStatus.choices, label=_("Status"))

    class Meta:
        model = TrainingJob
        fields: list[str] = []


class PredictionFilter(django_filters.FilterSet):
    """Whose, of what, and whether its time has come."""

    layer = django_filters.ChoiceFilter(
        field_name="layer_source", choices=LayerSource.choices, label=_("Layer"), empty_label=_("All")
    )
    crypto_id = django_filters.NumberFilter(
        field_name="asset_id",
        min_value=1,
        max_value=2**63 - 1,
        decimal_places=0,
        label=_("Coin by its number"),
    )
    symbol = django_filters.CharFilter(field_name="asset__symbol", lookup_expr="iexact", label=_("Coin"))
    horizon = django_filters.NumberFilter(
        field_name="prediction_horizon", min_value=1, max_value=2160, decimal_places=0, label=_("Hours ahead")
    )
    realized = django_filters.BooleanFilter(
        field_name="evaluated_at", lookup_expr="isnull", exclude=True, label=_("Its time has come")
    )
    asked = django_filters.BooleanFilter(
        field_name="user", lookup_expr="isnull", exclude=True, label=_("Asked for by me")
    )

    class Meta:
        model = Prediction
        fields: list[str] = []

"""What others read of predictions: what was said, what became of it, and how often it was right."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, TypeVar

from django.db.models import Avg, Count, Min, Q, QuerySet

from aimodels.engine import artefact, intervals
from aimodels.engine.intervals import SPECS
from aimodels.engine.spec import TUNED, ModelSpec
from aimodels.models import AIModel, LayerSource, ModelStatus, Prediction
from aimodels.selectors.versions import needed_rows
from assets.engine.timeframe import Timeframe

F = TypeVar("F")
NONE_REALISED = "no prediction of this kind has come to its end in these days"
BEST = 5


def prediction_rows(timeframe: Timeframe, since: datetime, as_of: datetime) -> int:
    """Bars that `services.foretell` needs for closes `since` to `as_of`."""
    return needed_rows(SPECS, timeframe, since, as_of, intervals.lookback(timeframe))


def hourly_limit() -> int | None:
    """How many predictions an hour the strictest serving model tells; None where none is limited."""
    rows = AIModel.objects.filter(is_active=True)
    found: int | None = rows.aggregate(least=Min("max_predictions_per_hour"))["least"]
    return found


def told() -> QuerySet[Prediction]:
    """What the system itself foretold, nobody asking: one row a coin, close and horizon."""
    return Prediction.objects.filter(user=None)


def visible_to(user_id: int) -> QuerySet[Prediction]:
    """The system's predictions and those the user asked for."""
    return Prediction.objects.filter(Q(user=None) | Q(user_id=user_id)).select_related("asset")


def newest_fits(
    specs: Iterable[ModelSpec], timeframe: Timeframe, as_of: datetime, kind: type[F]
) -> dict[str, tuple[int, str, datetime, F]]:
    """The fit of each of `specs` that serves, else the newest sound one, made by `as_of`: id, version,
    moment, fit. One query. Fits of another declaration are passed over: they are not of `kind`.
    """
    specs = list(specs)
    rows = (
        AIModel.objects.filter(
            name__in=[spec.name for spec in specs], timeframe=timeframe, fitted_as_of__lte=as_of
        )
        .filter(reduce(or_, map(_declared_by, specs)))
        .exclude(status=ModelStatus.ERROR)
        .order_by("name", "-is_active", "-fitted_as_of", "-id")
        .distinct("name")
    )
    return {
        row.name: (
            row.pk,
            row.version,
            row.fitted_as_of,
            artefact.decode(kind, bytes(row.artefact), row.artefact_sha256),
        )
        for row in rows
    }


def _declared_by(spec: ModelSpec) -> Q:
    """Versions of this declaration, whatever their hyperparameters."""
    return Q(name=spec.name, version__regex=rf"^{spec.version}[.{TUNED}]")


def adapted_level(model_name: str, timeframe: Timeframe, as_of: datetime, group: int) -> float | None:
    """The level that the interval of this volatility group was told with at `as_of`; None where none was."""
    found = _of_group(model_name, timeframe, as_of, group).values_list("model_parameters", flat=True).first()
    return None if found is None else float(found["level"])


def measured_coverage(model_name: str, timeframe: Timeframe, as_of: datetime, group: int) -> float | None:
    """How often intervals of this volatility group had covered by `as_of`; None where none has been told."""
    found = _of_group(model_name, timeframe, as_of, group).values_list("model_parameters", flat=True).first()
    covered = None if found is None else found.get("covered")
    return None if covered is None else float(covered)


def _of_group(model_name: str, timeframe: Timeframe, as_of: datetime, group: int) -> QuerySet[Prediction]:
    rows = told().filter(timeframe=timeframe, as_of=as_of, model_name=model_name)
    return rows.filter(model_parameters__group=group)


def analytics(*, days: int, layer: str, now: datetime) -> dict[str, Any]:
    """How right predictions were whose time came in the last `days`; null where none did, with the reason.

    Accurate: the price ended within the stated threshold of the one foretold. Beside it how often it ended
    inside the interval, what the interval claims, and how many cases stand behind. Three queries.
    """
    rows = told().filter(target_datetime__gt=now - timedelta(days=days), target_datetime__lte=now)
    if layer != "all":
        rows = rows.filter(layer_source=layer)
    ended = rows.filter(actual_price__isnull=False)
    by = list(ended.values("layer_source", "prediction_horizon", "model_name").annotate(**_SUMS))
    layers = [choice.value for choice in LayerSource if layer in ("all", choice.value)]
    horizons = sorted({row["prediction_horizon"] for row in by})
    unknown = rows.filter(outcome_reason__isnull=False).values("outcome_reason").annotate(count=Count("pk"))
    models = sorted({row["model_name"] for row in by})
    best = [{"model_name": name, **_figures([r for r in by if r["model_name"] == name])} for name in models]
    best.sort(key=lambda row: (abs(row["coverage"] - row["claimed"]), row["model_name"]))
    whole = _figures(by)
    return {
        "overall_accuracy": whole["accuracy"],
        "overall": whole,
        "accuracy_by_layer": {
            name: _figures([row for row in by if row["layer_source"] == name]) for name in layers
        },
        "accuracy_by_horizon": {
            str(hours): _figures([row for row in by if row["prediction_horizon"] == hours])
            for hours in horizons
        },
        "best_performing_models": best[:BEST],
        "without_outcome": {row["outcome_reason"]: row["count"] for row in unknown},
        "days": days,
        "as_of": now,
    }


_SUMS = {
    "count": Count("pk"),
    "accurate": Count("pk", filter=Q(is_accurate=True)),
    "inside": Count("pk", filter=Q(is_inside=True)),
    "intervals": Count("pk", filter=Q(is_inside__isnull=False)),
    "closeness": Avg("accuracy_percentage"),
    "claim": Avg("interval_level"),
}


def _figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Shares over the cases of `rows`; null with the reason where there are none."""
    count = sum(row["count"] for row in rows)
    held = sum(row["intervals"] for row in rows)
    empty = {"accuracy": None, "mean_accuracy_percentage": None, "coverage": None, "claimed": None}
    if not count:
        return {**empty, "count": 0, "reason": NONE_REALISED}

    def mean(name: str) -> float:
        return float(sum(row[name] * row["count"] for row in rows if row[name] is not None) / count)

    return {
        "accuracy": sum(row["accurate"] for row in rows) / count,
        "mean_accuracy_percentage": mean("closeness"),
        "coverage": sum(row["inside"] for row in rows) / held if held else None,
        "claimed": mean("claim"),
        "count": count,
        "reason": "",
    }

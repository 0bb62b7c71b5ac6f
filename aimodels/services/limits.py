"""How many predictions people may ask of a model in an hour: what its administrator set."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from aimodels.models import AIModel, Prediction
from assets.engine.timeframe import Timeframe
from cryptopredict.common.realtime import changed

HOUR = timedelta(hours=1)


class LimitError(RuntimeError):
    """The hour's predictions of model `name` are used up: `limit` of them; one is free in `seconds`."""

    def __init__(self, name: str, limit: int, seconds: float) -> None:
        super().__init__(f"{name} has told the {limit} predictions it may tell in an hour")
        self.name, self.limit, self.seconds = name, limit, seconds


def admit(*, model_id: int, now: datetime) -> None:
    """Let one more prediction be asked of the model, within the caller's transaction.

    All its versions count together, whoever asked. The version's row is locked until the transaction ends,
    so that requests at the same time do not slip past together. Raises LimitError.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("a place is only kept for the transaction that takes it")
    model = AIModel.objects.defer("artefact").select_for_update().get(pk=model_id)
    limit = model.max_predictions_per_hour
    if limit is None:
        return
    asked = Prediction.objects.filter(
        user__isnull=False, model_name=model.name, timeframe=model.timeframe, created_at__gt=now - HOUR
    )
    moments = list(asked.order_by("-created_at").values_list("created_at", flat=True)[: max(limit, 1)])
    if len(moments) >= limit:
        free = moments[limit - 1] + HOUR if limit and moments else now + HOUR
        raise LimitError(model.name, limit, max(1.0, (free - now).total_seconds()))


@transaction.atomic
def limit_predictions(
    *, per_hour: int | None, name: str | None = None, timeframe: Timeframe = Timeframe.DAY
) -> int:
    """Let people ask `per_hour` predictions of a model in an hour (None: as many as they like).

    Of the model `name`, or of each there is; for every version, and later refits inherit it. Returns how many
    versions changed; ValueError for a negative number.
    """
    if per_hour is not None and per_hour < 0:
        raise ValueError(f"{per_hour} predictions an hour cannot be told; give 0 or more")
    changed()
    versions = AIModel.objects.all()
    if name is not None:
        versions = versions.filter(name=name, timeframe=timeframe)
    if per_hour is None:
        versions = versions.exclude(max_predictions_per_hour=None)
    else:
        versions = versions.exclude(max_predictions_per_hour=per_hour, max_predictions_per_hour__isnull=False)
    return versions.update(max_predictions_per_hour=per_hour)

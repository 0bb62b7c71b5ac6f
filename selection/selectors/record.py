"""The track record of layer 3: did coins with a higher score earn more, beside last month's winners."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Avg, Count
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext as _

from aimodels import selectors as aimodels
from aimodels.engine.reliability import LEAST_CASES
from assets.engine.timeframe import Timeframe
from assets.models import Origin
from cryptopredict.common.charts import ChartData, Column
from selection import engine
from selection.engine.judge import Estimate, estimate
from selection.models import ScoreOutcome

HORIZONS = tuple(spec.horizon_days for spec in engine.SPECS)


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """Closes of one horizon that have ended: `own` and the rival's mean rank correlation (None where there
    are too few to tell), and the mean number of coins."""

    days: int
    closes: int
    own: Estimate | None
    rival: Estimate | None
    coins: float


def score_record(
    *, origin: Origin, since: datetime, until: datetime, timeframe: Timeframe = Timeframe.DAY
) -> list[ScoreRecord]:
    """One entry a horizon with any close that was judged. One query."""
    rows = _rows(origin, since, until, timeframe).order_by("horizon_days", "as_of")
    by: dict[int, list[tuple[Any, ...]]] = {}
    for days, *rest in rows.values_list("horizon_days", "ic", "rival_ic", "coins"):
        by.setdefault(days, []).append(tuple(rest))
    return [_told(days, found, timeframe) for days, found in by.items()]


def _told(days: int, found: list[tuple[Any, ...]], timeframe: Timeframe) -> ScoreRecord:
    own, rival, coins = (np.array([row[place] for row in found], dtype=float) for place in range(3))
    block = timeframe.bars(timedelta(days=days)) + 1
    both = np.isfinite(rival).sum() >= LEAST_CASES
    return ScoreRecord(
        days,
        len(found),
        estimate(own, block) if len(found) >= LEAST_CASES else None,
        estimate(rival, block) if both else None,
        float(coins.mean()),
    )


def score_months(
    days: int, *, origin: Origin, since: datetime, until: datetime, timeframe: Timeframe = Timeframe.DAY
) -> ChartData:
    """Mean rank correlation by month of the close, beside the rival's. One query."""
    columns = (
        Column("time", _("Month"), kind="time"),
        Column("own", _("The score")),
        Column("rival", _("Rival")),
        Column("count", _("Closes")),
    )
    rows = _rows(origin, since, until, timeframe).filter(horizon_days=days)
    monthly = rows.annotate(month=TruncMonth("as_of")).values("month").order_by("month")
    told = monthly.annotate(own=Avg("ic"), rival=Avg("rival_ic"), count=Count("pk"))
    values = list(told.values_list("month", "own", "rival", "count"))
    total = sum(row[-1] for row in values)
    return ChartData(columns, values if total >= LEAST_CASES else [], aimodels.few(total))


def _rows(origin: Origin, since: datetime, until: datetime, timeframe: Timeframe) -> Any:
    return ScoreOutcome.objects.filter(timeframe=timeframe, origin=origin, as_of__range=(since, until))

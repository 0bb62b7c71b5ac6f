"""Were forecasts of the regime right: each against what was read when its time had come."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from aimodels import selectors as aimodels
from aimodels.engine import reliability
from assets.engine.panel import Bools, Floats
from assets.engine.timeframe import Timeframe
from assets.models import Origin
from cryptopredict.common.charts import ChartData
from macro.models import RegimeForecast

HORIZONS = (24, 168, 720)
FLOOR = 1e-6


def forecast_record(
    *, origin: Origin, since: datetime | None, timeframe: Timeframe = Timeframe.DAY
) -> list[dict[str, Any]]:
    """Of each horizon (hours): the likeliest regime against what came, and the log loss beside persistence's.

    Two arrays a row of JSON; one query for all horizons.
    """
    rows = _rows(origin, since, timeframe).filter(horizon_hours__in=HORIZONS)
    found: dict[int, list[tuple[Any, ...]]] = {}
    for hours, *rest in rows.values_list(
        "horizon_hours", "as_of", "probabilities", "persistence", "realised_regime"
    ):
        found.setdefault(hours, []).append(tuple(rest))
    return [{"hours": hours, **_judged(found[hours])} for hours in sorted(found)]


def forecast_diagram(hours: int, *, origin: Origin, since: datetime | None) -> ChartData:
    """Reliability of the likeliest regime `hours` ahead."""
    _moments, said, hit = _cases(hours, origin, since)
    return aimodels.reliability_data(reliability.diagram(said, hit))


def forecast_by_month(hours: int, *, origin: Origin, since: datetime | None) -> ChartData:
    """How often the likeliest regime `hours` ahead came true, by month."""
    moments, said, hit = _cases(hours, origin, since)
    return aimodels.monthly_data(reliability.by_month(moments, said, hit))


def _rows(origin: Origin, since: datetime | None, timeframe: Timeframe = Timeframe.DAY) -> Any:
    rows = RegimeForecast.objects.filter(
        timeframe=timeframe, origin=origin, realised_regime__isnull=False
    ).exclude(probabilities={})
    return (rows if since is None else rows.filter(as_of__gte=since)).order_by("as_of", "pk")


def _cases(hours: int, origin: Origin, since: datetime | None) -> tuple[list[datetime], Floats, Bools]:
    rows = _rows(origin, since).filter(horizon_hours=hours)
    found = list(rows.values_list("as_of", "probabilities", "realised_regime"))
    best = [max(odds, key=odds.__getitem__) for _moment, odds, _came in found]
    said = np.array(
        [odds[word] for word, (_moment, odds, _came) in zip(best, found, strict=True)], dtype=float
    )
    hit = np.array([word == came for word, (_m, _o, came) in zip(best, found, strict=True)], dtype=np.bool_)
    return [moment for moment, _odds, _came in found], said, hit


def _judged(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """Share of `rows` (moment, odds, persistence's odds, what came) that came true, and both log losses."""
    best = [max(odds, key=odds.__getitem__) for _moment, odds, _rival, _came in rows]
    said = np.array([odds[word] for word, (_m, odds, _r, _c) in zip(best, rows, strict=True)], dtype=float)
    hit = np.array([word == row[3] for word, row in zip(best, rows, strict=True)], dtype=np.bool_)
    both = [(odds, rival, came) for _m, odds, rival, came in rows if rival]
    own = _log_loss([(odds, came) for odds, _rival, came in both])
    other = _log_loss([(rival, came) for _odds, rival, came in both])
    return {
        "cell": reliability.cell(said, hit),
        "log_loss": own,
        "rival_log_loss": other,
        "skill": 1.0 - own / other if own is not None and other else None,
    }


def _log_loss(rows: list[tuple[dict[str, float], str]]) -> float | None:
    if not rows:
        return None
    return float(-np.mean(np.log([max(odds.get(came, 0.0), FLOOR) for odds, came in rows])))

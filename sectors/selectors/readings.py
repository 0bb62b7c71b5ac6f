"""What was said about the sectors, as it was known at a moment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from assets.engine.timeframe import Timeframe
from assets.models import Analysis
from sectors.models import SectorAnalysis, SectorPerformance, SectorRotation


def latest_ranking(
    as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> QuerySet[SectorPerformance]:
    """The sectors at the last close ranked (by `as_of`), strongest momentum first, their sectors loaded."""
    found = _last(SectorPerformance, as_of, timeframe).select_related("sector")
    return found.order_by(F("momentum_score").desc(nulls_last=True), "sector_id")


def latest_rotation(
    as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> SectorRotation | None:
    """The last reading of the rotation (by `as_of`); None where there is none yet."""
    return _last(SectorRotation, as_of, timeframe).first()


def latest_analyses(
    as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> QuerySet[SectorAnalysis]:
    """What to do with each sector at the last close read (by `as_of`), heaviest first, sectors loaded."""
    found = _last(SectorAnalysis, as_of, timeframe).select_related("sector")
    return found.order_by(F("weight").desc(nulls_last=True), "sector_id")


def _last(model: type[Analysis], as_of: datetime | None, timeframe: Timeframe) -> QuerySet[Any]:
    rows = model._default_manager.filter(timeframe=timeframe)
    known = rows if as_of is None else rows.filter(as_of__lte=as_of)
    return rows.filter(as_of=known.order_by("-as_of").values("as_of")[:1])

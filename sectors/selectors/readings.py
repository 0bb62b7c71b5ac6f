"""What was said about the sectors, as it was known at a moment."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet, Subquery

from assets.engine.timeframe import Timeframe
from assets.models import Analysis
from sectors.models import Sector, SectorAnalysis, SectorPerformance, SectorRotation


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


def performance_of(
    sector: Sector, as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> SectorPerformance | None:
    """The sector at the last close ranked (by `as_of`); None where it never was."""
    return _newest(SectorPerformance, sector, as_of, timeframe)


def analysis_of(
    sector: Sector, as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> SectorAnalysis | None:
    """What to do with the sector, as last read (by `as_of`); None where it never was."""
    return _newest(SectorAnalysis, sector, as_of, timeframe)


def performances_of_days(
    sector: Sector, days: int, as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> QuerySet[SectorPerformance]:
    """The sector at the closes of the `days` up to its last one (known at `as_of`), in no order."""
    rows = SectorPerformance.objects.filter(sector=sector, timeframe=timeframe)
    return _of_days(rows, days, as_of)


def trails(
    days: int, as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> list[dict[str, Any]]:
    """Each sector's relative strength and momentum at the closes of the last `days`, oldest first; one query.

    Sectors by id; `status` is the one at the last close.
    """
    rows = _of_days(SectorPerformance.objects.filter(timeframe=timeframe), days, as_of)
    out: dict[int, dict[str, Any]] = {}
    for row in rows.select_related("sector").order_by("sector_id", "as_of"):
        sector = row.sector
        told = out.setdefault(
            sector.pk,
            {
                "id": sector.pk,
                "name": sector.name,
                "slug": sector.slug,
                "color": sector.color_code,
                "trail": [],
            },
        )
        told["status"] = row.status
        told["trail"].append(
            {
                "analysis_time": row.as_of,
                "relative_strength": row.relative_strength,
                "relative_momentum": row.relative_momentum,
            }
        )
    return list(out.values())


def _of_days(rows: QuerySet[Any], days: int, as_of: datetime | None) -> QuerySet[Any]:
    known = rows if as_of is None else rows.filter(as_of__lte=as_of)
    last = Subquery(known.order_by("-as_of").values("as_of")[:1])
    return rows.filter(as_of__gt=last - timedelta(days=days), as_of__lte=last)


def _newest(model: type[Analysis], sector: Sector, as_of: datetime | None, timeframe: Timeframe) -> Any:
    rows = model._default_manager.filter(sector=sector, timeframe=timeframe)
    known = rows if as_of is None else rows.filter(as_of__lte=as_of)
    return known.order_by("-as_of").first()


def _last(model: type[Analysis], as_of: datetime | None, timeframe: Timeframe) -> QuerySet[Any]:
    rows = model._default_manager.filter(timeframe=timeframe)
    known = rows if as_of is None else rows.filter(as_of__lte=as_of)
    return rows.filter(as_of=known.order_by("-as_of").values("as_of")[:1])

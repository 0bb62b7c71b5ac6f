"""The layer's history as charts draw it, oldest first; a fixed number of queries each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from assets.engine.timeframe import Timeframe
from cryptopredict.common.charts import ChartData, Column
from sectors.models import Sector, SectorPerformance, SectorStatus
from sectors.words import sector_name

TAIL_DAYS = 28
TAIL_STEP = 7  # days between the points of a tail


def rotation_chart() -> ChartData:
    """Strength and momentum of every sector, about 100: its last close and each week's before it."""
    rows = SectorPerformance.objects.filter(timeframe=Timeframe.DAY, sector__is_active=True)
    rows = rows.exclude(sector__characteristics__contains={"stable": True})  # cash is not in the race
    last = rows.order_by("-as_of").values_list("as_of", flat=True).first()
    columns = (
        Column("sector", _("Sector"), kind="word"),
        Column("colour", _("Colour"), kind="word"),
        Column("time", _("Close"), kind="time"),
        Column("strength", _("Strength against the market (100 is as strong)")),
        Column("momentum", _("Change of that strength (above 100 it grows)")),
    )
    note = _("The sectors have not been compared yet.")
    if last is None:
        return ChartData(columns, [], note)
    days = [last - timedelta(days=back) for back in range(0, TAIL_DAYS + 1, TAIL_STEP)]
    found = rows.filter(as_of__in=days, relative_strength__isnull=False, relative_momentum__isnull=False)
    values = found.order_by("sector_id", "as_of").values_list(
        "sector__name", "sector__color_code", "as_of", "relative_strength", "relative_momentum"
    )
    quadrants = {str(status): str(status.label) for status in SectorStatus}
    told = [(sector_name(name), *rest) for name, *rest in values]
    return ChartData(columns, told, note, {"quadrants": quadrants})


def growth_chart(since: datetime | None, slugs: Sequence[str] = ()) -> ChartData:
    """What 100 became in each sector (of `slugs`, or all) from the range's first close on.

    The product of the days' returns; a day whose return is not known leaves a gap and changes nothing.
    """
    sectors = Sector.objects.filter(is_active=True)
    chosen = list((sectors.filter(slug__in=slugs) if slugs else sectors).order_by("pk"))
    rows = SectorPerformance.objects.filter(timeframe=Timeframe.DAY, sector__in=chosen)
    if since is not None:
        rows = rows.filter(as_of__gte=since)
    place = {sector.pk: number for number, sector in enumerate(chosen)}
    level = [100.0] * len(chosen)
    table: dict[datetime, list[Any]] = {}
    for moment, sector, change in rows.order_by("as_of", "sector_id").values_list(
        "as_of", "sector_id", "performance_24h"
    ):
        line = table.setdefault(moment, [moment, *([None] * len(chosen))])
        if change is not None:
            if len(table) > 1:  # the range's first close is 100 for all
                level[place[sector]] *= 1.0 + change
            line[1 + place[sector]] = round(level[place[sector]], 4)
    columns = [Column("time", _("Close"), kind="time")] + [
        Column(sector.slug, sector_name(sector.name), _("growth of 100"), colour=sector.color_code)
        for sector in chosen
    ]
    return ChartData(columns, list(table.values()), _("No returns of sectors are known in this range."))


def momentum_chart(sector: Sector, since: datetime | None) -> ChartData:
    """One sector's momentum, −1 to 1, by close."""
    rows = SectorPerformance.objects.filter(
        sector=sector, timeframe=Timeframe.DAY, momentum_score__isnull=False
    )
    if since is not None:
        rows = rows.filter(as_of__gte=since)
    columns = (
        Column("time", _("Close"), kind="time"),
        Column("momentum", _("Momentum"), _("−1 to 1"), colour=sector.color_code),
    )
    values = list(rows.order_by("as_of").values_list("as_of", "momentum_score"))
    return ChartData(columns, values, _("This sector has not been compared in this range."))

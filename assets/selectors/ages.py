"""How old data are, and whether they are real."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from assets.engine.timeframe import Timeframe
from assets.models import (
    DataImport,
    ImportKind,
    ImportStatus,
)
from assets.selectors.panels import last_close

STALE_BARS = 2


def is_simulated() -> bool:
    """Whether the market in the database is a simulated one, which every page has to say."""
    return DataImport.objects.filter(kind=ImportKind.SIMULATION).exists()


@dataclass(frozen=True, slots=True)
class Freshness:
    """A source's last finished import: when, up to which bar (close), and whether that is behind."""

    kind: ImportKind
    source: str
    timeframe: Timeframe | None
    finished_at: datetime
    last_close: datetime | None
    is_stale: bool


def freshness(now: datetime) -> list[Freshness]:
    """One entry a kind of source and bar length, from its newest completed import; one query.

    Stale: the last bar closed more than two bars before `now`.
    """
    done = DataImport.objects.filter(status=ImportStatus.COMPLETED, finished_at__isnull=False)
    newest = done.order_by("kind", "timeframe", "-last_time", "-finished_at").distinct("kind", "timeframe")
    return [
        Freshness(
            kind=ImportKind(record.kind),
            source=record.source,
            timeframe=record.timeframe,
            finished_at=record.finished_at,
            last_close=closed,
            is_stale=closed is None or _bars_behind(record.timeframe, closed, now),
        )
        for record in newest.filter(last_time__isnull=False)
        for closed in [record.timeframe.close_of(record.last_time) if record.timeframe else None]
    ]


def _bars_behind(timeframe: Timeframe, closed: datetime, now: datetime) -> bool:
    return timeframe.close_of(timeframe.close_of(closed)) < now


def stale_reason(timeframe: Timeframe, as_of: datetime, now: datetime | None) -> str:
    """Why a reading of `as_of` is out of date at `now`; empty where it is not.

    It is when its close lies more than two bars before `now`, or before the newest candle known at `now`.
    """
    bar = timedelta(days=31) if timeframe is Timeframe.MONTH else timeframe.delta
    oldest = as_of + STALE_BARS * bar
    newest = last_close(timeframe, now)
    if newest is not None and oldest < newest:
        return _("Newer candles are stored than were analysed; run the pipeline.")
    if now is not None and oldest < now:
        return _("No candles have arrived for more than two bars.")
    return ""

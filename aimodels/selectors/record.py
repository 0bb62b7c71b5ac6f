"""The track record in one shape for all layers, the coverage of intervals, and where the ledger stands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Avg, Count, Q
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aimodels.engine.reliability import LEAST_CASES, Cell, wilson
from aimodels.models import LedgerEntry
from aimodels.selectors.predictions import told
from assets.engine.timeframe import Timeframe
from assets.models import Origin
from cryptopredict.common.charts import ChartData, Column

HORIZONS = (24, 168)


def reliability_data(cells: Sequence[Cell]) -> ChartData:
    """A reliability diagram; empty with the reason under `LEAST_CASES` cases."""
    columns = (
        Column("said", gettext_lazy("Probability said"), kind="share"),
        Column("true", gettext_lazy("Came true"), kind="share"),
        Column("low", gettext_lazy("95 %, low"), kind="share"),
        Column("high", gettext_lazy("95 %, high"), kind="share"),
        Column("count", gettext_lazy("Cases")),
    )
    total = sum(one.count for one in cells)
    if total < LEAST_CASES:
        return ChartData(columns, [], few(total))
    return ChartData(columns, [[one.said, one.true, one.low, one.high, one.count] for one in cells])


def monthly_data(rows: Iterable[tuple[datetime, Cell]]) -> ChartData:
    """What was said and what came true by month, with its interval."""
    columns = (
        Column("time", gettext_lazy("Month"), kind="time"),
        Column("true", gettext_lazy("Came true"), kind="share"),
        Column("said", gettext_lazy("Said"), kind="share"),
        Column("low", gettext_lazy("95 %, low"), kind="share"),
        Column("high", gettext_lazy("95 %, high"), kind="share"),
        Column("count", gettext_lazy("Cases")),
    )
    found = list(rows)
    total = sum(one.count for _moment, one in found)
    if total < LEAST_CASES:
        return ChartData(columns, [], few(total))
    return ChartData(
        columns, [[month, one.true, one.said, one.low, one.high, one.count] for month, one in found]
    )


def few(count: int) -> str:
    """Why nothing is drawn."""
    if not count:
        return _("Nothing of this kind has come to its end in this time.")
    return _("%(count)d cases: too few to judge.") % {"count": count}


def coverage(
    *, origin: Origin, since: datetime | None, until: datetime, timeframe: Timeframe = Timeframe.DAY
) -> list[dict[str, Any]]:
    """Of each horizon (hours): intervals that ended, how many held the price, what they claim. One query."""
    rows = (
        _ended(origin, since, until, timeframe)
        .values("prediction_horizon")
        .annotate(
            count=Count("pk"),
            hits=Count("pk", filter=Q(is_inside=True)),
            claimed=Avg("interval_level"),
            accurate=Count("pk", filter=Q(is_accurate=True)),
        )
        .order_by("prediction_horizon")
    )
    return [
        {
            "hours": row["prediction_horizon"],
            "claimed": row["claimed"],
            "accurate": row["accurate"] / row["count"],
            "cell": _cell(row["hits"], row["count"], row["claimed"]),
        }
        for row in rows
    ]


def coverage_by_month(
    hours: int,
    *,
    origin: Origin,
    since: datetime | None,
    until: datetime,
    timeframe: Timeframe = Timeframe.DAY,
) -> ChartData:
    """Share of intervals of a horizon that held the price, by the month they ended, beside their claim."""
    rows = (
        _ended(origin, since, until, timeframe)
        .filter(prediction_horizon=hours)
        .annotate(month=TruncMonth("target_datetime"))
        .values("month")
        .annotate(
            count=Count("pk"), hits=Count("pk", filter=Q(is_inside=True)), claimed=Avg("interval_level")
        )
        .order_by("month")
    )
    return monthly_data((row["month"], _cell(row["hits"], row["count"], row["claimed"])) for row in rows)


def _ended(origin: Origin, since: datetime | None, until: datetime, timeframe: Timeframe) -> Any:
    rows = told().filter(
        timeframe=timeframe, origin=origin, is_inside__isnull=False, target_datetime__lte=until
    )
    return rows if since is None else rows.filter(target_datetime__gte=since)


def _cell(hits: int, count: int, said: float) -> Cell:
    low, high = wilson(hits, count)
    return Cell(count, said, hits / count, low, high)


def ledger_state() -> dict[str, Any] | None:
    """The newest entry of the hash chain, and when the first was written; None while it is empty."""
    head = LedgerEntry.objects.head()
    if head is None:
        return None
    first = LedgerEntry.objects.order_by("seq").first()
    return {
        "entries": head.seq,
        "hash": bytes(head.hash).hex(),
        "written_at": head.written_at,
        "since": first.written_at if first else head.written_at,
    }


def has_ended(origin: Origin) -> bool:
    """Whether any of the system's predictions of this origin has come to its end."""
    return told().filter(origin=origin, is_inside__isnull=False).exists()

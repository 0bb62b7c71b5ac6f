"""The track record of every candidate: did probabilities mean what they said, and did that change."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Avg, Case, Count, F, FloatField, Q, QuerySet, Value, When
from django.db.models.functions import Power, TruncMonth

from assets.engine.timeframe import Timeframe
from assets.models import Origin
from trading.engine.performance import wilson
from trading.models import Outcome, SignalCandidate

BINS = 10


def reliability(
    direction: str,
    *,
    since: datetime,
    until: datetime,
    timeframe: Timeframe = Timeframe.DAY,
    origin: Origin | None = None,
    bins: int = BINS,
) -> list[dict[str, Any]]:
    """Reliability diagram of the candidates of a direction (`long`, `short`) of closes since to until.

    Equally full bins: `count`, `said` (mean probability), `true` (share that reached the target) with
    Wilson's 95 % `low` and `high`. One query; the database bins.
    """
    where, values = "", []
    if origin is not None:
        where, values = " AND origin = %s", [origin.value]
    table = SignalCandidate._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), avg(probability), count(*) FILTER (WHERE outcome = 'target') FROM ("
            "SELECT probability, outcome, ntile(%s) OVER (ORDER BY probability, id) AS bin "
            f"FROM {table} WHERE timeframe = %s AND signal_type = %s AND as_of BETWEEN %s AND %s "
            f"AND outcome IS NOT NULL AND probability IS NOT NULL{where}) binned GROUP BY bin ORDER BY bin",
            [bins, timeframe.code, direction, since, until, *values],
        )
        found = cursor.fetchall()
    out = []
    for count, said, hits in found:
        share = wilson(hits, count)
        out.append({"count": count, "said": said, "true": share.value, "low": share.low, "high": share.high})
    return out


def accuracy_over_time(
    *,
    since: datetime,
    until: datetime,
    timeframe: Timeframe = Timeframe.DAY,
    origin: Origin | None = None,
) -> list[dict[str, Any]]:
    """By month and direction: cases, what was said, what came true with interval, Brier score and that of
    the base rate. One query."""
    hit = Case(When(outcome=Outcome.TARGET, then=Value(1.0)), default=Value(0.0), output_field=FloatField())
    rows = (
        _decided(since, until, timeframe, origin)
        .annotate(month=TruncMonth("as_of"))
        .values("month", "signal_type")
        .annotate(
            count=Count("pk"),
            hits=Count("pk", filter=Q(outcome=Outcome.TARGET)),
            said=Avg("probability"),
            brier=Avg(Power(F("probability") - hit, 2)),
            base_brier=Avg(Power(F("base_rate") - hit, 2)),
        )
        .order_by("month", "signal_type")
    )
    out = []
    for row in rows:
        share = wilson(row.pop("hits"), row["count"])
        out.append({**row, "true": share.value, "low": share.low, "high": share.high})
    return out


def _decided(
    since: datetime, until: datetime, timeframe: Timeframe, origin: Origin | None
) -> QuerySet[SignalCandidate]:
    rows = SignalCandidate.objects.filter(
        timeframe=timeframe,
        as_of__range=(since, until),
        outcome__isnull=False,
        probability__isnull=False,
    )
    return rows if origin is None else rows.filter(origin=origin)

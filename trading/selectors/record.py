"""The track record of layer 4 as the pages show it: candidates, signals, and the risk-coverage curve."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Avg, Case, Count, F, FloatField, Q, Value, When
from django.db.models.functions import Power
from django.utils.translation import gettext as _

from aimodels import selectors as aimodels
from aimodels.engine.reliability import Cell, wilson
from assets.engine.timeframe import Timeframe
from assets.models import Origin
from cryptopredict.common.charts import ChartData, Column
from trading.engine import DIRECTIONS
from trading.models import Outcome, SignalCandidate, TradingSignal
from trading.selectors import proof, track


def candidate_record(*, origin: Origin, since: datetime, until: datetime) -> list[dict[str, Any]]:
    """Of each direction: every candidate that has ended, what was said and came true, and the Brier score
    beside the base rate's. One query."""
    hit = Case(When(outcome=Outcome.TARGET, then=Value(1.0)), default=Value(0.0), output_field=FloatField())
    rows = (
        SignalCandidate.objects.filter(
            timeframe=Timeframe.DAY,
            origin=origin,
            as_of__range=(since, until),
            outcome__isnull=False,
            probability__isnull=False,
        )
        .values("signal_type")
        .annotate(
            count=Count("pk"),
            hits=Count("pk", filter=Q(outcome=Outcome.TARGET)),
            said=Avg("probability"),
            brier=Avg(Power(F("probability") - hit, 2)),
            rival_brier=Avg(Power(F("base_rate") - hit, 2)),
        )
    )
    by = {row["signal_type"]: row for row in rows}
    return [
        {"direction": side.value, **_candidates(by[side.value])} for side in DIRECTIONS if side.value in by
    ]


def _candidates(row: dict[str, Any]) -> dict[str, Any]:
    low, high = wilson(row["hits"], row["count"])
    other = row["rival_brier"]
    return {
        "cell": Cell(row["count"], row["said"], row["hits"] / row["count"], low, high),
        "brier": row["brier"],
        "rival_brier": other,
        "skill": 1.0 - row["brier"] / other if other else None,
    }


def signal_record(*, origin: Origin, since: datetime, until: datetime) -> dict[str, Any] | None:
    """Signals that were issued and have ended: how many reached the target, what they needed, what they paid.

    None without any. One query; a mean of R, without interval: the API's performance has that.
    """
    row = TradingSignal.objects.filter(
        timeframe=Timeframe.DAY, origin=origin, outcome__isnull=False, closed_at__range=(since, until)
    ).aggregate(
        count=Count("pk"),
        hits=Count("pk", filter=Q(outcome=Outcome.TARGET)),
        said=Avg("confidence_score"),
        break_even=Avg("break_even"),
        net_r=Avg("return_r"),
    )
    if not row["count"]:
        return None
    low, high = wilson(row["hits"], row["count"])
    cell = Cell(row["count"], row["said"], row["hits"] / row["count"], low, high)
    return {"cell": cell, "break_even": row["break_even"], "net_r": row["net_r"]}


def candidate_diagram(direction: str, *, origin: Origin, since: datetime, until: datetime) -> ChartData:
    """Reliability of the probabilities of a direction."""
    rows = track.reliability(direction, since=since, until=until, origin=origin)
    return aimodels.reliability_data([_cell(row) for row in rows])


def candidate_by_month(direction: str, *, origin: Origin, since: datetime, until: datetime) -> ChartData:
    """How often candidates of a direction reached their target, by month, beside what was said."""
    rows = track.accuracy_over_time(since=since, until=until, origin=origin)
    return aimodels.monthly_data(
        (row["month"], _cell(row)) for row in rows if row["signal_type"] == direction
    )


def _cell(row: dict[str, Any]) -> Cell:
    return Cell(row["count"], row["said"], row["true"], row["low"], row["high"])


def risk_coverage_chart(name: str, now: datetime) -> ChartData | None:
    """What the surest share of past cases of the model `name` earned and how often it was right; None for a
    model without such a curve."""
    entry = next((one for one in proof.risk_coverage(Timeframe.DAY, now) if one["model_name"] == name), None)
    if entry is None:
        return None
    columns = (
        Column("share", _("Share of cases, surest first"), kind="share"),
        Column("net_r", _("Net R a case"), "R"),
        Column("low", _("95 %, low"), "R"),
        Column("high", _("95 %, high"), "R"),
        Column("hit", _("Came true"), kind="share"),
        Column("said", _("Said"), kind="share"),
        Column("cases", _("Cases")),
    )
    rows = [[point[column.key] for column in columns] for point in entry["curve"]]
    return ChartData(columns, rows, entry["reason"] or _("No past case was kept with this version."))

"""What became of predictions, filled in once, from bars that have closed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from aimodels.models import OutcomeReason, Prediction
from aimodels.serializers import PredictionSerializer
from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from assets.models import Candle, CandleArchive
from cryptopredict.common.realtime import Topic, publish

GRACE = timedelta(days=7)  # how long a bar may come late before its absence is the outcome
ANNOUNCED = 100
_TABLE = Prediction._meta.db_table
# A prediction ends with the close of the bar, of whatever length, that closes at its moment.
_CLOSES = "(VALUES " + ", ".join(
    f"({length.code}, INTERVAL '{int(length.delta.total_seconds())} seconds')"
    for length in Timeframe
    if length is not Timeframe.MONTH
) + ") AS bar (length, span)"  # fmt: skip


@dataclass(frozen=True, slots=True)
class Realised:
    """How many predictions have been scored, and how many will never be, by reason."""

    scored: int
    unknown: dict[str, int]


@transaction.atomic
def resolve(*, as_of: datetime) -> Realised:
    """Score every prediction whose moment had come by `as_of`, system's or user's; a few statements.

    Actual price is the close at that moment. Where no such bar has come and the market has gone on for a
    week, the reason is written instead. Filled in once: run again, nothing changes. What was scored is
    announced.
    """
    scored = _score(as_of)
    unknown = _give_up(as_of)
    if scored:
        newest = Prediction.objects.filter(pk__in=scored[-ANNOUNCED:]).select_related("asset")
        publish(Topic.OUTCOME, list(PredictionSerializer(newest.order_by("-pk"), many=True).data))
    return Realised(len(scored), unknown)


def _score(as_of: datetime) -> list[int]:
    """Ids of the predictions scored."""
    bars = " UNION ALL ".join(
        f"SELECT close FROM {model._meta.db_table} WHERE asset_id = due.asset_id AND timeframe = bar.length "
        "AND candle_time = due.target_datetime - bar.span"
        for model in (Candle, CandleArchive)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_TABLE} AS kept SET actual_price = found.price::text::numeric, "
            "absolute_error = abs(found.said - found.price)::text::numeric, "
            "squared_error = (found.said - found.price) * (found.said - found.price), "
            "accuracy_percentage = greatest(0, 100 - 100 * abs(found.said - found.price) / found.price), "
            "is_accurate = 100 * abs(found.said - found.price) / found.price <= kept.accuracy_threshold, "
            "is_inside = found.price BETWEEN kept.lower_price::float8 AND kept.upper_price::float8, "
            "evaluated_at = %s "
            "FROM (SELECT DISTINCT ON (due.id) due.id, due.predicted_price::float8 AS said, "
            f"closed.close AS price FROM {_TABLE} AS due CROSS JOIN {_CLOSES} "
            f"CROSS JOIN LATERAL ({bars}) AS closed "
            "WHERE due.evaluated_at IS NULL AND due.target_datetime <= %s AND closed.close > 0 "
            "ORDER BY due.id, bar.length) AS found "
            "WHERE kept.id = found.id AND kept.evaluated_at IS NULL RETURNING kept.id",
            [as_of, as_of],
        )
        return sorted(row[0] for row in cursor.fetchall())


def _give_up(as_of: datetime) -> dict[str, int]:
    """Write the reason beside what no bar will tell; how many by reason.

    Only where bars of other coins came for a week after: a source that stopped says nothing of a coin.
    """
    waiting = Prediction.objects.filter(evaluated_at=None, target_datetime__lte=as_of - GRACE)
    reasons: Counter[str] = Counter()
    for length in waiting.order_by().values_list("timeframe", flat=True).distinct():
        last = assets.last_close(length, as_of)
        if last is not None:
            reasons.update(_without_bar(length, as_of, last - GRACE))
    return dict(sorted(reasons.items()))


def _without_bar(length: Timeframe, as_of: datetime, until: datetime) -> list[str]:
    """The reasons written beside predictions of `length` whose moment lies at `until` or before."""
    later = " UNION ALL ".join(
        f"SELECT 1 FROM {model._meta.db_table} WHERE asset_id = due.asset_id AND timeframe = due.timeframe "
        "AND candle_time >= due.target_datetime AND candle_time < %s"
        for model in (Candle, CandleArchive)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_TABLE} AS due SET evaluated_at = %s, outcome_reason = CASE "
            f"WHEN NOT EXISTS ({later}) THEN %s "
            "WHEN mod(due.prediction_horizon, 24) = 0 THEN %s ELSE %s END "
            "WHERE due.evaluated_at IS NULL AND due.timeframe = %s AND due.target_datetime <= %s "
            "RETURNING due.outcome_reason",
            [
                as_of,
                as_of,
                as_of,
                OutcomeReason.DELISTED,
                OutcomeReason.MISSING_BAR,
                OutcomeReason.NO_BAR,
                length.code,
                until,
            ],
        )
        return [row[0] for row in cursor.fetchall()]

"""Changes to the tiers that the scores argue for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from assets.engine.panel import Panel
from assets.models import WatchlistTier
from cryptopredict.common.realtime import Topic, publish
from selection import selectors
from selection.engine import MONTH, Result
from selection.engine import suggest as rules
from selection.models import EXPIRES, Suggestion, SuggestionStatus, SuggestionType, Tier
from selection.serializers import SuggestionSerializer
from selection.services.columns import significant
from selection.services.tiers import ensure_lists

REST = timedelta(days=MONTH.horizon_days)  # what was rejected is not suggested again within the horizon
# Coins that should be left come first: someone may hold them. Then the first tier, then the second.
PRIORITIES = {
    SuggestionType.REMOVE: 2,
    SuggestionType.DEMOTE: 2,
    SuggestionType.ADD_TIER1: 1,
    SuggestionType.PROMOTE: 1,
    SuggestionType.ADD_TIER2: 0,
}


@transaction.atomic
def suggest(*, panel: Panel, result: Result, least_confidence: float = 0.5) -> int:
    """Write pending suggestions from the last row of `result` against today's tiers; return how many.

    A coin has at most one pending suggestion, and what was rejected is not said again for 30 days. They
    expire after 7 days by the database's clock, which also stamps them.
    """
    expire()
    lists = ensure_lists()
    found = rules.suggest(
        result.month,
        result.members,
        len(result.as_of) - 1,
        _tiers(panel),
        lists[Tier.TIER1].max_items,
        lists[Tier.TIER2].max_items,
        rules.SuggestParams(least_confidence=least_confidence),
    )
    as_of = result.as_of[-1]
    silent = _silent(as_of)
    rows = [
        _row(panel, result, each)
        for each in found
        if not silent & {(int(panel.asset_ids[each.coin]), kind) for kind in ("", each.kind.value)}
    ]
    Suggestion.objects.bulk_create(rows, ignore_conflicts=True)
    new = selectors.pending_suggestions().filter(timeframe=panel.timeframe, as_of=as_of)
    told = SuggestionSerializer(new, many=True).data if rows else []
    if told:
        publish(Topic.SUGGESTION, list(told))
    return len(told)


@transaction.atomic
def expire(*, now: datetime | None = None) -> int:
    """Mark pending suggestions whose time is over (by `now`, else by the database's clock); how many."""
    over = Suggestion.objects.filter(status=SuggestionStatus.PENDING, expires_at__lte=now or Now())
    expired = list(over.select_for_update(skip_locked=True).values_list("pk", flat=True))
    if expired:
        Suggestion.objects.filter(pk__in=expired).update(status=SuggestionStatus.EXPIRED)
        announce(expired)
    return len(expired)


@transaction.atomic
def resume() -> int:
    """Put back into the queue what was deferred until now, and say so to open pages; how many."""
    due = Suggestion.objects.filter(
        status=SuggestionStatus.PENDING, deferred_until__lte=Now(), expires_at__gt=Now()
    )
    back = list(due.select_for_update(skip_locked=True).values_list("pk", flat=True))
    if back:
        Suggestion.objects.filter(pk__in=back).update(deferred_until=None)
        announce(back)
    return len(back)


def announce(ids: Iterable[int]) -> None:
    """Tell open pages how these suggestions stand, as the API says it."""
    rows = selectors.suggestions().filter(pk__in=list(ids))
    publish(Topic.SUGGESTION, list(SuggestionSerializer(rows, many=True).data))


def _tiers(panel: Panel) -> list[rules.Tier]:
    stands = selectors.tiers()
    return [rules.Tier(stands.get(int(asset), WatchlistTier.NONE)) for asset in panel.asset_ids]


def _silent(as_of: datetime) -> set[tuple[int, str]]:
    """What is not to be said: anything ("") on a coin with one pending, or again what was rejected."""
    pending = Q(status=SuggestionStatus.PENDING)
    rejected = Q(status=SuggestionStatus.REJECTED, as_of__gt=as_of - REST)
    rows = Suggestion.objects.filter(pending | rejected).values_list("asset_id", "status", "suggestion_type")
    return {(asset, "" if status == SuggestionStatus.PENDING else kind) for asset, status, kind in rows}


def _row(panel: Panel, result: Result, each: rules.Suggestion) -> Suggestion:
    month, last = result.month, len(result.as_of) - 1
    kind = SuggestionType(each.kind.value)
    figures = [(r.value, r.percentile, r.contribution) for r in each.reasons]
    return Suggestion(
        asset_id=int(panel.asset_ids[each.coin]),
        timeframe=panel.timeframe,
        as_of=result.as_of[-1],
        suggestion_type=kind,
        confidence_score=each.confidence,
        base_rate=each.base_rate,
        priority=PRIORITIES[kind],
        ai_reasoning={
            "drivers": [
                [reason.name, *_short(values)] for reason, values in zip(each.reasons, figures, strict=True)
            ],
            "in_universe": bool(result.members[last, each.coin]),
        },
        supporting_data={
            "horizon_days": MONTH.horizon_days,
            "place": each.place,
            "of": int(result.members[last].sum()),
            "lasting_score": each.score,
            "score_7d": _known(result.week.percentile[last, each.coin]),
            "score_30d": _known(month.percentile[last, each.coin]),
            "risk_level": str(result.analysis.risk[last, each.coin]),
        },
        performance_metrics={"model": MONTH.name, MONTH.metric: _known(month.fold_ic[last])},
        expires_at=Now() + EXPIRES,
    )


def _short(values: tuple[float, ...]) -> list[float | None]:
    return [_known(value) for value in significant(np.asarray(values))]


def _known(value: float) -> float | None:
    return float(value) if value == value else None

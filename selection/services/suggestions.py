"""Changes to the tiers that the scores argue for, and what people decide about them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, F, Q
from django.db.models.functions import Greatest, Now
from django.utils.translation import gettext as _

from accounts import services as accounts
from accounts.models import ActivityType, User
from assets.engine.panel import Panel
from assets.models import WatchlistTier
from cryptopredict.common.realtime import Topic, publish
from selection import selectors
from selection.engine import MONTH, Result
from selection.engine import suggest as rules
from selection.models import Decision, Suggestion, SuggestionReview, SuggestionStatus, SuggestionType, Tier
from selection.serializers import SuggestionSerializer
from selection.services.columns import significant
from selection.services.watchlists import announce, demand_admin, ensure_lists, move

EXPIRES = timedelta(days=7)
DEFERRED = timedelta(days=7)
REST = timedelta(days=MONTH.horizon_days)  # what was rejected is not suggested again within the horizon
TARGETS = {
    SuggestionType.ADD_TIER1: WatchlistTier.TIER1,
    SuggestionType.PROMOTE: WatchlistTier.TIER1,
    SuggestionType.ADD_TIER2: WatchlistTier.TIER2,
    SuggestionType.DEMOTE: WatchlistTier.TIER2,
    SuggestionType.REMOVE: WatchlistTier.NONE,
}
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
        _announce(expired)
    return len(expired)


@transaction.atomic
def review(
    *,
    suggestion: Suggestion,
    reviewer: User,
    decision: str,
    notes: str = "",
    target_tier: str | None = None,
) -> SuggestionReview:
    """Write down a decision on a pending suggestion; approving carries the change out, or nothing happens.

    "defer" keeps it pending but out of the queue for 7 days. `target_tier` (with "approve" only) puts the
    coin elsewhere than suggested. Raises PermissionDenied for who is no administrator, and ValidationError
    on a suggestion that was reviewed or has expired, an unknown word, or a full list.
    """
    demand_admin(reviewer)
    _check_words(decision, target_tier)
    locked = _locked(suggestion)
    change = ""
    tier = target_tier or TARGETS[SuggestionType(locked.suggestion_type)].value
    if decision == Decision.APPROVE:
        change = f"{move(asset=locked.asset, tier=tier, user=reviewer)} → {tier}"
        announce()
    written = SuggestionReview.objects.create(
        suggestion=locked,
        reviewer=reviewer,
        decision=decision,
        target_tier=tier if decision == Decision.APPROVE else "",
        review_notes=notes,
    )
    _settle(locked, decision, reviewer)
    accounts.record(
        user=reviewer,
        activity_type=ActivityType.REVIEW_SUGGESTION,
        entity_type="suggestion",
        entity_id=locked.pk,
        action=decision,
        details={
            "symbol": locked.asset.symbol,
            "suggestion_type": locked.suggestion_type,
            "tier": change,
            "notes": notes,
        },
    )
    _announce([locked.pk])
    return written


def _check_words(decision: str, target_tier: str | None) -> None:
    if decision not in Decision.values:
        message = _("“%(value)s” is not a decision; known are %(known)s.")
        known = ", ".join(Decision.values)
        raise ValidationError({"decision": message % {"value": decision, "known": known}})
    if target_tier and decision != Decision.APPROVE:
        raise ValidationError({"target_tier": _("A tier goes with “approve” only; leave it out.")})


def _locked(suggestion: Suggestion) -> Suggestion:
    """The suggestion as it is now, locked against a second reviewer; ValidationError if it is settled."""
    over = ExpressionWrapper(Q(expires_at__lte=Now()), output_field=BooleanField())
    rows = Suggestion.objects.select_for_update(of=("self",)).select_related("asset").annotate(is_over=over)
    locked = rows.get(pk=suggestion.pk)
    if locked.status == SuggestionStatus.EXPIRED or (
        locked.status == SuggestionStatus.PENDING and locked.is_over
    ):
        message = _(
            "The suggestion for %(symbol)s expired on %(moment)s; if the case still stands, it is made anew."
        )
        params = {"symbol": locked.asset.symbol, "moment": f"{locked.expires_at:%Y-%m-%d %H:%M} UTC"}
        raise ValidationError({"suggestion": message % params})
    if locked.status != SuggestionStatus.PENDING:
        message = _("The suggestion for %(symbol)s is settled already: %(status)s. Change the tier directly.")
        params = {"symbol": locked.asset.symbol, "status": locked.get_status_display()}
        raise ValidationError({"suggestion": message % params})
    return locked


def _settle(locked: Suggestion, decision: str, reviewer: User) -> None:
    row = Suggestion.objects.filter(pk=locked.pk)
    if decision == Decision.DEFER:
        until = Now() + DEFERRED
        row.update(deferred_until=until, expires_at=Greatest(F("expires_at"), until + EXPIRES))
        return
    status = SuggestionStatus.APPROVED if decision == Decision.APPROVE else SuggestionStatus.REJECTED
    row.update(status=status, reviewed_by=reviewer, reviewed_at=Now())


def _announce(ids: Iterable[int]) -> None:
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

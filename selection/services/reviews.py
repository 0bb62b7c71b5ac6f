"""What people decide about suggestions: one by one or many at once, the same rules either way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, F, Q
from django.db.models.functions import Greatest, Now
from django.utils.translation import gettext as _

from accounts import services as accounts
from accounts.models import ActivityType, User
from assets.models import WatchlistTier
from selection.models import (
    DEFERRED_DAYS,
    EXPIRES,
    MOST_DEFERRED_DAYS,
    Decision,
    Suggestion,
    SuggestionReview,
    SuggestionStatus,
    SuggestionType,
)
from selection.services import suggestions, tiers

MOST_AT_ONCE = 2_000
PERMISSION = "selection.review_suggestion"
TARGETS = {
    SuggestionType.ADD_TIER1: WatchlistTier.TIER1,
    SuggestionType.PROMOTE: WatchlistTier.TIER1,
    SuggestionType.ADD_TIER2: WatchlistTier.TIER2,
    SuggestionType.DEMOTE: WatchlistTier.TIER2,
    SuggestionType.REMOVE: WatchlistTier.NONE,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one suggestion of many: done, or the reason why not, in a code and in words.

    `before` and `after` are the coin's tier; they differ only where an approval moved it.
    """

    suggestion_id: int
    symbol: str
    suggestion_type: str
    decision: str
    before: str = ""
    after: str = ""
    code: str = ""  # missing, expired, reviewed, changed, unsupported, full
    reason: str = ""
    review: SuggestionReview | None = None

    @property
    def is_done(self) -> bool:
        return not self.code


def review(
    *,
    suggestion: Suggestion,
    reviewer: User,
    decision: str,
    notes: str = "",
    target_tier: str | None = None,
    days: int = DEFERRED_DAYS,
    after: int | None = None,
) -> SuggestionReview:
    """Write down a decision on a pending suggestion; approving carries the change out, or nothing happens.

    "defer" keeps it pending but out of the queue for `days`; "reject" needs `notes`. `target_tier` (with
    "approve" only) puts the coin elsewhere than suggested. `after` is the last review that the decider
    knew of (0 for none): where another has come since, nothing is done. Raises PermissionDenied for who may
    not review, and ValidationError on a suggestion that was reviewed or has expired, an unknown word, a
    missing note, or a full list.
    """
    with transaction.atomic():
        (outcome,) = review_all(
            ids=[suggestion.pk],
            reviewer=reviewer,
            decision=decision,
            notes=notes,
            target_tier=target_tier,
            days=days,
            after=after,
        )
        if outcome.review is None:
            field = {"full": "tier", "unsupported": "asset"}.get(outcome.code, "suggestion")
            raise ValidationError({field: ValidationError(outcome.reason, code=outcome.code)})
    return outcome.review


@transaction.atomic
def review_all(
    *,
    ids: Sequence[int],
    reviewer: User,
    decision: str,
    notes: str = "",
    target_tier: str | None = None,
    days: int = DEFERRED_DAYS,
    after: int | None = None,
) -> list[Outcome]:
    """Decide on many suggestions at once, in one transaction and a constant number of queries.

    What cannot be carried out is explained, each by itself, and stays as it was; the rest goes through.
    Where places are short the more urgent come first. Answers in the order of `ids`. Raises PermissionDenied
    for who may not review and ValidationError on what is wrong with the request as a whole.
    """
    if not reviewer.is_active or not reviewer.has_perm(PERMISSION):
        raise PermissionDenied(_("Only an administrator or a reviewer may decide on suggestions."))
    _check(ids, decision, notes, target_tier, days)
    if decision == Decision.APPROVE:
        tiers.lock_lists()  # before the suggestions: all who approve wait here, in one order
    found = _locked(ids)
    answers = {pk: _refused(found.get(pk), pk, decision, after) for pk in ids}
    open_ = [row for row in found.values() if answers[row.pk] is None]
    answers |= _decided(open_, reviewer, decision, target_tier)
    done = [row for row in open_ if (answer := answers[row.pk]) is not None and answer.is_done]
    criteria = {"days": days} if decision == Decision.DEFER else {}
    for row in _written(done, answers, reviewer, decision, notes, criteria):
        answers[row.suggestion_id] = _with(answers[row.suggestion_id], row)
    _settle([row.pk for row in done], decision, reviewer, days)
    _record(done, answers, reviewer, decision, notes)
    if done:
        suggestions.announce([row.pk for row in done])
        if decision == Decision.APPROVE:
            tiers.announce()
    return [answer for pk in ids if (answer := answers[pk]) is not None]


def foresee(
    *, ids: Sequence[int], reviewer: User, decision: str, target_tier: str | None = None
) -> list[Outcome]:
    """What `review_all` would answer now, with nothing changed: it is done and taken back."""
    with transaction.atomic():
        notes = "-" if decision == Decision.REJECT else ""
        answers = review_all(
            ids=ids, reviewer=reviewer, decision=decision, notes=notes, target_tier=target_tier
        )
        transaction.set_rollback(True)
    return answers


def target(suggestion: Suggestion, target_tier: str | None = None) -> str:
    """The tier at which a coin ends when its suggestion is approved."""
    return target_tier or TARGETS[SuggestionType(suggestion.suggestion_type)].value


def _check(ids: Sequence[int], decision: str, notes: str, target_tier: str | None, days: int) -> None:
    if len(ids) > MOST_AT_ONCE:
        message = _("%(count)d suggestions are too many at once; decide on at most %(most)d.")
        raise ValidationError({"suggestion": message % {"count": len(ids), "most": MOST_AT_ONCE}})
    if decision not in Decision.values:
        message = _("“%(value)s” is not a decision; known are %(known)s.")
        known = ", ".join(Decision.values)
        raise ValidationError({"decision": message % {"value": decision, "known": known}})
    if target_tier and decision != Decision.APPROVE:
        raise ValidationError({"target_tier": _("A tier goes with “approve” only; leave it out.")})
    if target_tier and target_tier not in WatchlistTier.values:
        tiers.refuse_tier(target_tier, WatchlistTier.values)
    if decision == Decision.REJECT and not notes.strip():
        raise ValidationError(
            {"review_notes": _("Say why it is rejected: the note is kept with the decision.")}
        )
    if decision == Decision.DEFER and not 1 <= days <= MOST_DEFERRED_DAYS:
        message = _("It can be deferred by 1 to %(most)d days, not by %(days)d.")
        raise ValidationError({"days": message % {"most": MOST_DEFERRED_DAYS, "days": days}})


def _locked(ids: Sequence[int]) -> dict[int, Suggestion]:
    """The suggestions as they are now, locked against a second reviewer, the most urgent first.

    They are locked in the order of their keys, so that two who decide on the same never wait for each other.
    """
    over = ExpressionWrapper(Q(expires_at__lte=Now()), output_field=BooleanField())
    rows = Suggestion.objects.filter(pk__in=ids).select_for_update().order_by("pk")
    # Prefetched, not joined: what is joined is as it was before the wait for the lock.
    found = list(rows.prefetch_related("asset", "reviewed_by").annotate(is_over=over))
    last = dict(
        SuggestionReview.objects.filter(suggestion__in=ids)
        .order_by("suggestion_id", "-pk")
        .distinct("suggestion_id")
        .values_list("suggestion_id", "pk")
    )
    for row in found:
        row.last_review = last.get(row.pk, 0)
    found.sort(key=lambda row: (-row.priority, -(row.confidence_score or -1.0), row.expires_at, row.pk))
    return {row.pk: row for row in found}


def _refused(row: Suggestion | None, pk: int, decision: str, after: int | None) -> Outcome | None:
    """Why nothing more can be decided about a suggestion; None where it waits for a decision."""
    if row is None:
        return Outcome(
            pk, "", "", decision, code="missing", reason=_("There is no suggestion %(id)d.") % {"id": pk}
        )
    symbol = row.asset.symbol
    if row.status == SuggestionStatus.EXPIRED or (row.status == SuggestionStatus.PENDING and row.is_over):
        message = _(
            "The suggestion for %(symbol)s expired on %(moment)s; if the case still stands, it is made anew."
        )
        params = {"symbol": symbol, "moment": f"{row.expires_at:%Y-%m-%d %H:%M} UTC"}
        return _no(row, decision, "expired", message % params)
    if row.status != SuggestionStatus.PENDING:
        message = _(
            "The suggestion for %(symbol)s is settled already: %(status)s by %(who)s on %(moment)s. "
            "Change the tier directly."
        )
        params = {
            "symbol": symbol,
            "status": row.get_status_display().lower(),
            "who": row.reviewed_by or "–",
            "moment": f"{row.reviewed_at:%Y-%m-%d %H:%M} UTC" if row.reviewed_at else "–",
        }
        return _no(row, decision, "reviewed", message % params)
    if after is not None and row.last_review != after:
        message = _("Someone has decided about %(symbol)s since; look at it again.")
        return _no(row, decision, "changed", message % {"symbol": symbol})
    return None


def _no(row: Suggestion, decision: str, code: str, reason: str) -> Outcome:
    tier = row.asset.watchlist_tier
    return Outcome(row.pk, row.asset.symbol, row.suggestion_type, decision, tier, tier, code, reason)


def _decided(
    rows: Sequence[Suggestion], reviewer: User, decision: str, target_tier: str | None
) -> dict[int, Outcome]:
    """Move the coins where the decision says so; one answer for each suggestion."""
    if decision != Decision.APPROVE:
        return {row.pk: _no(row, decision, "", "") for row in rows}
    wanted = [(row.asset_id, target(row, target_tier)) for row in rows]
    moves = tiers.move(wanted=wanted, user=reviewer) if rows else []
    return {
        row.pk: Outcome(
            row.pk,
            row.asset.symbol,
            row.suggestion_type,
            decision,
            made.before,
            made.after,
            made.code,
            made.refusal,
        )
        for row, made in zip(rows, moves, strict=True)
    }


def _written(
    rows: Sequence[Suggestion],
    answers: dict[int, Outcome | None],
    reviewer: User,
    decision: str,
    notes: str,
    criteria: dict[str, Any],
) -> list[SuggestionReview]:
    return SuggestionReview.objects.bulk_create(
        SuggestionReview(
            suggestion=row,
            reviewer=reviewer,
            decision=decision,
            target_tier=answer.after if decision == Decision.APPROVE else "",
            review_notes=notes,
            review_criteria=criteria,
        )
        for row in rows
        if (answer := answers[row.pk]) is not None
    )


def _with(answer: Outcome | None, written: SuggestionReview) -> Outcome:
    assert answer is not None
    return Outcome(
        answer.suggestion_id,
        answer.symbol,
        answer.suggestion_type,
        answer.decision,
        answer.before,
        answer.after,
        review=written,
    )


def _settle(ids: Sequence[int], decision: str, reviewer: User, days: int) -> None:
    rows = Suggestion.objects.filter(pk__in=ids)
    if not ids:
        return
    if decision == Decision.DEFER:
        until = Now() + timedelta(days=days)
        rows.update(deferred_until=until, expires_at=Greatest(F("expires_at"), until + EXPIRES))
        return
    status = SuggestionStatus.APPROVED if decision == Decision.APPROVE else SuggestionStatus.REJECTED
    rows.update(status=status, reviewed_by=reviewer, reviewed_at=Now())


def _record(
    rows: Sequence[Suggestion],
    answers: dict[int, Outcome | None],
    reviewer: User,
    decision: str,
    notes: str,
) -> None:
    accounts.record_all(
        user=reviewer,
        activity_type=ActivityType.REVIEW_SUGGESTION,
        entity_type="suggestion",
        entries=[
            {
                "entity_id": row.pk,
                "action": decision,
                "details": {
                    "symbol": row.asset.symbol,
                    "asset": row.asset_id,
                    "suggestion_type": row.suggestion_type,
                    "tier": f"{answer.before} → {answer.after}" if decision == Decision.APPROVE else "",
                    "notes": notes,
                },
            }
            for row in rows
            if (answer := answers[row.pk]) is not None
        ],
    )

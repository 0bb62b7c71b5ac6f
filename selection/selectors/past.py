"""How the queue stood at a past moment: no decision, deferral or end that came later."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Greatest

from selection.models import (
    DEFERRED_DAYS,
    EXPIRES,
    Decision,
    Suggestion,
    SuggestionReview,
    SuggestionStatus,
)


def suggestions_then(status: str, moment: datetime) -> QuerySet[Suggestion]:
    """What `suggestions_of` would have answered at `moment`, with `status_then` and `expires_then`.

    A decision or a deferral that came later is not seen: its suggestion still waits. How far it was put off
    is what the deferral says (DEFERRED_DAYS for those from before it was written down).
    """
    deferrals = SuggestionReview.objects.filter(suggestion=OuterRef("pk"), decision=Decision.DEFER)
    rows = Suggestion.objects.filter(suggested_at__lte=moment).annotate(
        until_then=Subquery(_put_off(deferrals.filter(reviewed_at__lte=moment))),
        expires_then=Case(
            When(Exists(deferrals.filter(reviewed_at__gt=moment)), then=_first_end()),
            default=F("expires_at"),
        ),
    )
    rows = rows.annotate(status_then=_status(moment)).select_related("asset").order_by("-suggested_at", "-pk")
    if status == "all":
        return rows
    if status not in (SuggestionStatus.PENDING, "deferred"):
        return rows.filter(status_then=status)
    put_off = Q(until_then__gt=moment)  # never true of null
    waits = rows.filter(status_then=SuggestionStatus.PENDING)
    return waits.filter(put_off) if status == "deferred" else waits.filter(Q(until_then=None) | ~put_off)


def _put_off(deferrals: QuerySet[SuggestionReview]) -> QuerySet[SuggestionReview, datetime]:
    """Until when the last of `deferrals` put its suggestion off."""
    days = Coalesce(Cast(KT("review_criteria__days"), IntegerField()), Value(DEFERRED_DAYS))
    until = ExpressionWrapper(
        F("reviewed_at") + days * Value(timedelta(days=1)), output_field=DateTimeField()
    )
    return deferrals.order_by("-reviewed_at", "-pk").values_list(until, flat=True)[:1]


def _first_end() -> Greatest:
    """When it would have ended with no deferral after `until_then`."""
    ends = [
        ExpressionWrapper(F(name) + Value(EXPIRES), output_field=DateTimeField())
        for name in ("suggested_at", "until_then")
    ]
    return Greatest(*ends)  # PostgreSQL leaves nulls out


def _status(moment: datetime) -> Case:
    return Case(
        When(reviewed_at__lte=moment, then=F("status")),
        When(expires_then__lte=moment, then=Value(SuggestionStatus.EXPIRED.value)),
        default=Value(SuggestionStatus.PENDING.value),
        output_field=CharField(),
    )

"""Tells those who decide what waits for them: in the app, and where they want that by a letter with links."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from django.db.models import Max
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import services as accounts
from accounts.clients import Letter
from accounts.models import Notification, NotificationPriority, NotificationType, User
from selection import selectors
from selection.models import Suggestion
from selection.serializers import reasoning
from selection.services import links, reviews
from selection.words import TIER_NAMES

ABOUT = "suggestions"  # what such a message's data holds, and what its letter is known by
MOST_IN_ONE = 20
REMEMBERED = timedelta(days=60)


def tell_reviewers() -> int:
    """Tell every reviewer once of each suggestion that waits; how many people were told.

    Safe to run again: what someone was told is read from their notifications.
    """
    waiting = list(selectors.queue())
    if not waiting:
        return 0
    people = list(selectors.reviewers())
    told = _told([user.pk for user in people])
    count = 0
    for user in people:
        new = [row for row in waiting if row.pk not in told.get(user.pk, set())]
        if new:
            _tell(user, new)
            count += 1
    return count


def _told(users: Sequence[int]) -> dict[int, set[int]]:
    rows = Notification.objects.filter(
        user__in=users, data__has_key=ABOUT, created_at__gte=timezone.now() - REMEMBERED
    )
    found: dict[int, set[int]] = {}
    for user, data in rows.values_list("user_id", "data"):
        found.setdefault(user, set()).update(data[ABOUT])
    return found


def _tell(user: User, rows: Sequence[Suggestion]) -> None:
    with translation.override(user.language):
        urgent = any(row.priority == 2 for row in rows)
        accounts.notify(
            users=[user],
            notification_type=NotificationType.ALERT,
            title=_title(len(rows)),
            message=", ".join(
                f"{row.asset.symbol} ({row.get_suggestion_type_display()})" for row in rows[:10]
            ),
            data={ABOUT: [row.pk for row in rows]},
            priority=NotificationPriority.HIGH if urgent else NotificationPriority.NORMAL,
        )


def _title(count: int) -> str:
    title = translation.ngettext(
        "%(count)d suggestion waits for your decision",
        "%(count)d suggestions wait for your decision",
        count,
    )
    return title % {"count": count}


def letter(*, user: User, suggestions: Sequence[int], address_of: Callable[[str], str]) -> Letter | None:
    """The letter about those of `suggestions` that still wait, with links for `user` to decide by.

    `address_of` makes the address of the page that a link's text opens. None where nothing waits any more,
    or not for this person.
    """
    if not user.has_perm(reviews.PERMISSION):
        return None
    waiting = selectors.queue().filter(pk__in=suggestions)
    rows = list(waiting.annotate(last_review=Coalesce(Max("reviews__pk"), 0)))
    if not rows:
        return None
    told = [
        {
            "row": row,
            "before": TIER_NAMES[row.asset.watchlist_tier],
            "reasons": reasoning(row)[:3],
            "links": [(each.label, address_of(_link(row, user, each))) for each in links.OFFERED],
        }
        for row in rows[:MOST_IN_ONE]
    ]
    title = _title(len(rows))
    context = {"title": title, "told": told, "more": max(0, len(rows) - MOST_IN_ONE)}
    return Letter(
        _("CryptoPredict: %(title)s") % {"title": title},
        render_to_string("selection/mail/waiting.txt", context),
        render_to_string("selection/mail/waiting.html", context),
    )


def _link(row: Suggestion, user: User, decision: str) -> str:
    return links.sign(suggestion=row, reviewer=user, decision=decision, after=row.last_review)

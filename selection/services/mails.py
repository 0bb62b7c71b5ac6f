"""Tells those who decide what waits for them: in the app, and by e-mail with links, where they want that."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Coalesce
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import services as accounts
from accounts.models import Notification, NotificationChannel, NotificationPriority, NotificationType, User
from selection import selectors
from selection.models import Suggestion
from selection.serializers import reasoning
from selection.services import links
from selection.words import TIER_NAMES

logger = logging.getLogger(__name__)
MOST_IN_ONE = 20
REMEMBERED = timedelta(days=60)


def tell_reviewers(*, address_of: Callable[[str], str]) -> int:
    """Tell every reviewer once of each suggestion that waits; how many people were told.

    `address_of` makes the address of the page that a link's text opens. Mail goes to who has an "email"
    channel for alerts. Safe to run again: what someone was told is read from their notifications.
    """
    waiting = list(selectors.queue().annotate(last_review=Coalesce(Max("reviews__pk"), 0)))
    if not waiting:
        return 0
    people = list(selectors.reviewers())
    told = _told([user.pk for user in people])
    by_mail = set(
        NotificationChannel.objects.filter(
            address="email", is_active=True, notification_type=NotificationType.ALERT
        ).values_list("user_id", flat=True)
    )
    count = 0
    for user in people:
        new = [row for row in waiting if row.pk not in told.get(user.pk, set())]
        if new:
            _tell(user, new, user.pk in by_mail, address_of)
            count += 1
    return count


def _told(users: Sequence[int]) -> dict[int, set[int]]:
    rows = Notification.objects.filter(
        user__in=users, data__has_key="suggestions", created_at__gte=timezone.now() - REMEMBERED
    )
    found: dict[int, set[int]] = {}
    for user, data in rows.values_list("user_id", "data"):
        found.setdefault(user, set()).update(data["suggestions"])
    return found


@transaction.atomic
def _tell(user: User, rows: Sequence[Suggestion], by_mail: bool, address_of: Callable[[str], str]) -> None:
    with translation.override(user.language):
        urgent = any(row.priority == 2 for row in rows)
        title = translation.ngettext(
            "%(count)d suggestion waits for your decision",
            "%(count)d suggestions wait for your decision",
            len(rows),
        ) % {"count": len(rows)}
        accounts.notify(
            users=[user],
            notification_type=NotificationType.ALERT,
            title=title,
            message=", ".join(
                f"{row.asset.symbol} ({row.get_suggestion_type_display()})" for row in rows[:10]
            ),
            data={"suggestions": [row.pk for row in rows]},
            priority=NotificationPriority.HIGH if urgent else NotificationPriority.NORMAL,
            own_letter=True,  # with links to decide by
        )
        if not by_mail:
            return
        letter = _letter(user, rows[:MOST_IN_ONE], len(rows), title, address_of)
    transaction.on_commit(lambda: _send(letter), robust=True)


def _letter(
    user: User, rows: Sequence[Suggestion], count: int, title: str, address_of: Callable[[str], str]
) -> EmailMultiAlternatives:
    told = [
        {
            "row": row,
            "before": TIER_NAMES[row.asset.watchlist_tier],
            "reasons": reasoning(row)[:3],
            "links": [
                (
                    decision.label,
                    address_of(
                        links.sign(
                            suggestion=row,
                            reviewer=user,
                            decision=decision,
                            after=row.last_review,
                        )
                    ),
                )
                for decision in links.OFFERED
            ],
        }
        for row in rows
    ]
    context = {"title": title, "told": told, "more": count - len(rows)}
    letter = EmailMultiAlternatives(
        subject=_("CryptoPredict: %(title)s") % {"title": title},
        body=render_to_string("selection/mail/waiting.txt", context),
        to=[user.email],
    )
    letter.attach_alternative(render_to_string("selection/mail/waiting.html", context), "text/html")
    return letter


def _send(letter: EmailMultiAlternatives) -> None:
    """A mail server that is away must not undo what is stored: the notification in the app stays."""
    try:
        letter.send()
    except OSError as error:
        logger.warning("The mail to %s was not sent: %s", letter.to, error)

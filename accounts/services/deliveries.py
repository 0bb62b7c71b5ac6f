"""Messages on their way to where people asked for them: claimed, sent, written down, tried again."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts import clients
from accounts.models import DeliveryStatus, Notification, NotificationDelivery
from accounts.services.messages import EMAIL

AT_ONCE = 20
CLAIMED = timedelta(minutes=10)  # who dies with a claim leaves it to the next after this
AGAIN = (1, 5, 30, 120)  # minutes until the next attempt, by how many were made


def deliver() -> int:
    """Send all that is due; how many arrived. Several workers may do so at once.

    A message is claimed before it is sent and no lock is held meanwhile. A worker that dies in between
    may have sent it, so it can come twice, but it is never lost.
    """
    arrived = 0
    while claimed := _claim():
        arrived += sum(_carry(row) for row in claimed)
    return arrived


@transaction.atomic
def _claim() -> list[NotificationDelivery]:
    due = NotificationDelivery.objects.filter(status=DeliveryStatus.PENDING, next_try_at__lte=Now())
    ids = list(
        due.order_by("next_try_at", "pk")
        .select_for_update(skip_locked=True)
        .values_list("pk", flat=True)[:AT_ONCE]
    )
    rows = NotificationDelivery.objects.filter(pk__in=ids)
    rows.update(next_try_at=Now() + CLAIMED, attempts=F("attempts") + 1)
    return list(rows.select_related("notification__user", "channel").order_by("pk"))


def _carry(row: NotificationDelivery) -> bool:
    """Send one and write down how it went."""
    note = row.notification
    error, final = "", False
    with translation.override(note.user.language):
        try:
            if not note.user.is_active or (note.expires_at is not None and note.expires_at <= timezone.now()):
                raise clients.RefusedError(_("It was over before it could be sent."))
            if row.channel.address == EMAIL:
                error = clients.mail(to=note.user.email, letter=_letter(note))
            else:
                error = clients.send(address=row.channel.address, title=note.title, message=note.message)
        except clients.RefusedError as refused:
            error, final = str(refused), True
    _write(row, error, final or row.attempts > len(AGAIN))
    return not error


def _letter(note: Notification) -> clients.Letter:
    """The e-mail of a message: as who knows its matter writes it, else the message itself.

    `settings.LETTERS` names, by what a message's data is about, who makes a Letter of a message, or None
    where there is nothing left to tell. Written anew at each attempt, so that it tells how things stand then.
    """
    for about, path in settings.LETTERS.items():
        if about in note.data:
            written: clients.Letter | None = import_string(path)(note)
            if written is None:
                raise clients.RefusedError(_("It was over before it could be sent."))
            return written
    return clients.plain_letter(note.title, note.message)


def _write(row: NotificationDelivery, error: str, final: bool) -> None:
    mine = NotificationDelivery.objects.filter(
        pk=row.pk, attempts=row.attempts, status=DeliveryStatus.PENDING
    )
    if not error:
        mine.update(status=DeliveryStatus.SENT, sent_at=Now(), error="")
    elif final:
        mine.update(status=DeliveryStatus.FAILED, error=error[:500])
    else:
        wait = timedelta(minutes=AGAIN[row.attempts - 1])
        mine.update(next_try_at=Now() + wait, error=error[:500])

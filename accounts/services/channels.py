"""Where people want to be told: in the app, by e-mail, or through any other service."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import clients
from accounts.models import ActivityType, NotificationChannel, NotificationPriority, NotificationType, User
from accounts.services.messages import APP, EMAIL
from accounts.services.people import record

MOST_CHANNELS = 40  # services of one's own, counted once for each type


@transaction.atomic
def own_places_set(*, user: User, wanted: Mapping[tuple[str, str], str]) -> None:
    """From which priority on each type is wanted in the app and by e-mail; "" is never.

    `wanted` maps (type, "app" or "email") to a priority. Raises ValidationError on an unknown word.
    """
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    for (kind, address), least in wanted.items():
        if address not in (APP, EMAIL) or kind not in NotificationType.values:
            raise ValidationError(_("“%(value)s” is no place for messages.") % {"value": f"{address} {kind}"})
        if least and least not in NotificationPriority.values:
            raise ValidationError(_("“%(value)s” is not a priority.") % {"value": least})
        NotificationChannel.objects.update_or_create(
            user=user,
            notification_type=kind,
            address=address,
            defaults={"is_active": bool(least), "least_priority": least or NotificationPriority.NORMAL},
        )
    record(user=user, activity_type=ActivityType.CHANGE_SETTING, entity_type="channels", entity_id=user.pk)


@transaction.atomic
def channel_add(
    *, user: User, address: str, kinds: Collection[str], least_priority: str = NotificationPriority.NORMAL
) -> list[NotificationChannel]:
    """A service that is told of `kinds` from a priority on; one that is there already is changed.

    `address` is an Apprise URL. Raises ValidationError naming the field where it cannot be used.
    """
    address = address.strip()
    try:
        clients.check(address)
    except clients.RefusedError as error:
        raise ValidationError({"address": str(error)}) from error
    if not kinds or not set(kinds) <= set(NotificationType.values):
        raise ValidationError({"kinds": _("Choose at least one kind of message.")})
    if least_priority not in NotificationPriority.values:
        message = _("“%(value)s” is not a priority.") % {"value": least_priority}
        raise ValidationError({"least_priority": message})
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # requests for the last place come in turn
    others = NotificationChannel.objects.filter(user=user).exclude(address__in=(APP, EMAIL, address))
    if others.count() + len(set(kinds)) > MOST_CHANNELS:
        message = _("You have too many services: at most %(most)d, counted once a kind. Remove one first.")
        raise ValidationError({"address": message % {"most": MOST_CHANNELS}})
    made = [
        NotificationChannel.objects.update_or_create(
            user=user,
            notification_type=kind,
            address=address,
            defaults={"least_priority": least_priority, "is_active": True},
        )[0]
        for kind in sorted(set(kinds))
    ]
    record(
        user=user,
        activity_type=ActivityType.CHANGE_SETTING,
        entity_type="channels",
        entity_id=user.pk,
        action="add",
    )
    return made


@transaction.atomic
def channel_remove(*, channel: NotificationChannel) -> None:
    """Nothing is sent there any more; what waits to be sent is dropped with it. Twice is as good as once."""
    gone, _kinds = NotificationChannel.objects.filter(pk=channel.pk).delete()
    if gone:
        record(
            user=channel.user,
            activity_type=ActivityType.CHANGE_SETTING,
            entity_type="channels",
            entity_id=channel.user_id,
            action="remove",
        )

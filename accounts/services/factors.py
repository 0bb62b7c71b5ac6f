"""Second factors that were lost: an administrator takes them off, and their owner is told."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import ActivityType, NotificationPriority, NotificationType, Role, User
from accounts.services.messages import notify
from accounts.services.people import record


@transaction.atomic
def second_factor_remove(*, user: User, by: User) -> None:
    """Let `user` log in with the password alone again, until they set up a new second factor.

    Raises PermissionDenied for who is no administrator, ValidationError where there is none.
    """
    if not by.is_active or not by.may(Role.ADMIN):
        raise PermissionDenied(_("Only an administrator may remove a second factor."))
    gone, _kinds = Authenticator.objects.filter(user=user).delete()
    if not gone:
        raise ValidationError(_("%(user)s has no second factor.") % {"user": user})
    record(
        user=by,
        activity_type=ActivityType.CHANGE_SETTING,
        entity_type="user",
        entity_id=user.pk,
        action="remove_second_factor",
        details={"email": user.email},
    )
    with translation.override(user.language):
        notify(
            users=[user],
            notification_type=NotificationType.SYSTEM,
            title=_("Your second factor was removed"),
            message=_(
                "An administrator removed it, so your password alone logs you in. "
                "If you did not ask for this, change your password and set up a new one now."
            ),
            priority=NotificationPriority.URGENT,
        )

"""The only writer of people's limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import ActivityType, User
from accounts.services import record
from trading.models import SHARES, RiskProfile

SWITCHES = ("follows_regime", "is_automatic")
LIMITS = ("max_position_size", *SHARES, "target_volatility", *SWITCHES)
MOST_SIZE = Decimal(10) ** 12
MOST_VOLATILITY = 10.0


def profile_of(user: User) -> RiskProfile:
    """The limits of `user`; the defaults, unsaved, where nobody has changed or used them yet."""
    found = RiskProfile.objects.filter(user=user).first()
    return RiskProfile(user=user, updated_at=None) if found is None else found


def lock(user: User) -> RiskProfile:
    """The limits of `user`, held until the transaction ends: one decision about their money at a time.

    They are stored on first use, also by two at once.
    """
    RiskProfile.objects.get_or_create(user=user)
    return RiskProfile.objects.select_for_update(no_key=True).get(user=user)


@transaction.atomic
def set_profile(*, user: User, by: User | None = None, **changes: Any) -> RiskProfile:
    """Change the limits named; shares lie from 0 to 1. `by` is who does it, `user` where nobody is named.

    Raises ValidationError naming each field that cannot be.
    """
    if errors := profile_faults(changes):
        raise ValidationError(errors)
    profile = lock(user)
    before = {name: getattr(profile, name) for name in changes}
    changed = {name: value for name, value in changes.items() if before[name] != value}
    if changed:
        RiskProfile.objects.filter(pk=profile.pk).update(**changed)
        details = {name: [str(before[name]), str(value)] for name, value in changed.items()}
        record(
            user=by or user,
            activity_type=ActivityType.CHANGE_SETTING,
            entity_type="risk_profile",
            entity_id=profile.pk,
            details=details,
        )
        profile.refresh_from_db()
    return profile


def profile_faults(changes: Mapping[str, Any]) -> dict[str, str]:
    """Why limits cannot be as named, by name; empty where they can."""
    found = {
        name: _fault(name, value) if name in LIMITS else _("There is no such limit.")
        for name, value in changes.items()
    }
    return {name: fault for name, fault in found.items() if fault}


def _fault(name: str, value: Any) -> str:
    if name in SWITCHES:
        return "" if isinstance(value, bool) else _("Send true or false.")
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not math.isfinite(value):
        return _("%s is no number.") % (value,)
    if name == "max_position_size":
        if not 0 < value <= MOST_SIZE:
            rule = _("%s USD is no position; the limit has to be above zero and at most a thousand billion.")
            return rule % value
        return ""
    most = MOST_VOLATILITY if name == "target_volatility" else 1
    if not 0 <= value <= most:
        rule = _("%(value)s is no share; send a number from 0 to %(most)d, such as 0.02 for 2 %%.")
        return rule % {"value": value, "most": most}
    return ""

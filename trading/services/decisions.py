"""What people decide: calling a signal off, and the limits they trade within."""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import ActivityType, User
from accounts.services import record
from trading.models import RiskProfile, SignalStatus, TradingSignal
from trading.services.announcements import announce


@transaction.atomic
def cancel(signal: TradingSignal, user: User) -> TradingSignal:
    """Call an active signal off; its outcome is still filled in later, so that no loss can be hidden.

    Raises ValidationError where it is not active any more.
    """
    current = TradingSignal.objects.select_for_update(of=("self",)).select_related("asset").get(pk=signal.pk)
    if current.status != SignalStatus.ACTIVE:
        raise ValidationError(
            {
                "status": _("Only an active signal can be cancelled; this one is %(status)s.")
                % {"status": current.get_status_display().lower()}
            }
        )
    TradingSignal.objects.filter(pk=current.pk).update(
        status=SignalStatus.CANCELLED, cancelled_by=user, closed_at=Now()
    )
    record(
        user=user,
        activity_type=ActivityType.CANCEL_SIGNAL,
        entity_type="signal",
        entity_id=current.pk,
        details={"symbol": current.asset.symbol, "signal_type": current.signal_type},
    )
    [told] = announce([current.pk])
    return told


@transaction.atomic
def set_limits(*, user: User, max_position_size: Decimal, max_portfolio_risk: float) -> RiskProfile:
    """The limits of `user`: USD a position, and the share of the portfolio lost at most at a stop.

    Raises ValidationError naming the field.
    """
    errors = {}
    if not max_position_size > 0:
        errors["max_position_size"] = _("%s USD is no position; the limit has to be above zero.") % (
            max_position_size
        )
    if not 0 <= max_portfolio_risk <= 1:
        errors["max_portfolio_risk"] = _(
            "%s is no share; send a number from 0 to 1, such as 0.02 for 2 %%."
        ) % (max_portfolio_risk)
    if errors:
        raise ValidationError(errors)
    limits = {"max_position_size": max_position_size, "max_portfolio_risk": max_portfolio_risk}
    profile, _created = RiskProfile.objects.update_or_create(user=user, defaults=limits)
    return profile

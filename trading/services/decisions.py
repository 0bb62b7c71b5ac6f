"""What administrators decide: calling a signal off."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import ActivityType, User
from accounts.services import record
from trading.models import SignalStatus, TradingSignal
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

"""What the layer says of one coin: levels for its chart, and the last step of its why-trail."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from assets.engine.timeframe import Timeframe
from assets.models import Asset
from trading.models import Refusal, SignalCandidate, SignalStatus, TradingSignal

MOST = 50
SHARES = (Refusal.UNLIKE, Refusal.CONFIDENCE, Refusal.SCORE, Refusal.EXPOSURE)


def levels(
    asset: Asset, timeframe: Timeframe = Timeframe.DAY, signal: int | None = None
) -> list[dict[str, Any]]:
    """The coin's newest signals for its chart: when, which way, levels in USD, how each ended.

    With `signal` that one alone, its levels drawn whether it is open or not.
    """
    found = TradingSignal.objects.filter(asset=asset, timeframe=timeframe).order_by("-generated_at")
    rows = found[:MOST] if signal is None else found.filter(pk=signal)
    return [
        {
            "id": row.pk,
            "time": row.as_of,
            "direction": row.signal_type,
            "name": str(row.get_signal_type_display()),
            "entry": row.entry_price,
            "target": row.target_price,
            "stop": row.stop_loss,
            "is_open": row.status == SignalStatus.ACTIVE,
            "has_levels": signal is not None or row.status == SignalStatus.ACTIVE,
            "closed_at": row.closed_at,
            "outcome": str(row.get_outcome_display()) if row.outcome else "",
            "words": {"entry": _("Entry"), "target": _("Target"), "stop": _("Stop")},
        }
        for row in rows
    ]


def trading_step(asset: Asset, timeframe: Timeframe = Timeframe.DAY) -> dict[str, Any] | None:
    """The open signal, or what was weighed at the last close and what was missing; None where nothing was."""
    newest = SignalCandidate.objects.filter(asset=asset, timeframe=timeframe).order_by("-as_of").first()
    if newest is None:
        return None
    weighed = SignalCandidate.objects.filter(asset=asset, timeframe=timeframe, as_of=newest.as_of)
    signal = (
        TradingSignal.objects.filter(asset=asset, timeframe=timeframe, status=SignalStatus.ACTIVE)
        .order_by("-generated_at")
        .first()
    )
    return {
        "as_of": newest.as_of,
        "signal": signal,
        "candidates": [{"row": row, "flip": flip(row)} for row in weighed.order_by("signal_type")],
    }


def flip(row: SignalCandidate) -> str:
    """What would have made a signal of a candidate that was refused, in words with figures."""
    if row.is_issued or row.refusal_limit is None or row.refusal_value is None:
        return ""
    if row.refusal in SHARES:
        have, need = (f"{100 * value:.0f} %" for value in (row.refusal_value, row.refusal_limit))
    else:
        have, need = (f"{value:+.2f} R" for value in (row.refusal_value, row.refusal_limit))
    told = _("It stands at %(have)s; %(need)s would be needed.")
    if row.refusal == Refusal.UNLIKE:
        told = _("Lowered to %(have)s, for it is unlike the cases learned from; %(need)s would be needed.")
    return told % {"have": have, "need": need}

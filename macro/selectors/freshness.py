"""Whether a reading is too old to act on."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from assets import selectors as assets
from assets.engine.timeframe import Timeframe

STALE_BARS = 2


def stale_reason(timeframe: Timeframe, as_of: datetime, now: datetime) -> str:
    """Why a reading of `as_of` is out of date at `now`; empty where it is not.

    It is when its close lies more than two bars before `now`, or before the newest candle known at `now`.
    """
    bar = timedelta(days=31) if timeframe is Timeframe.MONTH else timeframe.delta
    oldest = as_of + STALE_BARS * bar
    newest = assets.last_close(timeframe, now)
    if newest is not None and oldest < newest:
        return _("Newer candles are stored than were analysed; run the pipeline.")
    if oldest < now:
        return _("No candles have arrived for more than two bars.")
    return ""

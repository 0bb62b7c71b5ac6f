"""What the dashboard shows of this layer."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from assets.engine.timeframe import Timeframe
from assets.selectors import stale_reason
from macro.models import RegimeAnalysis
from macro.selectors.readings import latest_regime, regime_history

HISTORY_DAYS = 90
DOTS = 4
#: Share of the bars of so many days that had this regime: what a guess without knowledge gets right.
BASE_RATE_DAYS = 730
#: A share of fewer bars says too little.
BASE_RATE_LEAST = 90


def card(
    user: Any, now: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> dict[str, Any] | None:
    """The layer in one look: the regime, how much to be in the market, and how sure that is.

    `indicator_dots` (0 to 4) is the recommended exposure in quarters, rounded. `confidence` is the
    calibrated probability of the regime, beside the share of the last two years' bars that had it. The
    sparkline is the exposure in percent over 90 days. None before the first run.
    """
    reading = latest_regime(timeframe=timeframe)
    if reading is None:
        return None
    reason = stale_reason(timeframe, reading.as_of, now or timezone.now())
    percent = _percent(reading.recommended_exposure)
    return {
        "layer": 1,
        "name": _("Macro"),
        "status": reading.market_regime or "unknown",
        "state": _state(reading),
        "tone": reading.market_regime or "neutral",
        "figure": percent,
        "unit": _("%"),
        "caption": _("recommended exposure"),
        "key_metric": _key_metric(percent),
        "indicator_dots": _dots(reading.recommended_exposure),
        "confidence": reading.confidence_score,
        "base_rate": base_rate(reading),
        "sparkline": _history(reading),
        "sparkline_label": _("Recommended exposure over %(days)d days") % {"days": HISTORY_DAYS},
        "sentence": _sentence(reading, percent),
        "as_of": reading.as_of,
        "last_updated": reading.created_at,
        "is_stale": bool(reason),
        "stale_reason": reason,
        "why_url": reverse("macro:overview"),
    }


def _percent(share: float | None) -> int | None:
    return None if share is None else round(100 * share)


def _dots(exposure: float | None) -> int:
    return 0 if exposure is None else round(DOTS * exposure)


def _state(reading: RegimeAnalysis) -> str:
    return str(reading.get_market_regime_display()) if reading.market_regime else _("Not known")


def _key_metric(percent: int | None) -> str:
    return _("exposure not known") if percent is None else _("%(percent)d %% invested") % {"percent": percent}


def _sentence(reading: RegimeAnalysis, percent: int | None) -> str:
    if percent is None or reading.market_regime is None:
        return _("The market's regime is not known yet.")
    lead = (
        _("Stay %(percent)d %% invested.") % {"percent": percent} if percent else _("Stay out of the market.")
    )
    regimes = {
        "bull": _("The market is rising."),
        "bear": _("The market is falling."),
        "neutral": _("The market goes nowhere, and calmly."),
        "volatile": _("The market swings without direction."),
    }
    return f"{lead} {regimes[reading.market_regime]}"


def base_rate(reading: RegimeAnalysis) -> float | None:
    """Share of the last two years' bars that had this regime; None where too few are known."""
    if reading.market_regime is None:
        return None
    since = reading.as_of - timedelta(days=BASE_RATE_DAYS)
    counted = regime_history(since, reading.as_of, reading.timeframe).aggregate(
        known=Count("market_regime"),
        same=Count("pk", filter=Q(market_regime=reading.market_regime)),
    )
    return counted["same"] / counted["known"] if counted["known"] >= BASE_RATE_LEAST else None


def _history(reading: RegimeAnalysis) -> list[float]:
    since = reading.as_of - timedelta(days=HISTORY_DAYS)
    rows = regime_history(since, reading.as_of, reading.timeframe)
    found = rows.values_list("recommended_exposure", flat=True)
    return [math.nan if value is None else 100.0 * value for value in found]

"""What the page of the layer shows beside its charts."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from aimodels.words import standing_words
from assets.selectors import stale_reason
from macro import words
from macro.models import MetricsSnapshot, Regime, RegimeAnalysis, RegimeForecast
from macro.selectors.dashboard import base_rate
from macro.selectors.readings import latest_dominance, latest_regime, latest_sentiment

ORDER = (Regime.BULL, Regime.NEUTRAL, Regime.VOLATILE, Regime.BEAR)


def overview(now: datetime) -> dict[str, Any]:
    """The last reading and what stands behind it; `reading` is None before the first run."""
    reading = latest_regime()
    if reading is None:
        return {"reading": None}
    return {
        "reading": reading,
        "stale_reason": stale_reason(reading.timeframe, reading.as_of, now),
        "base_rate": base_rate(reading),
        "now_odds": regime_odds(reading.probabilities),
        "drivers": drivers(reading),
        "flip": _flip(reading),
        "forecasts": _forecasts(reading),
        "sentiment": _sentiment(),
        "dominance": latest_dominance(),
        "indicators": _indicators(reading.snapshot),
        "absent": [words.series_name(name) for name in reading.reasons.get("absent_series", ())],
        "model_note": standing_words(reading.reasons.get("model", {})),
        "regimes": [{"tone": str(regime), "name": regime.label} for regime in ORDER],
    }


def regime_odds(probabilities: dict[str, float]) -> list[tuple[str, str, float | None]]:
    """(tone, name, probability) of each regime, the rising one first."""
    return [(str(regime), str(regime.label), probabilities.get(str(regime))) for regime in ORDER]


def drivers(reading: RegimeAnalysis) -> list[dict[str, Any]]:
    """What spoke for the regime (+) and against it (−), strongest first; `weight` is of the largest."""
    found = reading.regime_drivers
    most = max((abs(one["contribution"]) for one in found), default=0.0)
    return [
        {
            "name": words.feature_name(one["feature"]),
            "value": one["value"],
            "weight": one["contribution"] / most if most else 0.0,
        }
        for one in found
    ]


def _flip(reading: RegimeAnalysis) -> str:
    """What would end the regime, in words; empty where that is not known."""
    turn = reading.turning_point
    if not turn.get("regime") or not turn.get("bars"):
        return ""
    return _("About %(days)d days that look like a typical %(regime)s market would end this regime.") % {
        "days": turn["bars"],
        "regime": str(Regime(turn["regime"]).label).lower(),
    }


def _forecasts(reading: RegimeAnalysis) -> list[dict[str, Any]]:
    """The forecasts of the same close, nearest first, each beside its rival: how often regimes persisted."""
    rows = RegimeForecast.objects.filter(timeframe=reading.timeframe, as_of=reading.as_of)
    return [
        {
            "name": _hours(row.horizon_hours),
            "odds": regime_odds(row.probabilities),
            "stays": row.probabilities.get(reading.market_regime or ""),
            "rival": row.persistence.get(reading.market_regime or ""),
        }
        for row in rows.order_by("horizon_hours")
    ]


def _hours(hours: int) -> str:
    days = hours // 24
    return _("In %(days)d days") % {"days": days} if days != 1 else _("In 1 day")


def _sentiment() -> dict[str, Any] | None:
    found = latest_sentiment()
    if found is None:
        return None
    return {
        "index": found.fear_greed_index,
        "word": words.mood(found.fear_greed_index),
        "composite": found.composite_sentiment,
        "sources": [
            {"name": words.source_name(name), "value": value}
            for name, value in found.sentiment_sources.items()
            if value is not None and math.isfinite(value)
        ],
        "as_of": found.as_of,
    }


def _indicators(snapshot: MetricsSnapshot | None) -> list[dict[str, Any]]:
    """Figures of the day with their units; what has no source is left out and named elsewhere."""
    if snapshot is None:
        return []
    breadth = snapshot.crypto_market_breadth
    rows = [
        (_("Whole market"), snapshot.total_market_cap, _("USD")),
        (_("Coins above their 200-day mean"), breadth, "%"),
        (_("New 90-day highs"), snapshot.new_highs_24h, ""),
        (_("New 90-day lows"), snapshot.new_lows_24h, ""),
        (_("RSI of BTC, 14 days"), snapshot.rsi_14, ""),
        (_("Funding rate, 8 hours"), _times(snapshot.funding_rate_btc, 100), "%"),
        (_("Open interest"), snapshot.open_interest_btc, _("USD")),
        (_("S&P 500"), snapshot.sp500, ""),
        (_("Gold"), snapshot.gold, _("USD")),
        (_("Dollar index"), snapshot.dxy, ""),
        (_("VIX"), snapshot.vix_index, ""),
        (_("10-year yield"), snapshot.us_10y_yield, "%"),
    ]
    return [{"name": name, "value": value, "unit": unit} for name, value, unit in rows if value is not None]


def _times(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def macro_step(reading: RegimeAnalysis | None) -> dict[str, Any] | None:
    """What the layer says, for the why-trail of a coin; None before the first run."""
    if reading is None or reading.market_regime is None:
        return None
    exposure = reading.recommended_exposure
    return {
        "says": str(reading.get_market_regime_display()),
        "tone": reading.market_regime,
        "figure": exposure,
        "drivers": drivers(reading),
        "flip": _flip(reading),
        "model_note": standing_words(reading.reasons.get("model", {})),
        "as_of": reading.as_of,
    }

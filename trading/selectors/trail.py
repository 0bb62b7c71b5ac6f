"""Why a signal was issued: what each layer said, and what weighed most, in words with figures."""

from __future__ import annotations

import math
from typing import Any, TypedDict

from django.utils.translation import gettext as _

from sectors.words import sector_name
from trading.models import TradingSignal
from trading.words import feature_name


class Step(TypedDict):
    """One layer of the funnel; `text` is empty where it said nothing about this signal."""

    number: int
    name: str
    text: str
    would_flip: str


def factors(signal: TradingSignal) -> list[dict[str, Any]]:
    """The features that weighed most, largest first: name, value, and what each multiplies the odds by."""
    return [
        {
            "name": feature_name(str(factor["name"])),
            "value": factor["value"],
            "contribution": factor["contribution"],
            "odds": math.exp(factor["contribution"]),
        }
        for factor in signal.ai_analysis.get("key_factors", [])
    ]


def spans(signal: TradingSignal) -> list[dict[str, Any]]:
    """Chance to reach the target before the stop within each span."""
    names = {"24h_target": _("24 hours"), "3d_target": _("3 days"), "7d_target": _("7 days")}
    known = signal.ai_analysis.get("probability_analysis", {})
    return [{"name": name, "chance": known[key]} for key, name in names.items() if known.get(key) is not None]


def trail(signal: TradingSignal) -> list[Step]:
    """The four layers in the order of the funnel."""
    context = signal.market_context
    return [
        _step(1, _("Macro"), _macro(context), _macro_flip(signal)),
        _step(2, _("Sectors"), _sector(context), ""),
        _step(3, _("Selection"), _score(context), ""),
        _step(4, _("Trading"), _timing(signal), _timing_flip(signal)),
    ]


def _step(number: int, name: str, text: str, would_flip: str) -> Step:
    return {"number": number, "name": name, "text": text, "would_flip": would_flip if text else ""}


def _macro(context: dict[str, Any]) -> str:
    told = []
    if context.get("regime"):
        told.append(_("The market is %(regime)s.") % {"regime": _regime(context["regime"])})
    if context.get("exposure") is not None:
        told.append(_("%(share)d %% invested is advised.") % {"share": round(100 * context["exposure"])})
    return " ".join(told)


def _regime(word: str) -> str:
    known = {"bull": _("rising"), "bear": _("falling"), "neutral": _("neutral"), "volatile": _("volatile")}
    return known.get(word, word)


def _macro_flip(signal: TradingSignal) -> str:
    if signal.signal_type == "short":
        return _("No short is issued outside a falling market.")
    return _("No long is issued where hardly any exposure is advised.")


def _sector(context: dict[str, Any]) -> str:
    sector = context.get("sector")
    return _("The coin belongs to %(sector)s.") % {"sector": sector_name(sector)} if sector else ""


def _score(context: dict[str, Any]) -> str:
    score = context.get("score_percentile")
    return (
        ""
        if score is None
        else _("Its score beats %(share)d %% of the coins.") % {"share": round(100 * score)}
    )


def _timing(signal: TradingSignal) -> str:
    return _("The target comes before the stop with %(chance)d %%; %(value)s R are expected after costs.") % {
        "chance": round(100 * signal.confidence_score),
        "value": f"{signal.expected_value:+.2f}",
    }


def _timing_flip(signal: TradingSignal) -> str:
    return _("Below the break-even of %(even)d %% it would not have been issued.") % {
        "even": round(100 * signal.break_even)
    }

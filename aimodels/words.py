"""What people call models, their figures and how they stand, in the page's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from aimodels.engine import footing
from aimodels.engine.footing import Cause

Words = Mapping[str, str | Promise]
MODELS: Words = {
    "macro_regime": _("Market regime"),
    "sectors.rotation": _("Change of leading sectors"),
    "sectors.outlook": _("Sectors that beat the others"),
    "selection_7d": _("Score of coins, 7 days"),
    "selection_30d": _("Score of coins, 30 days"),
    "timing_long": _("Timing of long signals"),
    "timing_short": _("Timing of short signals"),
    "interval_1d": _("Price interval, 1 day"),
    "interval_7d": _("Price interval, 7 days"),
    "interval_30d": _("Price interval, 30 days"),
}
LAYERS: Words = {
    "macro": _("Macro"),
    "sectors": _("Sectors"),
    "selection": _("Selection"),
    "trading": _("Trading"),
    "predictions": _("Predictions"),
}
STATES: Words = {
    "proven": _("Skill shown"),
    "unproven": _("No skill shown"),
    "unjudged": _("Not judged yet"),
    "expired": _("Expired"),
    "broken": _("Broken"),
    "missing": _("Not trained yet"),
}
STATE_TONES = {"proven": "up", "unproven": "warn", "expired": "bad", "broken": "bad", "missing": ""}
GRADES: Words = {
    "unknown": _("Not known"),
    "unbounded": _("No bound set"),
    "below_floor": _("Below its floor"),
    "floor": _("Above its floor"),
    "goal": _("Reaches its goal"),
    "suspect": _("Too good: suspect a leak"),
}
GRADE_TONES = {"below_floor": "bad", "floor": "accent", "goal": "up", "suspect": "warn"}
DRIFT: Words = {
    "unknown": _("Too few rows to tell"),
    "stable": _("Stable"),
    "watch": _("Has moved a little"),
    "shifted": _("Has moved"),
}
FIGURES: Words = {
    "regime_log_loss_skill": _("Log loss saved against persistence"),
    "regime_calibration_error": _("Calibration error of the regime"),
    "exposure_sharpe_gain": _("Sharpe ratio gained by the exposure"),
    "exposure_drawdown_share": _("Drawdown against holding's"),
    "exposure_return_bar": _("Return a bar, market times exposure"),
    "rotation_brier_skill": _("Brier skill"),
    "rotation_calibration_error": _("Calibration error"),
    "outlook_brier_skill": _("Brier skill"),
    "outlook_calibration_error": _("Calibration error"),
    "allocation_sharpe_gain": _("Sharpe ratio gained over equal weight"),
    "allocation_drawdown": _("Drawdown of the allocation"),
    "allocation_lead_bar": _("Lead a bar on equal weight"),
    "ic": _("Rank correlation with returns (IC)"),
    "ic_beyond_low_volatility": _("IC beyond low volatility"),
    "ic_t": _("t-value of the IC"),
    "ic_low_volatility": _("IC of low volatility alone"),
    "quintile_spread": _("Top less bottom fifth, a week, after costs"),
    "scaled_spread": _("The same by the head that allocation uses"),
    "score_calibration_error": _("Calibration error of the score"),
    "score_brier_skill": _("Brier skill of the score"),
    "timing_calibration_error": _("Calibration error"),
    "timing_brier_skill": _("Brier skill"),
    "timing_auc": _("Area under the ROC curve"),
    "issued_net_r": _("Net R of what was issued"),
    "issued_lead_r": _("Lead in R on random entries"),
    "issued_deflated_sharpe": _("Chance that its Sharpe ratio is no luck"),
    "issued_r_bar": _("Net R a bar"),
    "interval_coverage": _("Share of prices inside the 80 % interval"),
    "interval_score": _("Interval score against the rival's"),
    "interval_width": _("Width against the rival's"),
}
#: What people call the features of the price intervals.
FEATURES: Words = {
    "volatility_30d": _("30-day volatility"),
    "volatility_1d_30d": _("Volatility, 1 against 30 days"),
    "volatility_3d_30d": _("Volatility, 3 against 30 days"),
    "volatility_7d_30d": _("Volatility, 7 against 30 days"),
    "volatility_14d_30d": _("Volatility, 14 against 30 days"),
    "volatility_90d_30d": _("Volatility, 90 against 30 days"),
    "range_1d_30d": _("Range of the day against 30-day volatility"),
    "range_3d_30d": _("Range of 3 days against 30-day volatility"),
    "range_7d_30d": _("Range of 7 days against 30-day volatility"),
    "range_30d_30d": _("Range of 30 days against 30-day volatility"),
    "volume_1d_30d": _("Last day's volume against the month"),
    "return_1d": _("Last day's return against its volatility"),
    "distance_20d": _("Distance to the 20-day mean"),
    "turnover_30d": _("Volume of a usual day"),
    "weekend": _("Share of weekend days"),
}
#: What models declare of themselves, and what a comparison is made with; the engine knows no languages.
DECLARED: Words = {
    "80 % interval of the price 1 days ahead": _("80 % interval of the price 1 day ahead"),
    "80 % interval of the price 30 days ahead": _("80 % interval of the price 30 days ahead"),
    "80 % interval of the price 7 days ahead": _("80 % interval of the price 7 days ahead"),
    "Brier skill": _("Brier skill"),
    "base rate": _("base rate"),
    "brier_skill": _("Brier skill"),
    "calibrated persistence (transition frequencies)": _("calibrated persistence (transition frequencies)"),
    "interval score": _("interval score"),
    "log loss of the regime 7 days ahead": _("log loss of the regime 7 days ahead"),
    "logistic regression, Platt-calibrated": _("logistic regression, Platt-calibrated"),
    "low idiosyncratic volatility": _("low idiosyncratic volatility"),
    "mean daily rank correlation": _("mean daily rank correlation"),
    "one half": _("one half"),
    "pooled logistic regression, Platt-calibrated": _("pooled logistic regression, Platt-calibrated"),
    "pooled logistic, prequential calibration": _("pooled logistic, prequential calibration"),
    "random walk with an exponentially weighted volatility": _(
        "random walk with an exponentially weighted volatility"
    ),
    "regime now (as hindsight tells it) and 1, 7, 30 days ahead": _(
        "regime now (as hindsight tells it) and 1, 7, 30 days ahead"
    ),
    "return from the next open over 30 days relative to the universe": _(
        "return from the next open over 30 days relative to the universe"
    ),
    "return from the next open over 7 days relative to the universe": _(
        "return from the next open over 7 days relative to the universe"
    ),
    "ridge on log volatility, conformal by volatility group, adapted online": _(
        "ridge on log volatility, conformal by volatility group, adapted online"
    ),
    "ridge on ranks, squares and trend products": _("ridge on ranks, squares and trend products"),
    "statistical jump model with calibrated heads": _("statistical jump model with calibrated heads"),
    "the 28-day leaders in 7 days are not today's": _("the 28-day leaders in 7 days are not today's"),
    "the sector's return over 7 days exceeds the median of the sectors": _(
        "the sector's return over 7 days exceeds the median of the sectors"
    ),
    "the target of a long plan is reached before its stop within 7 days": _(
        "the target of a long plan is reached before its stop within 7 days"
    ),
    "the target of a short plan is reached before its stop within 7 days": _(
        "the target of a short plan is reached before its stop within 7 days"
    ),
    "no forecast has come due": _("no forecast has come due"),
    "no interval has come to its end": _("no interval has come to its end"),
    "1 - log loss / that of transition frequencies": _("1 − log loss / that of transition frequencies"),
    "of the likeliest regime; the rival is persistence": _(
        "of the likeliest regime; the rival is persistence"
    ),
    "mean net return a bar of market x exposure; the rival is cash": _(
        "mean net return a bar of market × exposure; the rival is cash"
    ),
    "1 - Brier score / that of the base rate": _("1 − Brier score / that of the base rate"),
    "mean net R; the rival is random entries": _("mean net R; the rival is random entries"),
    "net R beyond random entries with the same exits": _("net R beyond random entries with the same exits"),
    "net R a bar, nothing issued counted as nothing": _("net R a bar, nothing issued counted as nothing"),
    "mean daily rank correlation; the rival is last month's return": _(
        "mean daily rank correlation; the rival is last month's return"
    ),
    "rank correlation with low volatility held fixed": _("rank correlation with low volatility held fixed"),
    "t-value for overlapping labels; the rival is low volatility alone": _(
        "t-value for overlapping labels; the rival is low volatility alone"
    ),
    "rank correlation of the low-volatility rule alone": _(
        "rank correlation of the low-volatility rule alone"
    ),
    "top minus bottom fifth a horizon, after fees and slippage": _(
        "top minus bottom fifth a horizon, after fees and slippage"
    ),
    "of the chance to beat the median coin": _("of the chance to beat the median coin"),
    "not judged yet: there is nothing else to serve": _("not judged yet: there is nothing else to serve"),
    "rival": _("rival"),
    "champion": _("champion"),
    "recent window": _("recent window"),
    "all walk-forward years": _("all walk-forward years"),
}
_SPAN = re.compile(r"_(\d+)d(?=_|$)")
_GROUP = re.compile(r"_group_(\d+)$")


def model_name(name: str) -> str:
    """What people call the model `name`; one not known here keeps its name."""
    return str(MODELS.get(name, name))


def layer_name(name: str) -> str:
    """What people call a layer."""
    return str(LAYERS.get(name, name))


def declared(text: str) -> str:
    """What a model says of itself; what is not known here stays as it is."""
    return str(DECLARED.get(text, text))


def feature_name(name: str) -> str:
    """What people call a feature of the price intervals; one not known here keeps its name."""
    return str(FEATURES.get(name, name.replace("_", " ")))


def check_words(check: Mapping[str, Any]) -> str:
    """Why a comparison stood against a version, or could not be made."""
    told = {
        "figure": figure_name(check["figure"]),
        "against": declared(check["against"]),
        "window": declared(check["window"]),
    }
    if check["passed"] is None:
        return _t("%(figure)s beside %(against)s, %(window)s: too few cases to tell") % told
    for side in ("own", "other"):
        told[side] = "–" if check[side] is None else f"{check[side]:.4f}"
    return _t("%(figure)s %(own)s beside %(against)s %(other)s, %(window)s") % told


def figure_name(name: str) -> str:
    """What people call a figure: its horizon and volatility group stand behind its name."""
    group = _GROUP.search(name)
    rest = _GROUP.sub("", name)
    span = _SPAN.search(rest)
    plain = _SPAN.sub("", rest)
    said = str(FIGURES.get(plain, plain.replace("_", " ")))
    if span is not None:
        words = ngettext("%(figure)s, %(days)s day", "%(figure)s, %(days)s days", int(span.group(1)))
        said = words % {"figure": said, "days": span.group(1)}
    if group is not None:
        said = _t("%(figure)s, volatility group %(group)s") % {"figure": said, "group": group.group(1)}
    return said


SERVES: Mapping[str, Promise | str] = {
    Cause.REFUSED: _("version %(version)s goes on serving: its successor was judged worse and refused"),
    Cause.ROLLED_BACK: _("version %(version)s serves: it was rolled back to"),
    Cause.BROKEN: _("version %(version)s serves: the file of a newer one is not what was stored"),
    Cause.SHORT_HISTORY: _("version %(version)s goes on serving: too little to learn the next from"),
}
SILENT: Mapping[str, Promise | str] = {
    "missing": _("no version served this close"),
    Cause.BROKEN: _("the model's file is not what was stored, and no sound version is left: train it again"),
    Cause.SHORT_HISTORY: _("there was too little history to learn from by then"),
    Cause.EXPIRED: _("version %(version)s had expired by then and no newer one served: train it again"),
}


def standing_words(document: Mapping[str, Any]) -> str:
    """The reason of a stored standing (`Footing.document`); empty where there is nothing to say."""
    if not document:
        return ""
    words = (SILENT if document["withheld"] else SERVES).get(document["state"])
    return document["reason"] if words is None else str(words) % {"version": document["version"]}


_BY_HAND = re.compile(r"rolled back from (?P<old>\S+) to (?P<new>\S+) by hand")


def decision_words(text: str) -> str:
    """A decision's reason as it is kept; one not known here stays as it is."""
    by_hand = _BY_HAND.fullmatch(text)
    if by_hand:
        return _t("rolled back from %(old)s to %(new)s by hand") % by_hand.groupdict()
    return declared(text)


def footing_words(text: str) -> str:
    """The same of a reason that was stored as an English text alone; one not known here stays as it is."""
    for english, words in _STORED:
        found = english.fullmatch(text)
        if found is not None:
            return str(words) % {"version": found.groupdict().get("version", "")}
    return text


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.escape(template).replace(re.escape("%(version)s"), r"(?P<version>\S+)"))


_STORED = [
    (_pattern(english), words[cause or "missing"])
    for engine, words in ((footing.SERVES, SERVES), (footing.SILENT, SILENT))
    for cause, english in engine.items()
]

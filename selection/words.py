"""The words of a score's reasons in the language of the page: the engine's phrases, known to translators."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from aimodels.words import footing_words
from selection.engine.reasons import PHRASES, Reason, figures, place

MONTH = "30 days: "  # before what records say of the model of thirty days
#: The templates of the engine's PHRASES and SCALES, said again where the translators' tools look.
TEMPLATES = (
    gettext_noop("1-week return {value}"),
    gettext_noop("2-week return {value}"),
    gettext_noop("3-week return {value}"),
    gettext_noop("4-week return {value}"),
    gettext_noop("8-week return {value}"),
    gettext_noop("last day's return {value}"),
    gettext_noop("market cap {value}"),
    gettext_noop("daily volume {value}"),
    gettext_noop("volume {value} its monthly mean"),
    gettext_noop("own volatility {value} a year"),
    gettext_noop("volatility {value} a year"),
    gettext_noop("90-day volatility {value} a year"),
    gettext_noop("moves {value} with the market"),
    gettext_noop("best day of the month {value}"),
    gettext_noop("{value} from the 90-day high"),
    gettext_noop("price moves {value} per million USD traded"),
    gettext_noop("{value} days of prices in the last year"),
    gettext_noop("sector momentum {value}"),
)
PLACES = (
    gettext_noop("above {percentile} of coins"),
    gettext_noop("the lowest of all coins"),
    gettext_noop("the highest of all coins"),
    gettext_noop("larger than {percentile} of coins"),
    gettext_noop("the smallest of all coins"),
    gettext_noop("the largest of all coins"),
    gettext_noop("more than {percentile} of coins"),
    gettext_noop("the least of all coins"),
    gettext_noop("the fewest of all coins"),
    gettext_noop("the most of all coins"),
    gettext_noop("nearer to it than {percentile} of coins"),
    gettext_noop("the farthest from it of all coins"),
    gettext_noop("the nearest to it of all coins"),
    gettext_noop("stronger than {percentile} of coins"),
    gettext_noop("the weakest of all coins"),
    gettext_noop("the strongest of all coins"),
)
#: What follows the number in the engine's figures.
UNITS: Mapping[str, str] = {
    "%": gettext_noop("%(number)s %%"),
    "times": gettext_noop("%(number)s times"),
    "USD": gettext_noop("%(number)s USD"),
    "thousand USD": gettext_noop("%(number)s thousand USD"),
    "million USD": gettext_noop("%(number)s million USD"),
    "billion USD": gettext_noop("%(number)s billion USD"),
    "trillion USD": gettext_noop("%(number)s trillion USD"),
}

#: What people call the factors of a score where no value stands beside them.
FEATURES: Mapping[str, str | Promise] = {
    "momentum_1w": gettext_lazy("1-week return"),
    "momentum_2w": gettext_lazy("2-week return"),
    "momentum_3w": gettext_lazy("3-week return"),
    "momentum_4w": gettext_lazy("4-week return"),
    "momentum_8w": gettext_lazy("8-week return"),
    "reversal_1d": gettext_lazy("Last day's return"),
    "size": gettext_lazy("Market cap"),
    "volume": gettext_lazy("Daily volume"),
    "volume_surge": gettext_lazy("Volume against its monthly mean"),
    "idiosyncratic_volatility": gettext_lazy("Volatility of its own"),
    "total_volatility": gettext_lazy("Volatility"),
    "long_volatility": gettext_lazy("90-day volatility"),
    "beta": gettext_lazy("How much it moves with the market"),
    "max_daily_return": gettext_lazy("Best day of the month"),
    "drawdown": gettext_lazy("Fall from the 90-day high"),
    "illiquidity": gettext_lazy("Price move per million USD traded"),
    "age": gettext_lazy("Days of prices in the last year"),
    "sector_strength": gettext_lazy("Momentum of its sector"),
}

#: Where a coin stands, in words.
TIER_NAMES: Mapping[str, str | Promise] = {
    "": gettext_lazy("not listed"),
    "none": gettext_lazy("not listed"),
    "tier1": gettext_lazy("Tier 1"),
    "tier2": gettext_lazy("Tier 2"),
}


def feature_name(name: str) -> str:
    """What people call the factor; one not known here keeps its name."""
    return str(FEATURES.get(name, name.replace("_", " ")))


def reason_words(reason: Reason) -> str:
    """The reason with its figures, translated. Raises KeyError for a factor that has no phrase."""
    told = {key: _figure(text) for key, text in figures(reason).items()}
    factor, where = _(PHRASES[reason.name].template).format(**told), _(place(reason)).format(**told)
    return _("%(factor)s, %(place)s") % {"factor": factor, "place": where}


def _figure(text: str) -> str:
    number, _space, unit = text.partition(" ")
    return _(UNITS[unit]) % {"number": number} if unit else text


#: What the records of scores keep in English.
REASONS: Mapping[str, str | Promise] = {
    "too few of the coin's factors are known": gettext_lazy("too few of the coin's factors are known"),
    "no coin in the universe": gettext_lazy("no coin in the universe"),
}
_NO_FIT = re.compile(r"no fit of \S+ for (?P<day>\S+): too little history")


def score_reason(text: str) -> str:
    """Why a coin has no score, or what its models stood on, in words."""
    told = []
    for part in filter(None, text.split("; ")):
        month = part.startswith(MONTH)
        own = part.removeprefix(MONTH)
        no_fit = _NO_FIT.fullmatch(own)
        said = str(REASONS.get(own) or footing_words(own))
        if no_fit:
            said = _("there was too little history to learn from on %(day)s") % no_fit.groupdict()
        told.append(_("30 days: %(reason)s") % {"reason": said} if month else said)
    return "; ".join(told)

"""The words of a score's reasons in the language of the page: the engine's phrases, known to translators."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from selection.engine.reasons import PHRASES, Reason, figures

#: The templates of the engine's PHRASES, said again where the translators' tools look.
TEMPLATES = (
    gettext_noop("1-week return {value}, above {percentile} of coins"),
    gettext_noop("2-week return {value}, above {percentile} of coins"),
    gettext_noop("3-week return {value}, above {percentile} of coins"),
    gettext_noop("4-week return {value}, above {percentile} of coins"),
    gettext_noop("8-week return {value}, above {percentile} of coins"),
    gettext_noop("last day's return {value}, above {percentile} of coins"),
    gettext_noop("market cap {value}, larger than {percentile} of coins"),
    gettext_noop("daily volume {value}, larger than {percentile} of coins"),
    gettext_noop("volume {value} its monthly mean, above {percentile} of coins"),
    gettext_noop("own volatility {value} a year, above {percentile} of coins"),
    gettext_noop("volatility {value} a year, above {percentile} of coins"),
    gettext_noop("90-day volatility {value} a year, above {percentile} of coins"),
    gettext_noop("moves {value} with the market, more than {percentile} of coins"),
    gettext_noop("best day of the month {value}, above {percentile} of coins"),
    gettext_noop("{value} from the 90-day high, nearer to it than {percentile} of coins"),
    gettext_noop("price moves {value} per million USD traded, more than {percentile} of coins"),
    gettext_noop("{value} days of prices in the last year, more than {percentile} of coins"),
    gettext_noop("sector momentum {value}, stronger than {percentile} of coins"),
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

#: Where a coin stands, in words.
TIER_NAMES: Mapping[str, str | Promise] = {
    "": gettext_lazy("not listed"),
    "none": gettext_lazy("not listed"),
    "tier1": gettext_lazy("Tier 1"),
    "tier2": gettext_lazy("Tier 2"),
}


def reason_words(reason: Reason) -> str:
    """The reason with its figures, translated. Raises KeyError for a factor that has no phrase."""
    told = {key: _figure(text) for key, text in figures(reason).items()}
    return _(PHRASES[reason.name].template).format(**told)


def _figure(text: str) -> str:
    number, _space, unit = text.partition(" ")
    return _(UNITS[unit]) % {"number": number} if unit else text

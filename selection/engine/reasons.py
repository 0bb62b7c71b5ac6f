"""Why a coin has its score: the factors that moved it most, as figures and as words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from aimodels.engine import linear
from aimodels.engine.linear import Linear
from assets.engine.panel import Floats, Ints
from selection.engine.features import FEATURES


class Unit(StrEnum):
    """How a factor's value reads."""

    PERCENT = "percent"
    PERCENT_A_YEAR = "percent_a_year"
    USD = "usd"
    TIMES = "times"
    NUMBER = "number"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Scale:
    """English words for where a coin stands among all: `between` with its percentile, and the two ends."""

    between: str
    lowest: str
    highest: str


ABOVE = Scale("above {percentile} of coins", "the lowest of all coins", "the highest of all coins")
LARGER = Scale("larger than {percentile} of coins", "the smallest of all coins", "the largest of all coins")
MORE = Scale("more than {percentile} of coins", "the least of all coins", "the most of all coins")
LONGER = Scale("more than {percentile} of coins", "the fewest of all coins", "the most of all coins")
NEARER = Scale(
    "nearer to it than {percentile} of coins",
    "the farthest from it of all coins",
    "the nearest to it of all coins",
)
STRONGER = Scale(
    "stronger than {percentile} of coins", "the weakest of all coins", "the strongest of all coins"
)
SCALES = (ABOVE, LARGER, MORE, LONGER, NEARER, STRONGER)


@dataclass(frozen=True, slots=True)
class Phrase:
    """English words for a factor, to be translated as one string; `value` is filled in afterwards, and what
    `scale` says of its place is put behind it."""

    template: str
    unit: Unit
    scale: Scale


PHRASES: Mapping[str, Phrase] = {
    "momentum_1w": Phrase("1-week return {value}", Unit.PERCENT, ABOVE),
    "momentum_2w": Phrase("2-week return {value}", Unit.PERCENT, ABOVE),
    "momentum_3w": Phrase("3-week return {value}", Unit.PERCENT, ABOVE),
    "momentum_4w": Phrase("4-week return {value}", Unit.PERCENT, ABOVE),
    "momentum_8w": Phrase("8-week return {value}", Unit.PERCENT, ABOVE),
    "reversal_1d": Phrase("last day's return {value}", Unit.PERCENT, ABOVE),
    "size": Phrase("market cap {value}", Unit.USD, LARGER),
    "volume": Phrase("daily volume {value}", Unit.USD, LARGER),
    "volume_surge": Phrase("volume {value} its monthly mean", Unit.TIMES, ABOVE),
    "idiosyncratic_volatility": Phrase("own volatility {value} a year", Unit.PERCENT_A_YEAR, ABOVE),
    "total_volatility": Phrase("volatility {value} a year", Unit.PERCENT_A_YEAR, ABOVE),
    "long_volatility": Phrase("90-day volatility {value} a year", Unit.PERCENT_A_YEAR, ABOVE),
    "beta": Phrase("moves {value} with the market", Unit.TIMES, MORE),
    "max_daily_return": Phrase("best day of the month {value}", Unit.PERCENT, ABOVE),
    "drawdown": Phrase("{value} from the 90-day high", Unit.PERCENT, NEARER),
    "illiquidity": Phrase("price moves {value} per million USD traded", Unit.PERCENT, MORE),
    "age": Phrase("{value} days of prices in the last year", Unit.DAYS, LONGER),
    "sector_strength": Phrase("sector momentum {value}", Unit.NUMBER, STRONGER),
}


@dataclass(frozen=True, slots=True)
class Reasons:
    """The K factors that moved each score most, largest first, all (R, N, K).

    `feature` indexes FEATURES, -1 where there is none; `value` in natural units; `percentile` in [0, 1]
    among the members; `contribution` in units of the predicted rank, above 0 where the factor speaks for
    the coin.
    """

    feature: Ints
    value: Floats
    percentile: Floats
    contribution: Floats


@dataclass(frozen=True, slots=True)
class Reason:
    """One factor behind one score, see `Reasons`."""

    name: str
    value: float
    percentile: float
    contribution: float


def by_feature(head: Linear, x: Floats) -> Floats:
    """What each factor adds to the score (R, N, F): its rank, square and trend terms (R, N, 3 F) together."""
    parts = linear.contributions(head, x)
    size = len(FEATURES)
    return np.asarray(
        parts[..., :size] + parts[..., size : 2 * size] + parts[..., 2 * size :], dtype=np.float64
    )


def strongest(contributions: Floats, raw: Floats, ranks: Floats, count: int) -> Reasons:
    """Reasons from contributions (R, N, F), natural values and ranks (F, R, N); unknown factors are never
    named.

    Ties go to the factor named first in FEATURES.
    """
    known = np.moveaxis(np.isfinite(ranks), 0, -1)
    weight = np.where(known, np.abs(contributions), -1.0)
    feature = np.argsort(-weight, axis=-1, kind="stable")[..., :count]
    named = np.take_along_axis(known, feature, axis=-1)

    def pick(x: Floats) -> Floats:
        return np.where(named, np.take_along_axis(x, feature, axis=-1), np.nan)

    percentile = pick(np.moveaxis(ranks, 0, -1)) + 0.5
    value = pick(np.moveaxis(raw, 0, -1))
    return Reasons(np.where(named, feature, -1).astype(np.int64), value, percentile, pick(contributions))


def reasons_of(reasons: Reasons, row: int, coin: int) -> tuple[Reason, ...]:
    """The reasons of one cell, strongest first; empty where there is no score."""
    return tuple(
        Reason(
            FEATURES[int(reasons.feature[row, coin, k])],
            float(reasons.value[row, coin, k]),
            float(reasons.percentile[row, coin, k]),
            float(reasons.contribution[row, coin, k]),
        )
        for k in range(reasons.feature.shape[-1])
        if reasons.feature[row, coin, k] >= 0
    )


def figures(reason: Reason) -> Mapping[str, str]:
    """What fills the phrase: `value` in the factor's unit and `percentile` as a share, both ready to read."""
    return {
        "value": figure(reason.value, PHRASES[reason.name].unit),
        "percentile": _share(reason.percentile),
    }


def place(reason: Reason) -> str:
    """The template of where the coin stands: one of its scale's ends is words, all between has a figure."""
    scale = PHRASES[reason.name].scale
    if reason.percentile <= 0.0:
        return scale.lowest
    return scale.highest if reason.percentile >= 1.0 else scale.between


def words(reason: Reason) -> str:
    """The reason in English with its figures; a caller that translates formats the templates itself."""
    told = figures(reason)
    return f"{PHRASES[reason.name].template}, {place(reason)}".format(**told)


def _share(percentile: float) -> str:
    """Whole per cent; near the ends a tenth, for between them nothing is above all or above none."""
    if 0.01 <= percentile <= 0.99:
        return f"{round(100 * percentile)} %"
    return f"{min(max(100 * percentile, 0.1), 99.9):.1f} %"


def figure(value: float, unit: Unit) -> str:
    """A value as people read it: 0.123 as +12.3 %, 4.2e9 as 4.2 billion USD."""
    match unit:
        case Unit.PERCENT:
            return f"{100 * value:+.3g} %" if abs(value) >= 5e-5 else "0 %"
        case Unit.PERCENT_A_YEAR:
            return f"{100 * value:.0f} %"
        case Unit.USD:
            return _dollars(value)
        case Unit.TIMES:
            return f"{value:.2f} times"
        case Unit.DAYS:
            return f"{value:.0f}"
        case _:
            return f"{value:+.2f}"


def _dollars(value: float) -> str:
    """Three digits and the unit that leaves one to three of them before the point, once they are rounded."""
    rounded = float(f"{value:.3g}")
    for scale, name in ((1e12, "trillion "), (1e9, "billion "), (1e6, "million "), (1e3, "thousand ")):
        if abs(rounded) >= scale:
            return f"{rounded / scale:.3g} {name}USD"
    return f"{rounded:.3g} USD"

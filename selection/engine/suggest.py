"""Changes to the watchlist that lasting scores argue for; a person decides on each.

A coin enters a tier at one bound and leaves it at a lower one, and both look at the mean score of two
weeks: a coin at the border stays what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from assets.engine.panel import Bools, Floats
from selection.engine.analysis import places
from selection.engine.layer import Scores
from selection.engine.reasons import Reason, reasons_of


class Tier(StrEnum):
    """Where a coin stands on the administrators' watchlist."""

    TIER1 = "tier1"
    TIER2 = "tier2"
    NONE = "none"


class SuggestionType(StrEnum):
    """What is suggested for a coin."""

    ADD_TIER1 = "add_tier1"
    ADD_TIER2 = "add_tier2"
    PROMOTE = "promote"
    DEMOTE = "demote"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class SuggestParams:
    """Bounds of the lasting score in [0, 1] at which a coin enters and leaves each tier, and `band`: how
    far (as a share of a tier's places) a coin must rank inside the tier to enter it and outside to
    leave it. `least_confidence` keeps back what is less likely to be right.
    """

    tier1_enter: float = 0.85
    tier1_leave: float = 0.7
    tier2_enter: float = 0.6
    tier2_leave: float = 0.4
    band: float = 0.2
    least_confidence: float = 0.5

    def __post_init__(self) -> None:
        """Raises ValueError where a coin could enter and leave at the same score."""
        for tier, enter, leave in (
            ("tier1", self.tier1_enter, self.tier1_leave),
            ("tier2", self.tier2_enter, self.tier2_leave),
        ):
            if not leave < enter:
                raise ValueError(f"{tier}_leave is {leave}; it must lie below {tier}_enter, {enter}")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One suggested change. `coin` is the column in the panel; `place` and `score` its lasting rank and
    percentile, None outside the universe; `confidence` the calibrated chance that the change is right
    over the horizon (to beat the median for a step up, not to beat it for a step down), None where the
    coin has no score, beside its `base_rate`.
    """

    coin: int
    kind: SuggestionType
    place: int | None
    score: float | None
    confidence: float | None
    base_rate: float | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Standing:
    """One row as the rules see it (N,): lasting score, its place, and who is in the universe."""

    score: Floats
    place: Floats
    member: Bools


def suggest(
    scores: Scores,
    members: Bools,
    row: int,
    tiers: Sequence[Tier],
    tier1_max: int,
    tier2_max: int,
    params: SuggestParams | None = None,
) -> tuple[Suggestion, ...]:
    """Suggestions for row `row` of the result, steps down first, each kind from the strongest case on.

    `scores` one horizon's, `members` (R, N) the universe, `tiers` (N,) as they are now. Steps up are
    limited to the places that are free now. A row without any score suggests nothing: silence of the model
    is no reason. Raises ValueError on a wrong number of tiers or a negative capacity.
    """
    params = params or SuggestParams()
    _check(scores, tiers, tier1_max, tier2_max)
    lasting = scores.persistent[row]
    if not np.isfinite(lasting).any():
        return ()
    standing = _Standing(lasting, places(lasting[None, :])[0], members[row])
    kinds = _steps_down(standing, tiers, tier1_max, tier2_max, params)
    kinds |= _steps_up(standing, tiers, tier1_max, tier2_max, params)
    found = (_suggestion(scores, row, standing, coin, kind) for coin, kind in kinds.items())
    return tuple(s for s in found if s.confidence is None or s.confidence >= params.least_confidence)


def _steps_down(
    standing: _Standing, tiers: Sequence[Tier], tier1_max: int, tier2_max: int, params: SuggestParams
) -> dict[int, SuggestionType]:
    """Coins that have left the universe or fallen through a lower bound, worst first."""
    found: dict[int, SuggestionType] = {}
    weakest = np.argsort(np.where(np.isfinite(standing.score), standing.score, -1.0), kind="stable")
    last1 = tier1_max * (1.0 + params.band)
    last2 = (tier1_max + tier2_max) * (1.0 + params.band)
    for coin in map(int, weakest):
        if tiers[coin] is Tier.NONE:
            continue
        score, place = standing.score[coin], standing.place[coin]
        out = not standing.member[coin] or score < params.tier2_leave or place > last2
        low = score < params.tier1_leave or place > last1
        if out:
            found[coin] = SuggestionType.REMOVE
        elif low and tiers[coin] is Tier.TIER1:
            found[coin] = SuggestionType.DEMOTE
    return found


def _steps_up(
    standing: _Standing, tiers: Sequence[Tier], tier1_max: int, tier2_max: int, params: SuggestParams
) -> dict[int, SuggestionType]:
    """Coins above an upper bound, best first, while there is room.

    A place in tier 2 is not taken to be free because its coin may be promoted: the review may say no.
    """
    room1 = tier1_max - sum(tier is Tier.TIER1 for tier in tiers)
    room2 = tier2_max - sum(tier is Tier.TIER2 for tier in tiers)
    first1 = tier1_max * (1.0 - params.band)
    first2 = (tier1_max + tier2_max) * (1.0 - params.band)
    found: dict[int, SuggestionType] = {}
    for coin in map(int, np.argsort(standing.place, kind="stable")):
        score, place = standing.score[coin], standing.place[coin]
        if room1 > 0 and tiers[coin] is not Tier.TIER1 and score >= params.tier1_enter and place <= first1:
            found[coin] = SuggestionType.ADD_TIER1 if tiers[coin] is Tier.NONE else SuggestionType.PROMOTE
            room1 -= 1
        elif room2 > 0 and tiers[coin] is Tier.NONE and score >= params.tier2_enter and place <= first2:
            found[coin] = SuggestionType.ADD_TIER2
            room2 -= 1
    return found


def _suggestion(scores: Scores, row: int, standing: _Standing, coin: int, kind: SuggestionType) -> Suggestion:
    up = kind not in (SuggestionType.DEMOTE, SuggestionType.REMOVE)
    chance, base = float(scores.confidence[row, coin]), float(scores.base_rate[row])
    scored = bool(np.isfinite(chance))
    reasons = reasons_of(scores.reasons, row, coin)
    return Suggestion(
        coin=coin,
        kind=kind,
        place=int(standing.place[coin]) if np.isfinite(standing.place[coin]) else None,
        score=float(standing.score[coin]) if np.isfinite(standing.score[coin]) else None,
        confidence=(chance if up else 1.0 - chance) if scored else None,
        base_rate=(base if up else 1.0 - base) if scored else None,
        reasons=tuple(sorted(reasons, key=lambda reason: (reason.contribution > 0) is not up)),
    )


def _check(scores: Scores, tiers: Sequence[Tier], tier1_max: int, tier2_max: int) -> None:
    coins = scores.persistent.shape[1]
    if len(tiers) != coins:
        raise ValueError(f"tiers has {len(tiers)} entries; it must have one for each of the {coins} coins")
    for name, value in (("tier1_max", tier1_max), ("tier2_max", tier2_max)):
        if value < 0:
            raise ValueError(f"{name} is {value}; it must be 0 or more")

"""Suggestions: from lasting ranks, within the room there is, without flipping at the border."""

from __future__ import annotations

import numpy as np
import pytest

from selection.engine.layer import Scores
from selection.engine.reasons import Reasons
from selection.engine.suggest import Suggestion, SuggestionType, SuggestParams, Tier, suggest

COINS = 20


def _scores(persistent: np.ndarray, confidence: np.ndarray | None = None) -> Scores:
    score = persistent[None, :]
    blank = np.full(score.shape, np.nan)
    chance = np.where(np.isfinite(score), score, np.nan) if confidence is None else confidence[None, :]
    feature = np.tile(np.array([4, 9], dtype=np.int64), (1, len(persistent), 1))
    contribution = np.tile(np.array([-0.02, 0.01]), (1, len(persistent), 1))
    reasons = Reasons(feature, contribution * 10, contribution + 0.5, contribution)
    return Scores(blank, score, score, blank, blank, chance, np.array([0.5]), np.array([0.1]), reasons)


def _ladder() -> np.ndarray:
    """Coin 0 is best with 1.0, coin 19 worst with 0.0."""
    return np.linspace(1.0, 0.0, COINS)


def _ask(
    persistent: np.ndarray, tiers: dict[int, Tier], tier1_max: int = 5, tier2_max: int = 5, least: float = 0.0
) -> dict[int, SuggestionType]:
    return {s.coin: s.kind for s in _all(persistent, tiers, tier1_max, tier2_max, least)}


def _all(
    persistent: np.ndarray, tiers: dict[int, Tier], tier1_max: int = 5, tier2_max: int = 5, least: float = 0.0
) -> tuple[Suggestion, ...]:
    members = np.isfinite(persistent)[None, :]
    now = [tiers.get(n, Tier.NONE) for n in range(COINS)]
    params = SuggestParams(least_confidence=least)
    return suggest(_scores(persistent), members, 0, now, tier1_max, tier2_max, params)


def test_an_empty_watchlist_is_filled_from_the_top() -> None:
    # tier 1: score from 0.85 and place up to 5 x 0.8 = 4, that is coins 0 to 2; tier 2: from 0.6 and
    # place up to 10 x 0.8 = 8, that is coins 3 to 7
    assert _ask(_ladder(), {}) == {
        **dict.fromkeys(range(3), SuggestionType.ADD_TIER1),
        **dict.fromkeys(range(3, 8), SuggestionType.ADD_TIER2),
    }


def test_no_more_is_added_than_there_is_room() -> None:
    full = {10: Tier.TIER1, 5: Tier.TIER2, 6: Tier.TIER2, 7: Tier.TIER2}
    got = _ask(_ladder(), full, tier1_max=1, tier2_max=4)
    assert SuggestionType.ADD_TIER1 not in got.values()
    assert [coin for coin, kind in got.items() if kind is SuggestionType.ADD_TIER2] == [0]


def test_a_tier_two_coin_that_lasts_at_the_top_is_promoted() -> None:
    assert _ask(_ladder(), {1: Tier.TIER2})[1] is SuggestionType.PROMOTE


def test_fallen_coins_are_demoted_or_removed() -> None:
    tiers = {7: Tier.TIER1, 13: Tier.TIER2, 14: Tier.TIER1}
    got = _ask(_ladder(), tiers)
    # coin 7: 0.63, under 0.7; coins 13 and 14: 0.32 and 0.26, under 0.4
    assert got[7] is SuggestionType.DEMOTE
    assert got[13] is SuggestionType.REMOVE
    assert got[14] is SuggestionType.REMOVE


def test_a_coin_that_left_the_universe_is_to_be_removed_without_a_made_up_confidence() -> None:
    persistent = _ladder()
    persistent[2] = np.nan
    (found,) = [s for s in _all(persistent, {2: Tier.TIER1}, least=0.9) if s.coin == 2]
    assert found.kind is SuggestionType.REMOVE
    assert (found.place, found.score, found.confidence, found.base_rate) == (None, None, None, None)


@pytest.mark.parametrize("tier", [Tier.TIER1, Tier.NONE, Tier.TIER2])
def test_a_coin_between_the_bounds_stays_what_it_is(tier: Tier) -> None:
    # scores 0.8 and 0.5 lie between leaving (0.7; 0.4) and entering (0.85; 0.6) tier 1 and tier 2
    wavering = 0.8 if tier is Tier.TIER1 else 0.5
    persistent = np.full(COINS, 0.3)
    persistent[0] = wavering
    for shake in (-0.03, 0.0, 0.03):
        persistent[0] = wavering + shake
        assert 0 not in _ask(persistent, {0: tier})


def test_a_coin_just_taken_in_is_not_thrown_out_again() -> None:
    persistent = _ladder()
    tiers: dict[int, Tier] = {}
    for coin, kind in _ask(persistent, tiers).items():
        tiers[coin] = Tier.TIER1 if kind is SuggestionType.ADD_TIER1 else Tier.TIER2
    assert _ask(persistent, tiers) == {}


def test_confidence_is_that_the_suggested_step_is_right() -> None:
    found = {s.coin: s for s in _all(_ladder(), {19: Tier.TIER2})}
    assert found[0].confidence == 1.0  # the hand-made chance to beat the median is the score itself
    assert found[19].confidence == 1.0
    assert found[19].base_rate == 0.5


def test_an_unlikely_step_is_kept_back() -> None:
    assert set(_ask(_ladder(), {}, least=0.9)) == {0, 1}


def test_reasons_that_speak_for_the_step_come_first() -> None:
    found = {s.coin: s for s in _all(_ladder(), {19: Tier.TIER2})}
    assert [r.contribution for r in found[0].reasons] == [0.01, -0.02]
    assert [r.contribution for r in found[19].reasons] == [-0.02, 0.01]


def test_a_row_without_scores_suggests_nothing() -> None:
    assert _all(np.full(COINS, np.nan), {2: Tier.TIER1}) == ()


def test_bounds_that_would_flip_are_refused() -> None:
    with pytest.raises(ValueError, match="it must lie below tier2_enter"):
        SuggestParams(tier2_leave=0.6)


def test_a_wrong_number_of_tiers_and_a_negative_capacity_are_refused() -> None:
    scores = _scores(_ladder())
    with pytest.raises(ValueError, match="tiers has 1 entries"):
        suggest(scores, np.ones((1, COINS), dtype=np.bool_), 0, [Tier.NONE], 5, 5)
    with pytest.raises(ValueError, match="tier2_max is -1"):
        suggest(scores, np.ones((1, COINS), dtype=np.bool_), 0, [Tier.NONE] * COINS, 5, -1)

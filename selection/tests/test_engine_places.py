"""A place is given once, to the first who waits for it."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from selection.engine.places import settle

TIERS = st.sampled_from(["tier1", "tier2", "none"])
MOVES = st.lists(st.tuples(st.integers(0, 12), TIERS), max_size=20, unique_by=lambda move: move[0])
STANDS = st.dictionaries(st.integers(0, 12), TIERS, max_size=13)
LIMITS = st.fixed_dictionaries({"tier1": st.integers(0, 6), "tier2": st.integers(0, 8)})


def held(stands: dict[int, str]) -> dict[str, int]:
    return dict(Counter(tier for tier in stands.values() if tier != "none"))


def after(moves: list[tuple[int, str]], stands: dict[int, str], passed: list[bool]) -> dict[int, str]:
    return stands | {coin: tier for (coin, tier), ok in zip(moves, passed, strict=True) if ok}


@given(MOVES, STANDS, LIMITS)
def test_no_tier_holds_more_than_its_limit_unless_it_did_before(moves, stands, limits) -> None:
    passed = settle(moves, stands, held(stands), limits)
    then = held(after(moves, stands, passed))
    for tier, limit in limits.items():
        assert then.get(tier, 0) <= max(limit, held(stands).get(tier, 0))


@given(MOVES, STANDS, LIMITS)
def test_nobody_is_refused_while_a_place_is_left(moves, stands, limits) -> None:
    passed = settle(moves, stands, held(stands), limits)
    then = held(after(moves, stands, passed))
    for (_coin, tier), ok in zip(moves, passed, strict=True):
        if not ok:
            assert then.get(tier, 0) >= limits[tier]


@given(MOVES, STANDS, LIMITS)
def test_leaving_and_staying_always_pass(moves, stands, limits) -> None:
    passed = settle(moves, stands, held(stands), limits)
    for (coin, tier), ok in zip(moves, passed, strict=True):
        if tier in ("none", stands.get(coin, "none")):
            assert ok


def test_a_place_that_comes_free_goes_to_the_first_who_waits() -> None:
    stands = {1: "tier1", 2: "none", 3: "none"}
    moves = [(2, "tier1"), (3, "tier1"), (1, "tier2")]
    # Coin 1 leaves tier 1 last, yet 2 asked before 3.
    assert settle(moves, stands, {"tier1": 1}, {"tier1": 1, "tier2": 5}) == [True, False, True]


def test_the_last_place_goes_to_who_asked_first() -> None:
    moves = [(1, "tier1"), (2, "tier1")]
    assert settle(moves, {}, {}, {"tier1": 1}) == [True, False]


def test_two_coins_of_full_tiers_change_places() -> None:
    stands = {1: "tier1", 2: "tier2", 3: "tier2"}
    moves = [(3, "tier1"), (2, "tier1"), (1, "tier2")]
    # Both tiers are full: 3 asked first and has 1's place, 2 stays.
    limits = {"tier1": 1, "tier2": 2}
    assert settle(moves, stands, held(stands), limits) == [True, False, True]
    assert settle([(1, "tier2")], stands, held(stands), limits) == [False]

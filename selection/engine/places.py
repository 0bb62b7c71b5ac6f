"""Who gets the places of the tiers, when many changes are asked for at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

NOWHERE = "none"


def settle(
    moves: Sequence[tuple[int, str]],
    stands: Mapping[int, str],
    held: Mapping[str, int],
    limits: Mapping[str, int],
) -> list[bool]:
    """Say of each move (coin, tier) whether there is a place for it; earlier ones come first.

    `stands` is the tier of each coin now ("none" where it is on no list), `held` how many coins each
    tier has, `limits` how many it may have. A place that a move leaves free goes to the first move that
    waits for it. Two coins of full tiers who want each other's place change places. A coin that is where
    it should be, or leaves the tiers, always passes. No tier ever holds more than its limit on the way,
    unless it did before.
    """
    now, full = dict(stands), dict(held)
    passed = [False] * len(moves)
    # What leaves makes room, so it goes first, whatever its place in the order.
    waiting = sorted(range(len(moves)), key=lambda place: (moves[place][1] != NOWHERE, place))
    again = True
    while again:
        again, left = False, []
        for place in waiting:
            coin, tier = moves[place]
            before = now.get(coin, NOWHERE)
            if again or not _has_room(tier, before, full, limits):
                left.append(place)
                continue
            passed[place] = True
            if before != tier:
                now[coin] = tier
                full[tier] = full.get(tier, 0) + 1
                full[before] = full.get(before, 0) - 1
                # Someone who was passed over may want the place that has just come free.
                again = before != NOWHERE and any(moves[other][1] == before for other in left)
        waiting = left
        if not again and (pair := _exchange(waiting, moves, now)):
            for place in pair:
                passed[place] = True
                now[moves[place][0]] = moves[place][1]
            waiting = [place for place in waiting if place not in pair]
            again = True
    return passed


def _exchange(
    waiting: Sequence[int], moves: Sequence[tuple[int, str]], now: Mapping[int, str]
) -> tuple[int, int] | None:
    """The first two of `waiting`, as places in `moves`, of whom each stands where the other wants to be."""
    first: dict[tuple[str, str], int] = {}
    for place in waiting:
        coin, tier = moves[place]
        before = now.get(coin, NOWHERE)
        if before != NOWHERE and (tier, before) in first:
            return first[tier, before], place
        first.setdefault((before, tier), place)
    return None


def _has_room(tier: str, before: str, held: Mapping[str, int], limits: Mapping[str, int]) -> bool:
    return tier in (NOWHERE, before) or held.get(tier, 0) < limits.get(tier, 0)

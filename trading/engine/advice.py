"""What to do with one holding: the first rule that has something to say decides. Shares are of the
portfolio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

BAND = 0.05  # so far the exposure may be above what is advised before anything is sold for it


class Action(StrEnum):
    HOLD = "hold"
    ADD = "add"
    REDUCE = "reduce"
    EXIT = "exit"


@dataclass(frozen=True, slots=True)
class Holding:
    """What is known of it: its `weight` (negative for coins owed), what layer 3 `recommends` ("" if nothing),
    the side of an open signal on the coin (+1, -1, 0), and whether a fresh price is known."""

    weight: float
    recommends: str
    signal: int
    has_price: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What holds for all: share `invested` long, the share layer 1 advises (None: not known), the cap a
    coin."""

    invested: float
    exposure: float | None
    asset_cap: float


@dataclass(frozen=True, slots=True)
class Opinion:
    """An action, the rule that says so, and the figures it rests on."""

    action: Action
    rule: str
    figures: Mapping[str, float] = field(default_factory=dict)


def advise(holding: Holding, frame: Frame) -> Opinion:
    """The rules, in this order: no price, a short without its signal, what layer 3 says, the cap, the
    market."""
    if not holding.has_price:
        return Opinion(Action.EXIT, "no_price")
    if holding.weight < 0:
        return _owed(holding)
    if holding.signal > 0 and holding.recommends not in ("avoid",):
        return _followed(holding, frame)
    if holding.recommends == "avoid":
        return Opinion(Action.EXIT, "avoid")
    if holding.recommends == "reduce":
        return Opinion(Action.REDUCE, "score_low")
    return _within(holding, frame)


def _owed(holding: Holding) -> Opinion:
    return Opinion(Action.HOLD, "signal_open") if holding.signal < 0 else Opinion(Action.EXIT, "short_alone")


def _followed(holding: Holding, frame: Frame) -> Opinion:
    over = _over_cap(holding, frame)
    return over or Opinion(Action.HOLD, "signal_open")


def _over_cap(holding: Holding, frame: Frame) -> Opinion | None:
    if holding.weight <= frame.asset_cap:
        return None
    return Opinion(Action.REDUCE, "over_cap", {"weight": holding.weight, "limit": frame.asset_cap})


def _within(holding: Holding, frame: Frame) -> Opinion:
    if (over := _over_cap(holding, frame)) is not None:
        return over
    liked = holding.recommends in ("strong_buy", "buy")
    if frame.exposure is not None:
        figures = {"invested": frame.invested, "exposure": frame.exposure}
        if frame.invested > frame.exposure + BAND and not liked:
            return Opinion(Action.REDUCE, "over_exposure", figures)
        room = min(frame.exposure - frame.invested, frame.asset_cap - holding.weight)
        if liked and room > BAND:
            return Opinion(Action.ADD, "room_to_add", {**figures, "room": room})
    return Opinion(Action.HOLD, "score_high" if liked else "nothing_against")

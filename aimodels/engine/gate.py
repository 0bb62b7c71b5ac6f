"""Whether a challenger may take over: asked of figures, champion and rival on the same unseen bars.

Calibration, coverage and rank skill are compared on the recent window; money on all walk-forward years, where
one short window would be a coin flip. "At least" allows each figure's own slack. Money is not inferior as
long as the 95 % interval of the difference, bar by bar, does not lie wholly below zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from aimodels.engine import bootstrap
from aimodels.engine.figures import Figure, Role, by_name, known
from assets.engine.panel import Floats

RECENT = (Role.CALIBRATION, Role.COVERAGE, Role.SKILL)


class Verdict(StrEnum):
    """What was decided about a version."""

    PROMOTED = "promoted"
    REFUSED = "refused"
    UNPROVEN = "unproven"
    REFIT = "refit"
    ROLLED_BACK = "rolled_back"


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison: which figure, against whom, on which bars, both values, and whether it passed.

    `champion_fails`: the champion fails the same comparison with the rival, so it is no reason to keep it.
    `passed` is None where one side is not known. `low` and `high` are the 95 % interval of the difference
    where one was made, else that of the challenger's own figure.
    """

    figure: str
    against: str
    window: str
    own: float
    other: float
    low: float
    high: float
    slack: float
    passed: bool | None
    champion_fails: bool = False

    def document(self) -> dict[str, Any]:
        """The check as JSON."""
        return {
            "figure": self.figure,
            "against": self.against,
            "window": self.window,
            "own": known(self.own),
            "other": known(self.other),
            "low": known(self.low),
            "high": known(self.high),
            "slack": self.slack,
            "passed": self.passed,
            "champion_fails": self.champion_fails,
        }


def checks(
    recent: tuple[Figure, ...],
    whole: tuple[Figure, ...],
    champion_recent: tuple[Figure, ...] = (),
    champion_whole: tuple[Figure, ...] = (),
    block: int = 28,
) -> tuple[Check, ...]:
    """Every comparison the gate makes; without a champion (no figures of it) only those with the rival."""
    out = []
    before, before_whole = by_name(champion_recent), by_name(champion_whole)
    for figure in recent:
        if figure.role in RECENT:
            out.append(_excused(_at_rival(figure), before.get(figure.name), _at_rival))
            if figure.name in before:
                out.append(_at_least(figure, before[figure.name].value, "champion"))
    for figure in whole:
        if figure.role is Role.MONEY and figure.series is not None:
            if figure.name in before_whole:
                out.append(_not_inferior(figure, before_whole[figure.name], block))
            out.append(_excused(_not_below(figure), before_whole.get(figure.name), _not_below))
    return tuple(out)


def verdict(made: tuple[Check, ...], champion: bool, same_family: bool) -> Verdict:
    """The decision that the checks amount to.

    Any that failed, unless the champion is of the same family and fails it as well: refused where there is a
    champion, else `unproven`: it serves, as there is nothing better, and says so. None failed and every one
    could be asked: promoted. Some could not: the refit of a family that already serves goes on, another
    family has to wait until it can be judged.
    """
    failed = [check for check in made if check.passed is False]
    if any(not (check.champion_fails and same_family) for check in failed):
        return Verdict.REFUSED if champion else Verdict.UNPROVEN
    if failed:
        return Verdict.UNPROVEN
    if made and all(check.passed for check in made):
        return Verdict.PROMOTED
    if not champion:
        return Verdict.UNPROVEN
    return Verdict.REFIT if same_family else Verdict.REFUSED


def reasons(made: tuple[Check, ...]) -> list[str]:
    """What stood against it, one line a failed or impossible check."""
    out = []
    for check in made:
        if check.passed is None:
            out.append(f"{check.figure} against {check.against}, {check.window}: too few cases to tell")
        elif not check.passed:
            out.append(
                f"{check.figure} {check.own:.4f} against the {check.against}'s {check.other:.4f}, "
                f"{check.window}"
            )
    return out


def _at_rival(figure: Figure) -> Check:
    """Calibration error counts by the better end of its interval.

    Measured on bins, chance can only add to it, and a rival that always says the base rate has none to add
    to. Two models share that, so the comparison with the champion is of the values themselves.
    """
    check = _at_least(figure, figure.rival, "rival")
    if figure.role is not Role.CALIBRATION or check.passed is not False or not math.isfinite(figure.low):
        return check
    best = max(figure.merit(figure.low), figure.merit(figure.high))
    return replace(check, passed=best >= figure.merit(figure.rival) - figure.slack)


def _excused(check: Check, champion: Figure | None, ask: Callable[[Figure], Check]) -> Check:
    """The check, marked where the champion fails it too."""
    fails = champion is not None and ask(champion).passed is False
    return replace(check, champion_fails=fails)


def _at_least(figure: Figure, other: float, against: str) -> Check:
    told = math.isfinite(figure.value) and math.isfinite(other)
    passed = figure.merit(figure.value) >= figure.merit(other) - figure.slack if told else None
    return Check(
        figure.name,
        against,
        "recent window",
        figure.value,
        other,
        figure.low,
        figure.high,
        figure.slack,
        passed,
    )


def _not_inferior(figure: Figure, champion: Figure, block: int) -> Check:
    """The difference of two series bar by bar; models that said the same differ by nothing and pass."""
    assert figure.series is not None
    other = champion.series if champion.series is not None else np.full_like(figure.series, np.nan)
    gap = bootstrap.mean(_difference(figure.series, other), block)
    passed = None
    if math.isfinite(gap.value):
        passed = (gap.high if math.isfinite(gap.high) else gap.value) >= -figure.slack
    return Check(
        figure.name,
        "champion",
        "all walk-forward years",
        figure.value,
        champion.value,
        gap.low,
        gap.high,
        figure.slack,
        passed,
    )


def _difference(own: Floats, other: Floats) -> Floats:
    """Own minus other; a bar on which only one side has anything counts the other as nothing earned."""
    either = np.isfinite(own) | np.isfinite(other)
    return np.where(either, np.nan_to_num(own) - np.nan_to_num(other), np.nan)


def _not_below(figure: Figure) -> Check:
    """Against the rival: the figure's own interval must not lie wholly below the rival's value."""
    other = figure.rival if math.isfinite(figure.rival) else 0.0
    told = math.isfinite(figure.value) and math.isfinite(figure.high)
    passed = figure.high >= other - figure.slack if told else None
    return Check(
        figure.name,
        "rival",
        "all walk-forward years",
        figure.value,
        other,
        figure.low,
        figure.high,
        figure.slack,
        passed,
    )

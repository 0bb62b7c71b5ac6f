"""Who may take over: at least as good on the recent window, not inferior in money over all years."""

from __future__ import annotations

import numpy as np
import pytest

from aimodels.engine import gate
from aimodels.engine.bootstrap import Measured, mean
from aimodels.engine.figures import Bounds, Figure, Grade, Role, figure
from aimodels.engine.gate import Verdict

RETURNS = np.random.default_rng(1).normal(0.001, 0.01, 600)


def recent(skill: float = 0.1, error: float = 0.02) -> tuple[Figure, ...]:
    return (
        figure("skill", Role.SKILL, Measured(skill), 0.0, slack=0.01),
        figure("calibration", Role.CALIBRATION, Measured(error), 0.02, higher=False, slack=0.02),
        figure("coverage", Role.COVERAGE, Measured(0.8), 0.84, target=0.8),
    )


def whole(shift: float = 0.0) -> tuple[Figure, ...]:
    series = RETURNS + shift
    return (figure("money", Role.MONEY, mean(series, 14), 0.0, series=series),)


def ask(own: tuple[Figure, ...], money: tuple[Figure, ...], same: bool = True) -> Verdict:
    made = gate.checks(own, money, recent(), whole(), 14)
    return gate.verdict(made, champion=True, same_family=same)


def test_as_good_as_the_champion_and_the_rival_is_promoted() -> None:
    assert ask(recent(), whole()) is Verdict.PROMOTED
    assert ask(recent(skill=0.095), whole()) is Verdict.PROMOTED  # within the slack


@pytest.mark.parametrize(
    "own",
    [recent(skill=0.05), recent(error=0.2)],
    ids=["less rank skill than the champion", "worse calibrated"],
)
def test_worse_on_the_recent_window_is_refused(own: tuple[Figure, ...]) -> None:
    assert ask(own, whole()) is Verdict.REFUSED


def test_money_is_weighed_by_the_interval_of_the_difference_over_all_years() -> None:
    assert ask(recent(), whole(-0.0001)) is Verdict.REFUSED  # every single day a little less: surely inferior
    noise = np.random.default_rng(2).normal(-0.00001, 0.01, 600)
    series = RETURNS + noise
    unsure = (figure("money", Role.MONEY, mean(series, 14), 0.0, series=series),)
    assert ask(recent(), unsure) is Verdict.PROMOTED  # less on the whole, but that may be chance


def test_losing_money_for_sure_loses_to_the_rival() -> None:
    losing = whole(-0.01)
    made = gate.checks(recent(), losing, (), (), 14)
    assert gate.verdict(made, champion=False, same_family=False) is Verdict.UNPROVEN
    assert any("money" in line and "rival" in line for line in gate.reasons(made))


def test_a_champion_that_fails_the_same_comparison_is_no_reason_to_keep_it() -> None:
    poor = recent(skill=-0.2)
    made = gate.checks(poor, whole(), poor, whole(), 14)
    assert gate.verdict(made, champion=True, same_family=True) is Verdict.UNPROVEN
    assert gate.verdict(made, champion=True, same_family=False) is Verdict.REFUSED
    against_good = gate.checks(poor, whole(), recent(), whole(), 14)
    assert gate.verdict(against_good, champion=True, same_family=True) is Verdict.REFUSED


def test_a_calibration_error_that_may_be_chance_does_not_lose_to_a_constant() -> None:
    def against_constant(low: float) -> Verdict:
        error = (
            figure("calibration", Role.CALIBRATION, Measured(0.09, low, 0.12), 0.0, higher=False, slack=0.03),
        )
        return gate.verdict(gate.checks(error, ()), champion=False, same_family=False)

    assert against_constant(0.02) is Verdict.PROMOTED
    assert against_constant(0.05) is Verdict.UNPROVEN


def test_what_cannot_be_judged_lets_a_refit_go_on_and_another_family_wait() -> None:
    unknown = (figure("skill", Role.SKILL, Measured(np.nan), 0.0),)
    made = gate.checks(unknown, (), unknown, (), 14)
    assert gate.verdict(made, champion=True, same_family=True) is Verdict.REFIT
    assert gate.verdict(made, champion=True, same_family=False) is Verdict.REFUSED
    assert gate.verdict(made, champion=False, same_family=False) is Verdict.UNPROVEN
    assert gate.verdict((), champion=False, same_family=False) is Verdict.UNPROVEN


@pytest.mark.parametrize(
    ("value", "grade"),
    [
        (0.05, Grade.BELOW_FLOOR),
        (0.07, Grade.FLOOR),
        (0.13, Grade.GOAL),
        (0.3, Grade.SUSPECT),
        (np.nan, Grade.UNKNOWN),
    ],
)
def test_a_figure_is_graded_by_its_bounds(value: float, grade: Grade) -> None:
    assert figure("ic", Role.SKILL, Measured(value), bounds=Bounds(0.07, 0.13, 0.22)).grade() is grade


def test_lower_can_be_better_and_an_interval_can_be_too_low() -> None:
    lower = Bounds(0.8, 0.5, 0.3)
    assert figure("d", Role.MONEY, Measured(0.9), higher=False, bounds=lower).grade() is Grade.BELOW_FLOOR
    assert figure("d", Role.MONEY, Measured(0.2), higher=False, bounds=lower).grade() is Grade.SUSPECT
    within = Bounds(None, 0.05, within=0.0)
    assert figure("r", Role.MONEY, Measured(-0.3, -0.6, -0.1), bounds=within).grade() is Grade.BELOW_FLOOR
    assert figure("r", Role.MONEY, Measured(-0.3, -0.6, 0.1), bounds=within).grade() is Grade.FLOOR
    assert figure("x", Role.OTHER, Measured(1.0)).grade() is Grade.UNBOUNDED


def test_a_figure_is_json_without_nan() -> None:
    document = figure("ic", Role.SKILL, Measured(0.1), bounds=Bounds(0.07)).document()
    assert (document["value"], document["low"], document["rival"]) == (0.1, None, None)

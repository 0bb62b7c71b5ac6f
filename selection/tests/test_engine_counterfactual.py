"""What decisions were worth, on markets small enough to work out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assets.engine.panel import Panel
from selection.engine import counterfactual as engine
from selection.tests.markets import market

DAYS, COINS = 120, 8


def panel() -> Panel:
    """Every coin at 100 for a hundred days; then coin n gains n % in all, on day 100, and stays there."""
    made = market(DAYS, COINS, drift=0.0)
    close = np.full((DAYS, COINS), 100.0)
    close[100:] = 100.0 + np.arange(COINS)
    volume = np.full((DAYS, COINS), 1e6)
    volume[:, 7] = 5e6
    stable = np.zeros(COINS, dtype=np.bool_)
    return replace(made, close=close, volume=volume, is_stable=stable)


def cases(rows: list[int], columns: list[int], signs: list[float] | None = None) -> engine.Cases:
    return engine.Cases(np.array(rows), np.array(columns), np.array(signs or [1.0] * len(rows)))


EVERYONE = np.ones((DAYS, COINS), dtype=np.bool_)
HOMES = np.array([0, 0, 0, 0, 1, 1, 1, 1])


def judged(made: Panel, these: engine.Cases, days: int = 7) -> engine.Outcome:
    return engine.outcome(made, these, HOMES, days, EVERYONE)


def test_a_coin_is_measured_against_market_sector_and_median() -> None:
    found = judged(panel(), cases([95], [2]))
    assert found.own[0] == pytest.approx(0.02)
    # Weights 1 for coins 0 to 6 and 5 for coin 7: (0 + ... + 6 + 5 x 7) / 12 %.
    market_, sector, median = found.rivals[0]
    assert market_ == pytest.approx((21 + 35) / 12 / 100)
    assert sector == pytest.approx((0 + 1 + 3) / 3 / 100)
    assert median == pytest.approx(0.035)
    assert found.excess[0] == pytest.approx(found.own[0] - found.rivals[0])


def test_a_suggestion_to_leave_is_right_when_the_coin_falls_behind() -> None:
    stay, leave = judged(panel(), cases([95, 95], [0, 0], [1.0, -1.0])).excess
    assert leave == pytest.approx(-stay)
    assert leave[0] > 0


def test_nothing_is_known_before_the_horizon_is_over() -> None:
    found = judged(panel(), cases([DAYS - 8, DAYS - 7, DAYS, 95], [2, 2, 2, -1]))
    assert np.isfinite(found.own).tolist() == [True, False, False, False]


def test_a_coin_that_stops_trading_keeps_its_last_price_and_is_marked() -> None:
    made = panel()
    close = made.close.copy()
    close[98, 3], close[99:, 3] = 40.0, np.nan
    found = judged(replace(made, close=close), cases([95, 95], [3, 2]))
    assert found.own[0] == pytest.approx(-0.6)
    assert found.ended.tolist() == [True, False]
    # It counts among the rivals too: the others of coin 2's sector are 0, 1 and the dead one.
    assert found.rivals[1, 1] == pytest.approx((0.0 + 0.01 - 0.6) / 3)


def test_what_comes_after_the_horizon_changes_nothing() -> None:
    made = panel()
    close = made.close.copy()
    close[103:] *= 3.0
    these = cases([95], [2])
    assert judged(made, these).excess == pytest.approx(judged(replace(made, close=close), these).excess)


def test_approving_added_what_approved_gained_over_rejected() -> None:
    values = np.array([0.04, 0.05, 0.03, 0.0, 0.01, -0.01, np.nan])
    groups = ["approve"] * 3 + ["reject"] * 3 + ["defer"]
    found, added = engine.means(values, groups, np.arange(7), ("approve", "reject"))
    assert (found["approve"].mean, found["reject"].mean) == pytest.approx((0.04, 0.0))
    assert (found["defer"].count, found["defer"].mean) == (0, None)
    assert added.mean == pytest.approx(0.04)
    assert added.low is None  # three periods each: too few to say how sure


def test_cases_of_one_period_count_as_one_voice() -> None:
    rng = np.random.default_rng(5)
    weather = rng.normal(0.0, 0.1, 12)
    values = np.repeat(weather, 30) + rng.normal(0.0, 0.001, 360)
    groups = ["approve"] * 360
    periods = np.repeat(np.arange(12), 30)
    together, _added = engine.means(values, groups, periods)
    apart, _added = engine.means(values, groups, np.arange(360))
    wide, narrow = together["approve"], apart["approve"]
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    inside = 0
    for _market in range(120):
        weather = rng.normal(0.0, 0.05, 40)
        values = np.repeat(weather, 4) + rng.normal(0.01, 0.05, 160)
        groups = ["approve", "reject", "approve", "reject"] * 40
        _found, added = engine.means(values, groups, np.repeat(np.arange(40), 4), ("approve", "reject"))
        inside += added.low <= 0.0 <= added.high
    assert 0.88 <= inside / 120 <= 1.0


@given(st.lists(st.floats(-1, 1), min_size=5, max_size=30))
def test_the_interval_lies_around_the_mean_and_within_the_values(values: list[float]) -> None:
    found, _added = engine.means(np.array(values), ["approve"] * len(values), np.arange(len(values)))
    mean = found["approve"]
    assert min(values) - 1e-9 <= mean.low <= mean.high <= max(values) + 1e-9
    assert mean.mean == pytest.approx(float(np.mean(values)))

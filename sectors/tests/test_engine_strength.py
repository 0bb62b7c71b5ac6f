import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sectors.engine import STATUSES, Status, index, strength
from sectors.tests.simulated import QUICK, market


def test_the_quadrants_are_split_at_one_hundred():
    ratio = np.array([[101.0, 101.0, 99.0, 99.0, np.nan]])
    impulse = np.array([[101.0, 99.0, 99.0, 101.0, 101.0]])
    got = [STATUSES[k] if k >= 0 else None for k in strength.quadrant(ratio, impulse)[0]]
    assert got == [Status.LEADING, Status.WEAKENING, Status.LAGGING, Status.IMPROVING, None]


def test_a_steady_climb_stands_at_its_own_high():
    # Points 0, -1, -2 seen from the last: mean -1, spread sqrt(2/3), so 1 / 0.8165 = 1.2247.
    got = strength.standing(np.full((3, 1), 0.01), 3, 3)
    assert got[2, 0] == pytest.approx(np.sqrt(1.5))
    assert np.isnan(got[:2]).all()


@settings(max_examples=20, derandomize=True)
@given(st.lists(st.floats(-0.1, 0.1), min_size=12, max_size=12), st.integers(1, 5))
def test_standing_does_not_depend_on_where_the_series_starts(steps, cut):
    path = np.array(steps)[:, None]
    assert np.array_equal(
        strength.standing(path, 6, 5)[-1], strength.standing(path[cut:], 6, 5)[-1], equal_nan=True
    )


def test_drawdown_is_the_loss_from_the_high_of_the_window():
    # Up 1, down a half, up a quarter of what is left: 0.625 of the high.
    logs = np.log(np.array([[2.0], [0.5], [1.25]]))
    assert strength._drawdown(logs, 3, 3)[2, 0] == pytest.approx(0.375)


def test_momentum_is_bounded_and_pace_is_relative():
    candles, membership = market(260)
    series = index.build(candles, membership, QUICK)
    got = strength.measure(series, membership.risky, candles.timeframe, QUICK)
    told = np.isfinite(got.momentum[:, :-1]).all(axis=1)
    assert told.sum() > 50
    assert (np.abs(got.momentum[told]) <= 1).all()
    assert np.abs(got.pace[told][:, :-1].mean(axis=1)).max() < 1e-12
    # Returns compound: seven days of index returns are the week.
    week = np.prod(1 + series.returns[-7:, 2]) - 1
    assert got.week[-1, 2] == pytest.approx(week)

"""What a buyer at the next open would have had."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from selection.engine import labels
from selection.tests.markets import market


def test_the_return_runs_from_the_next_open_to_the_open_after_the_horizon() -> None:
    panel = market(30, coins=5)
    got = labels.forward_return(panel, 3)
    assert got[10, 4] == panel.open[14, 4] / panel.open[11, 4] - 1.0


def test_a_return_whose_exit_is_not_known_yet_is_unknown() -> None:
    got = labels.forward_return(market(30, coins=5), 3)
    assert np.isnan(got[-4:]).all()
    assert np.isfinite(got[-5, 4])


def test_a_coin_that_dies_on_the_way_is_sold_at_its_last_close() -> None:
    panel = market(30, coins=5)
    opening, close = panel.open.copy(), panel.close.copy()
    opening[13:, 4], close[13:, 4] = np.nan, np.nan
    got = labels.forward_return(replace(panel, open=opening, close=close), 3)
    assert got[10, 4] == close[12, 4] / opening[11, 4] - 1.0
    assert np.isnan(got[12, 4])


def test_the_median_of_a_row_counts_only_the_judged() -> None:
    x = np.array([[3.0, 1.0, 2.0, 99.0], [4.0, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]])
    seen = np.array([[True, True, True, False], [True] * 4, [False] * 4])
    np.testing.assert_array_equal(labels.row_median(x, seen), [2.0, 2.5, np.nan])


def test_rows_of_fewer_than_twenty_coins_teach_nothing() -> None:
    returns = np.random.default_rng(0).normal(size=(2, 25))
    members = np.ones((2, 25), dtype=np.bool_)
    members[1, 19:] = False
    assert np.isfinite(labels.relative_rank(returns, members)[0]).all()
    assert np.isnan(labels.relative_rank(returns, members)[1]).all()
    assert np.isnan(labels.beats_median(returns, members)[1]).all()


def test_the_scaled_target_is_in_own_deviations_and_centred() -> None:
    returns = np.zeros((1, 21))
    returns[0, 0], returns[0, 1] = 0.3, -0.3
    volatility = np.full((1, 21), 0.1)
    got = labels.relative_scaled(returns, np.ones((1, 21), dtype=np.bool_), volatility, 9)
    # median 0; scale 0.1 x sqrt(9) = 0.3: one deviation up, one down, the row's mean is 0
    assert got[0, :3] == pytest.approx([1.0, -1.0, 0.0], abs=1e-15)


def test_half_of_the_coins_beat_the_median() -> None:
    returns = np.random.default_rng(0).normal(size=(3, 30))
    assert labels.beats_median(returns, np.ones((3, 30), dtype=np.bool_)).mean() == 0.5

from dataclasses import replace

import numpy as np
import pytest

from assets.engine import caps
from assets.engine.caps import CapParams
from assets.engine.universe import UniverseParams
from sectors.tests.simulated import market, panel

VOLUMES = UniverseParams(volume_days=1)


def test_a_known_supply_is_carried_at_the_price_until_it_is_too_old():
    close = np.array([[10.0], [20.0], [30.0], [40.0]])
    cap = np.array([[1000.0], [np.nan], [np.nan], [np.nan]])
    got = caps.estimate(panel(close, np.full((4, 1), np.nan), cap), CapParams(3, 20, 1), VOLUMES)
    # 1000 / 10 = 100 coins: 100 * 20 and 100 * 30; the fourth bar is three bars after the cap.
    assert got.value[:3, 0].tolist() == [1000.0, 2000.0, 3000.0]
    assert np.isnan(got.value[3, 0])
    assert not got.estimated.any()


def test_the_days_relation_between_cap_and_volume_fills_what_has_no_supply():
    volume = np.array([[1e6, 4e6, 9e6, 16e6, 25e6]])
    cap = 1e4 * np.sqrt(volume)
    cap[0, 3] = np.nan
    cap[0, 0] *= 100.0
    got = caps.estimate(panel(np.ones((1, 5)), volume, cap), CapParams(400, 4), VOLUMES)
    # Of the six slopes three are 0.5 and the wrong cap bends only its own three, which are far lower:
    # the median lies between, so it moves but stays a slope, where least squares would turn negative.
    assert got.estimated.tolist() == [[False, False, False, True, False]]
    assert 1e7 < got.value[0, 3] < 1e8


def test_an_exact_relation_is_found_exactly():
    volume = np.array([[1e6, 4e6, 9e6, 16e6, 25e6]])
    cap = 1e4 * np.sqrt(volume)
    cap[0, 3] = np.nan
    got = caps.estimate(panel(np.ones((1, 5)), volume, cap), CapParams(400, 4), VOLUMES)
    assert got.value[0, 3] == pytest.approx(4e7)
    # 1, 2, 3, 5 of 15 parts are known.
    assert got.coverage[0] == pytest.approx(11 / 15)


def test_with_few_caps_their_usual_ratio_to_volume_is_all_there_is():
    volume = np.array([[1.0, 2.0, 3.0, 10.0]])
    cap = np.array([[20.0, 50.0, 60.0, np.nan]])
    got = caps.estimate(panel(np.ones((1, 4)), volume, cap), CapParams(400, 20, 3), VOLUMES)
    # Ratios 20, 25, 20; the median is 20.
    assert got.value[0, 3] == pytest.approx(200.0)


def test_one_known_cap_does_not_outweigh_volumes():
    volume = np.array([[5.0, 7.0]])
    got = caps.estimate(panel(np.ones((1, 2)), volume, np.array([[1e12, np.nan]])), None, VOLUMES)
    assert got.value.tolist() == [[5.0, 7.0]]
    assert got.in_usd.tolist() == [False]
    assert got.coverage.tolist() == [0.0]


def test_a_pegged_coin_is_never_estimated_from_its_volume():
    volume = np.array([[1.0, 2.0, 3.0, 1e9]])
    cap = np.array([[20.0, 40.0, 60.0, np.nan]])
    got = caps.estimate(panel(np.ones((1, 4)), volume, cap, stable=1), None, VOLUMES)
    assert np.isnan(got.value[0, 3])


def test_the_start_of_the_panel_does_not_matter_beyond_the_lookback():
    whole, _ = market(200)
    params = CapParams(carry_days=70, least_for_relation=8)
    start = 199 - caps.lookback(whole, params)
    assert start > 0
    late = caps.estimate(whole.rows(start, None), params)
    full = caps.estimate(whole, params)
    assert np.array_equal(full.value[-1], late.value[-1], equal_nan=True)
    assert full.estimated[-1].any()
    assert (full.estimated[-1] == late.estimated[-1]).all()


def test_future_caps_change_no_past_value():
    whole, _ = market(120)
    other = replace(whole, market_cap=np.where(np.arange(120)[:, None] > 80, 1.0, whole.market_cap))
    left, right = caps.estimate(whole), caps.estimate(other)
    assert np.array_equal(left.value[:81], right.value[:81], equal_nan=True)
    assert not np.array_equal(left.value[81:], right.value[81:], equal_nan=True)

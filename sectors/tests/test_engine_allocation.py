import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sectors.engine import allocation


def test_equal_risk_of_unrelated_sectors_is_inverse_volatility():
    # Volatilities 0.1 and 0.2: weights 2/3 and 1/3 carry the same variance.
    got = allocation.risk_parity(np.diag([0.01, 0.04]), np.array([0.5, 0.5]))
    assert got.tolist() == pytest.approx([2 / 3, 1 / 3])


@settings(max_examples=30, derandomize=True)
@given(st.integers(2, 9), st.integers(0, 1000))
def test_every_sector_carries_the_risk_it_was_given(size, seed):
    rng = np.random.default_rng(seed)
    sample = rng.standard_normal((40, size)) * rng.uniform(0.01, 0.1, size) + 0.03 * rng.standard_normal(
        (40, 1)
    )
    covariance = np.cov(sample.T) + 1e-8 * np.eye(size)
    shares = allocation.risk_budget(rng.uniform(-1, 1, size), 1.0)
    weights = allocation.risk_parity(covariance, shares)
    parts = weights * (covariance @ weights)
    assert (weights > 0).all()
    assert weights.sum() == pytest.approx(1.0)
    assert parts / parts.sum() == pytest.approx(shares, abs=1e-8)


def test_what_the_cap_cuts_goes_to_the_others_in_proportion():
    # 0.6 -> 0.4; 0.2 goes to 0.3 and 0.1 by 3 : 1, which lifts the first to 0.45: cut again to 0.4.
    assert allocation.capped(np.array([0.6, 0.3, 0.1]), 0.4).tolist() == pytest.approx([0.4, 0.4, 0.2])


@settings(max_examples=30, derandomize=True)
@given(st.lists(st.floats(0.0, 1.0), min_size=4, max_size=9))
def test_capped_weights_are_an_allocation(raw):
    got = allocation.capped(np.array(raw), 0.3)
    assert got.sum() == pytest.approx(1.0)
    assert got.min() >= 0
    assert got.max() <= 0.3 + 1e-9


def test_a_cap_without_room_is_refused():
    with pytest.raises(ValueError, match="cannot add up"):
        allocation.capped(np.array([0.5, 0.5]), 0.3)


def test_momentum_tilts_the_budget_and_no_tilt_is_equal():
    assert allocation.risk_budget(np.array([-1.0, 1.0]), 0.0).tolist() == [0.5, 0.5]
    # e / (e + 1/e) = 0.8808
    assert allocation.risk_budget(np.array([-1.0, 1.0]), 1.0)[1] == pytest.approx(0.880797)


def test_allocations_add_up_and_the_exposure_parks_the_rest(long_run):
    got, exposure = long_run.result, long_run.exposure
    told = np.isfinite(got.target[:, 0])
    assert told.sum() > 300
    assert np.nan_to_num(got.target[told]).sum(axis=1) == pytest.approx(1.0)
    assert np.nan_to_num(got.target[told]).max() <= 0.3 + 1e-9
    assert got.weights[told].sum(axis=1) == pytest.approx(1.0)
    assert got.weights[told, -1] == pytest.approx(1.0 - exposure[long_run.first :][told])


def test_targets_move_on_mondays_only(long_run):
    target = np.nan_to_num(long_run.result.target, nan=-1.0)
    moved = np.flatnonzero((target[1:] != target[:-1]).any(axis=1)) + 1
    # A bar that opens on Sunday is known on Monday at midnight.
    assert len(moved) > 40
    assert set(long_run.result.times[moved].day_name()) == {"Sunday"}

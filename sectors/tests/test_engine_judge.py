import numpy as np
import pytest

from sectors.engine import judge_allocation, judge_forecast


def test_brier_skill_and_calibration_error_by_hand():
    chance = np.array([0.95, 0.95, 0.15, np.nan])
    outcome = np.array([1.0, 0.0, 0.0, 1.0])
    got = judge_forecast(chance, np.full(4, 0.5), outcome)
    # Brier (0.0025 + 0.9025 + 0.0225) / 3 = 0.309167, rival 0.25.
    # Bins: 0.9-1: |1.9 - 1| = 0.9; 0.1-0.2: 0.15; (0.9 + 0.15) / 3 = 0.35.
    assert got.count == 3
    assert got.brier == pytest.approx(0.3091667)
    assert got.skill == pytest.approx(1 - 0.3091667 / 0.25)
    assert got.error == pytest.approx(0.35)


def test_nothing_to_judge_is_no_figure():
    assert judge_forecast(np.array([np.nan]), np.array([0.5]), np.array([1.0])).count == 0


def test_equal_weight_gains_nothing_on_itself():
    rng = np.random.default_rng(0)
    returns = rng.normal(0.001, 0.03, (200, 4))
    got = judge_allocation(np.full((200, 4), 0.25), np.ones((200, 4), dtype=bool), returns, 365.25)
    assert got.sharpe_gain == 0.0
    assert got.own.bars == 199


def test_weights_earn_the_bar_after_and_pay_for_trading():
    target = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    returns = np.array([[0.5, 0.5], [0.1, 0.0], [0.0, 0.2]])
    got = judge_allocation(target, np.ones((3, 2), dtype=bool), returns, 365.25, cost=0.01)
    # Buying costs 1 %, then + 10 %: 1.09; switching costs 2 %, then + 20 %: 1.18.
    assert got.own.gain == pytest.approx(1.09 * 1.18 - 1)


def test_a_later_fill_earns_a_later_bar():
    target = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]])
    returns = np.array([[0.0, 0.0], [0.9, 0.9], [0.1, 0.0], [0.0, 0.2]])
    got = judge_allocation(target, np.ones((4, 2), dtype=bool), returns, 365.25, cost=0.0, delay=1)
    assert got.own.gain == pytest.approx(1.1 * 1.2 - 1)

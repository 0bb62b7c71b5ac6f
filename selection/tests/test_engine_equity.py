from __future__ import annotations

import numpy as np
import pytest

from selection.engine.equity import Movements, drawdown, equity, risk_contributions


def moves(*rows: tuple[int, int, float]) -> Movements:
    table = list(zip(*rows, strict=True)) if rows else [(), (), ()]
    return Movements(
        np.array(table[0], dtype=int), np.array(table[1], dtype=int), np.array(table[2], dtype=float)
    )


def test_value_returns_and_drawdown_by_hand() -> None:
    close = np.array([[10.0], [12.0], [9.0], [9.0]])
    # 100 put in before row 0, 50 of them paid for 5 coins at 10; 30 more put in before row 3.
    curve = equity(close, moves((0, 0, 5.0)), np.array([50.0, 50.0, 50.0, 80.0]), np.array([100.0, 0, 0, 30]))
    assert curve.value.tolist() == [100, 110, 95, 125]
    assert curve.returns[1:] == pytest.approx([0.1, 95 / 110 - 1, 0.0])
    assert curve.drawdown == pytest.approx([0, 0, 95 / 110 - 1, 95 / 110 - 1])


def test_a_coin_that_trades_no_more_keeps_its_last_price() -> None:
    close = np.array([[10.0, 1.0], [np.nan, 1.0], [np.nan, 1.0]])
    curve = equity(close, moves((0, 0, 1.0)), np.zeros(3), np.array([10.0, 0, 0]))
    assert curve.value.tolist() == [10, 10, 10]


def test_money_put_in_is_no_profit() -> None:
    curve = equity(np.ones((3, 1)), moves(), np.array([0.0, 100.0, 300.0]), np.array([0.0, 100.0, 200.0]))
    assert curve.returns[1:].tolist() == [0, 0]
    assert curve.drawdown.tolist() == [0, 0, 0]


def test_a_fall_from_the_start_counts() -> None:
    assert drawdown(np.array([np.nan, -0.5, 0.1])).tolist() == pytest.approx([0, -0.5, -0.45])


def test_risk_contributions_add_up_to_one_and_follow_the_variance() -> None:
    rng = np.random.default_rng(3)
    returns = rng.normal(size=(300, 3)) * [0.01, 0.02, 0.04]
    shares = risk_contributions(np.array([0.4, 0.4, 0.2]), returns)
    assert shares.sum() == pytest.approx(1)
    assert shares[2] > shares[1] > shares[0]
    assert np.isnan(risk_contributions(np.array([1.0]), returns[:50, :1])).all()

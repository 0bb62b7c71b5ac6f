"""Position sizes: worked by hand, and never more than the cap."""

from __future__ import annotations

import numpy as np
import pytest

from trading.engine.sizing import fixed_fraction, kelly, volatility_target


def one(value: float) -> np.ndarray:
    return np.array([value])


def test_a_fixed_fraction_loses_its_risk_at_the_stop() -> None:
    assert fixed_fraction(0.01, one(0.05))[0] == pytest.approx(0.2)
    assert fixed_fraction(0.01, one(0.001), most=0.3)[0] == pytest.approx(0.3)


def test_a_volatility_target_halves_a_coin_twice_as_wild() -> None:
    assert volatility_target(0.2, one(0.8))[0] == pytest.approx(0.25)
    assert volatility_target(0.2, one(0.1), most=1.0)[0] == pytest.approx(1.0)


def test_kelly_is_a_fraction_of_the_growth_optimum() -> None:
    # p 0.5, win 2, loss 1: (0.5 * 2 - 0.5) / 2 = 0.25; a quarter of it 0.0625
    assert kelly(one(0.5), one(2.0), one(1.0), fraction=0.25, most=1.0)[0] == pytest.approx(0.0625)


def test_kelly_is_capped_and_never_bets_on_a_loss() -> None:
    assert kelly(one(0.9), one(2.0), one(1.0))[0] == pytest.approx(0.02)
    assert kelly(one(0.2), one(2.0), one(1.0))[0] == 0.0


def test_an_unknown_probability_gives_no_size() -> None:
    assert np.isnan(kelly(one(np.nan), one(2.0), one(1.0))[0])

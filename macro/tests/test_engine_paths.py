"""Window kernels on returns, snapshot metrics and sentiment: golden numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine.panel import same
from macro.engine import paths
from macro.engine.features import Features, percentile
from macro.engine.metrics import halving_countdown
from macro.engine.sentiment import sentiment
from macro.tests.engine_panels import panel_of


def returns_of(prices: list[float]) -> np.ndarray:
    price = np.array(prices)
    return np.concatenate([[np.nan], price[1:] / price[:-1] - 1.0])


def test_price_above_its_mean_by_hand() -> None:
    # Prices 100, 110, 90, 120: mean of the last three 320/3, so 120 stands 12.5 % above it.
    assert paths.above_mean(returns_of([100.0, 110.0, 90.0, 120.0]), 3)[3] == pytest.approx(0.125)


def test_drawdown_rebound_and_gain_by_hand() -> None:
    returns = returns_of([50.0, 100.0, 80.0, 60.0, 90.0])
    assert paths.drawdown(returns, 4)[4] == pytest.approx(-0.1)  # peak 100
    assert paths.rebound(returns, 4)[4] == pytest.approx(0.5)  # trough 60
    assert paths.gain(returns, 4)[4] == pytest.approx(0.8)  # from 50 to 90


def test_rsi_is_100_in_a_rise_0_in_a_fall_and_half_way_in_even_swings() -> None:
    rising = np.full(200, 0.01)
    assert paths.rsi(rising, 14)[-1] == pytest.approx(100.0)
    assert paths.rsi(-rising, 14)[-1] == pytest.approx(0.0)
    # Up 1, down 1 in turns: the newest move has weight 1, the one before 13/14 and so on, so an up bar
    # last gives 1 / (1 + 13/14) = 14/27 of all moves.
    swings = returns_of([100.0 + (i % 2) for i in range(200)])
    assert paths.rsi(swings, 14)[199] == pytest.approx(100.0 * 14 / 27, abs=0.01)


def test_percentile_counts_ties_half() -> None:
    # Last of 1, 3, 2, 2: one below, two ties (itself included) half each: 2 of 4.
    assert percentile(np.array([1.0, 3.0, 2.0, 2.0]), 4, 2)[3] == 0.5


@settings(max_examples=25, derandomize=True, deadline=None)
@given(st.lists(st.floats(-0.3, 0.3), min_size=30, max_size=60), st.integers(1, 9))
def test_a_value_depends_on_its_window_alone(moves: list[float], cut: int) -> None:
    returns = np.array(moves)
    for kernel in (
        lambda x: paths.above_mean(x, 20),
        lambda x: paths.above_ewma(x, 5.0, 20),
        lambda x: paths.drawdown(x, 20),
        lambda x: paths.gain(x, 20),
        lambda x: paths.rsi(x, 2),
    ):
        assert same(kernel(returns)[cut + 20 :], kernel(returns[cut:])[20:])


def test_the_halving_is_counted_down_as_it_was_foreseeable() -> None:
    panel = panel_of(np.full((3300, 1), 1.0), ("BTC",))
    left = halving_countdown(panel)
    day = {date: int(panel.times.get_loc(date)) for date in ("2016-07-07", "2016-07-09")}
    # 2012-11-28 plus 1458 days 8 h is 2016-11-25: 141 days after 2016-07-08, when that bar is known.
    assert left[day["2016-07-07"]] == 141
    # Known from 2016-07-10 on: 1457 days 8 h are left of the cycle begun on the 9th.
    assert left[day["2016-07-09"]] == 1458
    # 2009-01-03 plus the cycle is 2012-12-31 08:00: 364 days 8 hours from 2012-01-02, begun days count.
    assert left[0] == 365


def test_sentiment_is_the_mean_of_what_is_there_and_names_it() -> None:
    columns = {
        "fear_greed": np.array([75.0, np.nan, np.nan]),
        "funding_percentile": np.array([0.25, np.nan, np.nan]),
        "trend_20": np.array([0.6, 0.6, np.nan]),
    }
    mood = sentiment(Features(columns))
    # 75/50 - 1 = 0.5; 2 x 0.25 - 1 = -0.5; 0.6: mean 0.2.
    assert mood.composite[0] == pytest.approx(0.2)
    assert mood.sources(1) == ("market_momentum",)
    assert np.isnan(mood.composite[2])
    assert mood.sources(2) == ()

"""Indicators against hand-worked figures, and independent of where a series starts."""

from __future__ import annotations

import numpy as np
import pytest

from assets.engine import indicators


def _column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)[:, None]


def _walk(rows: int = 400) -> np.ndarray:
    steps = np.random.default_rng(1).normal(0.0, 0.03, (rows, 3))
    walk = 100.0 * np.exp(np.cumsum(steps, axis=0))
    walk[150:153, 1] = np.nan
    walk[:250, 2] = np.nan
    return np.asarray(walk, dtype=np.float64)


def test_the_simple_average_of_three() -> None:
    got = indicators.sma(_column(1.0, 2.0, 6.0, 4.0), 3)
    np.testing.assert_allclose(got[2:, 0], [3.0, 4.0])


def test_the_exponential_average_of_a_step() -> None:
    # span 3: a = 1/2, half-life 1 bar, window 6: weights 1, 1/2 ... 1/32, together 63/32.
    # After one bar at 2 following five at 1: 1 + 1 / (63/32) = 1 + 32/63
    got = indicators.ema(_column(1.0, 1.0, 1.0, 1.0, 1.0, 2.0), 3)
    assert got[-1, 0] == pytest.approx(1.0 + 32.0 / 63.0)


def test_the_strength_index_of_even_steps() -> None:
    assert indicators.rsi(np.linspace(1.0, 100.0, 100)[:, None])[-1, 0] == 100.0
    assert indicators.rsi(np.linspace(100.0, 1.0, 100)[:, None])[-1, 0] == 0.0
    assert indicators.rsi(np.full((100, 1), 7.0))[-1, 0] == 50.0


def test_the_strength_index_agrees_with_wilders_endless_average() -> None:
    close = _walk()[:, :1]
    step = np.diff(close[:, 0])
    rise = fall = 0.0
    for move in step:
        rise += (max(move, 0.0) - rise) / 14
        fall += (max(-move, 0.0) - fall) / 14
    assert indicators.rsi(close)[-1, 0] == pytest.approx(100 * rise / (rise + fall), abs=0.5)


def test_macd_is_zero_for_a_flat_price_and_positive_for_a_rising_one() -> None:
    flat = indicators.macd(np.full((120, 1), 5.0))
    assert flat.line[-1, 0] == pytest.approx(0.0, abs=1e-12)
    rising = indicators.macd(np.linspace(1.0, 120.0, 120)[:, None])
    # the averages of a line lag by their mean age, about 25/2 and 11/2 bars: their difference is about 7
    assert rising.line[-1, 0] == pytest.approx(7.0, abs=0.7)
    assert rising.histogram[-1, 0] == pytest.approx(rising.line[-1, 0] - rising.signal[-1, 0])


def test_the_true_range_counts_the_gap_from_the_previous_close() -> None:
    high, low, close = _column(11.0, 15.0), _column(9.0, 14.0), _column(10.0, 14.5)
    np.testing.assert_allclose(indicators.true_range(high, low, close)[:, 0], [2.0, 5.0])


def test_the_average_range_of_equal_bars_is_their_range() -> None:
    close = np.full((60, 1), 10.0)
    assert indicators.atr(close + 1.0, close - 1.0, close)[-1, 0] == pytest.approx(2.0)


def test_the_bands_of_a_known_window() -> None:
    # closes 1..20: mean 10.5, population deviation sqrt((400 - 1) / 12) = 5.766281
    got = indicators.bollinger(np.arange(1.0, 21.0)[:, None])
    assert got.middle[-1, 0] == 10.5
    assert got.upper[-1, 0] == pytest.approx(10.5 + 2 * 5.766281, rel=1e-6)
    assert got.position[-1, 0] == pytest.approx((20 - (10.5 - 11.532562)) / (4 * 5.766281), rel=1e-6)
    assert np.isnan(indicators.bollinger(np.full((30, 1), 3.0)).position[-1, 0])


def test_a_series_that_starts_later_gives_the_same_digits() -> None:
    close = _walk()
    start = 300 - indicators.lookback()
    for name in ("line", "signal", "histogram"):
        whole = getattr(indicators.macd(close), name)
        np.testing.assert_array_equal(
            getattr(indicators.macd(close[start:]), name)[300 - start :], whole[300:]
        )
    np.testing.assert_array_equal(indicators.rsi(close[start:])[300 - start :], indicators.rsi(close)[300:])


def test_later_bars_change_nothing_before_them() -> None:
    close = _walk()
    cut = indicators.rsi(close[:350])
    np.testing.assert_array_equal(cut, indicators.rsi(close)[:350])
    np.testing.assert_array_equal(indicators.ema(close[:350], 26), indicators.ema(close, 26)[:350])


def test_an_unlisted_coin_has_no_indicators() -> None:
    close = _walk()
    assert np.isnan(indicators.rsi(close)[:251, 2]).all()
    assert np.isnan(indicators.sma(close, 50)[:250, 2]).all()
    assert np.isfinite(indicators.rsi(close)[300:, 2]).all()

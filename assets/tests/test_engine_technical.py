"""The indicators of charts against TA-Lib, which every other chart draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine.technical import FAMILIES, LINES, Buffers, Periods, indicators
from assets.tests.factories import make_market
from benchmarks.indicators import theirs, walks


def oracle(grid: dict[str, Any]) -> dict[str, Any]:
    """TA-Lib's lines (T, N) of bars without holes."""
    series = {name: np.ascontiguousarray(values.T) for name, values in grid.items()}
    told = [theirs(series, n) for n in range(grid["close"].shape[1])]
    return {line: np.stack([one[line] for one in told], axis=1) for line in LINES}


def agree(got: Any, expected: Any) -> None:
    """Where TA-Lib has a figure, ours is it to 1e-9."""
    known = np.isfinite(expected)
    np.testing.assert_allclose(got[known], expected[known], rtol=1e-9, atol=1e-9)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 999),
    coins=st.integers(1, 9),
    bars=st.integers(60, 300),
    drift=st.sampled_from([0.0, 0.1]),
)
def test_every_line_is_talibs(seed: int, coins: int, bars: int, drift: float) -> None:
    rng = np.random.default_rng(seed)
    close = 50.0 * np.exp(np.cumsum(rng.normal(0.0, 0.03 + drift, (bars, coins)), axis=0).clip(-4, 9))
    close[20:26] = close[20]  # a price that stands still
    reach = np.abs(rng.normal(0.0, 0.02, (2, bars, coins)))
    grid = {
        "high": close * (1 + reach[0]),
        "low": close * (1 - reach[1]),
        "close": close,
        "volume": rng.uniform(1.0, 9.0, (bars, coins)),
    }
    got, expected = indicators(grid), oracle(grid)
    assert set(got) == set(LINES)
    for line in LINES:
        agree(got[line], expected[line])


def test_a_coin_with_holes_has_the_figures_of_the_bars_it_has() -> None:
    grid = walks(5, 200)
    gone = np.zeros((200, 5), dtype=np.bool_)
    gone[:70, 1] = gone[50, 2] = gone[150:, 3] = True
    gone[:, 4] = True
    holed = {name: np.where(gone, np.nan, values) for name, values in grid.items()}
    got = indicators(holed)
    for n in range(4):
        there = ~gone[:, n]
        expected = oracle(
            {name: np.ascontiguousarray(values[there][:, [n]]) for name, values in grid.items()}
        )
        for line in LINES:
            agree(got[line][there, n], expected[line][:, 0])
            assert np.isnan(got[line][~there, n]).all()
    assert all(np.isnan(got[line][:, 4]).all() for line in LINES)


def test_holes_in_one_coin_change_no_other() -> None:
    grid = walks(6, 120)
    holed = {name: values.copy() for name, values in grid.items()}
    holed["low"][40:60, 2] = np.nan
    whole, part = indicators(grid), indicators(holed)
    for line in LINES:
        others = [0, 1, 3, 4, 5]
        np.testing.assert_array_equal(whole[line][:, others], part[line][:, others])


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_and_kept_buffers_change_no_digit(threads: int) -> None:
    grid, buffers = walks(7, 90), Buffers()
    grid["close"][3, 5] = np.nan
    expected = {line: values.copy() for line, values in indicators(grid).items()}
    for _ in range(2):
        got = indicators(grid, threads=threads, buffers=buffers)
        for line in LINES:
            np.testing.assert_array_equal(got[line], expected[line])
    assert all(got[line] is buffers.kept[line] for line in LINES)


def test_no_figure_depends_on_later_bars() -> None:
    grid = walks(3, 150)
    whole = indicators(grid)
    part = indicators({name: values[:100] for name, values in grid.items()})
    for line in LINES:
        np.testing.assert_array_equal(whole[line][:100], part[line])


def test_only_what_was_asked_for_is_given_and_only_its_bars_are_needed() -> None:
    close = walks(2, 60)["close"]
    got = indicators({"close": close}, ["rsi", "macd"])
    assert list(got) == ["rsi", "macd", "macd_signal", "macd_histogram"]
    single = indicators({"close": close[:, 0]}, ["rsi"])["rsi"]
    np.testing.assert_array_equal(single, got["rsi"][:, 0])


def test_a_panel_is_taken_as_it_is() -> None:
    panel = make_market(120, 4).panel
    got = indicators(panel, ["sma"], Periods(sma=5))
    assert got["sma"].shape == panel.shape
    assert got["sma"][-1, 0] == pytest.approx(panel.close[-5:, 0].mean())


def test_a_series_shorter_than_a_window_has_no_figure_and_no_error() -> None:
    got = indicators({name: values[:5] for name, values in walks(3, 9).items()})
    assert all(np.isnan(values).all() for line, values in got.items() if line != "obv")
    assert np.isfinite(got["obv"]).all()


def test_a_coin_far_below_a_cent_has_bands_too() -> None:
    close = walks(1, 100)["close"]
    normal, tiny = (
        indicators({"close": close}, ["bollinger"]),
        indicators({"close": close * 2.0**-40}, ["bollinger"]),
    )
    np.testing.assert_allclose(tiny["bollinger_upper"] * 2.0**40, normal["bollinger_upper"], rtol=1e-12)


@pytest.mark.parametrize(
    ("bars", "names", "words"),
    [
        ({"close": np.ones(9)}, ["rsx"], "no indicator is called 'rsx'; there are sma"),
        ({"close": np.ones(9)}, ["atr"], "high, low missing: atr cannot be computed without"),
        ({"close": np.ones(9), "volume": np.ones(8)}, ["obv"], "of one shape"),
    ],
)
def test_what_cannot_be_computed_is_refused_by_name(bars: Any, names: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        indicators(bars, names)


@pytest.mark.parametrize(
    ("given_", "words"),
    [
        ({"rsi": 1}, "rsi: 1 bars"),
        ({"macd": (26, 12, 9)}, "shorter than"),
        ({"stochastic": (14, 0, 3)}, "1 bar"),
    ],
)
def test_periods_that_are_no_windows_are_refused(given_: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Periods(**given_)


def test_every_family_has_its_lines() -> None:
    assert len(FAMILIES) == 9
    assert len(set(LINES)) == 14

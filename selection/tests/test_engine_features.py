"""Factors in natural units and as ranks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from selection.engine import features
from selection.engine.inputs import Context, Inputs, prepare
from selection.tests.markets import market


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return prepare(market(420))


def test_momentum_is_the_return_over_whole_weeks(inputs: Inputs) -> None:
    close = inputs.panel.close
    assert inputs.raw["momentum_3w"][400, 9] == close[400, 9] / close[379, 9] - 1.0


def test_drawdown_is_the_fall_from_the_highest_close_of_ninety_days(inputs: Inputs) -> None:
    close = inputs.panel.close[:, 9]
    assert inputs.raw["drawdown"][400, 9] == pytest.approx(close[400] / close[311:401].max() - 1.0, rel=1e-14)


def test_illiquidity_is_the_move_per_million_dollars() -> None:
    panel = market(120)
    steady = np.full_like(panel.close, 100.0)
    steady[1::2] = 110.0
    got = prepare(replace(panel, close=steady, volume=np.full_like(steady, 2e6))).raw["illiquidity"]
    # |ln 1.1| = 0.0953102 on every bar, 2 million traded
    assert got[110, 9] == pytest.approx(0.0953102 / 2, rel=1e-6)


def test_age_counts_days_with_a_close_and_stops_at_a_year(inputs: Inputs) -> None:
    age = inputs.raw["age"]
    assert age[419, 9] == 365
    assert age[419, 0] == 210  # listed at row 210 of 420
    assert inputs.raw["age"][300, 9] == 301


def test_a_coin_tied_to_the_market_has_its_beta_and_no_volatility_of_its_own() -> None:
    panel = market(200)
    common = np.random.default_rng(5).normal(0.0, 0.02, 200)
    close = panel.close.copy()
    close[:, 9] = 50.0 * np.exp(np.cumsum(1.5 * common))
    got = prepare(replace(panel, close=close), Context(market_return=common)).raw
    assert got["beta"][-1, 9] == pytest.approx(1.5, rel=1e-9)
    assert got["idiosyncratic_volatility"][-1, 9] == pytest.approx(0.0, abs=1e-6)


def test_ranks_lie_between_minus_and_plus_a_half_among_the_members(inputs: Inputs) -> None:
    row = inputs.ranks[features.FEATURES.index("momentum_1w"), 400]
    members = inputs.members[400]
    assert np.nanmin(row[members]) == -0.5
    assert np.nanmax(row[members]) == 0.5
    assert np.isnan(row[~members]).all()


def test_an_unknown_market_cap_has_no_rank(inputs: Inputs) -> None:
    size = inputs.ranks[features.FEATURES.index("size"), 400]
    assert np.isnan(size[1::2]).all()
    assert np.isfinite(size[4::2]).all()


def test_a_coin_outside_the_universe_moves_no_rank(inputs: Inputs) -> None:
    panel = inputs.panel
    stable = panel.is_stable.copy()
    stable[29] = True
    wild = panel.close.copy()
    wild[:, 29] *= np.linspace(1.0, 50.0, len(wild))
    one = prepare(replace(panel, is_stable=stable))
    other = prepare(replace(panel, is_stable=stable, close=wild))
    np.testing.assert_array_equal(one.ranks, other.ranks)


def test_the_trend_is_up_in_a_rising_market_and_stress_is_up_when_it_shakes() -> None:
    rng = np.random.default_rng(0)
    returns = rng.normal(0.0, 0.01, 200)
    returns[170:] += 0.02
    state = features.market_state(market(5).timeframe, returns)
    assert state.trend[-1] > 0.9
    returns[186:] = rng.normal(0.0, 0.08, 14)
    assert features.market_state(market(5).timeframe, returns).stress[-1] > 0.5
    assert np.isnan(state.trend[:14]).all()


def test_upstream_of_another_shape_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="sector_strength has shape"):
        prepare(market(80), Context(sector_strength=np.zeros((80, 2))))

"""The condition of each coin: risk, place, recommendation, tie to its sector."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assets.engine import indicators
from selection.engine import Context, Inputs, prepare
from selection.engine.analysis import (
    Recommendation,
    RiskLevel,
    places,
    recommendations,
    risk_levels,
    sector_correlation,
    technical,
)
from selection.tests.markets import market


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return prepare(market(420))


def _with_raw(inputs: Inputs, volatility: float, volume: float, drawdown: float) -> Inputs:
    shape = inputs.panel.shape
    changed = {"total_volatility": volatility, "volume": volume, "drawdown": drawdown}
    return replace(inputs, raw={**inputs.raw, **{name: np.full(shape, x) for name, x in changed.items()}})


@pytest.mark.parametrize(
    ("volatility", "volume", "drawdown", "level"),
    [
        (0.5, 5e7, -0.1, RiskLevel.LOW),  # no point
        (0.7, 5e7, -0.1, RiskLevel.MEDIUM),  # 1
        (1.2, 5e6, -0.1, RiskLevel.HIGH),  # 2 + 1
        (1.7, 5e5, -0.5, RiskLevel.EXTREME),  # 3 + 2 + 1
        (np.nan, 5e7, -0.1, ""),
    ],
)
def test_risk_is_points_for_volatility_thin_volume_and_drawdown(
    inputs: Inputs, volatility: float, volume: float, drawdown: float, level: str
) -> None:
    assert (risk_levels(_with_raw(inputs, volatility, volume, drawdown), 419) == level).all()


def test_places_count_from_the_best_and_ties_go_to_the_first_column() -> None:
    score = np.array([[0.2, 0.9, np.nan, 0.9]])
    np.testing.assert_array_equal(places(score), [[3.0, 1.0, np.nan, 2.0]])


def test_recommendations_follow_the_score_if_confidence_agrees() -> None:
    percentile = np.array([[0.95, 0.75, 0.75, 0.5, 0.25, 0.05, 0.05, np.nan]])
    chance = np.array([[0.6, 0.6, 0.4, 0.6, 0.4, 0.4, 0.6, np.nan]])
    got = recommendations(percentile, chance, np.array([0.5]), np.array([False]))
    wanted = ["strong_buy", "buy", "hold", "hold", "reduce", "avoid", "hold", ""]
    assert got[0].tolist() == wanted
    assert set(wanted) - {""} == set(Recommendation)


def test_nothing_is_called_a_buy_while_the_market_is_to_be_left() -> None:
    percentile, chance = np.array([[0.95, 0.05]]), np.array([[0.6, 0.4]])
    got = recommendations(percentile, chance, np.array([0.5]), np.array([True]))
    assert got[0].tolist() == ["hold", "avoid"]


def test_a_coin_that_moves_with_its_sector_correlates_fully(inputs: Inputs) -> None:
    close = inputs.panel.close
    own = np.vstack((np.full((1, close.shape[1]), np.nan), np.diff(np.log(close), axis=0)))
    mixed = replace(inputs, context=Context(sector_return=np.clip(own, -0.5, 0.5) * 0.5))
    assert sector_correlation(mixed, 410)[:, 9] == pytest.approx(1.0)
    inverse = replace(inputs, context=Context(sector_return=np.clip(own, -0.5, 0.5) * -2.0))
    assert sector_correlation(inverse, 410)[:, 9] == pytest.approx(-1.0)
    assert np.isnan(sector_correlation(inputs, 410)).all()


def test_the_technical_picture_is_in_shares_of_the_close(inputs: Inputs) -> None:
    panel = inputs.panel
    got = technical(panel, 400)
    mean = panel.close[381 - 30 : 401, 9].mean()  # 50 closes up to row 400
    assert got.sma50[0, 9] == pytest.approx(panel.close[400, 9] / mean - 1.0, rel=1e-12)
    whole = indicators.atr(panel.high, panel.low, panel.close)[400:] / panel.close[400:]
    np.testing.assert_array_equal(got.atr, whole)
    assert np.isnan(got.rsi14[:, 1]).all() or np.isfinite(got.rsi14[:, 9]).all()

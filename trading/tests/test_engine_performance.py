"""Figures of trades and curves on numbers that can be checked by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from trading.engine.performance import DRAWS, SEED, curve_figures, deepest, mean_of, trade_figures, wilson

START = datetime(2024, 1, 1, tzinfo=UTC)


def days(count: int) -> list[datetime]:
    return [START + timedelta(days=n) for n in range(count)]


def test_the_figures_of_four_trades() -> None:
    told = trade_figures(
        np.array([True, True, False, False]),
        np.array([0.1, 0.05, -0.05, -0.04]),
        np.array([2.0, 1.0, -1.0, -0.5]),
        np.array([0, 40, 80, 120]),
        28,
    )
    assert (told.cases, told.successes, told.success_rate.value) == (4, 2, 0.5)
    assert told.average_return.value == pytest.approx(0.015)
    assert told.expectancy_r.value == pytest.approx(0.375)
    assert told.profit_factor.value == pytest.approx(2.0)
    assert (told.average_win_r, told.average_loss_r) == (1.5, -0.75)
    assert told.expectancy_r.low is not None
    assert told.expectancy_r.low < 0.375 < (told.expectancy_r.high or 0)


def test_nothing_known_is_nothing_said() -> None:
    empty = np.empty(0)
    told = trade_figures(np.empty(0, dtype=np.bool_), empty, empty, np.empty(0, dtype=np.int64), 28)
    assert (told.cases, told.success_rate.value, told.profit_factor.value) == (0, None, None)
    only_gains = trade_figures(np.array([True]), np.array([0.1]), np.array([1.0]), np.array([3]), 28)
    assert (only_gains.profit_factor.value, only_gains.expectancy_r.low) == (None, None)
    assert curve_figures(np.ones(5), days(5), 365.0, 28).sharpe.value is None


def test_cases_of_one_block_are_not_counted_as_independent() -> None:
    rng = np.random.default_rng(3)
    market = np.repeat(rng.normal(0.0, 1.0, 40), 25)  # 25 trades that share each month's luck
    together = mean_of(market, np.repeat(np.arange(40) * 28, 25), 28)
    apart = mean_of(market, np.arange(1000) * 28, 28)
    assert (together.high or 0) - (together.low or 0) > 3 * ((apart.high or 0) - (apart.low or 0))


def test_the_interval_is_that_of_blocks_drawn_one_by_one() -> None:
    rng = np.random.default_rng(4)
    values, bars = rng.normal(0.1, 1.0, 300), np.sort(rng.integers(0, 12, 300)) * 56  # every other block
    picks = np.random.default_rng(SEED).integers(12, size=(DRAWS, 12))
    sums, counts = (np.array([part[bars == 56 * n].sum() for n in range(12)]) for part in (values, values**0))
    drawn = sums[picks].sum(axis=1) / counts[picks].sum(axis=1)
    told = mean_of(values, bars, 28)
    assert (told.low, told.high) == pytest.approx(tuple(np.quantile(drawn, (0.025, 0.975))), rel=1e-12)


def test_the_deepest_fall_has_its_dates() -> None:
    fall = deepest(np.array([1.0, 1.2, 0.9, 0.6, 1.1, 1.25, 1.0]), days(7))
    assert fall is not None
    assert fall.depth == pytest.approx(0.5)
    assert [(at - START).days for at in (fall.peak_at, fall.trough_at, fall.recovered_at or START)] == [
        1,
        3,
        5,
    ]
    assert deepest(np.array([1.0, 1.1, 1.2]), days(3)) is None
    still = deepest(np.array([1.0, 0.9]), days(2))
    assert still is not None
    assert still.recovered_at is None


def test_ratios_are_those_of_their_definitions() -> None:
    returns = np.random.default_rng(4).normal(0.002, 0.02, 400)
    equity = np.cumprod(1.0 + returns)
    told = curve_figures(equity, days(400), 365.25, 28, np.full(400, 0.4), np.full(400, 0.01))
    annual = equity[-1] ** (365.25 / 400) - 1.0
    below = np.sqrt(np.mean(np.minimum(returns, 0.0) ** 2))
    assert told.sharpe.value == pytest.approx(returns.mean() / returns.std(ddof=1) * 365.25**0.5)
    assert told.sharpe.low is not None
    assert told.sharpe.low < told.sharpe.value < (told.sharpe.high or 0)
    assert told.annual_return == pytest.approx(annual)
    assert told.sortino == pytest.approx(returns.mean() / below * 365.25**0.5)
    assert told.drawdown is not None
    assert told.calmar == pytest.approx(annual / told.drawdown.depth, rel=1e-6)
    assert (told.exposure, told.turnover) == (pytest.approx(0.4), pytest.approx(3.6525))


def test_wilson_never_leaves_what_a_share_can_be() -> None:
    assert wilson(0, 0).value is None
    assert (wilson(0, 5).low, wilson(5, 5).high) == (0.0, 1.0)
    assert wilson(50, 100).low == pytest.approx(0.4038, abs=1e-4)

"""The portfolio's book, and the tests of luck, on figures worked by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.engine.backtest import Terms, Trades, keep_book, trade, varied
from trading.engine.backtest.significance import (
    Pool,
    chance,
    deflate,
    expected_best,
    probabilistic,
    shuffle,
)
from trading.engine.barriers import Costs, Issued
from trading.engine.inputs import Params
from trading.tests.markets import bars
from trading.tests.test_engine_backtest_kernel import drawn, issue

QUIET = (100.0, 101.0, 99.0, 100.0)
FREE = Costs(0.0, 0.0)


def terms(trades: Trades, share: float, rows: int, cap: float = 1.0, costs: Costs = FREE) -> Terms:
    return Terms(np.full(len(trades), share), np.full(rows, cap), costs)


def test_a_trade_is_worth_its_share_of_the_portfolio() -> None:
    panel = bars([QUIET, (100, 104, 99, 104), (104, 111, 103, 110), QUIET])
    trades = trade(panel, issue((0, 0, 1.0, 100.0, 110.0, 90.0, 5)), FREE)
    book = keep_book(panel.close, trades, terms(trades, 0.5, 4))
    np.testing.assert_allclose(book.equity, [1.0, 1.02, 1.05, 1.05])
    np.testing.assert_allclose(book.invested, [0.0, 0.52 / 1.02, 0.0, 0.0])
    np.testing.assert_allclose(book.traded, [0.0, 0.5, 0.55 / 1.02, 0.0])


def test_costs_are_paid_on_both_fills() -> None:
    panel = bars([QUIET, (100, 111, 99, 110)])
    trades = trade(panel, issue((0, 0, 1.0, 100.0, 110.0, 90.0, 5)), Costs(0.01, 0.0))
    book = keep_book(panel.close, trades, terms(trades, 1.0, 2, costs=Costs(0.01, 0.0)))
    assert book.equity[-1] == pytest.approx(1.0 + 0.1 - 0.01 * 2.1)
    assert book.equity[-1] - 1.0 == pytest.approx(trades.net[0])


def test_a_short_gains_what_the_price_loses() -> None:
    panel = bars([QUIET, (100, 101, 95, 96), (96, 97, 89, 90)])
    trades = trade(panel, issue((0, 0, -1.0, 100.0, 90.0, 110.0, 5)), FREE)
    book = keep_book(panel.close, trades, terms(trades, 1.0, 3))
    np.testing.assert_allclose(book.equity, [1.0, 1.04, 1.1])


def test_the_exposure_cap_cuts_what_is_taken() -> None:
    panel, issued = drawn(5, 40)
    trades = trade(panel, issued, FREE)
    trades = trades.take(trades.row >= 0)
    rows = len(panel.times)
    book = keep_book(panel.close, trades, terms(trades, 0.3, rows, cap=0.5))
    fresh = [k for k in range(len(trades)) if book.size[k] > 0]
    assert fresh
    assert all(book.size[k] <= 0.5 + 1e-12 for k in fresh)
    shut = keep_book(panel.close, trades, terms(trades, 0.3, rows, cap=0.0))
    assert (shut.size == 0).all()
    assert (shut.equity == 1.0).all()
    unknown = keep_book(panel.close, trades, terms(trades, 0.3, rows, cap=math.nan))
    assert unknown.size.sum() >= book.size.sum()


def test_a_portfolio_that_is_lost_stays_lost() -> None:
    panel = bars([QUIET, (100, 240, 100, 230), (230, 231, 90, 95), QUIET, QUIET])
    trades = trade(
        panel, issue((0, 0, -1.0, 100.0, 50.0, 300.0, 9), (3, 0, 1.0, 100.0, 200.0, 50.0, 1)), FREE
    )
    book = keep_book(panel.close, trades, terms(trades, 1.0, 5))
    assert book.equity.tolist() == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert book.invested.tolist() == book.traded.tolist()[:1] + [0.0] * 4
    assert book.size.tolist() == [1.0, 0.0]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(0, 5_000), count=st.integers(1, 50), share=st.floats(0.01, 0.4))
def test_the_book_is_the_sum_of_its_trades(seed: int, count: int, share: float) -> None:
    """With every trade closed, the worth at the end is what the trades gained, each on its own value."""
    costs = Costs(0.001, 0.001)
    panel, issued = drawn(seed, count)
    trades = trade(panel, issued, costs)
    trades = trades.take(trades.closed)
    book = keep_book(panel.close, trades, terms(trades, share, len(panel.times), costs=costs))
    worth = np.concatenate(([1.0], book.equity))
    gained = sum(book.size[k] * worth[trades.entered[k]] * trades.net[k] for k in range(len(trades)))
    if book.equity.min() > 0:
        assert book.equity[-1] == pytest.approx(1.0 + gained, abs=1e-9)


def test_the_probabilistic_ratio_is_that_of_the_paper() -> None:
    returns = np.tile([0.02, -0.01], 50)  # no skew, kurtosis 1
    spread = returns.std(ddof=1)
    ratio = 0.005 / spread
    z = ratio * math.sqrt(99) / math.sqrt(1.0 + 0.0 * ratio)
    assert probabilistic(returns, 0.0) == pytest.approx(0.5 * math.erfc(-z / math.sqrt(2)))
    assert probabilistic(returns, ratio) == pytest.approx(0.5)
    assert probabilistic(returns[:10], 0.0) is None
    assert probabilistic(np.zeros(100), 0.0) is None


def test_the_best_of_many_trials_without_skill_is_expected_to_look_good() -> None:
    simulated = np.random.default_rng(1).normal(0.0, 0.1, (20_000, 50)).max(axis=1).mean()
    assert expected_best(50, 0.01) == pytest.approx(simulated, rel=0.02)
    assert expected_best(1, 0.01) == 0.0


def test_more_trials_leave_less_of_a_result() -> None:
    returns = np.random.default_rng(2).normal(0.001, 0.01, 500)
    told = [deflate(returns, np.full(trials, 0.1)).deflated or 0.0 for trials in (1, 2, 10, 100)]
    assert told == sorted(told, reverse=True)
    assert told[0] == deflate(returns, np.array([0.1])).probabilistic
    assert told[-1] < 0.7 * told[0]
    assert deflate(np.zeros(500), np.array([math.nan])).deflated is None


def test_other_orders_of_the_same_gains_end_alike_and_fall_differently() -> None:
    gains = np.array([0.1] * 10 + [-0.05] * 10)
    told = shuffle(gains, drawdown=0.4)
    assert told.drawdown is not None
    low, middle, high = told.drawdown
    assert 0.05 <= low < middle < high < 0.4
    assert told.worse == 0.0
    assert shuffle(gains[:1], None).drawdown is None


def test_a_rule_that_knows_the_future_beats_random_entries_and_one_that_does_not_does_not() -> None:
    panel, issued = drawn(7, 400, rows=200)
    long = issued.sign > 0
    own = replace_all(issued, long)
    pool = Pool(own.rows, own.columns, own.entry, own.target, own.stop, 1.0)
    every = trade(panel, own, FREE)
    every = every.take(every.closed)
    winners = every.take(every.return_r > np.median(every.return_r))
    knows = chance(panel, winners, [pool], 5, FREE, draws=60)
    assert knows.p_value == pytest.approx(1 / 61)
    plain = chance(panel, every.take(np.arange(0, len(every), 2)), [pool], 5, FREE, draws=60)
    assert plain.p_value is not None
    assert plain.p_value > 0.05
    none = chance(panel, every.take(every.row < -5), [pool], 5, FREE)
    assert none.p_value is None


def replace_all(issued: Issued, keep: np.ndarray) -> Issued:
    names = ("rows", "columns", "sign", "entry", "target", "stop", "horizon")
    return replace(issued, **{name: getattr(issued, name)[keep] for name in names})


def test_what_a_sweep_varies_moves_its_bounds_along() -> None:
    params = varied(Params(), {"stop": 1.5, "margin": 0.1})
    assert (params.geometry.stop, params.geometry.stop_bounds) == (1.5, (1.25, 1.75))
    assert (params.margin, params.geometry.target) == (0.1, 2.0)
    with pytest.raises(ValueError, match="moon cannot be varied; there are exposure_floor"):
        varied(Params(), {"moon": 1.0})

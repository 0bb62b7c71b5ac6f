"""Figures that tell skill from luck."""

from __future__ import annotations

import numpy as np
import pytest

from selection import engine
from selection.engine import Inputs, judge
from selection.engine.judge import Costs
from selection.tests.markets import market


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return engine.prepare(market(420, drift=0.006))


def _noise(rows: int = 200, coins: int = 40, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, coins))


def test_a_perfect_order_correlates_fully_and_a_reversed_one_inversely() -> None:
    returns = _noise()
    np.testing.assert_allclose(judge.rank_correlation(np.exp(returns), returns), 1.0)
    np.testing.assert_allclose(judge.rank_correlation(-returns, returns), -1.0)


def test_rank_correlation_by_hand() -> None:
    # ranks 1 2 3 4 against 2 1 4 3: 1 - 6 (1 + 1 + 1 + 1) / (4 x 15) = 0.6; the fifth coin is unknown
    score = np.array([[1.0, 2.0, 3.0, 4.0, 9.0]])
    returns = np.array([[0.2, 0.1, 0.4, 0.3, np.nan]])
    assert judge.rank_correlation(score, returns)[0] == pytest.approx(0.6)


def test_a_score_that_only_repeats_the_rule_has_nothing_beyond_it() -> None:
    rule = _noise(seed=1)
    returns = rule + _noise(seed=2)
    copy = rule + 0.3 * _noise(seed=3)
    assert np.nanmean(judge.rank_correlation(copy, returns)) > 0.5
    assert abs(np.nanmean(judge.partial_correlation(copy, returns, rule))) < 0.05
    assert (judge.partial_correlation(rule, returns, rule) == 0.0).all()


def test_the_spread_is_the_top_fifth_less_the_bottom_fifth() -> None:
    score = np.arange(10.0)[None, :].repeat(3, axis=0)
    returns = np.linspace(0.0, 0.9, 10)[None, :].repeat(3, axis=0)
    spread, turnover = judge.quintile_spread(score, returns, 1)
    # fifths of ten coins: 0.8 and 0.9 against 0.0 and 0.1
    np.testing.assert_allclose(spread, 0.8)
    np.testing.assert_array_equal(turnover, [2.0, 0.0, 0.0])


def test_turnover_counts_each_replaced_name() -> None:
    score = np.arange(10.0)[None, :].repeat(2, axis=0)
    score[1, 9], score[1, 5] = 5.0, 9.0  # one of the top two is replaced, the bottom stays
    assert judge.quintile_spread(score, np.zeros((2, 10)), 1)[1][1] == 0.5


def test_costs_lower_the_spread_by_what_is_traded(inputs: Inputs) -> None:
    score = judge.rival_scores(inputs, 200)["low_volatility"]
    free = judge.judge(inputs, score, 200, 7, Costs(0.0, 0.0))
    paid = judge.judge(inputs, score, 200, 7, Costs(fee=0.001, slippage=0.002))
    assert free.spread == free.gross
    assert paid.gross.mean - paid.spread.mean == pytest.approx(paid.turnover * 2 * 0.003)


def test_the_standard_error_without_lags_is_the_textbooks() -> None:
    x = _noise()[:, 0]
    assert judge.newey_west_error(x, 0) == pytest.approx(x.std() / np.sqrt(len(x)))


def test_overlapping_labels_are_not_counted_as_independent() -> None:
    shocks = np.random.default_rng(4).normal(0.05, 1.0, 3006)
    overlapping = np.convolve(shocks, np.ones(7) / 7, mode="valid")
    naive = overlapping.mean() / (overlapping.std() / np.sqrt(len(overlapping)))
    honest = judge.estimate(overlapping, 8)
    assert abs(honest.t_value) < 0.55 * abs(naive)
    assert honest.low < honest.mean < honest.high
    assert honest.high - honest.low > 2.5 * overlapping.std() / np.sqrt(len(overlapping)) * 2


def test_the_same_seed_gives_the_same_interval() -> None:
    x = _noise()[:, 0]
    assert judge.bootstrap_interval(x, 14, 7, 200) == judge.bootstrap_interval(x, 14, 7, 200)
    assert judge.bootstrap_interval(x, 14, 7, 200) != judge.bootstrap_interval(x, 14, 8, 200)


def test_unknown_rows_are_left_out_and_too_few_refused() -> None:
    x = np.concatenate((_noise()[:25, 0], np.full(30, np.nan)))
    assert judge.estimate(x, 3).rows == 25
    with pytest.raises(ValueError, match="5 rows can be judged"):
        judge.estimate(x[20:], 3)


def test_a_judgement_names_its_rivals_and_fades_over_horizons(inputs: Inputs) -> None:
    verdict = judge.judge(inputs, judge.rival_scores(inputs, 200)["low_volatility"], 200, 7)
    assert set(verdict.rivals) == {"low_volatility", "last_month"}
    assert verdict.rivals["low_volatility"] == verdict.ic
    assert verdict.beyond.mean == 0.0
    assert tuple(verdict.decay) == judge.DECAY_DAYS
    assert dict(judge.summary(verdict))["ic"] == verdict.ic.mean

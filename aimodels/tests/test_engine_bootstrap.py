"""Intervals know that neighbouring rows overlap; figures are those worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimodels.engine import bootstrap, chances, money


def test_the_interval_of_independent_rows_is_that_of_the_textbook() -> None:
    series = np.random.default_rng(1).normal(0.5, 1.0, 4000)
    got = bootstrap.mean(series, block=1)
    assert got.value == pytest.approx(series.mean())
    # 1.96 / sqrt(4000) = 0.031 on either side
    assert got.low == pytest.approx(series.mean() - 0.031, abs=0.004)
    assert got.high == pytest.approx(series.mean() + 0.031, abs=0.004)


def test_rows_that_repeat_do_not_make_it_surer() -> None:
    once = np.random.default_rng(2).normal(size=300)
    often = np.repeat(once, 10)
    honest, fooled = bootstrap.mean(often, block=40), bootstrap.mean(often, block=1)
    alone = bootstrap.mean(once, block=4)
    assert honest.high - honest.low > 2.5 * (fooled.high - fooled.low)
    assert honest.high - honest.low == pytest.approx(alone.high - alone.low, rel=0.35)


def test_the_same_history_has_the_same_interval_and_too_short_a_one_has_none() -> None:
    series = np.random.default_rng(3).normal(size=200)
    assert bootstrap.mean(series, 10) == bootstrap.mean(series.copy(), 10)
    short = bootstrap.mean(series[:40], 10)
    assert np.isfinite(short.value)
    assert np.isnan([short.low, short.high]).all()
    assert np.isnan(bootstrap.mean(np.full(5, np.nan), 1).value)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(rows=st.integers(5, 60), block=st.integers(1, 10), seed=st.integers(0, 99))
def test_sums_and_paths_redraw_the_same_histories(rows: int, block: int, seed: int) -> None:
    if rows < bootstrap.LEAST_BLOCKS * block or rows % block:
        return
    table = np.random.default_rng(seed).normal(size=(rows, 2))
    by_sum = bootstrap.sums(table, block, draws=20, seed=seed)
    by_path = table[bootstrap.paths(rows, block, draws=20, seed=seed)].sum(axis=1)
    np.testing.assert_allclose(by_sum, by_path, atol=1e-9)


def test_probabilities_by_hand() -> None:
    said = np.array([0.2, 0.2, 0.8, 0.8, np.nan])
    hit = np.array([0.0, 0.0, 1.0, 0.0, 1.0])
    got = chances.judge(said, np.full(5, 0.25), hit, np.arange(5), 5, 1)
    # Brier (0.04 + 0.04 + 0.04 + 0.64) / 4 = 0.19; rival (3 x 0.0625 + 0.5625) / 4 = 0.1875
    assert got.cases == 4
    assert got.skill.value == pytest.approx(1 - 0.19 / 0.1875)
    # bins: 0.2 came true in 0 of 2, 0.8 in 1 of 2: (2 x 0.2 + 2 x 0.3) / 4
    assert got.ece.value == pytest.approx(0.25)
    # the hit beats both 0.2 and ties with the other 0.8: (1 + 1 + 0.5) / 3
    assert got.auc.value == pytest.approx(2.5 / 3)


def test_one_class_or_no_case_is_no_figure() -> None:
    said = np.full(50, 0.5)
    one = chances.judge(said, said, np.ones(50), np.arange(50), 50, 1)
    assert np.isnan(one.auc.value)
    nothing = chances.judge(said, said, np.full(50, np.nan), np.arange(50), 50, 1)
    assert nothing.cases == 0
    assert np.isnan(nothing.skill.value)


def test_calibrated_probabilities_have_a_small_error_and_their_interval_holds_the_skill() -> None:
    chance = np.random.default_rng(4)
    said = chance.uniform(0.1, 0.9, 20_000)
    hit = (chance.random(20_000) < said).astype(np.float64)
    got = chances.judge(said, np.full(20_000, 0.5), hit, np.arange(20_000) // 20, 1000, 5)
    assert got.ece.value < 0.015
    # E[(p - 1/2)^2] / (1/4) = (0.8^2 / 12) * 4
    assert got.skill.low < 0.64 / 3 < got.skill.high


def test_money_by_hand() -> None:
    own, rival = np.array([0.1, -0.5, 0.2, np.nan]), np.array([0.1, -0.1, 0.1, 0.3])
    got = money.judge(own, rival, 4.0, 1)
    assert got.bars == 3
    # 1.1, 0.55: half is lost from the top; the rival loses a tenth
    assert got.drawdown.value == pytest.approx(0.5)
    assert got.drawdown_share.value == pytest.approx(5.0)
    assert got.sharpe.value == pytest.approx(own[:3].mean() / own[:3].std() * 2)
    assert got.sharpe_gain.value == pytest.approx(got.sharpe.value - got.rival_sharpe.value)


def test_a_strategy_against_itself_gains_nothing_for_sure() -> None:
    own = np.random.default_rng(5).normal(0.001, 0.02, 400)
    got = money.judge(own, own, 365.25, 20)
    assert (got.sharpe_gain.value, got.sharpe_gain.low, got.sharpe_gain.high) == (0.0, 0.0, 0.0)
    assert got.drawdown_share.low == got.drawdown_share.high == 1.0

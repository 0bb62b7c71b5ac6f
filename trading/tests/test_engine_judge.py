"""The judge's figures, worked by hand or compared with scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from trading.engine.judge import auc, bootstrap, brier_skill, calibration_error, reliability


def test_the_reliability_table_says_what_came_true_with_wilsons_interval() -> None:
    said, hit = np.repeat([0.2, 0.6], 10), np.r_[np.zeros(8), np.ones(2), np.zeros(5), np.ones(5)]
    table = reliability(said, hit, bins=2)
    np.testing.assert_allclose(table.said, [0.2, 0.6])
    np.testing.assert_allclose(table.true, [0.2, 0.5])
    # Wilson, 2 of 10: 0.0567 to 0.5098
    assert table.low[0] == pytest.approx(0.0567, abs=1e-4)
    assert table.high[0] == pytest.approx(0.5098, abs=1e-4)
    # bins err by 0.0 and 0.1, equally full
    assert calibration_error(said, hit, bins=2) == pytest.approx(0.05)


def test_brier_skill_is_measured_against_the_base_rate() -> None:
    said, hit, base = np.array([0.8, 0.2]), np.array([1.0, 0.0]), np.array([0.5, 0.5])
    # 0.04 against 0.25
    assert brier_skill(said, hit, base) == pytest.approx(0.84)
    assert brier_skill(base, hit, base) == pytest.approx(0.0)


def test_auc_agrees_with_scikit_learn_also_on_ties() -> None:
    rng = np.random.default_rng(1)
    said, hit = rng.integers(0, 5, 200) / 5, (rng.random(200) < 0.3).astype(float)
    assert auc(said, hit) == pytest.approx(roc_auc_score(hit, said))
    assert np.isnan(auc(said, np.ones(200)))


def test_cases_of_one_block_are_not_counted_as_independent() -> None:
    rng = np.random.default_rng(2)
    shocks = rng.normal(0.0, 1.0, 20)
    bars_ = np.repeat(np.arange(200), 10)
    values = np.repeat(shocks, 100)
    together, apart = bootstrap(values, bars_, block=10), bootstrap(values, np.arange(2000), block=1)
    assert together.high - together.low > 3 * (apart.high - apart.low)
    assert together.low < together.mean < together.high
    assert together.cases == 2000


def test_an_interval_is_the_same_every_time_and_empty_without_cases() -> None:
    values, rows = np.arange(50.0), np.arange(50)
    assert bootstrap(values, rows, 5) == bootstrap(values, rows, 5)
    nothing = bootstrap(np.empty(0), np.empty(0, dtype=np.int64), 5)
    assert nothing.cases == 0
    assert np.isnan(nothing.mean)

"""Linear models worked out by hand, and the same digits for a row alone or among many."""

from __future__ import annotations

import numpy as np
import pytest

from aimodels.engine.linear import Linear, contributions, fit_logistic, fit_ridge, score, sigmoid

NAN = np.nan
LINE = Linear(
    mean=np.array([1.0, 10.0]), scale=np.array([2.0, 5.0]), weights=np.array([3.0, -1.0]), intercept=0.5
)


def test_the_score_by_hand() -> None:
    # 0.5 + 3 (5 - 1) / 2 - (20 - 10) / 5 = 0.5 + 6 - 2; a missing or infinite feature adds nothing
    x = np.array([[5.0, 20.0], [5.0, NAN], [NAN, NAN], [np.inf, 20.0]])
    assert score(LINE, x).tolist() == [4.5, 6.5, 0.5, -1.5]
    assert contributions(LINE, x).tolist() == [[6.0, -2.0], [6.0, 0.0], [0.0, 0.0], [0.0, -2.0]]


def test_a_row_scores_the_same_alone_and_among_many() -> None:
    chance = np.random.default_rng(1)
    x = chance.normal(size=(50, 7, 23))
    line = Linear(chance.normal(size=23), chance.uniform(0.5, 2, 23), chance.normal(size=23), 0.1)
    whole = score(line, x)
    assert whole.shape == (50, 7)
    for t in (0, 13, 49):
        for n in (0, 6):
            assert score(line, x[t, n]).item() == whole[t, n]
    assert np.array_equal(score(line, x[20:33]), whole[20:33])


def test_contributions_and_intercept_add_up_to_the_score() -> None:
    x = np.random.default_rng(2).normal(size=(9, 2))
    np.testing.assert_allclose(contributions(LINE, x).sum(axis=1) + 0.5, score(LINE, x), rtol=1e-12)


def test_the_sigmoid_is_stable_at_both_ends() -> None:
    assert sigmoid(np.array([-1e4, 0.0, 1e4])).tolist() == [0.0, 0.5, 1.0]
    # 1 / (1 + e^-ln 3) = 3 / 4
    assert sigmoid(np.array([np.log(3.0)]))[0] == pytest.approx(0.75)


def test_ridge_by_hand() -> None:
    """x = 0, 2 (twice each) has mean 1 and scale 1, so z = -1, 1; y = 1, 5 has mean 3.

    The slope is sum z (y - 3) / (sum z^2 + alpha) = (2 + 2 + 2 + 2) / (4 + 4) = 1 at alpha 4.
    """
    x = np.array([[0.0], [2.0], [0.0], [2.0]])
    line = fit_ridge(x, np.array([1.0, 5.0, 1.0, 5.0]), alpha=4.0)
    assert (line.mean.tolist(), line.scale.tolist()) == ([1.0], [1.0])
    assert line.weights[0] == pytest.approx(1.0)
    assert line.intercept == pytest.approx(3.0)
    assert score(line, np.array([[2.0]]))[0] == pytest.approx(4.0)


def test_weights_count_a_row_as_often_as_they_say() -> None:
    x = np.array([[0.0], [2.0], [0.0], [2.0]])
    y = np.array([1.0, 5.0, 3.0, 5.0])
    weighted = fit_ridge(x, y, alpha=0.0, weight=np.array([3.0, 1.0, 1.0, 1.0]))
    # at x = 0 the mean of 1, 1, 1, 3 is 1.5; at x = 2 it is 5
    assert score(weighted, np.array([[0.0], [2.0]])) == pytest.approx([1.5, 5.0])


def test_logistic_regression_finds_the_odds() -> None:
    """With hardly any penalty: 1 of 4 at x = 0 and 3 of 4 at x = 1, so the log odds are -ln 3 and ln 3."""
    x = np.repeat([[0.0], [1.0]], 4, axis=0)
    y = np.array([1, 0, 0, 0, 1, 1, 1, 0], dtype=np.float64)
    line = fit_logistic(x, y, c=1e6)
    assert score(line, np.array([[0.0], [1.0]])) == pytest.approx([-np.log(3), np.log(3)], abs=1e-3)


def test_a_lone_class_gives_its_base_rate_not_certainty() -> None:
    # four rows of one class: (4 + 1) / (4 + 2) = 5/6 at the utmost
    x = np.arange(4.0)[:, None]
    assert sigmoid(score(fit_logistic(x, np.ones(4), c=1.0), x)) == pytest.approx([5 / 6] * 4)
    assert sigmoid(score(fit_logistic(x, np.zeros(4), c=1.0), x)) == pytest.approx([1 / 6] * 4)


@pytest.mark.parametrize("fit", [fit_ridge, fit_logistic])
def test_rows_without_label_or_any_feature_do_not_count(fit: type) -> None:
    chance = np.random.default_rng(3)
    x, y = chance.normal(size=(40, 2)), (chance.random(40) > 0.5).astype(np.float64)
    x[5, 1] = NAN
    more_x = np.concatenate([x, [[9.0, 9.0], [NAN, NAN]]])
    more_y = np.concatenate([y, [NAN, 1.0]])
    few, many = fit(x, y, 1.0), fit(more_x, more_y, 1.0)
    assert np.array_equal(few.weights, many.weights)
    assert few.intercept == many.intercept


def test_a_constant_feature_gets_no_weight_and_no_division_by_zero() -> None:
    x = np.stack([np.ones(10), np.arange(10.0)], axis=1)
    line = fit_ridge(x, np.arange(10.0), alpha=1.0)
    assert line.weights[0] == 0.0
    assert line.scale[0] == 1.0


@pytest.mark.parametrize("fit", [fit_ridge, fit_logistic])
def test_too_few_labelled_rows_are_refused(fit: type) -> None:
    x, y = np.ones((10, 3)), np.full(10, NAN)
    y[:5] = 1.0
    with pytest.raises(ValueError, match="5 labelled rows are too few for 3 features"):
        fit(x, y, 1.0)

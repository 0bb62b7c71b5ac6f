"""Ridge from sums by day."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from selection.engine.moments import day_moments, ridge


def _days(seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    terms = rng.normal(size=(4, 40, 25))
    target = 0.5 * terms[0] - 0.2 * terms[2] + rng.normal(size=(40, 25))
    return terms, (target - target.mean(axis=1, keepdims=True))[None]


def test_it_is_the_ridge_that_reads_every_coin_again() -> None:
    terms, target = _days()
    fit = ridge(day_moments(terms, target), np.ones(40, dtype=np.bool_), 0, penalty=0.3)
    x = terms.reshape(4, -1).T
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    rival = Ridge(alpha=0.3 * len(x)).fit(standard, target.ravel())
    np.testing.assert_allclose(fit.weights, rival.coef_, rtol=1e-9)
    np.testing.assert_allclose(fit.mean, x.mean(axis=0), rtol=1e-9, atol=1e-15)


def test_a_day_of_many_coins_weighs_no_more_than_a_day_of_few() -> None:
    terms, target = _days()
    few = target.copy()
    few[:, 0, 5:] = np.nan
    moments = day_moments(terms, few)
    np.testing.assert_allclose(moments.second[0], terms[:, 0, :5] @ terms[:, 0, :5].T / 5)
    assert moments.days.sum() == 40


def test_a_term_that_never_varies_gets_no_weight() -> None:
    terms, target = _days()
    terms[1] = 0.25
    fit = ridge(day_moments(terms, target), np.ones(40, dtype=np.bool_), 0, penalty=0.1)
    assert fit.weights[1] == 0.0
    assert np.isfinite(fit.weights).all()


def test_a_window_gives_the_same_digits_wherever_the_series_starts() -> None:
    terms, target = _days()
    use = np.arange(40) >= 15
    whole = ridge(day_moments(terms, target), use, 0, 0.3)
    part = ridge(day_moments(terms[:, 10:], target[:, 10:]), use[10:], 0, 0.3)
    np.testing.assert_array_equal(whole.weights, part.weights)


def test_a_window_without_a_day_is_refused() -> None:
    terms, target = _days()
    with pytest.raises(ValueError, match="no day with labels"):
        ridge(day_moments(terms, np.full_like(target, np.nan)), np.ones(40, dtype=np.bool_), 0, 0.3)

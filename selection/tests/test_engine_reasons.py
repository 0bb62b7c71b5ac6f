"""Reasons: the factors behind a score, as figures and as words."""

from __future__ import annotations

import numpy as np
import pytest

from aimodels.engine import linear
from aimodels.engine.linear import Linear
from selection.engine.features import FEATURES
from selection.engine.inputs import terms
from selection.engine.reasons import PHRASES, Reason, Unit, by_feature, figure, reasons_of, strongest, words

SIZE = len(FEATURES)


def _head() -> Linear:
    rng = np.random.default_rng(2)
    return Linear(rng.normal(0, 0.01, 3 * SIZE), np.full(3 * SIZE, 0.3), rng.normal(size=3 * SIZE), 0.125)


def test_contributions_add_up_to_the_score() -> None:
    ranks = np.random.default_rng(1).uniform(-0.5, 0.5, (SIZE, 4, 6))
    x = np.moveaxis(terms(ranks, np.array([0.1, -0.5, 0.9, np.nan])), 0, -1)
    total = by_feature(_head(), x).sum(axis=-1) + 0.125
    np.testing.assert_allclose(total, linear.score(_head(), x), rtol=1e-12, atol=1e-12)


def test_the_largest_movers_are_named_first_and_unknown_ones_never() -> None:
    contributions = np.zeros((1, 1, SIZE))
    contributions[0, 0, [3, 7, 9]] = (0.2, -0.5, 0.9)
    ranks = np.full((SIZE, 1, 1), 0.25)
    ranks[9] = np.nan
    raw = np.arange(SIZE, dtype=np.float64)[:, None, None]
    found = reasons_of(strongest(contributions, raw, ranks, 2), 0, 0)
    assert found == (Reason(FEATURES[7], 7.0, 0.75, -0.5), Reason(FEATURES[3], 3.0, 0.75, 0.2))


def test_a_coin_without_known_factors_has_no_reasons() -> None:
    unknown = np.full((SIZE, 1, 1), np.nan)
    assert reasons_of(strongest(np.ones((1, 1, SIZE)), unknown, unknown, 3), 0, 0) == ()


@pytest.mark.parametrize("name", FEATURES)
def test_every_factor_has_words_with_its_figures(name: str) -> None:
    text = words(Reason(name, 0.5, 0.83, 0.1))
    assert "83 %" in text
    assert figure(0.5, PHRASES[name].unit) in text


@pytest.mark.parametrize("name", FEATURES)
def test_the_ends_read_as_words_and_nothing_between_as_all_or_none(name: str) -> None:
    for percentile, end in ((0.0, "lowest"), (1.0, "highest")):
        text = words(Reason(name, 0.5, percentile, 0.1))
        assert text.endswith(f", {getattr(PHRASES[name].scale, end)}")
        assert "0 % of coins" not in text
    assert "than 0.1 % of coins" in words(Reason(name, 0.5, 0.0004, 0.1)).replace("above", "than")
    assert " 99.8 % of coins" in words(Reason(name, 0.5, 0.998, 0.1))
    assert " 99.9 % of coins" in words(Reason(name, 0.5, 0.9999, 0.1))


def test_figures_read_as_people_write_them() -> None:
    assert figure(0.1234, Unit.PERCENT) == "+12.3 %"
    assert figure(0.85, Unit.PERCENT_A_YEAR) == "85 %"
    assert figure(4.21e9, Unit.USD) == "4.21 billion USD"
    assert figure(5.22e12, Unit.USD) == "5.22 trillion USD"
    assert figure(9.999e11, Unit.USD) == "1 trillion USD"
    assert figure(12_500.0, Unit.USD) == "12.5 thousand USD"
    assert figure(1.5, Unit.TIMES) == "1.50 times"
    assert figure(-0.034, Unit.NUMBER) == "-0.03"
    assert words(Reason("momentum_4w", -0.2, 0.1, 0.01)) == "4-week return -20 %, above 10 % of coins"
    assert words(Reason("size", 4.2e10, 1.0, 0.01)) == "market cap 42 billion USD, the largest of all coins"

"""Calibration: probabilities mean what they say, and fall back to the base rate where there is no skill."""

from __future__ import annotations

import numpy as np
import pytest

from aimodels.engine.linear import sigmoid
from trading.engine.calibration import Method, calibrate, curve_at, fit_curve, folds, probability

RNG = np.random.default_rng(3)


def world(days: int, a_day: int, slope: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores and outcomes with P(hit) = sigmoid(-1 + slope * score)."""
    rows = np.repeat(np.arange(days), a_day)
    raw = RNG.normal(size=len(rows))
    hit = (RNG.random(len(rows)) < sigmoid(-1.0 + slope * raw)).astype(np.float64)
    return rows, raw, hit


def test_a_score_with_skill_is_followed() -> None:
    rows, raw, hit = world(400, 50, 0.8)
    learned = calibrate(rows, raw, hit, embargo=7, blocks=4).calibration
    at = np.array([-2.0, 0.0, 2.0])
    np.testing.assert_allclose(probability(learned, at), sigmoid(-1.0 + 0.8 * at), atol=0.04)
    assert learned.trust > 0.9
    assert learned.skill > 0.05


def test_a_score_without_skill_gives_the_base_rate() -> None:
    rows, raw, hit = world(400, 50, 0.0)
    learned = calibrate(rows, raw, hit, embargo=7, blocks=4).calibration
    np.testing.assert_allclose(probability(learned, np.linspace(-3, 3, 7)), hit.mean(), atol=0.01)


def test_a_score_whose_meaning_turns_round_is_not_trusted() -> None:
    rows, raw, hit = world(400, 50, 0.8)
    turned = np.where((rows // 80) % 2 == 0, raw, -raw)
    assert calibrate(rows, turned, hit, embargo=7, blocks=5).calibration.trust < 0.1


def test_isotonic_bends_where_a_line_cannot() -> None:
    raw = np.linspace(-3, 3, 20_000)
    hit = (RNG.random(20_000) < np.where(raw > 1.0, 0.5, 0.1)).astype(np.float64)
    rows = RNG.permutation(20_000) // 50
    learned = calibrate(rows, raw, hit, embargo=7, blocks=4).calibration
    assert learned.curve.method == Method.ISOTONIC
    assert curve_at(learned.curve, np.array([0.0]))[0] == pytest.approx(0.1, abs=0.04)
    assert curve_at(learned.curve, np.array([2.0]))[0] == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("method", Method)
def test_a_higher_score_never_lowers_the_probability(method: Method) -> None:
    _, raw, hit = world(100, 20, 0.5)
    said = curve_at(fit_curve(method, raw, hit), np.linspace(-9, 9, 50))
    assert (np.diff(said) >= 0).all()
    assert said.min() > 0.0
    assert said.max() < 1.0


def test_between_past_and_next_block_lies_the_embargo() -> None:
    rows = np.repeat(np.arange(100), 3)
    pairs = list(folds(rows, blocks=5, embargo=7, least=2))
    assert len(pairs) == 3
    for past, following in pairs:
        assert rows[following].min() - rows[past].max() == 7
        assert following.sum() == 60


def test_too_few_cases_are_refused() -> None:
    rows, raw, hit = world(20, 2, 0.5)
    with pytest.raises(ValueError, match="too few"):
        calibrate(rows, raw, hit, embargo=7, blocks=4)

"""Drift, and inputs unlike what was learned from."""

from __future__ import annotations

import numpy as np
import pytest

from aimodels.engine import drift, guard
from aimodels.engine.checks import Sample, faults, refuse_unlearnable
from aimodels.engine.drift import Drift

CHANCE = np.random.default_rng(1)
TRAINED = CHANCE.multivariate_normal([0, 0, 5], [[1, 0.9, 0], [0.9, 1, 0], [0, 0, 4]], 3000)
REFERENCE = guard.reference(TRAINED)


def test_the_index_by_hand() -> None:
    """Training is spread evenly over ten bins; a recent population that is all in the last has
    (1 - 0.1) ln(1 / 0.1) there and nine times (0 - 0.1) ln(0 / 0.1), with the prior of 1e-4 for nothing;
    by chance it would be 9 (1 / 1000 + 1 / 60)."""
    trained = np.arange(1000.0)[:, None]
    recent = np.full((60, 1), 999.0)
    prior, total = 1e-4, 1 + 11e-4
    p, q, none = (0.1 + prior) / total, (1 + prior) / total, prior / total
    want = (q - p) * np.log(q / p) + 9 * (none - p) * np.log(none / p)
    assert drift.stability(trained, recent)[0] == pytest.approx(want - 9 * (1 / 1000 + 1 / 60))
    assert drift.reading(want) is Drift.SHIFTED


def test_the_same_population_is_stable_and_a_moved_one_is_not() -> None:
    same, moved = CHANCE.normal(size=(2000, 1)), CHANCE.normal(1.0, 1.0, size=(2000, 1))
    trained = CHANCE.normal(size=(2000, 1))
    assert drift.reading(drift.stability(trained, same)[0]) is Drift.STABLE
    assert drift.reading(drift.stability(trained, moved)[0]) is Drift.SHIFTED


def test_a_feature_that_goes_missing_has_drifted_and_too_few_rows_say_nothing() -> None:
    gone = np.full((100, 3), np.nan)
    assert (drift.stability(TRAINED, gone) > drift.SHIFTED).all()
    assert np.isnan(drift.stability(TRAINED, TRAINED[:10])).all()
    assert drift.reading(np.nan) is Drift.UNKNOWN
    never = TRAINED.copy()
    never[:, 1] = np.nan
    assert np.isnan(drift.stability(never, TRAINED)[1])


def test_usual_inputs_are_not_unlike_and_far_ones_wholly() -> None:
    fresh = CHANCE.multivariate_normal([0, 0, 5], [[1, 0.9, 0], [0.9, 1, 0], [0, 0, 4]], 3000)
    assert guard.unlike(REFERENCE, fresh).mean() < 0.02
    assert guard.unlike(REFERENCE, np.array([40.0, 40.0, 5.0])) == 1.0


def test_a_mixture_never_seen_is_unlike_though_each_feature_is_in_its_range() -> None:
    apart = np.array([2.5, -2.5, 5.0])
    assert ((apart > REFERENCE.low) & (apart < REFERENCE.high)).all()
    assert guard.unlike(REFERENCE, apart) > 0.5
    assert guard.unlike(REFERENCE, np.array([2.5, 2.5, 5.0])) < 0.1


def test_missing_features_are_unlike_where_training_had_them() -> None:
    assert guard.unlike(REFERENCE, np.array([0.0, np.nan, 5.0])) == pytest.approx(1 / 3)
    assert guard.unlike(REFERENCE, np.full(3, np.nan)) == 1.0
    seldom = TRAINED.copy()
    seldom[::2, 1] = np.nan
    assert guard.unlike(guard.reference(seldom), np.array([0.0, np.nan, 5.0])) == 0.0


def test_a_row_is_as_unlike_alone_as_among_many() -> None:
    many = CHANCE.normal(0, 4, size=(40, 5, 3))
    whole = guard.unlike(REFERENCE, many)
    assert whole.shape == (40, 5)
    assert all(guard.unlike(REFERENCE, many[t, n]) == whole[t, n] for t in (0, 7, 39) for n in (0, 4))


def test_confidence_is_drawn_to_the_base_rate() -> None:
    got = guard.lowered(np.array([0.6, 0.6, 0.6]), 0.2, np.array([0.0, 0.5, 1.0]))
    assert got == pytest.approx([0.6, 0.4, 0.2])


def test_too_little_to_describe_is_refused() -> None:
    with pytest.raises(ValueError, match="49 rows"):
        guard.reference(TRAINED[:49])
    with pytest.raises(ValueError, match="no feature is known"):
        guard.reference(np.full((60, 2), np.nan))


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        (Sample(("a",), np.empty((0, 1))), "no row to learn from"),
        (Sample(("a", "b"), np.full((9, 2), np.nan)), "none of the 2 features is known"),
        (Sample(("a",), np.ones((9, 1)), np.full(9, np.nan)), "no training row has a label"),
        (Sample(("a",), np.ones((9, 1)), np.ones(9)), "the target is 1 in all 9 rows"),
    ],
    ids=["too little history", "all features missing", "no labels", "one class or a constant target"],
)
def test_what_cannot_be_learned_from_is_refused_with_its_reason(sample: Sample, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        refuse_unlearnable(sample)


def test_a_missing_and_a_constant_feature_are_named() -> None:
    x = np.stack([np.arange(9.0), np.full(9, np.nan), np.full(9, 4.0)], axis=1)
    sample = Sample(("fine", "absent", "still"), x, np.arange(9.0))
    refuse_unlearnable(sample)
    said = faults(sample)
    assert len(said) == 2
    assert said[0].startswith("absent is not known")
    assert said[1].startswith("still is 4 in every training row")

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from sectors.engine import SIGNALS, Signal, Stance, calibrated, outlook, race, rotation
from sectors.engine.outlook import STANCES


def test_two_equal_rivals_keep_the_lead_with_even_chance():
    keep, margin = race.keep_chance(
        np.array([[0.1, 0.1]]), np.array([[0.05, 0.05]]), np.array([[True, False]]), np.array([[False, True]])
    )
    assert keep[0] == pytest.approx(0.5, abs=1e-3)
    assert margin[0] == 0.0


def test_the_chance_to_keep_the_lead_is_the_normal_one():
    # A difference of 2 with two independent errors of 1: Phi(2 / sqrt 2) = 0.9214.
    keep, margin = race.keep_chance(
        np.array([[2.0, 0.0]]), np.array([[1.0, 1.0]]), np.array([[True, False]]), np.array([[False, True]])
    )
    assert keep[0] == pytest.approx(norm.cdf(np.sqrt(2.0)), abs=2e-3)
    assert margin[0] == 2.0


def test_three_lead_and_three_trail_where_enough_are_known():
    values = np.array([[5.0, 4.0, 3.0, 2.0, 1.0, np.nan], [1.0, 2.0, 3.0, np.nan, np.nan, np.nan]])
    first, last = race._ends(values, 3)
    assert first.tolist() == [[True, True, True, False, False, False], [False] * 6]
    assert last.tolist() == [[False, False, False, True, True, False], [False] * 6]


def test_probabilities_mean_what_they_say_on_rows_not_seen():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((4000, 2))
    y = (rng.random(4000) < 1 / (1 + np.exp(-(0.5 + 1.5 * x[:, 0])))).astype(float)
    fitted = calibrated.fit(x[:2000], y[:2000], np.arange(2000), 7, 1.0)
    got = calibrated.probability(fitted, x[2000:])
    for low, high in ((0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0)):
        inside = (got >= low) & (got < high)
        assert got[inside].mean() == pytest.approx(y[2000:][inside].mean(), abs=0.06)


def test_noise_is_told_near_the_base_rate():
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((1000, 3)), (rng.random(1000) < 0.7).astype(float)
    fitted = calibrated.fit(x, y, np.arange(1000), 7, 1.0)
    assert np.abs(calibrated.probability(fitted, x) - y.mean()).max() < 0.15


def test_a_missing_feature_gives_no_probability():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((100, 2))
    fitted = calibrated.fit(x, (x[:, 0] > 0).astype(float), np.arange(100), 1, 1.0)
    assert np.isnan(calibrated.probability(fitted, np.array([0.0, np.nan])))


def test_signals_tell_what_is_new_against_a_step_ago():
    leads = np.array([[True, False], [False, True]])
    status = np.array([[0, 2], [1, 3]])
    flow = np.array([[0.0, 0.0], [-0.01, 0.01]])
    got = rotation.signals(leads, status, flow, 1)
    told = [{SIGNALS[k] for k in np.flatnonzero(got[1, s])} for s in range(2)]
    assert told[0] == {Signal.LOST_LEAD, Signal.TURNED_DOWN, Signal.MONEY_OUT}
    assert told[1] == {Signal.NEW_LEADER, Signal.TURNED_UP, Signal.MONEY_IN}
    assert not got[0].any()


def test_a_stance_needs_a_margin_and_confidence_is_that_of_the_likelier_side():
    chance = np.array([0.6, 0.51, 0.45, np.nan])
    codes = outlook.stance(chance, 0.03)
    told = [STANCES[k] if k >= 0 else None for k in codes]
    assert told == [Stance.OVERWEIGHT, Stance.NEUTRAL, Stance.UNDERWEIGHT, None]
    assert outlook.confidence(chance)[:3].tolist() == pytest.approx([0.6, 0.51, 0.55])


def test_a_fit_sees_no_label_that_was_not_known_yet(long_run):
    inputs = long_run.inputs
    row = 700
    future = np.arange(len(inputs.race.changed)) > row - rotation.SPEC.horizon_days
    blind = replace(
        inputs,
        race=replace(inputs.race, changed=np.where(future, 1.0 - inputs.race.changed, inputs.race.changed)),
        contest=replace(
            inputs.contest, beats=np.where(future[:, None], 1.0 - inputs.contest.beats, inputs.contest.beats)
        ),
    )
    assert rotation.fit(blind, row).model.offset == rotation.fit(inputs, row).model.offset
    assert outlook.fit(blind, row).model.offset == outlook.fit(inputs, row).model.offset
    later = rotation.fit(blind, row + 60).model.model.weights
    assert not np.array_equal(later, rotation.fit(inputs, row + 60).model.model.weights)


def test_too_little_history_is_an_error_that_says_how_much_is_needed(long_run):
    with pytest.raises(ValueError, match="180 days"):
        rotation.fit(long_run.inputs, 150)
    with pytest.raises(ValueError, match="60 are needed"):
        outlook.fit(long_run.inputs, 150)

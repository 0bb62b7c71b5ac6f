"""Fits: what they may learn from, what they learn, and how sure they are."""

from __future__ import annotations

import numpy as np
import pytest

from aimodels.engine import artefact, linear
from aimodels.engine.spec import ModelSpec
from selection import engine
from selection.engine import MONTH, WEEK, Inputs, Params, judge, score
from selection.tests.markets import changed_after, market

PARAMS = Params(least_days=60)
ROW = 780


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return engine.prepare(market(800, drift=0.008), params=PARAMS)


@pytest.mark.parametrize("spec", [WEEK, MONTH])
def test_the_last_label_is_known_at_the_fit(inputs: Inputs, spec: ModelSpec) -> None:
    rows = inputs.day_rows[score.training_window(inputs, ROW, spec)]
    # bought at the open of bar t + 1, sold `horizon` bars later, at the open of bar ROW at the latest
    assert rows.max() + 1 + spec.horizon_days == ROW


def test_the_training_window_is_as_long_as_declared(inputs: Inputs) -> None:
    rows = inputs.day_rows[score.training_window(inputs, 5000, WEEK)]
    assert len(rows) == 0
    assert score.training_window(inputs, 1095 + 5, WEEK).nonzero()[0].min() == 6


@pytest.mark.parametrize("spec", [WEEK, MONTH])
def test_a_fit_does_not_feel_later_bars(inputs: Inputs, spec: ModelSpec) -> None:
    other = engine.prepare(changed_after(inputs.panel, ROW), params=PARAMS)
    one, two = engine.fit(inputs, ROW, spec), engine.fit(other, ROW, spec)
    assert artefact.encode(one) == artefact.encode(two)
    assert artefact.encode(one) != artefact.encode(engine.fit(other, ROW + 15, spec))


def test_a_fit_survives_storage_bit_for_bit(inputs: Inputs) -> None:
    fit = engine.fit(inputs, ROW, WEEK)
    stored = artefact.encode(fit)
    assert artefact.encode(artefact.decode(engine.ScoreFit, stored)) == stored


def test_a_planted_order_is_found_out_of_sample(inputs: Inputs) -> None:
    fit = engine.fit(inputs, 500, WEEK)
    rows = slice(560, None)
    raw = np.where(score.scorable(inputs, rows), linear.score(fit.rank, score.design(inputs, rows)), np.nan)
    found = judge.rank_correlation(raw, judge.forward(inputs, 560, 7))
    assert np.nanmean(found) > 0.15
    assert fit.fold_ic > 0.1


def test_confidence_rises_with_the_score_around_the_base_rate(inputs: Inputs) -> None:
    fit = engine.fit(inputs, ROW, WEEK)
    chance = score.confidence(fit, np.array([-0.2, 0.0, 0.2, np.nan]))
    assert chance[0] < chance[1] < chance[2]
    assert np.isnan(chance[3])
    assert fit.base_rate == pytest.approx(0.5, abs=0.02)
    assert chance[1] == pytest.approx(fit.base_rate, abs=0.1)


def test_confidence_comes_true_as_often_as_it_says(inputs: Inputs) -> None:
    fit = engine.fit(inputs, 600, WEEK)
    rows = slice(620, None)
    raw = np.where(score.scorable(inputs, rows), linear.score(fit.rank, score.design(inputs, rows)), np.nan)
    chance = score.confidence(fit, raw)
    beat = inputs.learning(7)[0].beats[rows]
    both = np.isfinite(chance) & np.isfinite(beat)
    high = both & (chance > np.nanquantile(chance, 0.7))
    assert beat[high].mean() == pytest.approx(chance[high].mean(), abs=0.08)


def test_without_a_signal_confidence_stays_near_the_base_rate() -> None:
    noise = engine.prepare(market(800, seed=11), params=PARAMS)
    fit = engine.fit(noise, ROW, WEEK)
    rows = slice(700, 780)
    raw = linear.score(fit.rank, score.design(noise, rows))
    assert np.abs(score.confidence(fit, raw) - fit.base_rate).mean() < 0.07


def test_gathered_weights_score_like_the_model_itself(inputs: Inputs) -> None:
    fit = engine.fit(inputs, ROW, WEEK)
    days = np.arange(500, 540)
    exact = linear.score(fit.rank, score.design(inputs, slice(500, 540)))
    np.testing.assert_allclose(score.fold_scores(inputs, days, fit.rank), exact, atol=1e-12)


def test_too_few_labelled_days_are_refused_with_their_number(inputs: Inputs) -> None:
    with pytest.raises(ValueError, match="labelled days up to the fit; 60 are needed"):
        engine.fit(inputs, 90, WEEK)
    with pytest.raises(ValueError, match="0 labelled days"):
        engine.fit(inputs, -1, WEEK)

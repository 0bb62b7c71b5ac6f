from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimodels.engine.artefact import decode, encode
from assets.engine.panel import BAR_FIELDS, same
from sectors.engine import (
    SPECS,
    Reason,
    Stance,
    Status,
    analyse,
    apply,
    judge_forecast,
    lookback,
    outlook,
    prepare,
    rotation,
)
from sectors.tests.simulated import QUICK, market


def row_of(result, row):
    """One row of every field, comparable bit for bit."""
    return {
        f.name: getattr(result, f.name) if f.name == "names" else getattr(result, f.name)[row]
        for f in fields(result)
    }


@settings(max_examples=4, derandomize=True, deadline=None)
@given(row=st.integers(430, 799))
def test_a_day_is_the_same_whether_the_future_is_there_or_not(long_run, row):
    candles, members = long_run.inputs.panel, long_run.inputs.membership
    cut = candles.until(candles.as_of(row))
    alone = analyse(cut, members, long_run.exposure[: row + 1], row, QUICK)
    assert len(alone.times) == 1
    assert same(row_of(alone, 0), row_of(long_run.result, row - long_run.first))


def test_history_beyond_the_lookback_and_the_training_changes_nothing():
    need = lookback(market(30)[0].timeframe, QUICK) + rotation.SPEC.train_days + rotation.SPEC.refit_days
    candles, members = market(need + 100, seed=2)
    last = need + 99
    whole = analyse(candles, members, None, last, QUICK)
    short = analyse(candles.rows(100, None), members, None, last - 100, QUICK)
    assert np.isfinite(whole.rotation[0])
    assert np.isfinite(whole.outlook[0, :-1]).all()
    assert same(row_of(whole, 0), row_of(short, 0))


def test_what_happens_to_a_coin_later_changes_nothing_before_it(long_run):
    candles = long_run.inputs.panel.rows(None, 610)
    later = np.arange(610)[:, None] >= 600
    dead = np.arange(candles.shape[1])[None, :] == 8
    bars = {name: np.where(later & dead, np.nan, getattr(candles, name)) for name in BAR_FIELDS}
    exposure = long_run.exposure[:610]
    other = analyse(replace(candles, **bars), long_run.inputs.membership, exposure, 590, QUICK)
    assert same(row_of(other, 9), row_of(long_run.result, 199))
    assert not same(row_of(other, 10), row_of(long_run.result, 200))


def test_arguments_are_left_as_they_were():
    candles, members = market(260)
    before = [getattr(candles, name).copy() for name in BAR_FIELDS]
    weights = members.weights.copy()
    analyse(candles, members, None, 200, QUICK)
    assert all(same(a, getattr(candles, name)) for a, name in zip(before, BAR_FIELDS, strict=True))
    assert same(weights, members.weights)


def test_fits_survive_being_stored(long_run):
    again = {
        name: {moment: decode(type(fit), encode(fit)) for moment, fit in fits.items()}
        for name, fits in long_run.fits.items()
    }
    assert all(again[spec.name] for spec in SPECS)
    assert same(apply(long_run.inputs, again, long_run.first), long_run.result)


def test_the_lead_changes_as_often_as_was_said(long_run):
    outcome = long_run.inputs.race.changed[long_run.first :]
    got = judge_forecast(long_run.result.rotation, long_run.result.base_rate, outcome)
    assert got.count > 300
    # Most of it is arithmetic (21 of the 28 days are known), so it shows in any market: 0.25 over many
    # simulated years, less certain over the 57 separate weeks of this run.
    assert got.skill > 0.05
    assert got.error < 0.1


def test_rows_without_a_model_say_so():
    candles, members = market(200)
    got = analyse(candles, members, None, 150, QUICK)
    assert np.isnan(got.rotation).all()
    assert set(got.rotation_reasons) == set(got.outlook_reasons) == {Reason.NO_MODEL}
    assert got.stance_of(0, 0) is None
    assert got.rotation_drivers(0) == ()
    assert np.isfinite(got.performance_7d[-1]).all()


def test_drivers_add_up_to_the_probability(long_run):
    result, row = long_run.result, 300
    fits = long_run.fits[rotation.SPEC.name]
    model = fits[max(m for m in fits if m <= long_run.inputs.panel.as_of(700))].model
    told = result.rotation_drivers(row)
    odds = model.offset + model.slope * model.model.intercept + sum(d.weight for d in told)
    assert result.rotation[row] == pytest.approx(1 / (1 + np.exp(-odds)))
    assert [abs(d.weight) for d in told] == sorted((abs(d.weight) for d in told), reverse=True)
    assert {d.feature for d in result.outlook_drivers(row, 0)} == set(outlook.SPEC.features)


def test_a_row_reads_as_words(long_run):
    result, row = long_run.result, 350
    leading, declining = result.leading(row), result.declining(row)
    assert len(leading) == len(declining) == 3
    assert not set(leading) & set(declining)
    assert result.performance_28d[row, leading[0]] == np.nanmax(result.performance_28d[row])
    assert all(isinstance(result.status_of(row, s), Status) for s in range(6))
    assert all(isinstance(result.stance_of(row, s), Stance) for s in range(6))
    edges = result.flows_of(-1)
    assert edges
    assert [e.share for e in edges] == sorted((e.share for e in edges), reverse=True)
    assert isinstance(result.signals_of(row, 0), tuple)


def test_top_performers_are_the_best_members_of_the_week(long_run):
    result, candles = long_run.result, long_run.inputs.panel
    best = result.top[-1, 2]
    assert set(best[best >= 0]) <= {8, 9, 10, 11}
    week = candles.close[-1] / candles.close[-8] - 1
    assert result.top_returns[-1, 2, 0] == pytest.approx(np.nanmax(week[8:12]))


def test_pegged_coins_are_cash_and_not_a_bet(long_run):
    result = long_run.result
    assert not result.leads[:, -1].any()
    assert np.isnan(result.target[:, -1]).all()
    assert (result.members[-1, -1], result.market_cap[-1, -1] > 0) == (2, True)


def test_upstream_of_another_shape_is_refused():
    candles, members = market(60)
    with pytest.raises(ValueError, match="exposure"):
        prepare(candles, members, np.ones(59), QUICK)
    with pytest.raises(ValueError, match="membership"):
        prepare(candles.columns(np.arange(5)), members, None, QUICK)

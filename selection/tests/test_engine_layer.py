"""The law of no lookahead for the whole layer, and what it says where it cannot score."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from aimodels.engine import artefact
from assets.engine.panel import Panel, same
from assets.engine.timeframe import Timeframe
from selection import engine
from selection.engine import Context, Inputs, Params, Result
from selection.tests.markets import changed_after, market

FIRST = 1580
PARAMS = Params(least_days=60)


@pytest.fixture(scope="module")
def panel() -> Panel:
    return market(1630, coins=26, drift=0.004)


def _context(panel: Panel) -> Context:
    """Raw upstream series that are functions of their own row."""
    close = np.nan_to_num(panel.close, nan=1.0)
    strength = np.log(close) % 1.0
    return Context(sector_strength=strength, sector_return=strength / 10, exposure=strength[:, 4])


@pytest.fixture(scope="module")
def inputs(panel: Panel) -> Inputs:
    return engine.prepare(panel, _context(panel), PARAMS)


@pytest.fixture(scope="module")
def whole(inputs: Inputs) -> Result:
    return engine.apply(inputs, engine.fit_all(inputs, FIRST), FIRST)


def _row(value: object, row: int) -> object:
    """One row of every array of a result."""
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(_row(getattr(value, f.name), row) for f in fields(value) if f.name != "first")
    return value[row]  # type: ignore[index]


@pytest.mark.parametrize("row", [FIRST + 7, FIRST + 31])
def test_what_was_said_at_a_close_does_not_change_with_later_bars(
    panel: Panel, whole: Result, row: int
) -> None:
    known = panel.until(panel.as_of(row))
    live = engine.analyse(known, _context(known), PARAMS, first=row)
    assert len(known.times) == row + 1
    assert same(_row(live, 0), _row(whole, row - FIRST))


def test_history_before_the_training_window_does_not_matter(panel: Panel, whole: Result) -> None:
    row = FIRST + 10
    start = row - 28 - engine.training_rows(panel.timeframe, PARAMS)
    assert start > 0
    short = panel.rows(start, row + 1)
    live = engine.analyse(short, _context(short), PARAMS, first=row - start)
    assert same(_row(live, 0), _row(whole, row - FIRST))


def test_another_future_changes_nothing_before_it(panel: Panel, whole: Result) -> None:
    row = FIRST + 20
    other = changed_after(panel, row)
    context = _context(other)
    result = engine.analyse(other, context, PARAMS, first=FIRST)
    for n in (0, 10, 20):
        assert same(_row(result, n), _row(whole, n))
    assert not same(_row(result, 30), _row(whole, 30))


def test_a_new_day_with_stored_fits_needs_only_the_lookback(
    panel: Panel, inputs: Inputs, whole: Result
) -> None:
    fits = {
        spec: {
            moment: artefact.decode(engine.ScoreFit, artefact.encode(fit))
            for moment, fit in by_moment.items()
        }
        for spec, by_moment in engine.fit_all(inputs, FIRST).items()
    }
    row = FIRST + 25
    start = row - engine.lookback(panel.timeframe, PARAMS)
    short = panel.rows(start, row + 1)
    live = engine.apply(engine.prepare(short, _context(short), PARAMS), fits, row - start)
    assert same(_row(live, 0), _row(whole, row - FIRST))


def test_every_member_has_a_score_and_nobody_else(whole: Result) -> None:
    for scores in (whole.week, whole.month):
        np.testing.assert_array_equal(np.isfinite(scores.percentile), whole.members)
        np.testing.assert_array_equal(np.isfinite(scores.confidence), whole.members)
    assert set(whole.reason) == {""}
    assert not whole.members[:, 1].any()  # delisted


def test_scores_find_what_drives_the_market(whole: Result) -> None:
    # The simulated drift favours calm coins, which have the low columns.
    mean = np.nanmean(whole.week.percentile[:, 4:], axis=0)
    assert np.corrcoef(mean, np.arange(len(mean)))[0, 1] < -0.8


def test_the_expected_return_is_the_scaled_one_in_own_deviations(inputs: Inputs, whole: Result) -> None:
    deviation = inputs.raw["total_volatility"][FIRST:] * np.sqrt(7 / 365.25)
    np.testing.assert_allclose(whole.week.expected, whole.week.scaled * deviation, rtol=1e-12)


def test_lasting_scores_move_less_than_the_daily_ones(whole: Result) -> None:
    daily = np.nanmean(np.abs(np.diff(whole.week.percentile, axis=0)))
    assert np.nanmean(np.abs(np.diff(whole.week.persistent, axis=0))) < daily / 3


def test_too_little_history_gives_no_score_and_says_so() -> None:
    result = engine.analyse(market(150, coins=26), first=145)
    assert np.isnan(result.week.percentile).all()
    assert all("too little history" in text for text in result.reason)
    assert np.isfinite(result.analysis.technical.rsi14[-1, 4])
    assert (result.week.reasons.feature == -1).all()


def test_a_market_without_members_says_so(panel: Panel) -> None:
    empty = panel.rows(0, 30)
    result = engine.apply(engine.prepare(empty), {}, 29)
    assert result.reason[0]
    assert not result.members.any()


def test_a_first_row_outside_the_panel_is_refused(panel: Panel) -> None:
    inputs = engine.prepare(panel.rows(0, 100))
    with pytest.raises(ValueError, match="first is 100"):
        engine.apply(inputs, {}, 100)


def test_no_argument_is_changed(panel: Panel) -> None:
    before = panel.rows(0, 200)
    copy = market(1630, coins=26, drift=0.004).rows(0, 200)
    engine.analyse(before, params=PARAMS, first=195)
    assert same(before, copy)


def test_finer_bars_learn_from_closes_of_days_only() -> None:
    inputs = engine.prepare(market(400, coins=22, timeframe=Timeframe.HOURS_4))
    closes = inputs.panel.times[inputs.day_rows] + pd.Timedelta(hours=4)
    assert (closes == closes.normalize()).all()
    assert len(inputs.day_rows) == 400 // 6
    frame = Timeframe.HOURS_4
    assert engine.lookback(frame) >= frame.bars(timedelta(days=365 + PARAMS.persistence_days))

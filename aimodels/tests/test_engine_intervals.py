"""Price intervals: they cover as often as they say, adapt, and know nothing of what comes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimodels.engine import intervals, volatility
from aimodels.engine.artefact import decode, encode
from aimodels.engine.conformal import (
    GROUPS,
    HIGHEST,
    LOWEST,
    adapted,
    fit_widths,
    group_of,
    width_at,
)
from aimodels.engine.figures import Span
from aimodels.engine.interval_figures import figures, naive_half, observe, score
from assets.engine.panel import same
from assets.engine.timeframe import Timeframe
from assets.tests.factories import make_panel

PANEL = make_panel(640, 30)
FIRST = 520
INPUTS = intervals.prepare(PANEL)
FITS = intervals.fit_all(INPUTS, FIRST)
RESULT = intervals.apply(INPUTS, FITS, FIRST)
RNG = np.random.default_rng(5)


def test_every_member_has_an_interval_that_widens_with_the_horizon() -> None:
    half = RESULT.half[:, RESULT.members]
    assert np.isfinite(half).all()
    assert (half > 0).all()
    assert (half[1] > half[0]).mean() > 0.99


def test_intervals_cover_about_as_often_as_they_say() -> None:
    span = Span(FIRST, np.ones(len(RESULT.members), dtype=np.bool_))
    found = {one.name: one for one in figures(intervals.SPECS[0], INPUTS, FITS["interval_1d"], span)}
    cover, ratio = found["interval_coverage_1d"], found["interval_score_1d"]
    assert cover.cases > 2000
    assert 0.74 < cover.value < 0.86
    assert ratio.value < 1.02


def test_a_row_is_the_same_without_its_future() -> None:
    row = FIRST + 61
    cut = intervals.analyse(PANEL.rows(0, row + 1), row)
    assert same(cut.half[:, 0], RESULT.half[:, row - FIRST])
    assert same(cut.level[:, 0], RESULT.level[:, row - FIRST])


def test_stored_fits_need_no_more_than_the_declared_look_back() -> None:
    row = len(PANEL.times) - 1
    start = row - intervals.lookback(Timeframe.DAY)
    assert start > 0
    late = intervals.apply(intervals.prepare(PANEL.rows(start, None)), FITS, row - start)
    assert same(late.half[:, 0], RESULT.half[:, row - FIRST])


def test_one_coin_alone_has_the_width_it_has_among_all() -> None:
    column = int(np.flatnonzero(RESULT.members[-1])[3])
    alone = intervals.prepare(
        PANEL.columns(np.array([column])).rows(-volatility.lookback(Timeframe.DAY), None)
    )
    fit = FITS["interval_7d"][max(FITS["interval_7d"])]
    last = len(alone.panel.times) - 1
    scale = intervals.scales(alone, fit.scale, slice(last, None), 7)
    group = int(group_of(fit.widths.edges, scale)[0, 0])
    level = RESULT.level[1, -1, group]
    assert scale[0, 0] * width_at(fit.widths, group, level) == RESULT.half[1, -1, column]


def test_a_stored_fit_comes_back_as_it_was() -> None:
    fit = FITS["interval_30d"][max(FITS["interval_30d"])]
    assert same(decode(intervals.IntervalFit, encode(fit)), fit)


def test_too_little_history_is_refused() -> None:
    with pytest.raises(ValueError, match="labelled rows"):
        intervals.fit(INPUTS, 150, intervals.SPECS[0])
    with pytest.raises(ValueError, match="too few"):
        fit_widths(np.ones(30), np.ones(30))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 10_000), st.sampled_from([0.5, 0.8, 0.9]))
def test_widths_cover_the_share_they_say_in_every_group(seed: int, level: float) -> None:
    draw = np.random.default_rng(seed)
    scale = np.exp(draw.normal(size=4000))
    moves = np.abs(draw.normal(size=4000)) * np.where(scale > 1.0, 2.0, 0.7)
    widths = fit_widths(scale, moves)
    for number in range(GROUPS):
        own = moves[group_of(widths.edges, scale) == number]
        assert (own <= width_at(widths, number, level)).mean() == pytest.approx(level, abs=0.03)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 10_000), st.integers(1, 20), st.integers(1, 59))
def test_the_adapted_level_knows_only_what_has_ended(seed: int, delay: int, row: int) -> None:
    draw = np.random.default_rng(seed)
    widths = fit_widths(np.exp(draw.normal(size=2000)), np.abs(draw.normal(size=2000)))
    moves, group = np.abs(draw.normal(size=(60, 9))), draw.integers(-1, GROUPS, size=(60, 9))
    whole = adapted(widths, group, moves, delay, 0.8, 0.05)
    later = moves.copy()
    later[row - delay + 1 if row >= delay else 0 :] = 99.0
    other = adapted(widths, group, later, delay, 0.8, 0.05)
    np.testing.assert_array_equal(whole[0][: row + 1], other[0][: row + 1])
    np.testing.assert_array_equal(whole[1][: row + 1], other[1][: row + 1])


@pytest.mark.parametrize(("move", "end"), [(99.0, HIGHEST), (0.0, LOWEST)])
def test_the_level_rises_after_misses_and_falls_after_hits_within_bounds(move: float, end: float) -> None:
    widths = fit_widths(RNG.random(2000), RNG.random(2000))
    levels, covered = adapted(
        widths, np.zeros((300, 4), dtype=np.int64), np.full((300, 4), move), 1, 0.8, 0.05
    )
    assert levels[0, 0] == 0.8
    assert levels[-1, 0] == end
    assert covered[-1, 0] == (0.0 if move else 1.0)
    assert np.isnan(covered[-1, 1])


def test_between_horizons_the_width_grows_steadily_and_meets_each() -> None:
    half = np.array([0.04, 0.11, 0.22])
    for hours, own in ((24, 0.04), (168, 0.11), (720, 0.22)):
        assert intervals.half_at(half, hours) == pytest.approx(own)
    path = [float(intervals.half_at(half, hours)) for hours in range(1, 2000, 7)]
    assert (np.diff(path) > 0).all()
    assert intervals.half_at(half, 6) == pytest.approx(0.02)


def test_the_naive_interval_is_the_exponential_mean_of_squares() -> None:
    squares = np.log(PANEL.close[1:, 0] / PANEL.close[:-1, 0]) ** 2
    weights = 0.94 ** np.arange(100)
    expected = 1.2815515655446004 * np.sqrt((weights * squares[-1:-101:-1]).sum() / weights.sum() * 7)
    assert naive_half(PANEL, 7)[-1, 0] == pytest.approx(expected)


def test_the_score_is_width_and_ten_times_what_lies_outside() -> None:
    np.testing.assert_allclose(score(np.array([1.0, 1.0]), np.array([0.5, 1.2])), [2.0, 4.0])


def test_what_is_observed_hides_labels_that_lie_ahead() -> None:
    sample = observe(intervals.SPECS[1], INPUTS, 500, 530)
    assert sample.y is not None
    assert np.isnan(sample.y).any()
    assert np.isfinite(sample.y).any()
    assert sample.x.shape[1] == len(volatility.FEATURES)

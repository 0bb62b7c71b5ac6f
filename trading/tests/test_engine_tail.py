"""The record behind signals: what the most probable cases had earned, with a bound that knows of blocks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimodels.engine.linear import sigmoid
from trading import engine
from trading.engine.calibration import calibrate, probability
from trading.engine.tail import SHARES, clustered, coverage, prove, reach, worth
from trading.tests.test_engine_signals import FIRST, FITS, INPUTS

RNG = np.random.default_rng(11)


def test_cases_that_stand_or_fall_together_count_once() -> None:
    alone = RNG.normal(size=40)
    together = np.repeat(alone, 25)
    mean, error = clustered(together, np.repeat(np.arange(40), 25))
    assert mean == pytest.approx(alone.mean())
    assert error == pytest.approx(alone.std(ddof=1) / np.sqrt(40), rel=0.02)
    assert np.isnan(clustered(alone, np.zeros(40, dtype=np.int64))[1])


def test_skill_is_shown_only_where_the_lower_bound_pays() -> None:
    block = np.arange(400) // 20
    said, hit, even = np.full(400, 0.5), np.ones(400), np.full(400, 0.4)
    good, luck = np.full(400, 0.2), np.where(block == 3, 4.0, -0.1)
    everyone = np.ones(400, dtype=np.bool_)
    assert prove(said, hit, even, good, block, everyone).shown
    lucky = prove(said, hit, even, luck, block, everyone)
    assert lucky.net_r > 0.1
    assert not lucky.shown
    assert not prove(said, hit, even, good, block, np.arange(400) < 20).shown
    nobody = prove(said, hit, even, good, block, ~everyone)
    assert (nobody.cases, nobody.shown) == (0, False)


def test_few_spans_of_time_prove_less_than_many() -> None:
    assert reach(0.95, 5) == pytest.approx(2.132, abs=1e-3)  # Student's t, four degrees of freedom
    assert reach(0.95, 10_000) == pytest.approx(1.645, abs=1e-3)
    net, every, said = np.tile([1.65, 1.25, -0.25, 0.35], 8), np.ones(32, dtype=np.bool_), np.full(32, 0.5)
    record = prove(said, said, said, net, np.arange(32) % 4, every)
    _, error = clustered(net, np.arange(32) % 4)
    assert record.net_r - 1.645 * error > 0.0  # the normal distribution would have called that shown
    assert not record.shown


@given(st.lists(st.integers(0, 9), min_size=2, max_size=80), st.integers(2, 7), st.integers(0, 2**32 - 1))
def test_neighbouring_days_that_say_the_same_prove_nothing_more(
    numbers: list[int], times: int, seed: int
) -> None:
    """Every case k times over in its block: the same bound, as the blocks are what is counted."""
    block, net = np.array(numbers), np.random.default_rng(seed).normal(0.3, 1.0, len(numbers))
    half, every = np.full(len(net), 0.5), np.ones(len(net), dtype=np.bool_)
    once = prove(half, half, half, net, block, every)
    more = [np.repeat(array, times) for array in (half, half, half, net, block, every)]
    often = prove(*more)
    assert (often.cases, often.blocks) == (times * once.cases, once.blocks)
    assert (often.net_r, often.low_r) == pytest.approx((once.net_r, once.low_r), abs=1e-9, nan_ok=True)


@given(st.lists(st.integers(1, 500), min_size=1, max_size=30))
def test_unequal_blocks_are_worth_fewer_equal_ones(sizes: list[int]) -> None:
    blocks = worth(np.repeat(np.arange(len(sizes)), sizes))
    assert 1.0 <= blocks <= len(sizes) + 1e-9
    assert (blocks == pytest.approx(len(sizes))) == (len(set(sizes)) == 1)


def test_luck_in_the_fullest_block_passes_as_skill_no_more_often_than_promised() -> None:
    """Cases that earn nothing on average, most of them in few blocks: one bound in twenty may lie above 0."""
    rng, shown, naive, draws = np.random.default_rng(5), 0, 0, 2000
    for _ in range(draws):
        size = np.maximum(1, np.round(12 * np.exp(1.2 * rng.normal(size=9)))).astype(np.int64)
        block = np.repeat(np.arange(9), size)
        net = rng.normal(0.0, 0.4, 9)[block] + rng.normal(0.0, 1.3, len(block))
        half, every = np.full(len(net), 0.5), np.ones(len(net), dtype=np.bool_)
        shown += prove(half, half, half, net, block, every).shown
        mean, error = clustered(net, block)
        naive += mean > reach(0.95, 9) * error
    assert shown / draws < 0.065
    assert naive / draws > 0.09


def test_the_curve_goes_from_the_surest_case_to_all() -> None:
    said = RNG.random(5000)
    hit = (RNG.random(5000) < said).astype(np.float64)
    curve = coverage(said, hit, hit - said, np.arange(5000) // 100)
    assert curve.cases[-1] == 5000
    assert tuple(curve.share) == SHARES
    assert (np.diff(curve.said) < 0).all()
    assert curve.hit[0] > curve.hit[-1]
    assert ((curve.low <= curve.net_r) & (curve.net_r <= curve.high)).all()


def test_a_top_end_that_promised_too_much_is_taken_back() -> None:
    rows = np.repeat(np.arange(600), 40)
    raw = RNG.normal(size=len(rows))
    true = np.minimum(sigmoid(-1.0 + 0.8 * raw), 0.45)  # what scores above say is luck
    hit = (RNG.random(len(rows)) < true).astype(np.float64)
    wild = calibrate(rows, 3.0 * raw, hit, embargo=7, blocks=4).calibration
    said = probability(wild, np.array([9.0, 12.0]))
    assert (said < 0.52).all()
    assert (np.diff(probability(wild, np.linspace(-9, 9, 60))) >= 0).all()


def issued_by(low_r: float) -> engine.Result:
    """The market under fits that are sure of everything and whose signals had this record."""
    fits = {
        name: {
            moment: replace(
                fit,
                calibration=replace(fit.calibration, base_rate=0.9, trust=0.0, knot=1.0),
                proof=replace(fit.proof, low_r=low_r),
            )
            for moment, fit in served.items()
        }
        for name, served in FITS.items()
    }
    return engine.apply(INPUTS, fits, FIRST)


@pytest.mark.parametrize("low_r", [-0.01, 0.0, float("nan")])
def test_without_shown_skill_nothing_is_issued_and_the_rule_is_named(low_r: float) -> None:
    sure, doubtful = issued_by(0.1), issued_by(low_r)
    assert sure.issued.sum() > 200
    assert not doubtful.issued.any()
    refused = doubtful.refusal == engine.REFUSALS.index(engine.Refusal.NO_SKILL)
    assert (refused == sure.issued).all()
    np.testing.assert_array_equal(doubtful.refusal_value[refused], low_r)


def test_a_fit_keeps_what_its_like_had_earned() -> None:
    for served in FITS.values():
        for fit in served.values():
            assert fit.coverage.cases[-1] >= fit.proof.cases
            # The later half of the days is judged, but each of them and not every fifth.
            assert fit.coverage.cases[-1] > 2 * fit.cases
            assert np.isfinite(fit.coverage.net_r).all()

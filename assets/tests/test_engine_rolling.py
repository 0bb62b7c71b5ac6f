"""Moving windows against the plain definition, and the same digits wherever a series starts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assets.engine import rolling
from assets.engine.panel import Floats
from cryptopredict.common.testing import assert_causal, assert_warm

NAN = np.nan
LAW = settings(max_examples=40, deadline=None, derandomize=True)
CELLS = st.one_of(st.just(NAN), st.sampled_from([0.0, -0.0, 1.0]), st.floats(-100.0, 100.0, width=32))
GRIDS = st.integers(1, 14).flatmap(lambda rows: arrays(np.float64, (rows, 2), elements=CELLS))

Moving = Callable[[Floats, int, int], Floats]
PLAIN: dict[str, tuple[Moving, Callable[[Floats], float]]] = {
    "mean": (rolling.mean, lambda w: float(np.mean(w))),
    "total": (rolling.total, lambda w: float(np.sum(w))),
    "std": (rolling.std, lambda w: float(np.std(w))),
    "median": (rolling.median, lambda w: float(np.median(w))),
    "highest": (rolling.highest, lambda w: float(np.max(w))),
    "lowest": (rolling.lowest, lambda w: float(np.min(w))),
}


def by_definition(x: Floats, window: int, least: int, of: Callable[[Floats], float]) -> Floats:
    """The statistic of each trailing window's finite cells, one window after the other."""
    out = np.full(x.shape, NAN)
    for t in range(x.shape[0]):
        for n in range(x.shape[1]):
            cells = x[max(0, t - window + 1) : t + 1, n]
            cells = cells[~np.isnan(cells)]
            if len(cells) >= least:
                out[t, n] = of(cells)
    return out


@pytest.mark.parametrize("name", sorted(PLAIN))
@LAW
@given(x=GRIDS, window=st.integers(1, 6), data=st.data())
def test_each_window_equals_its_definition(name: str, x: Floats, window: int, data: st.DataObject) -> None:
    least = data.draw(st.integers(1, window))
    moving, plain = PLAIN[name]
    found = moving(x, window, least)
    np.testing.assert_allclose(found, by_definition(x, window, least, plain), rtol=1e-9, atol=1e-6)


@LAW
@given(x=GRIDS, market=arrays(np.float64, 14, elements=CELLS), window=st.integers(2, 6))
def test_the_moments_with_the_market_agree_with_numpy(x: Floats, market: Floats, window: int) -> None:
    market = market[: len(x)]
    slope = rolling.beta(x, market, window, 2)
    tied = rolling.correlation(x, market, window, 2)
    rest = rolling.residual_std(x, market, window, 2)
    for t, n in np.ndindex(*x.shape):
        a, b = x[max(0, t - window + 1) : t + 1, n], market[max(0, t - window + 1) : t + 1]
        both = ~np.isnan(a) & ~np.isnan(b)
        if both.sum() < 2:
            assert np.isnan([slope[t, n], tied[t, n], rest[t, n]]).all()
        elif a[both].std() > 0.1 and b[both].std() > 0.1:
            xy = np.cov(a[both], b[both], bias=True)
            assert slope[t, n] == pytest.approx(xy[0, 1] / xy[1, 1], rel=1e-6, abs=1e-6)
            assert tied[t, n] == pytest.approx(xy[0, 1] / np.sqrt(xy[0, 0] * xy[1, 1]), abs=1e-6)
            unexplained = max(xy[0, 0] - xy[0, 1] ** 2 / xy[1, 1], 0.0)
            assert rest[t, n] ** 2 == pytest.approx(unexplained, rel=1e-5, abs=1e-5)


@LAW
@given(x=GRIDS, window=st.integers(1, 6), halflife=st.floats(0.5, 20.0))
def test_the_exponential_mean_is_the_weighted_mean_of_its_window(
    x: Floats, window: int, halflife: float
) -> None:
    found = rolling.ewma(x, halflife, window, 1)
    for t, n in np.ndindex(*x.shape):
        cells = x[max(0, t - window + 1) : t + 1, n][::-1]
        weights = 0.5 ** (np.arange(len(cells)) / halflife)
        seen = ~np.isnan(cells)
        if seen.any():
            assert found[t, n] == pytest.approx(np.average(cells[seen], weights=weights[seen]), abs=1e-6)
        else:
            assert np.isnan(found[t, n])


WINDOWED: dict[str, Callable[[Floats], Floats]] = {
    **{name: (lambda x, moving=moving: moving(x, 9, 3)) for name, (moving, _) in PLAIN.items()},
    "ewma": lambda x: rolling.ewma(x, 3.0, 9, 3),
    "beta": lambda x: rolling.beta(x, x[:, 0], 9, 3),
    "correlation": lambda x: rolling.correlation(x, x[:, 0], 9, 3),
    "residual_std": lambda x: rolling.residual_std(x, x[:, 0], 9, 3),
    "change": lambda x: rolling.change(np.abs(x), 8),
    "log_return": lambda x: rolling.log_return(np.abs(x), 8),
    "rank": rolling.rank,
}


@pytest.mark.parametrize("name", sorted(WINDOWED))
def test_a_value_owes_no_digit_to_rows_after_it_or_before_its_window(name: str) -> None:
    chance = np.random.default_rng(3)
    x = np.exp(chance.normal(size=(60, 4)).cumsum(axis=0))
    x[chance.random(x.shape) < 0.15] = NAN
    x[:20, 1], x[40:, 2], x[30:33, 3] = NAN, NAN, 0.0
    assert_causal(WINDOWED[name], x)
    assert_warm(WINDOWED[name], x, lookback=8, rows=range(8, 60))


def test_windows_by_hand() -> None:
    x = np.array([1.0, 2.0, NAN, 4.0, 8.0])
    # windows of three: [1], [1 2], [1 2 .], [2 . 4], [. 4 8]
    assert rolling.mean(x, 3, 2).tolist()[1:] == [1.5, 1.5, 3.0, 6.0]
    assert np.isnan(rolling.mean(x, 3)).all()  # no window of three is whole
    assert rolling.median(x, 3, 1).tolist() == [1.0, 1.5, 1.5, 3.0, 6.0]
    assert rolling.highest(x, 2, 1).tolist() == [1.0, 2.0, 2.0, 4.0, 8.0]
    # weights 1, 1/2, 1/4 newest first: (8 + 4/2) / (1 + 1/2)
    assert rolling.ewma(x, 1.0, 3, 2)[4] == pytest.approx(10.0 / 1.5)


def test_the_median_of_an_infinite_cell_is_kept_apart_from_missing_ones() -> None:
    x = np.array([[1.0], [np.inf], [NAN], [3.0], [5.0]])
    assert rolling.median(x, 3, 1)[:, 0].tolist() == [1.0, np.inf, np.inf, np.inf, 4.0]


def test_changes_need_both_prices_and_a_positive_past() -> None:
    x = np.array([2.0, 3.0, NAN, 0.0, 5.0])
    assert rolling.change(x, 1)[1] == 0.5
    assert np.isnan(rolling.change(x, 1)[[0, 2, 3, 4]]).all()
    assert rolling.log_return(x, 1)[1] == pytest.approx(np.log(1.5))
    assert np.isnan(rolling.lag(x, 7)).all()


def test_ranks_run_from_minus_half_to_half_with_ties_at_their_mean() -> None:
    x = np.array([[30.0, 10.0, NAN, 20.0], [1.0, 1.0, 5.0, NAN], [NAN, 7.0, NAN, NAN]])
    assert rolling.rank(x)[0, [0, 1, 3]].tolist() == [0.5, -0.5, 0.0]
    assert rolling.rank(x)[1, :3].tolist() == [-0.25, -0.25, 0.5]
    assert rolling.rank(x)[2, 1] == 0.0
    assert np.array_equal(np.isnan(rolling.rank(x)), np.isnan(x))
    mask = np.array([True, False, True, True])
    assert rolling.rank(x, mask)[0, [0, 3]].tolist() == [0.5, -0.5]


def test_a_market_that_stands_still_has_no_beta() -> None:
    x = np.arange(12.0).reshape(6, 2)
    assert np.isnan(rolling.beta(x, np.zeros(6), 3)).all()
    assert np.isnan(rolling.correlation(x, np.zeros(6), 3)).all()


def test_a_value_is_carried_over_a_gap_of_the_span_and_not_over_an_edge_that_forgets() -> None:
    x = np.array([[NAN], [1.0], [NAN], [np.inf], [NAN], [2.0], [NAN]])
    assert rolling.last_known(x, 2)[1:4, 0].tolist() == [1.0, 1.0, 1.0]
    assert np.isnan(rolling.last_known(x, 2)[[0, 4], 0]).all()
    reset = np.zeros(x.shape, dtype=np.bool_)
    reset[6] = True
    assert rolling.last_known(x, 2, reset)[5, 0] == 2.0
    assert np.isnan(rolling.last_known(x, 2, reset)[6, 0])

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine.universe import UniverseParams
from sectors.engine import Membership, Params, flows, index
from sectors.tests.simulated import QUICK, market, panel

BARE = Params(
    universe=UniverseParams(size=9, volume_days=1, least_days=1, stale_days=2), calm_cap_days=1, flow_days=1
)


def two_sectors(close, cap, weights=((1.0, 0.0), (1.0, 0.0), (0.0, 1.0))):
    close, cap = np.array(close), np.array(cap)
    membership = Membership(("A", "B"), np.array(weights), np.zeros(2, dtype=bool))
    return panel(close, np.full(close.shape, 1e6), cap), membership


def test_an_index_weighs_its_members_by_the_cap_of_the_bar_before():
    # Bar 0 has no earlier close, so nobody has moved yet and nobody is in: bar 2 is the first return.
    close = [[1.0, 1.0, 1.0], [1.5, 1.5, 2.0], [1.65, 1.35, 2.0]]
    cap = [[1.0, 1.0, 1.0], [300.0, 100.0, 50.0], [9.0, 9e9, 9.0]]
    got = index.build(*two_sectors(close, cap), BARE)
    # 0.75 * 10 % - 0.25 * 10 % = 5 %
    assert got.returns[2].tolist() == pytest.approx([0.05, 0.0])
    # (300 * 0.1 - 100 * 0.1 + 0) / 450
    assert got.market[2] == pytest.approx(20 / 450)
    # 1 / (0.75^2 + 0.25^2) = 1.6
    assert got.effective[1].tolist() == pytest.approx([1.6, 1.0])
    assert got.dominance[1].tolist() == pytest.approx([400 / 450, 50 / 450])


def test_a_coin_of_two_sectors_counts_by_its_share_in_each():
    close = [[1.0, 1.0, 1.0], [1.5, 1.5, 2.0], [1.65, 1.35, 2.0]]
    cap = [[1.0] * 3, [100.0] * 3, [100.0] * 3]
    got = index.build(*two_sectors(close, cap, ((0.5, 0.5), (1.0, 0.0), (0.0, 1.0))), BARE)
    # A: (50 * 10 % - 100 * 10 %) / 150; B: (50 * 10 % + 0) / 150; caps 150 each.
    assert got.returns[2].tolist() == pytest.approx([-1 / 30, 1 / 30])
    assert got.cap[1].tolist() == pytest.approx([150.0, 150.0])


def test_a_new_listing_moves_no_index_on_its_first_bar():
    close = [[1.0, 1.0, 1.0], [1.5, np.nan, 2.0], [1.65, 99.0, 2.0], [1.65, 198.0, 2.1]]
    cap = [[100.0, np.nan, 50.0]] + [[100.0, 1e9, 50.0]] * 3
    got = index.build(*two_sectors(close, cap), BARE)
    assert got.returns[2, 0] == pytest.approx(0.1)


def test_price_alone_is_no_flow():
    close = [[1.0, 1.0, 1.0], [1.5, 1.5, 2.0], [3.0, 1.2, 1.0]]
    cap = [[100.0, 200.0, 300.0], [150.0, 300.0, 600.0], [300.0, 240.0, 300.0]]
    candles, membership = two_sectors(close, cap)
    got = flows.net(candles, index.build(candles, membership, BARE), membership, BARE)
    assert got[2].tolist() == pytest.approx([0.0, 0.0])


def test_new_coins_that_are_bought_are_a_flow():
    close = [[1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [2.2, 2.2, 2.2]]
    # At equal prices A would still be 100 of 200; a fifth more coins make it 120 of 220.
    cap = [[1.0, 1.0, 1.0], [50.0, 50.0, 100.0], [66.0, 66.0, 110.0]]
    candles, membership = two_sectors(close, cap)
    got = flows.net(candles, index.build(candles, membership, BARE), membership, BARE)
    assert got[2].tolist() == pytest.approx([120 / 220 - 0.5, 100 / 220 - 0.5])


def test_a_loser_feeds_the_winners_in_proportion():
    # 0.06 and 0.02 leave, 0.06 and 0.02 arrive: three quarters of each loss go to the larger winner.
    got = flows.edges(np.array([[-0.06, -0.02, 0.06, 0.02]]))[0]
    assert got[0].tolist() == pytest.approx([0.0, 0.0, 0.045, 0.015])
    assert got[1].tolist() == pytest.approx([0.0, 0.0, 0.015, 0.005])


@settings(max_examples=25, derandomize=True)
@given(st.lists(st.floats(-0.2, 0.2), min_size=2, max_size=8))
def test_the_flow_graph_balances_every_sector(raw):
    net = np.array(raw) - np.mean(raw)
    graph = flows.edges(net[None])[0]
    assert graph.sum(axis=0) - graph.sum(axis=1) == pytest.approx(net, abs=1e-12)


def test_flows_of_a_whole_market_add_up_to_nothing():
    candles, membership = market(120)
    got = flows.net(candles, index.build(candles, membership, QUICK), membership, QUICK)
    told = np.isfinite(got).all(axis=1)
    assert told.sum() > 60
    assert np.abs(got[told].sum(axis=1)).max() < 1e-12
    assert np.abs(got[told]).max() > 1e-4


def test_a_bar_that_no_source_delivered_takes_no_worth_from_a_sector():
    close = np.array([[1.0, 1.0, 1.0], [1.5, 1.5, 2.0], [1.6, 1.6, np.nan], [1.5, 1.5, 2.1]])
    cap = np.where(np.isnan(close), np.nan, [300.0, 100.0, 200.0])
    got = index.build(*two_sectors(close, cap), BARE)
    assert got.cap[1:].tolist() == [[400.0, 200.0]] * 3


def test_a_cap_that_is_guessed_from_volume_moves_little_money():
    close = np.array([[1.0] * 4, [2.0] * 4, [2.2] * 4])
    volume = np.array([[1e6] * 4, [1e6] * 4, [1e6, 1e6, 1e6, 5e6]])  # five times as much turned over
    cap = np.array([[1.0, 1.0, 1.0, np.nan], [100.0, 100.0, 100.0, np.nan], [110.0, 110.0, 110.0, np.nan]])
    membership = Membership(("A", "B"), np.array([[1.0, 0.0]] * 3 + [[0.0, 1.0]]), np.zeros(2, dtype=bool))
    candles = panel(close, volume, cap)
    got = flows.net(candles, index.build(candles, membership, BARE), membership, BARE)
    # B would still be 100 of 400; the guess is five times that, of which a tenth counts: 110 of 410.
    assert got[2].tolist() == pytest.approx([300 / 410 - 0.75, 110 / 410 - 0.25])

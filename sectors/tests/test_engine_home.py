import numpy as np
import pytest

from assets.engine.panel import same
from cryptopredict.common.testing import assert_causal, assert_warm
from sectors.engine import home_momentum, home_momentum_lookback, prepare
from sectors.tests.simulated import QUICK, market


def homes_of(membership):
    return np.argmax(membership.weights, axis=1)


def test_a_coin_gets_the_momentum_of_its_own_sector():
    candles, members = market(300)
    got = home_momentum(candles, members, homes_of(members), QUICK)
    expected = prepare(candles, members, None, QUICK).strength.momentum
    assert np.isfinite(expected[-1]).all()
    assert same(got, expected[:, homes_of(members)])


def test_a_coin_without_a_sector_gets_nothing():
    candles, members = market(260)
    homes = homes_of(members)
    homes[3] = -1
    got = home_momentum(candles, members, homes, QUICK)
    assert np.isnan(got[:, 3]).all()
    assert np.isfinite(got[-1, 4])
    assert np.isnan(home_momentum(candles, members, np.full_like(homes, -1), QUICK)).all()


def test_the_momentum_of_a_row_uses_its_lookback_and_nothing_later():
    candles, members = market(420, seed=3)
    need = home_momentum_lookback(candles.timeframe, QUICK)

    def run(panel):
        return home_momentum(panel, members, homes_of(members), QUICK)

    assert np.isfinite(run(candles)[need:, 0]).any()
    assert_causal(run, candles, rows=[200, 301, 419])
    assert_warm(run, candles, need, rows=[need, 333, 419])


@pytest.mark.parametrize("homes", [np.array([0, 1]), np.full(26, 7), np.full(26, -2)])
def test_homes_that_do_not_fit_are_refused(homes):
    candles, members = market(30)
    with pytest.raises(ValueError, match="homes"):
        home_momentum(candles, members, homes, QUICK)

"""Features: worked by hand on small paths, free of price level and currency, blind outside their window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from assets.engine.panel import Panel
from assets.engine.timeframe import Timeframe
from trading.engine.features import FEATURES, features, longest
from trading.tests.markets import bars, market


def last(panel: Panel) -> dict[str, float]:
    return dict(zip(FEATURES, features(panel)[:, -1, 0].tolist(), strict=True))


def test_figures_of_a_hand_written_path() -> None:
    # 120 days of 100, ranging from 98 to 102, then one that opens at 100, peaks at 106 and closes at 104
    seen = last(bars([(100.0, 102.0, 98.0, 100.0)] * 120 + [(100.0, 106.0, 99.0, 104.0)]))
    daily = (13 * 4 + 7) / 14
    assert seen["range_1d_14d"] == pytest.approx(np.log(7 / daily))
    assert seen["atr_share"] == pytest.approx(np.log(daily / 104))
    assert seen["range_position_20d"] == pytest.approx((104 - 98) / (106 - 98))
    assert seen["distance_20d"] == pytest.approx((104 - 100.2) / daily)
    assert seen["width_20d"] == pytest.approx(np.log(8 / daily))
    # bodies and places of three days: closes at 0.5, 0.5 and 5/7 of the bar; bodies 0, 0 and 4/7
    assert seen["close_in_bar"] == pytest.approx((0.5 + 0.5 + 5 / 7) / 3)
    assert seen["body"] == pytest.approx(4 / 7 / 3)
    # wicks of seven days: six of one half above and below, the last 2/7 above and 1/7 below
    assert seen["upper_wick"] == pytest.approx((6 * 0.5 + 2 / 7) / 7)
    assert seen["lower_wick"] == pytest.approx((6 * 0.5 + 1 / 7) / 7)
    assert seen["up_share"] == pytest.approx(1 / 14)
    assert seen["drawdown"] == pytest.approx(0.0)
    assert seen["rise"] == pytest.approx(np.log(1.04) / (10 * daily / 104))
    assert seen["time_in_range"] == pytest.approx(1.0)
    # one return of ln 1.04 among thirty: deviation ln 1.04 * sqrt(29) / 30
    assert seen["momentum_7d"] == pytest.approx(30 / np.sqrt(29) / np.sqrt(7))
    assert seen["stretch_7d"] == seen["momentum_7d"]
    assert seen["volume_1d"] == pytest.approx(0.0)


def test_a_surge_of_volume_is_measured_against_the_usual_day() -> None:
    path = bars([(100.0, 102.0, 98.0, 100.0)] * 120)
    volume = path.volume.copy()
    volume[-1] *= np.e
    seen = last(replace(path, volume=volume))
    assert seen["volume_1d"] == pytest.approx(1.0)
    assert seen["volume_7d"] == pytest.approx(np.log((6 + np.e) / 7))


def test_features_do_not_know_the_price_level_or_the_currency_of_volume() -> None:
    panel = market(150)
    scaled = {name: getattr(panel, name) * 2.0**-30 for name in ("open", "high", "low", "close")}
    other = replace(panel, **scaled, volume=panel.volume * 1024.0)
    np.testing.assert_allclose(features(other), features(panel), rtol=1e-9, atol=1e-9)


def test_a_feature_depends_on_its_window_alone_bit_for_bit() -> None:
    panel = market(260)
    reach = longest(Timeframe.DAY)
    late = features(panel.rows(260 - reach - 5, None))
    np.testing.assert_array_equal(late[:, -5:], features(panel)[:, -5:])


def test_a_coin_says_nothing_of_another() -> None:
    panel = market(150)
    alone = panel.columns(np.array([4]))
    np.testing.assert_array_equal(features(alone)[:, :, 0], features(panel)[:, :, 4])


def test_too_short_a_history_is_not_known_and_a_long_one_is() -> None:
    seen = features(market(200, coins=8))
    momentum = seen[FEATURES.index("momentum_90d")]
    assert np.isnan(momentum[:90]).all()
    assert np.isfinite(seen[:, -40, [0, 1, 6, 7]]).mean() > 0.95

"""Membership as it was known at each close."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from assets.engine.panel import BAR_FIELDS, Floats, Panel
from assets.engine.timeframe import Timeframe
from assets.engine.universe import UniverseParams, liquidity, lookback, universe
from assets.tests.factories import DELISTED, LATE, STABLE, make_panel
from cryptopredict.common.testing import assert_causal, assert_warm

SMALL = UniverseParams(size=2, volume_days=3, least_days=4, stale_days=2, least_volume=50.0)
NAN = np.nan


def panel_of(close: Floats, volume: Floats, stable: tuple[int, ...] = ()) -> Panel:
    rows, count = close.shape
    opens = Timeframe.DAY.opens(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, rows, tzinfo=UTC))
    bars = dict.fromkeys(BAR_FIELDS, close) | {"volume": volume}
    return Panel(
        Timeframe.DAY,
        opens,
        np.arange(1, count + 1),
        tuple(f"C{n}" for n in range(count)),
        np.isin(np.arange(count), stable),
        **bars,
    )


def test_the_universe_by_hand() -> None:
    """Five days, seven coins; two places; four days needed, so only the last two days have members.

    C0 trades 100 and lives; C1 trades 900 but is pegged; C2 trades 200 but stands still from day 3;
    C3 trades 300, listed on day 2: its fourth day is day 4; C4 trades 40, below the floor of 50;
    C5 trades 100 like C0, which has the smaller id; C6 trades 500 and is gone on day 4.
    Day 3: C6 (500) and C2 (200, it moved from day 2 to 3). Day 4: C3 (300) and C0 (100, before C5).
    """
    walk = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    still = np.array([1.0, 2.0, 3.0, 4.0, 4.0])
    late = np.array([NAN, 2.0, 3.0, 4.0, 5.0])
    gone = np.array([1.0, 2.0, 3.0, 4.0, NAN])
    close = np.stack([walk, walk, still, late, walk, walk, gone], axis=1)
    volume = np.where(np.isfinite(close), [100.0, 900.0, 200.0, 300.0, 40.0, 100.0, 500.0], NAN)
    members = universe(panel_of(close, volume, stable=(1,)), SMALL)
    assert [np.flatnonzero(row).tolist() for row in members] == [[], [], [], [2, 6], [0, 3]]


def test_liquidity_is_the_median_of_what_was_traded_and_needs_half_the_span() -> None:
    # three days, at least one: medians of [5], [5 .], [5 . 1], [. 1 9]
    volume = np.array([[5.0], [NAN], [1.0], [9.0]])
    panel = panel_of(np.ones((4, 1)), volume)
    assert liquidity(panel, SMALL)[:, 0].tolist() == [5.0, 5.0, 3.0, 5.0]
    assert np.isnan(liquidity(panel, replace(SMALL, volume_days=8))[:2]).all()


def test_one_day_of_frenzy_does_not_make_a_member() -> None:
    close = np.arange(1.0, 11.0)[:, None] * np.ones((1, 3))
    volume = np.full((10, 3), [1_000.0, 900.0, 60.0])
    volume[8, 2] = 1e9
    assert universe(panel_of(close, volume), SMALL)[-2:].tolist() == [[True, True, False]] * 2


@pytest.mark.parametrize("timeframe", [Timeframe.DAY, Timeframe.HOURS_4])
def test_membership_uses_no_future_and_only_its_lookback(timeframe: Timeframe) -> None:
    params = UniverseParams(size=8, volume_days=5, least_days=10, stale_days=2)
    panel = make_panel(bars=160, assets=20, timeframe=timeframe)
    assert universe(panel, params).any()
    assert_causal(lambda p: universe(p, params), panel)
    assert_warm(lambda p: universe(p, params), panel, lookback(panel, params))


def test_stable_absent_and_new_coins_are_out() -> None:
    panel = make_panel(bars=200, assets=12)
    members = universe(panel)
    assert not (members & ~np.isfinite(panel.close)).any()
    assert not members[:, STABLE].any()
    assert not members[80 : 80 + 53, LATE].any()  # listed at row 80, needs 54 of 60 days
    assert not members[140:, DELISTED].any()
    assert members[150:, 0].all()


def test_the_volume_floor_is_a_day_s_whatever_the_bar() -> None:
    params = UniverseParams(size=5, volume_days=2, least_days=2, stale_days=2, least_volume=60.0)
    hours = Timeframe.HOURS_4.opens(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 3, 20, tzinfo=UTC))
    close = np.arange(1.0, 19.0)[:, None] * np.ones((1, 2))
    volume = np.full((18, 2), [10.0, 9.99])  # six bars a day: 60.00 and 59.94
    few = replace(panel_of(close, volume), timeframe=Timeframe.HOURS_4, times=hours)
    assert universe(few, params)[-1].tolist() == [True, False]

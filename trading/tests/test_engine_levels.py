"""Plans: levels in order at any price, with the probability at which they earn nothing."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine.panel import Panel
from assets.engine.timeframe import Timeframe
from trading.engine.barriers import Costs, Direction
from trading.engine.levels import Geometry, atr, plan
from trading.tests.markets import bars, market

FIXED = Geometry(target_bounds=(2.0, 2.0), stop_bounds=(1.25, 1.25))
COSTS = Costs(fee=0.001, slippage=0.0005)


def quiet(days: int = 30, scale: float = 1.0) -> Panel:
    """Every day opens and closes at 100 and ranges from 98 to 102: an ATR of 4."""
    return bars([(100.0, 102.0, 98.0, 100.0)] * days, scale)


def test_default_levels_are_two_and_one_and_a_quarter_ranges_away() -> None:
    long = plan(quiet(), Direction.LONG, FIXED, COSTS)
    # ATR 4: target 100 + 8, stop 100 - 5; cost 0.003 * 100 = 0.3; p* = (5 + 0.3) / (8 + 5)
    assert long.target[-1, 0] == pytest.approx(108.0)
    assert long.stop[-1, 0] == pytest.approx(95.0)
    assert long.risk_reward[-1, 0] == pytest.approx(1.6)
    assert long.stop_share[-1, 0] == pytest.approx(0.05)
    assert long.cost_r[-1, 0] == pytest.approx(0.06)
    assert long.break_even[-1, 0] == pytest.approx(5.3 / 13)
    short = plan(quiet(), Direction.SHORT, FIXED, COSTS)
    assert short.target[-1, 0] == pytest.approx(92.0)
    assert short.stop[-1, 0] == pytest.approx(105.0)


def test_at_the_break_even_probability_a_plan_earns_nothing() -> None:
    long = plan(market(60), Direction.LONG, Geometry(), COSTS)
    p, reward, cost = long.break_even[-1], long.risk_reward[-1], long.cost_r[-1]
    known = np.isfinite(p)
    np.testing.assert_allclose((p * (reward - cost) - (1 - p) * (1 + cost))[known], 0.0, atol=1e-12)
    assert known.sum() >= 10


def test_levels_move_to_recent_structure_within_bounds() -> None:
    path = (
        [(100.0, 102.0, 98.0, 100.0)] * 25 + [(100.0, 109.0, 95.0, 100.0)] + [(100.0, 102.0, 98.0, 100.0)] * 4
    )
    long = plan(bars(path), Direction.LONG, Geometry(), COSTS)
    # ATR (13 * 4 + 14) / 14 = 4.714..; the high 9 away is 1.909 ATR, less 0.1 ATR: within 1.75 and 2.5.
    # The low 5 away is 1.061 ATR, and 0.1 ATR more is within 1.0 and 1.5.
    daily = 66 / 14
    assert long.target[-1, 0] == pytest.approx(109.0 - 0.1 * daily)
    assert long.stop[-1, 0] == pytest.approx(95.0 - 0.1 * daily)


def test_structure_out_of_bounds_leaves_the_default() -> None:
    long = plan(quiet(), Direction.LONG, Geometry(), COSTS)
    # high and low lie half an ATR away
    assert long.target[-1, 0] == pytest.approx(108.0)
    assert long.stop[-1, 0] == pytest.approx(95.0)


@settings(max_examples=30, derandomize=True, deadline=None)
@given(st.floats(-9.0, 6.0), st.floats(0.0005, 1.5), st.sampled_from(list(Direction)))
def test_levels_are_in_order_and_above_zero_at_any_price_and_range(
    exponent: float, width: float, direction: Direction
) -> None:
    price = 10.0**exponent
    rows = [(price, price * (1 + width), price / (1 + width), price)] * 30
    levels = plan(bars(rows), direction, Geometry(), COSTS)
    entry, target, stop = (float(level[-1, 0]) for level in levels.prices)
    low, high = (stop, target) if direction is Direction.LONG else (target, stop)
    assert 0.0 < low < entry < high
    assert 0.0 < levels.break_even[-1, 0] <= 1.0


def test_a_coin_that_does_not_move_gets_no_plan() -> None:
    still = plan(bars([(1.0, 1.0, 1.0, 1.0)] * 30), Direction.LONG, Geometry(), COSTS)
    assert np.isnan(still.entry).all()
    assert np.isnan(still.target).all()


def test_a_gap_between_closes_counts_as_range() -> None:
    path = [(100.0, 100.0, 100.0, 100.0), (110.0, 112.0, 109.0, 111.0)] * 10
    # up days: 112 - 100 = 12, down days: 111 - 100 = 11; seven of each in the window
    assert atr(bars(path))[-1, 0] == pytest.approx(11.5)


def test_the_range_of_short_bars_is_scaled_to_a_day() -> None:
    daily = quiet(400)
    hourly = Panel(
        Timeframe.HOUR,
        Timeframe.HOUR.opens(daily.times[0], daily.times[0] + timedelta(hours=399)),
        *(getattr(daily, name) for name in ("asset_ids", "symbols", "is_stable")),
        *(getattr(daily, name) for name in ("open", "high", "low", "close", "volume", "market_cap")),
    )
    assert atr(hourly)[-1, 0] == pytest.approx(4.0 * np.sqrt(24))

"""Exits: what a plan earns is decided bar by bar, and never kinder than the market was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine.panel import Panel
from trading.engine.barriers import (
    OPEN,
    STOP,
    TARGET,
    TIME,
    Costs,
    Direction,
    Issued,
    Outcomes,
    outcomes,
    resolve,
)
from trading.tests.markets import bars, market

FREE = Costs(fee=0.0, slippage=0.0)
SPOKE = (100.0, 100.0, 100.0, 100.0)


def follow(
    panel: Panel,
    sign: float = 1.0,
    prices: tuple[float, float, float] = (100.0, 120.0, 90.0),
    horizon: int = 3,
    costs: Costs = FREE,
    row: int = 0,
) -> Outcomes:
    entry, target, stop = (np.array([price]) for price in prices)
    where = np.array([row]), np.array([0])
    return resolve(panel, Issued(*where, np.array([sign]), entry, target, stop, np.array([horizon])), costs)


def told(result: Outcomes) -> tuple[int, int, float, float]:
    return int(result.code[0]), int(result.offset[0]), float(result.exit_price[0]), float(result.return_r[0])


def test_a_long_that_reaches_its_target_earns_the_distance_from_the_fill() -> None:
    path = bars([SPOKE, (101, 110, 99, 105), (105, 121, 104, 118)])
    # filled at 101, out at 120, risk 100 - 90 = 10: (120 - 101) / 10
    assert told(follow(path)) == (TARGET, 2, 120.0, pytest.approx(1.9))


def test_fees_and_slippage_are_paid_on_both_fills() -> None:
    path = bars([SPOKE, (101, 121, 99, 105)])
    # 0.0015 of 101 and of 120 is 0.3315, over a risk of 10
    result = follow(path, costs=Costs(fee=0.001, slippage=0.0005))
    assert result.return_r[0] == pytest.approx(1.9 - 0.03315)


def test_the_stop_comes_first_where_one_bar_touches_both() -> None:
    path = bars([SPOKE, (100, 125, 85, 110)])
    assert told(follow(path)) == (STOP, 1, 90.0, pytest.approx(-1.0))


def test_a_gap_over_the_stop_fills_at_the_open_and_loses_more_than_planned() -> None:
    path = bars([SPOKE, (100, 105, 95, 98), (80, 130, 78, 85)])
    assert told(follow(path)) == (STOP, 2, 80.0, pytest.approx(-2.0))


def test_a_gap_over_the_target_fills_at_the_open() -> None:
    path = bars([SPOKE, (100, 105, 95, 98), (125, 126, 60, 85)])
    assert told(follow(path)) == (TARGET, 2, 125.0, pytest.approx(2.5))


def test_an_entry_that_opens_beyond_its_stop_is_out_at_once_at_no_more_than_costs() -> None:
    path = bars([SPOKE, (85, 130, 80, 85)])
    assert told(follow(path)) == (STOP, 1, 85.0, pytest.approx(0.0))


def test_a_short_is_the_mirror_of_a_long() -> None:
    path = bars([SPOKE, (99, 101, 95, 96), (96, 97, 79, 82)])
    # filled at 99, out at 80, risk 110 - 100 = 10: (99 - 80) / 10
    assert told(follow(path, -1.0, (100.0, 80.0, 110.0))) == (TARGET, 2, 80.0, pytest.approx(1.9))
    both = bars([SPOKE, (100, 112, 78, 90)])
    assert told(follow(both, -1.0, (100.0, 80.0, 110.0))) == (STOP, 1, 110.0, pytest.approx(-1.0))


def test_time_closes_what_is_left_at_the_last_close() -> None:
    path = bars([SPOKE, (100, 105, 95, 101), (101, 106, 96, 102), (102, 107, 97, 104), (104, 200, 1, 5)])
    assert told(follow(path)) == (TIME, 3, 104.0, pytest.approx(0.4))


def test_what_time_has_not_decided_is_open() -> None:
    result = follow(bars([SPOKE, (100, 105, 95, 101), (101, 106, 96, 102)]))
    assert (result.code[0], result.offset[0]) == (OPEN, 0)
    assert np.isnan(result.exit_price[0])
    assert np.isnan(result.return_r[0])


def test_a_coin_that_stops_trading_is_closed_at_its_last_close_when_time_runs_out() -> None:
    hole = (np.nan,) * 4
    path = bars([SPOKE, (100, 105, 95, 92), hole, hole])
    assert told(follow(path)) == (TIME, 3, 92.0, pytest.approx(-0.8))


def test_an_entry_waits_for_the_first_bar_that_trades() -> None:
    path = bars([SPOKE, (np.nan,) * 4, (104, 121, 103, 110), SPOKE])
    assert told(follow(path)) == (TARGET, 2, 120.0, pytest.approx(1.6))


def test_no_bar_to_enter_on_gives_time_without_a_return() -> None:
    result = follow(bars([SPOKE, *[(np.nan,) * 4] * 3]))
    assert result.code[0] == TIME
    assert np.isnan(result.return_r[0])


def test_a_bar_of_closes_alone_is_followed_by_its_close() -> None:
    path = bars([SPOKE, (np.nan, np.nan, np.nan, 101), (np.nan, np.nan, np.nan, 89)])
    assert told(follow(path)) == (STOP, 2, 89.0, pytest.approx(-1.2))


def test_the_bar_of_the_signal_need_not_be_loaded() -> None:
    path = bars([SPOKE, (101, 110, 99, 105), (105, 121, 104, 118)])
    assert told(follow(path.rows(1, None), row=-1)) == told(follow(path))


def test_a_price_of_one_billionth_is_followed_like_any_other() -> None:
    rows = [SPOKE, (101.0, 110.0, 99.0, 105.0), (105.0, 121.0, 104.0, 118.0)]
    tiny = follow(bars(rows, 1e-11), prices=(1e-9, 1.2e-9, 0.9e-9))
    assert tiny.return_r[0] == pytest.approx(1.9)


@pytest.mark.parametrize("prices", [(100.0, 90.0, 120.0), (100.0, 120.0, 100.0), (100.0, 120.0, np.nan)])
def test_levels_out_of_order_are_refused(prices: tuple[float, float, float]) -> None:
    with pytest.raises(ValueError, match="in order"):
        follow(bars([SPOKE, SPOKE]), prices=prices)


def test_a_signal_older_than_the_bars_is_refused() -> None:
    with pytest.raises(ValueError, match="bar after"):
        follow(bars([SPOKE, SPOKE]), row=-2)


STEP = st.floats(-0.2, 0.2)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(st.tuples(STEP, STEP, STEP, STEP), min_size=2, max_size=6), st.sampled_from([1.0, -1.0]))
def test_the_kernel_agrees_with_the_rules_said_in_plain_words(
    steps: list[tuple[float, ...]], sign: float
) -> None:
    rows, price = [SPOKE], 100.0
    for gap, move, up, down in steps:
        opened, closed = price * (1 + gap), price * (1 + move)
        top, bottom = max(opened, closed) * (1 + abs(up)), min(opened, closed) * (1 - abs(down))
        rows.append((opened, top, bottom, closed))
        price = closed
    target, stop = 100 + sign * 15, 100 - sign * 10
    expected = (TIME, rows[-1][3])
    for opened, top, bottom, _ in rows[1:]:
        best, worst = (top, bottom) if sign > 0 else (bottom, top)
        crossed = [
            (STOP, opened, sign * opened <= sign * stop),
            (TARGET, opened, sign * opened >= sign * target),
            (STOP, stop, sign * worst <= sign * stop),
            (TARGET, target, sign * best >= sign * target),
        ]
        hit = next(((code, at) for code, at, is_hit in crossed if is_hit), None)
        if hit:
            expected = hit
            break
    result = follow(bars(rows), sign, (100.0, target, stop), horizon=len(steps))
    assert (result.code[0], result.exit_price[0]) == expected
    assert result.return_r[0] == pytest.approx(sign * (expected[1] - rows[1][0]) / 10)


def test_an_outcome_depends_on_the_bars_of_its_horizon_alone() -> None:
    panel = market(120)
    plans = panel.close, panel.close * 1.1, panel.close * 0.95
    whole = outcomes(panel, plans, Direction.LONG, 7, Costs())
    part = outcomes(panel.rows(20, 90), tuple(p[20:90] for p in plans), Direction.LONG, 7, Costs())
    decided = slice(0, 70 - 7)
    for name in ("code", "offset", "exit_price", "return_r"):
        ours, theirs = getattr(part, name)[decided], getattr(whole, name)[20:90][decided]
        np.testing.assert_array_equal(ours, theirs)
    assert {TARGET, STOP, TIME} <= set(whole.code.ravel().tolist())

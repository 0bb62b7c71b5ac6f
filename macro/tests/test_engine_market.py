"""The market index and dominance: what they promise about weights, gaps and splices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assets.engine import rolling
from assets.engine.panel import same
from macro.engine.dominance import dominance
from macro.engine.market import (
    MarketParams,
    clipped_returns,
    estimated_caps,
    holding_return,
    implied_caps,
    market,
)
from macro.engine.series import aligned, without_glitches
from macro.tests.engine_panels import SYMBOLS, panel_of, readings, simulated

PARAMS = MarketParams()


def two_coins(rows: int = 80) -> tuple[np.ndarray, np.ndarray]:
    """Closes that wobble between two prices, so that both coins live; caps reported on one row only."""
    wobble = np.where(np.arange(rows) % 2 == 0, 1.0, 1.01)
    close = np.column_stack([100.0 * wobble, 10.0 * wobble])
    cap = np.full(close.shape, np.nan)
    cap[20] = [3000.0, 1000.0]
    return close, cap


def test_the_return_is_weighted_by_the_caps_of_the_close_before() -> None:
    close, cap = two_coins()
    # Even rows 100 and 10. Supplies from row 20: 3000/100 = 30 and 1000/10 = 100. On row 79 BTC goes from
    # 101 to 111.1 (+10 %), ETH stays at 10.1: weights 30 x 101 = 3030 and 100 x 10.1 = 1010 at row 78,
    # so the market makes 0.1 x 3030 / 4040 = 0.075.
    close[78], close[79] = [101.0, 10.1], [111.1, 10.1]
    result = market(panel_of(close, ("BTC", "ETH"), market_cap=cap), PARAMS)
    assert result.market_return[79] == pytest.approx(0.075)
    assert result.members[79] == 2
    assert result.cap_coverage[79] == 1.0
    assert result.btc_return[79] == pytest.approx(0.1)


def test_a_cap_reported_today_does_not_weigh_todays_return() -> None:
    close, cap = two_coins()
    close[78], close[79] = [101.0, 10.1], [111.1, 10.1]
    later = cap.copy()
    later[79] = [1.0, 1e12]
    before = market(panel_of(close, ("BTC", "ETH"), market_cap=cap), PARAMS)
    after = market(panel_of(close, ("BTC", "ETH"), market_cap=later), PARAMS)
    assert before.market_return[79] == after.market_return[79]


def test_a_supply_is_carried_for_its_days_and_no_longer() -> None:
    close, cap = two_coins(60)
    panel = panel_of(close, ("BTC", "ETH"), market_cap=cap)
    known = np.isfinite(implied_caps(panel, MarketParams(supply_days=30)))[:, 0]
    assert known[20:51].all()
    assert not known[:20].any()
    assert not known[51:].any()


def test_a_splice_forgets_the_supply_and_gives_no_return() -> None:
    close, cap = two_coins(60)
    close[40:, 1] *= 1000.0
    panel = panel_of(close, ("BTC", "ETH"), market_cap=cap)
    known = implied_caps(panel, PARAMS)
    assert np.isfinite(known[39, 1])
    assert np.isnan(known[40:, 1]).all()
    assert np.isnan(clipped_returns(close)[40, 1])


def test_returns_are_bounded_but_a_collapse_still_counts() -> None:
    close = np.array([[1.0, 1.0], [5.0, 0.001]])
    assert clipped_returns(close)[1].tolist() == [1.0, -0.95]


def test_last_known_obeys_age_and_reset() -> None:
    x = np.array([[1.0], [np.nan], [np.nan], [np.nan], [2.0], [np.nan]])
    reset = np.array([[False], [False], [False], [False], [False], [True]])
    assert same(rolling.last_known(x, 2, reset), np.array([[1.0], [1.0], [1.0], [np.nan], [2.0], [np.nan]]))


def test_a_missing_cap_is_estimated_from_volume_along_the_line_of_the_others() -> None:
    rows, coins = 70, 13
    wobble = np.where(np.arange(rows) % 2 == 0, 1.0, 1.01)[:, None]
    volume = np.broadcast_to(1e6 * 2.0 ** np.arange(coins), (rows, coins)).copy()
    close = wobble * np.ones((rows, coins))
    # Twelve coins with cap = 50 x volume exactly: slope 1, so the one without is 50 x its volume too.
    # It is the smallest, so that the ceiling (the largest known cap) does not bind.
    cap = 50.0 * volume
    cap[:, 0] = np.nan
    panel = panel_of(close, tuple(f"C{i}" for i in range(coins)), volume=volume, market_cap=cap)
    members = np.ones((rows, coins), dtype=np.bool_)
    guess = estimated_caps(panel, panel.market_cap, members, PARAMS)
    assert guess[69, 0] == pytest.approx(5e7)


def test_without_any_cap_the_volume_is_the_weight_and_coverage_says_so() -> None:
    close, _ = two_coins()
    close[78], close[79] = [101.0, 10.1], [111.1, 10.1]
    volume = np.broadcast_to([3e6, 1e6], close.shape).copy()
    result = market(panel_of(close, ("BTC", "ETH"), volume=volume), PARAMS)
    assert result.market_return[79] == pytest.approx(0.075)  # 3 : 1 again
    assert result.cap_coverage[79] == 0.0


def test_without_btc_the_largest_coin_leads_and_the_result_says_so() -> None:
    close, cap = two_coins()
    result = market(panel_of(close, ("AAA", "BBB"), market_cap=cap[:, ::-1].copy()), PARAMS)
    # Caps reported the other way round: BBB has 3000, AAA 1000.
    assert not result.leader_is_btc
    assert result.leader[-1] == 1
    assert result.btc_close[-1] == close[-1, 1]


def test_holding_earns_from_open_to_open() -> None:
    close, cap = two_coins()
    opens = np.full(close.shape, 100.0)
    opens[71] = [110.0, 100.0]
    panel = panel_of(close, ("BTC", "ETH"), open=opens, market_cap=cap)
    earned = holding_return(panel, market(panel, PARAMS))
    # Row 69 (odd): caps 30 x 101 and 100 x 10.1, weights 3/4 and 1/4. BTC opens 10 % higher on row 71.
    assert earned[70] == pytest.approx(0.075)
    assert np.isnan(earned[-1])


def test_the_four_shares_add_up_to_100_and_wrapped_coins_count_once() -> None:
    rows = 80
    wobble = np.where(np.arange(rows) % 2 == 0, 1.0, 1.01)[:, None]
    close = np.array([100.0, 10.0, 1.0, 2.0, 100.0]) * wobble
    cap = np.broadcast_to([500.0, 200.0, 100.0, 200.0, 50.0], close.shape).copy()
    panel = panel_of(close, ("BTC", "ETH", "USDT", "ADA", "WBTC"), market_cap=cap)
    index = market(panel, PARAMS)
    shares = dominance(panel, index, np.full(rows, np.nan))
    parts = [shares.btc[-1], shares.eth[-1], shares.stablecoin[-1], shares.alt[-1]]
    assert parts == pytest.approx([50.0, 20.0, 10.0, 20.0])
    assert shares.usdt[-1] == pytest.approx(10.0)
    assert shares.total_market_cap[-1] == pytest.approx(1000.0)
    assert shares.changes["btc_7d"][-1] == pytest.approx(0.0)


def test_a_bar_that_no_source_delivered_takes_nothing_from_the_market() -> None:
    rows = 90
    close = np.column_stack([np.where(np.arange(rows) % 2 == 0, 100.0, 101.0)] * 3)
    cap = np.broadcast_to([500.0, 200.0, 300.0], close.shape).copy()
    close[70:73, 2] = cap[70:73, 2] = np.nan  # ADA is missing for three bars,
    close[76:, 1] = cap[76:, 1] = np.nan  # and ETH is never seen again
    panel = panel_of(close, ("BTC", "ETH", "ADA"), market_cap=cap)
    shares = dominance(panel, market(panel, PARAMS), np.full(rows, np.nan))
    assert shares.total_market_cap[69:83] == pytest.approx(np.full(14, 1000.0))
    assert shares.total_market_cap[-1] == pytest.approx(800.0)
    assert shares.coverage[71] == pytest.approx(1.0)


def test_shares_always_add_up_to_100_where_they_exist() -> None:
    panel = simulated(700)
    shares = dominance(panel, market(panel, PARAMS), np.full(700, np.nan))
    total = shares.btc + shares.eth + shares.stablecoin + shares.alt
    assert np.isfinite(total[100:]).all()
    assert np.allclose(total[np.isfinite(total)], 100.0)


def test_dominance_without_caps_is_not_made_up() -> None:
    close, _ = two_coins()
    panel = panel_of(close, ("BTC", "ETH"))
    shares = dominance(panel, market(panel, PARAMS), np.full(len(close), np.nan))
    assert np.isnan(shares.btc).all()
    assert np.isnan(shares.total_market_cap).all()


def test_an_empty_column_changes_no_digit() -> None:
    panel = simulated(500)
    wider = panel.columns(np.arange(len(SYMBOLS)))
    kept = wider.columns(np.array([i for i in range(len(SYMBOLS)) if SYMBOLS[i] != "NEW"]))
    with_it, without = market(panel.rows(0, 380), PARAMS), market(kept.rows(0, 380), PARAMS)
    assert same(with_it.market_return, without.market_return)  # NEW is not listed before row 400
    assert same(with_it.members, without.members)


def test_weekends_are_carried_over_and_a_dead_source_is_not() -> None:
    panel = simulated(60)
    frame = pd.DataFrame({"sp500": [1.0] + [np.nan] * 59}, index=panel.times)
    carried = aligned(panel, frame, 7)
    assert np.isfinite(carried["sp500"][:8]).all()
    assert np.isnan(carried["sp500"][8:]).all()
    assert np.isnan(carried["vix_index"]).all()


def test_a_glitch_of_dominance_is_left_out() -> None:
    frame = readings(simulated(90))
    clean = without_glitches(frame["btc_dominance"].to_numpy(), 7)
    assert np.isnan(clean[30])
    assert np.isfinite(np.delete(clean, 30)).all()

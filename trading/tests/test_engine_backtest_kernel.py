"""The backtest's sweep against a plain trader who reads one bar after the other."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine.panel import Panel
from trading.engine.backtest import Trades, at_shares, join, trade
from trading.engine.barriers import OUTCOMES, Costs, Issued, resolve
from trading.tests.markets import bars, market


def issue(*signals: tuple[int, int, float, float, float, float, int]) -> Issued:
    """Signals of (row, column, sign, entry, target, stop, horizon)."""
    columns = [np.array(column) for column in zip(*signals, strict=True)] or [np.empty(0)] * 7
    kinds = (np.int64, np.int64, float, float, float, float, np.int64)
    rows, places, sign, entry, target, stop, horizon = (
        column.astype(kind) for column, kind in zip(columns, kinds, strict=True)
    )
    return Issued(rows, places, sign, entry, target, stop, horizon)


def plain(panel: Panel, issued: Issued, costs: Costs) -> list[dict[str, Any]]:
    """The same rules, written down as a person would trade them: one signal, one bar at a time."""
    done: list[dict[str, Any]] = []
    free_from: dict[tuple[int, float], float] = {}
    for i in sorted(range(len(issued.rows)), key=lambda i: (issued.rows[i], i)):
        row, n, sign = int(issued.rows[i]), int(issued.columns[i]), float(issued.sign[i])
        if row < free_from.get((n, sign), -math.inf):
            continue
        target, stop, horizon = float(issued.target[i]), float(issued.stop[i]), int(issued.horizon[i])
        story: dict[str, Any] = {"signal": i, "code": "open", "fill": None, "price": None, "entered": -1}
        story["exited"] = -1
        last = None
        for t in range(row + 1, len(panel.times)):
            close = panel.close[t, n]
            if not math.isnan(close):
                open_, high, low = panel.open[t, n], panel.high[t, n], panel.low[t, n]
                open_ = close if math.isnan(open_) else open_
                high = max(open_, close) if math.isnan(high) else high
                low = min(open_, close) if math.isnan(low) else low
                if story["fill"] is None:
                    story["fill"], story["entered"] = open_, t
                ended = first_touch(sign, open_, high, low, target, stop)
                if ended:
                    story["code"], story["price"], story["exited"] = ended[0], ended[1], t
                    break
                last = close
            if t - row == horizon:
                story["code"], story["price"], story["exited"] = "time", last, t
                break
        if story["fill"] is not None and story["price"] is not None:
            gain = sign * (story["price"] - story["fill"])
            story["paid"] = gain - costs.side * (story["price"] + story["fill"])
        free_from[(n, sign)] = story["exited"] if story["code"] != "open" else math.inf
        done.append(story)
    return done


def first_touch(sign: float, open_: float, high: float, low: float, target: float, stop: float) -> Any:
    if sign > 0:
        if open_ <= stop or open_ >= target:
            return ("stop" if open_ <= stop else "target", open_)
        return ("stop", stop) if low <= stop else ("target", target) if high >= target else None
    if open_ >= stop or open_ <= target:
        return ("stop" if open_ >= stop else "target", open_)
    return ("stop", stop) if high >= stop else ("target", target) if low <= target else None


def drawn(seed: int, count: int, rows: int = 60, coins: int = 4) -> tuple[Panel, Issued]:
    """A rough market with holes in single fields too, and signals all over it, some on the same bar."""
    rng = np.random.default_rng(seed)
    panel = market(rows, max(coins, 5), seed)
    opens = np.where(rng.random(panel.shape) < 0.05, np.nan, panel.open)
    highs = np.where(rng.random(panel.shape) < 0.05, np.nan, panel.high)
    closes = np.where(rng.random(panel.shape) < 0.05, np.nan, panel.close)
    panel = replace(panel, open=opens, high=highs, close=closes)
    at, column = rng.integers(-1, rows, count), rng.integers(0, panel.shape[1], count)
    sign = rng.choice([-1.0, 1.0], count)
    close = np.nan_to_num(panel.close[np.maximum(at, 0), column], nan=10.0)
    reach = rng.uniform(0.002, 0.2, (2, count))
    target, stop = close * (1 + sign * reach[0]), close * (1 - sign * reach[1])
    return panel, Issued(at, column, sign, close, target, stop, rng.integers(1, 12, count))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), count=st.integers(0, 60))
def test_every_trade_equals_that_of_a_plain_trader(seed: int, count: int) -> None:
    costs = Costs(fee=0.002, slippage=0.001)
    panel, issued = drawn(seed, count)
    got, expected = trade(panel, issued, costs), plain(panel, issued, costs)
    assert [int(i) for i in got.signal] == [story["signal"] for story in expected]
    for k, story in enumerate(expected):
        assert OUTCOMES[got.code[k]].value == story["code"]
        assert (got.entered[k], got.exited[k]) == (story["entered"], story["exited"])
        assert known(got.fill[k]) == story["fill"]
        assert known(got.exit_price[k]) == story["price"]
        i = story["signal"]
        risk = abs(issued.entry[i] - issued.stop[i])
        paid = story.get("paid")
        assert known(got.return_r[k]) == (None if paid is None else paid / risk)
        assert known(got.net[k]) == (None if paid is None else paid / story["fill"])


def known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 60))
def test_the_sweep_and_the_record_of_signals_decide_alike(seed: int, count: int) -> None:
    panel, issued = drawn(seed, count)
    got, record = trade(panel, issued, Costs()), resolve(panel, issued, Costs())
    np.testing.assert_array_equal(got.code, record.code[got.signal])
    np.testing.assert_array_equal(got.exit_price, record.exit_price[got.signal])
    np.testing.assert_array_equal(got.return_r, record.return_r[got.signal])


def test_where_one_bar_touches_both_levels_the_stop_came_first() -> None:
    panel = bars([(100, 101, 99, 100), (100, 120, 80, 100)])
    got = trade(panel, issue((0, 0, 1.0, 100.0, 110.0, 90.0, 5)), Costs(0.0, 0.0))
    assert (OUTCOMES[got.code[0]].value, got.exit_price[0], got.return_r[0]) == ("stop", 90.0, -1.0)


def test_a_gap_over_the_stop_is_filled_at_the_open() -> None:
    panel = bars([(100, 101, 99, 100), (100, 104, 96, 100), (70, 75, 60, 72)])
    got = trade(panel, issue((0, 0, 1.0, 100.0, 110.0, 90.0, 5)), Costs(0.0, 0.0))
    assert (got.exit_price[0], got.return_r[0]) == (70.0, -3.0)


def test_a_second_signal_waits_until_the_first_trade_has_ended() -> None:
    quiet = (100, 101, 99, 100)
    panel = bars([quiet, quiet, quiet, (100, 111, 99, 110), quiet, quiet])
    signals = [(row, 0, 1.0, 100.0, 110.0, 90.0, 2) for row in (0, 1, 2)]
    short = (1, 0, -1.0, 100.0, 90.0, 112.0, 2)
    got = trade(panel, issue(*signals, short), Costs())
    assert [(int(t), float(s)) for t, s in zip(got.row, got.sign, strict=True)] == [(0, 1), (1, -1), (2, 1)]


def test_costs_are_charged_on_both_fills() -> None:
    panel = bars([(100, 101, 99, 100), (100, 111, 99, 110)])
    got = trade(panel, issue((0, 0, 1.0, 100.0, 110.0, 90.0, 5)), Costs(fee=0.01, slippage=0.0))
    assert got.gross[0] == pytest.approx(0.10)
    assert got.net[0] == pytest.approx(0.10 - 0.01 * 2.1)


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        ((0, 0, 1.0, 100.0, 90.0, 110.0, 5), "levels must be in order"),
        ((9, 0, 1.0, 100.0, 110.0, 90.0, 5), "1 signals lie outside the panel of 2 bars x 1 coins"),
        ((0, 3, 1.0, 100.0, 110.0, 90.0, 5), "outside the panel"),
        ((0, 0, 1.0, 100.0, 110.0, 90.0, 0), "one bar or more"),
        ((0, 0, 1.0, math.nan, 110.0, 90.0, 5), "levels must be in order"),
    ],
)
def test_a_signal_that_cannot_be_followed_is_refused(signal: Any, words: str) -> None:
    panel = bars([(100, 101, 99, 100), (100, 111, 99, 110)])
    with pytest.raises(ValueError, match=words):
        trade(panel, issue(signal), Costs())


def test_trades_of_several_runs_come_in_order_of_their_signals() -> None:
    panel, issued = drawn(3, 40)
    parts = [trade(panel, issued, Costs()), trade(panel, issued, Costs())]
    both = join(parts)
    assert isinstance(both, Trades)
    assert len(both) == 2 * len(parts[0])
    assert np.all(np.diff(both.row) >= 0)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_signals_at_shares_of_the_close_stand_where_they_were_marked(sign: float) -> None:
    panel = market(40, 6)
    marked = np.random.default_rng(1).random(panel.shape) < 0.2
    issued = at_shares(marked, panel.close, 0.2, 0.1, 5, sign)
    rows, columns = np.nonzero(marked & np.isfinite(panel.close))
    np.testing.assert_array_equal(issued.rows, rows)
    np.testing.assert_array_equal(issued.columns, columns)
    np.testing.assert_allclose(issued.target / panel.close[rows, columns], 1 + 0.2 * sign)
    np.testing.assert_allclose(issued.stop / panel.close[rows, columns], 1 - 0.1 * sign)
    assert len(trade(panel, issued, Costs())) > 0

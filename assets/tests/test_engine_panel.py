"""Panels cut at a moment hold what was known then, and equality means every bit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from assets.engine.panel import BAR_FIELDS, Floats, Panel, same
from assets.engine.timeframe import Timeframe
from assets.tests.factories import make_panel


@pytest.fixture(scope="module")
def panel() -> Panel:
    return make_panel(bars=40, assets=12)


@pytest.mark.parametrize("timeframe", [Timeframe.DAY, Timeframe.HOUR])
def test_until_keeps_a_bar_from_the_moment_it_closes(timeframe: Timeframe) -> None:
    panel = make_panel(bars=30, assets=11, timeframe=timeframe)
    for row in (0, 7, 29):
        close = panel.as_of(row)
        assert close == timeframe.close_of(panel.times[row].to_pydatetime())
        assert panel.known_at(close) == row + 1
        assert panel.known_at(close - timedelta(microseconds=1)) == row
        assert same(panel.until(close), panel.rows(None, row + 1))


def test_nothing_is_known_before_the_first_close_and_all_is_after_the_last(panel: Panel) -> None:
    assert panel.until(datetime(2000, 1, 1, tzinfo=UTC)).shape == (0, 12)
    assert same(panel.until(datetime(2050, 1, 1, tzinfo=UTC)), panel)


def test_months_are_known_when_they_end() -> None:
    opens = Timeframe.MONTH.opens(datetime(2023, 11, 1, tzinfo=UTC), datetime(2024, 2, 1, tzinfo=UTC))
    cells = np.ones((4, 1))
    bars = dict.fromkeys(BAR_FIELDS, cells)
    panel = Panel(Timeframe.MONTH, opens, np.array([1]), ("BTC",), np.array([False]), **bars)
    assert panel.known_at(datetime(2024, 2, 29, 23, tzinfo=UTC)) == 3
    assert panel.known_at(datetime(2024, 3, 1, tzinfo=UTC)) == 4


def test_columns_keep_what_belongs_to_an_asset_together(panel: Panel) -> None:
    mask = np.zeros(12, dtype=np.bool_)
    mask[[2, 10]] = True
    few = panel.columns(mask)
    assert few.symbols == (panel.symbols[2], panel.symbols[10])
    assert few.asset_ids.tolist() == [3, 11]
    assert few.is_stable.tolist() == [False, True]
    assert same(few.close, panel.close[:, [2, 10]])
    assert same(panel.columns(np.array([2, 10])), few)


def test_a_frame_carries_times_and_symbols(panel: Panel) -> None:
    frame = panel.frame("volume")
    assert frame.index.equals(panel.times)
    assert list(frame.columns) == list(panel.symbols)


@dataclass(frozen=True)
class Result:
    values: Floats
    words: tuple[str, ...]
    by_name: dict[str, float]


def test_same_finds_the_last_digit_and_takes_nan_for_nan() -> None:
    result = Result(np.array([1.0, np.nan]), ("a",), {"x": float("nan")})
    assert same(result, Result(np.array([1.0, np.nan]), ("a",), {"x": float("nan")}))
    assert not same(result, replace(result, values=np.array([np.nextafter(1.0, 2.0), np.nan])))
    assert not same(result, replace(result, values=np.array([1.0, 0.0])))
    assert not same(result, replace(result, values=np.array([[1.0, np.nan]])))
    assert not same(result, replace(result, words=("a", "b")))
    assert not same(result, replace(result, by_name={"y": float("nan")}))
    assert not same(1, 1.0)
    assert same(pd.Series([1.0, np.nan]), pd.Series([1.0, np.nan]))
    assert not same(pd.Series([1.0]), pd.Series([2.0]))

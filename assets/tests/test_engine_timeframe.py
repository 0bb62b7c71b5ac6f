"""From a bar's label to the moment it is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.engine.timeframe import Timeframe

MOMENTS = st.timedeltas(timedelta(0), timedelta(days=11_000)).map(datetime(2009, 1, 1, tzinfo=UTC).__add__)
FRAMES = st.sampled_from(Timeframe)
LAW = settings(max_examples=150, deadline=None, derandomize=True)


@LAW
@given(frame=FRAMES, moment=MOMENTS)
def test_the_last_closed_bar_is_closed_and_the_next_one_is_not(frame: Timeframe, moment: datetime) -> None:
    closed = frame.close_of(frame.last_closed(moment))
    assert closed <= moment < frame.close_of(closed)


@LAW
@given(frame=FRAMES, moment=MOMENTS)
def test_a_bar_contains_its_moments_and_the_next_opens_where_it_closes(
    frame: Timeframe, moment: datetime
) -> None:
    opened = frame.open_of(moment)
    assert opened <= moment < frame.close_of(opened)
    assert frame.open_of(opened) == opened
    assert frame.open_of(frame.close_of(opened)) == frame.close_of(opened)


@LAW
@given(frame=FRAMES, moment=MOMENTS)
def test_at_its_close_time_a_bar_is_known_and_a_moment_before_it_is_not(
    frame: Timeframe, moment: datetime
) -> None:
    opened = frame.open_of(moment)
    close = frame.close_of(opened)
    assert frame.last_closed(close) == opened
    assert frame.last_closed(close - timedelta(microseconds=1)) < opened


@settings(max_examples=40, deadline=None, derandomize=True)
@given(frame=FRAMES, moment=MOMENTS, count=st.integers(1, 30))
def test_the_grid_of_opens_follows_the_closes(frame: Timeframe, moment: datetime, count: int) -> None:
    opens = [frame.open_of(moment)]
    for _ in range(count):
        opens.append(frame.close_of(opens[-1]))
    assert frame.opens(opens[0], opens[-1]).to_pydatetime().tolist() == opens


def test_weeks_open_on_monday() -> None:
    sunday = datetime(2024, 3, 10, 23, 59, tzinfo=UTC)
    assert Timeframe.WEEK.open_of(sunday) == datetime(2024, 3, 4, tzinfo=UTC)
    assert Timeframe.WEEK.close_of(datetime(2024, 3, 4, tzinfo=UTC)) == datetime(2024, 3, 11, tzinfo=UTC)


@pytest.mark.parametrize(
    ("opened", "closed"),
    [((2024, 2), (2024, 3)), ((2023, 2), (2023, 3)), ((2023, 12), (2024, 1)), ((2024, 11), (2024, 12))],
)
def test_months_close_when_the_next_one_opens(opened: tuple[int, int], closed: tuple[int, int]) -> None:
    first = datetime(*opened, 1, tzinfo=UTC)
    assert Timeframe.MONTH.close_of(first) == datetime(*closed, 1, tzinfo=UTC)
    assert Timeframe.MONTH.last_closed(datetime(*closed, 1, tzinfo=UTC)) == first


def test_other_time_zones_are_read_as_the_same_moment() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert Timeframe.DAY.open_of(datetime(2024, 5, 2, 8, tzinfo=tokyo)) == datetime(2024, 5, 1, tzinfo=UTC)


def test_a_month_has_no_length() -> None:
    with pytest.raises(ValueError, match="no fixed length"):
        _ = Timeframe.MONTH.delta
    assert Timeframe.MONTH.bars_per_year == 12


def test_codes_go_both_ways_and_stay_what_the_database_holds() -> None:
    assert [frame.code for frame in Timeframe] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert all(Timeframe.from_code(frame.code) is frame for frame in Timeframe)
    with pytest.raises(KeyError):
        Timeframe.from_code(9)


def test_a_span_is_at_least_one_bar() -> None:
    assert Timeframe.HOUR.bars(timedelta(days=7)) == 168
    assert Timeframe.DAY.bars(timedelta(days=7)) == 7
    assert Timeframe.WEEK.bars(timedelta(days=1)) == 1
    assert Timeframe.MONTH.bars(timedelta(days=90)) == 3
    assert Timeframe.HOURS_4.bars_per_year == pytest.approx(6 * 365.25)

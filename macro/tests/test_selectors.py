from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from assets.engine.timeframe import Timeframe
from macro import selectors
from macro.engine.series import NAMES
from macro.services import store_series
from macro.tests.factories import (
    MOMENT,
    DominanceFactory,
    MarketSentimentFactory,
    RegimeAnalysisFactory,
    RegimeForecastFactory,
)

pytestmark = pytest.mark.django_db
DAY, HOUR = Timeframe.DAY, Timeframe.HOUR


def days(count: int, first: str = "2024-01-01") -> pd.DatetimeIndex:
    return pd.date_range(first, periods=count, freq="D", tz="UTC")


def test_readings_stand_on_the_bars_asked_for_and_are_nan_elsewhere() -> None:
    store_series(timeframe=DAY, frame=pd.DataFrame({"gold": [2060.0]}, index=days(1)), source="x")
    frame = selectors.market_series(days(3, "2023-12-31"), DAY)
    assert list(frame.columns) == list(NAMES)
    assert frame["gold"].tolist()[1] == 2060.0
    assert frame.notna().to_numpy().sum() == 1


def test_readings_are_one_query(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        selectors.market_series(days(500), DAY)


def test_a_reading_of_a_day_is_known_to_hours_from_the_days_last_hour() -> None:
    store_series(timeframe=DAY, frame=pd.DataFrame({"gold": [2060.0]}, index=days(1)), source="x")
    hours = pd.date_range("2024-01-01", periods=48, freq="h", tz="UTC")
    gold = selectors.market_series(hours, HOUR)["gold"]
    assert np.flatnonzero(np.isfinite(gold)).tolist() == [23]  # 23:00 to 24:00 closes with the day


def test_a_reading_of_the_bars_own_length_comes_before_that_of_the_day() -> None:
    hours = pd.date_range("2024-01-01", periods=24, freq="h", tz="UTC")
    store_series(timeframe=DAY, frame=pd.DataFrame({"gold": [2060.0]}, index=days(1)), source="x")
    store_series(timeframe=HOUR, frame=pd.DataFrame({"gold": [2070.0]}, index=hours[-1:]), source="x")
    assert selectors.market_series(hours, HOUR)["gold"].iloc[-1] == 2070.0


def test_exposure_and_regime_stand_on_the_bar_that_closes_with_them() -> None:
    RegimeAnalysisFactory(as_of=datetime(2024, 1, 3, tzinfo=UTC), recommended_exposure=0.65)
    RegimeAnalysisFactory(
        as_of=datetime(2024, 1, 4, tzinfo=UTC), recommended_exposure=None, market_regime=None
    )
    exposure = selectors.exposures(DAY, days(4))  # 1 to 4 January, closing 2 to 5 January
    assert np.array_equal(exposure, [np.nan, 0.65, np.nan, np.nan], equal_nan=True)
    assert selectors.regimes(DAY, days(4)).tolist() == ["", "bull", "", ""]
    assert selectors.exposures(HOUR, days(4)).shape == (4,)
    assert len(selectors.regimes(DAY, days(0))) == 0


@pytest.mark.parametrize(
    ("made", "latest"),
    [
        (RegimeAnalysisFactory, selectors.latest_regime),
        (MarketSentimentFactory, selectors.latest_sentiment),
        (DominanceFactory, selectors.latest_dominance),
        (RegimeForecastFactory, lambda as_of=None: selectors.latest_forecast(168, as_of)),
    ],
)
def test_the_latest_is_the_newest_that_was_known(made: type, latest: object) -> None:
    assert latest() is None  # type: ignore[operator]
    old, new = made(as_of=MOMENT), made(as_of=MOMENT + timedelta(days=1))
    made(as_of=MOMENT + timedelta(days=2), timeframe=HOUR)
    assert latest() == new  # type: ignore[operator]
    assert latest(as_of=MOMENT + timedelta(hours=5)) == old  # type: ignore[operator]


def test_history_is_oldest_first_and_holds_both_ends() -> None:
    rows = [RegimeAnalysisFactory(as_of=MOMENT + timedelta(days=day)) for day in (2, 0, 1, 9)]
    found = selectors.regime_history(MOMENT, MOMENT + timedelta(days=2))
    assert list(found) == [rows[1], rows[2], rows[0]]


def test_before_the_first_run_there_is_no_card() -> None:
    assert selectors.card(None) is None


def test_the_card_says_what_to_do_how_sure_that_is_and_how_old() -> None:
    for day in range(4):
        RegimeAnalysisFactory(
            as_of=MOMENT + timedelta(days=day), recommended_exposure=None if day == 1 else 0.2 + 0.15 * day
        )
    last = MOMENT + timedelta(days=3)
    card = selectors.card(None, now=last + timedelta(days=2))
    assert card is not None
    assert (card["layer"], card["status"], card["tone"], card["state"]) == (1, "bull", "bull", "Bull")
    assert (card["figure"], card["unit"], card["indicator_dots"]) == (65, "%", 3)
    assert card["sentence"] == "Stay 65 % invested. The market is rising."
    assert [round(value) if math.isfinite(value) else None for value in card["sparkline"]] == [
        20,
        None,
        50,
        65,
    ]
    assert (card["confidence"], card["base_rate"]) == (0.87, None)  # four bars make no base rate
    assert (card["as_of"], card["is_stale"]) == (last, False)
    assert selectors.card(None, now=last + timedelta(days=3))["is_stale"] is True  # type: ignore[index]


def test_the_base_rate_is_the_share_of_bars_with_todays_regime() -> None:
    for day in range(100):
        RegimeAnalysisFactory(as_of=MOMENT + timedelta(days=day), market_regime="bull" if day % 4 else "bear")
    RegimeAnalysisFactory(as_of=MOMENT + timedelta(days=100), market_regime=None)
    RegimeAnalysisFactory(as_of=MOMENT + timedelta(days=101), market_regime="bear")
    card = selectors.card(None)
    assert card is not None
    assert card["base_rate"] == 26 / 101


def test_a_regime_that_is_not_known_is_said_so() -> None:
    RegimeAnalysisFactory(market_regime=None, recommended_exposure=None, confidence_score=None)
    card = selectors.card(None)
    assert card is not None
    assert (card["state"], card["figure"], card["base_rate"]) == ("Not known", None, None)
    assert card["sentence"] == "The market's regime is not known yet."


def test_out_of_the_market_is_said_in_words() -> None:
    RegimeAnalysisFactory(market_regime="bear", recommended_exposure=0.0)
    card = selectors.card(None)
    assert card is not None
    assert card["sentence"] == "Stay out of the market. The market is falling."


@pytest.mark.parametrize("count", [3, 30])
def test_a_card_asks_as_often_for_many_rows_as_for_few(count: int, django_assert_num_queries: object) -> None:
    RegimeAnalysisFactory.create_batch(count)
    with django_assert_num_queries(4):  # type: ignore[operator]
        selectors.card(None)

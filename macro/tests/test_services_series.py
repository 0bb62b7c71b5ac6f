from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from assets.engine.timeframe import Timeframe
from macro.models import MetricsSnapshot
from macro.services import StoredSeries, store_series

pytestmark = pytest.mark.django_db
DAY = Timeframe.DAY
NAN = float("nan")


def series(first: str = "2024-01-01", **columns: list[float]) -> pd.DataFrame:
    """Columns of values on days from `first` on."""
    length = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=pd.date_range(first, periods=length, freq="D", tz="UTC"))


def store(frame: pd.DataFrame, source: str = "file.csv") -> StoredSeries:
    return store_series(timeframe=DAY, frame=frame, source=source)


def snapshot(day: int) -> MetricsSnapshot:
    return MetricsSnapshot.objects.get(snapshot_time=datetime(2024, 1, day, tzinfo=UTC))


def test_rows_are_new_then_unchanged_then_changed() -> None:
    assert store(series(sp500=[4700.0, 4710.0, 4720.0])) == StoredSeries(3, 0, 0)
    assert store(series(sp500=[4700.0, 4710.0, 4720.0])) == StoredSeries(0, 0, 3)
    assert store(series(sp500=[4700.0, 4711.0, 4720.0, 4730.0])) == StoredSeries(1, 1, 2)
    assert [snapshot(day).sp500 for day in (1, 2, 3, 4)] == [4700.0, 4711.0, 4720.0, 4730.0]


def test_a_missing_value_leaves_what_is_there_and_an_empty_row_is_none() -> None:
    store(series(sp500=[4700.0], gold=[2060.0]))
    assert store(series(sp500=[NAN], gold=[2061.0])) == StoredSeries(0, 1, 0)
    assert (snapshot(1).sp500, snapshot(1).gold) == (4700.0, 2061.0)
    assert store(series(first="2024-02-01", sp500=[NAN, NAN])) == StoredSeries(0, 0, 0)
    assert MetricsSnapshot.objects.count() == 1


def test_series_without_a_column_are_kept_by_name_beside_each_other() -> None:
    store(series(stablecoin_supply=[1.3e11]))
    store(series(hash_rate=[5e8], stablecoin_supply=[1.4e11]))
    store(series(hash_rate=[NAN], stablecoin_supply=[1.4e11]))
    assert snapshot(1).extended_metrics == {"hash_rate": 5e8, "stablecoin_supply": 1.4e11}


def test_each_series_names_the_source_of_its_value() -> None:
    store(series(sp500=[4700.0], gold=[2060.0]), "first.csv")
    store(series(sp500=[4700.0], gold=[2070.0], vix_index=[13.0]), "second.csv")
    assert snapshot(1).sources == {"sp500": "first.csv", "gold": "second.csv", "vix_index": "second.csv"}


def test_an_import_takes_the_place_of_a_computed_value_and_ends_its_excuse() -> None:
    MetricsSnapshot.objects.create(
        snapshot_time=datetime(2024, 1, 1, tzinfo=UTC),
        timeframe=DAY,
        btc_dominance=44.0,
        data_quality_flags={"sp500": "no_source", "gold": "no_source"},
    )
    assert store(series(btc_dominance=[44.0], sp500=[4700.0])) == StoredSeries(0, 1, 0)
    assert snapshot(1).sources == {"btc_dominance": "file.csv", "sp500": "file.csv"}
    assert snapshot(1).data_quality_flags == {"gold": "no_source"}


def test_other_bar_lengths_are_other_rows() -> None:
    store(series(sp500=[4700.0]))
    hour = series(sp500=[4701.0])
    assert store_series(timeframe=Timeframe.HOUR, frame=hour, source="h") == StoredSeries(1, 0, 0)
    assert MetricsSnapshot.objects.count() == 2


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (series(sp500=[1.0]).tz_localize(None), "time zone"),
        (pd.concat([series(sp500=[1.0])] * 2), "stands twice"),
        (series(first="2024-01-01T07:00", sp500=[1.0]), "not the start of a bar of 1d"),
        (series(fear_greed_index=[50.0, 101.0]), "fear_greed_index is 101.0 .* between 0 and 100"),
        (series(btc_dominance=[-1.0]), "btc_dominance is -1.0"),
        (series(sp500=[1.0]).reset_index(drop=True), "open times"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        store(frame)
    assert not MetricsSnapshot.objects.exists()


def test_times_in_another_zone_are_the_same_moments() -> None:
    frame = series(sp500=[4700.0])
    store(frame.tz_convert("Asia/Tehran"))
    assert snapshot(1).sp500 == 4700.0


@pytest.mark.parametrize("days", [3, 300])
def test_the_number_of_queries_does_not_grow_with_the_days(
    days: int, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(9):  # type: ignore[operator]
        store(series(sp500=list(np.linspace(4000.0, 5000.0, days))))

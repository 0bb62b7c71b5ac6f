"""Candles are stored once, completely, by the right route."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from assets.engine.timeframe import Timeframe
from assets.models import Asset, Candle
from assets.selectors import last_close, load_panel
from assets.services.partitions import ensure_partitions
from assets.services.store import store_candles
from assets.tests.stored import AssetFactory, batch

DAY = Timeframe.DAY


def days(first: str, count: int) -> list[datetime]:
    start = datetime.fromisoformat(first).replace(tzinfo=UTC)
    return [start + timedelta(days=n) for n in range(count)]


@pytest.mark.django_db
def test_new_bars_land_and_the_same_bars_again_change_nothing() -> None:
    asset = AssetFactory()
    bars = batch(asset.pk, days("2023-12-30", 4), [1.0, 2.0, 3.0, 4.0])
    first = store_candles(DAY, bars)
    again = store_candles(DAY, bars)
    assert (first.new, first.unchanged) == (4, 0)
    assert (again.new, again.unchanged, again.revised) == (0, 4, 0)
    assert Candle.objects.count() == 4


@pytest.mark.django_db
def test_a_bar_with_other_values_is_a_conflict_and_a_revision_only_on_request() -> None:
    asset = AssetFactory()
    store_candles(DAY, batch(asset.pk, days("2024-01-01", 2), [1.0, 2.0]))
    changed = batch(asset.pk, days("2024-01-01", 3), [1.0, 2.5, 3.0])
    refused = store_candles(DAY, changed)
    assert (refused.new, refused.unchanged, refused.conflicts.tolist()) == (1, 1, [1])
    assert Candle.objects.get(candle_time=days("2024-01-02", 1)[0]).close == 2.0
    revised = store_candles(DAY, changed, revise=True)
    assert (revised.new, revised.revised, revised.unchanged) == (0, 1, 2)
    assert Candle.objects.get(candle_time=days("2024-01-02", 1)[0]).close == 2.5


@pytest.mark.django_db
def test_a_hole_is_filled_behind_the_newest_bar() -> None:
    asset = AssetFactory()
    moments = days("2024-01-01", 3)
    store_candles(DAY, batch(asset.pk, [moments[0], moments[2]], [1.0, 3.0]))
    filled = store_candles(DAY, batch(asset.pk, moments, [1.0, 2.0, 3.0]))
    assert (filled.new, filled.unchanged) == (1, 2)


@pytest.mark.django_db
def test_nullable_columns_survive_in_any_mixture() -> None:
    asset = AssetFactory()
    caps = [float("nan"), 5.0, float("nan")]
    trades = [7.0, float("nan"), float("nan")]
    moments = days("2024-01-01", 3)
    store_candles(DAY, batch(asset.pk, moments, [1.0, 2.0, 3.0], market_cap=caps, trade_count=trades))
    rows = Candle.objects.order_by("candle_time").values_list("close", "market_cap", "trade_count", "vwap")
    assert list(rows) == [(1.0, None, 7, None), (2.0, 5.0, None, None), (3.0, None, None, None)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "columns",
    [{"high": [0.5]}, {"low": [-1.0]}, {"open": [9.0]}, {"volume": [-1.0]}, {"low": [float("nan")]}],
)
def test_the_database_refuses_an_impossible_bar_and_keeps_nothing(columns: dict[str, list[float]]) -> None:
    asset = AssetFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        store_candles(DAY, batch(asset.pk, days("2024-01-01", 1), [1.0], **columns))
    assert not Candle.objects.exists()


@pytest.mark.django_db
def test_prices_of_a_billionth_keep_their_digits() -> None:
    asset = AssetFactory()
    store_candles(DAY, batch(asset.pk, days("2024-01-01", 1), [7.12345e-9]))
    assert Candle.objects.get().close == 7.12345e-9


@pytest.mark.django_db
def test_a_panel_is_what_was_stored_and_only_what_was_known() -> None:
    first, second = AssetFactory(symbol="AAA"), AssetFactory(symbol="BBB")
    store_candles(DAY, batch(first.pk, days("2024-01-01", 4), [1.0, 2.0, 3.0, 4.0]))
    store_candles(DAY, batch(second.pk, days("2024-01-03", 2), [30.0, 40.0], market_cap=[9.0, np.nan]))
    panel = load_panel(DAY, datetime(2024, 1, 4, tzinfo=UTC), 3)
    assert panel.symbols == ("AAA", "BBB")
    assert panel.times[-1].isoformat() == "2024-01-03T00:00:00+00:00"
    np.testing.assert_array_equal(panel.close, [[1.0, np.nan], [2.0, np.nan], [3.0, 30.0]])
    np.testing.assert_array_equal(panel.market_cap[:, 1], [np.nan, np.nan, 9.0])
    assert last_close(DAY) == datetime(2024, 1, 5, tzinfo=UTC)
    assert last_close(DAY, datetime(2024, 1, 4, 12, tzinfo=UTC)) == datetime(2024, 1, 4, tzinfo=UTC)


@pytest.mark.django_db
def test_an_unsupported_twin_of_a_ticker_stays_out_of_the_panel() -> None:
    winner, loser = AssetFactory(symbol="UNI"), AssetFactory(symbol="UNI", is_supported=False)
    for asset in (winner, loser):
        store_candles(DAY, batch(asset.pk, days("2024-01-01", 1), [1.0]))
    assert load_panel(DAY, datetime(2024, 1, 2, tzinfo=UTC), 1).asset_ids.tolist() == [winner.pk]


@pytest.mark.django_db
def test_reading_a_panel_takes_the_same_queries_for_any_number_of_assets(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    for count in (3, 30):
        for _ in range(count):
            store_candles(DAY, batch(AssetFactory().pk, days("2024-01-01", 2), [1.0, 2.0]))
        with django_assert_num_queries(2):
            load_panel(DAY, datetime(2024, 1, 3, tzinfo=UTC), 2)


@pytest.mark.django_db
def test_minute_bars_get_a_partition_a_month_and_daily_bars_one_a_year() -> None:
    last = datetime(2024, 2, 3, tzinfo=UTC)
    assert len(ensure_partitions(Timeframe.MINUTE, datetime(2023, 12, 31, tzinfo=UTC), last)) == 3
    assert len(ensure_partitions(DAY, datetime(2023, 12, 31, tzinfo=UTC), last)) == 2
    assert ensure_partitions(DAY, datetime(2023, 1, 1, tzinfo=UTC), last) == []


@pytest.mark.django_db
def test_an_asset_with_candles_cannot_be_deleted() -> None:
    asset = AssetFactory()
    store_candles(DAY, batch(asset.pk, days("2024-01-01", 1), [1.0]))
    with pytest.raises(ProgrammingError, match="has candles"), transaction.atomic():
        Asset.objects.filter(pk=asset.pk)._raw_delete("default")
    assert Asset.objects.filter(pk=asset.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_two_importers_of_the_same_bars_store_them_once() -> None:
    asset = AssetFactory()
    bars = batch(asset.pk, days("2020-01-01", 500), [float(n + 1) for n in range(500)])

    def work(_: int) -> int:
        try:
            return store_candles(DAY, bars).new
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(work, range(4))) == [0, 0, 0, 500]
    assert Candle.objects.count() == 500

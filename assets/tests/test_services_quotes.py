"""An asset's own row says what its candles say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assets.engine.timeframe import Timeframe
from assets.models import Asset, AssetType
from assets.services.archive import archive
from assets.services.quotes import refresh_assets
from assets.services.store import store_candles
from assets.tests.stored import AssetFactory, batch, store

pytestmark = pytest.mark.django_db

DAY, HOUR = Timeframe.DAY, Timeframe.HOUR
START = datetime(2024, 1, 1, tzinfo=UTC)


def days(count: int, start: datetime = START) -> list[datetime]:
    return [start + timedelta(days=n) for n in range(count)]


def test_price_changes_and_extremes_are_those_of_the_candles() -> None:
    # 40 days of closes 101 ... 140; a day before the last: 139, seven: 133, thirty: 110
    coin = AssetFactory()
    closes = [101.0 + n for n in range(40)]
    highs = [close + 1 for close in closes]
    highs[5] = 500.0
    lows = [close - 1 for close in closes]
    lows[9] = 7.0
    store(DAY, batch(coin.pk, days(40), closes, high=highs, low=lows, volume=[3.0] * 39 + [8.0]))
    assert refresh_assets(DAY) == 1
    coin.refresh_from_db()
    assert (coin.current_price, coin.total_volume) == (140.0, 8.0)
    assert coin.price_change_percentage_24h == pytest.approx(100 * (140 / 139 - 1))
    assert coin.price_change_percentage_7d == pytest.approx(100 * (140 / 133 - 1))
    assert coin.price_change_percentage_30d == pytest.approx(100 * (140 / 110 - 1))
    assert (coin.ath, coin.ath_date) == (500.0, START + timedelta(days=5))
    assert (coin.atl, coin.atl_date) == (7.0, START + timedelta(days=9))
    assert coin.last_price_update == START + timedelta(days=40)


def test_what_no_bar_tells_stays_unknown() -> None:
    coin = AssetFactory()
    moments = [START, START + timedelta(days=3)]  # no bar a day, a week or a month before the last
    store(DAY, batch(coin.pk, moments, [1.0, 2.0], volume=[1.0, 0.0]))
    refresh_assets(DAY)
    coin.refresh_from_db()
    assert coin.current_price == 2.0
    assert coin.price_change_percentage_24h is None
    assert coin.price_change_percentage_7d is None
    assert coin.total_volume is None
    assert coin.market_cap is None
    assert coin.market_cap_rank is None


def test_a_known_cap_moves_with_the_price_for_a_month_and_is_then_forgotten() -> None:
    coin = AssetFactory()
    caps = [1_000.0] + [np.nan] * 40
    store(DAY, batch(coin.pk, days(31), [10.0] * 30 + [20.0], market_cap=caps[:31]))
    refresh_assets(DAY)
    coin.refresh_from_db()
    assert (coin.market_cap, coin.circulating_supply, coin.market_cap_rank) == (2_000.0, 100.0, 1)
    store(DAY, batch(coin.pk, days(2, START + timedelta(days=31)), [20.0, 20.0]))
    refresh_assets(DAY)
    coin.refresh_from_db()
    assert (coin.market_cap, coin.circulating_supply, coin.market_cap_rank) == (None, 100.0, None)


def test_the_dead_and_the_unsupported_have_no_rank() -> None:
    sizes = {"BIG": 3.0, "MID": 2.0, "SMALL": 1.0, "DEAD": 9.0, "LOSER": 8.0}
    for symbol, cap in sizes.items():
        coin = AssetFactory(symbol=symbol, is_supported=symbol != "LOSER")
        start = START if symbol == "DEAD" else START + timedelta(days=20)
        store(DAY, batch(coin.pk, days(2, start), [1.0, 1.0], market_cap=[cap, cap]))
    Asset.objects.filter(symbol="MID").update(asset_type=AssetType.STABLECOIN)
    refresh_assets(DAY)
    ranks = dict(Asset.objects.values_list("symbol", "market_cap_rank"))
    assert ranks == {"BIG": 1, "MID": 2, "SMALL": 3, "DEAD": None, "LOSER": None}


def test_an_older_price_of_another_bar_length_changes_nothing_but_extremes() -> None:
    coin = AssetFactory()
    store(DAY, batch(coin.pk, days(3), [1.0, 2.0, 3.0]))
    refresh_assets(DAY)
    hours = [START + timedelta(hours=n) for n in range(3)]
    store(HOUR, batch(coin.pk, hours, [5.0, 0.5, 5.0], high=[9.0, 6.0, 6.0], low=[0.5] * 3))
    refresh_assets(HOUR)
    coin.refresh_from_db()
    assert (coin.current_price, coin.ath, coin.atl) == (3.0, 9.0, 0.5)


def test_a_revised_extreme_is_taken_back() -> None:
    coin = AssetFactory()
    store(DAY, batch(coin.pk, days(3), [1.0, 50.0, 3.0]))
    refresh_assets(DAY)
    store_candles(DAY, batch(coin.pk, days(3), [1.0, 2.0, 3.0]), revise=True)
    refresh_assets(DAY)
    coin.refresh_from_db()
    assert (coin.ath, coin.ath_date) == (3.0, START + timedelta(days=2))


def test_archived_bars_count() -> None:
    coin = AssetFactory()
    store(DAY, batch(coin.pk, days(10), [90.0, *range(1, 10)]))
    archive(DAY, START + timedelta(days=9))
    refresh_assets(DAY)
    coin.refresh_from_db()
    assert (coin.current_price, coin.ath, coin.price_change_percentage_24h) == (9.0, 90.0, 12.5)


def test_months_and_weeks_have_no_change_of_a_day() -> None:
    coin = AssetFactory()
    store(Timeframe.MONTH, batch(coin.pk, [START, datetime(2024, 2, 1, tzinfo=UTC)], [1.0, 2.0]))
    refresh_assets(Timeframe.MONTH)
    coin.refresh_from_db()
    assert coin.last_price_update == datetime(2024, 3, 1, tzinfo=UTC)
    assert (coin.current_price, coin.price_change_percentage_24h, coin.total_volume) == (2.0, None, None)


def test_the_number_of_queries_does_not_depend_on_the_number_of_assets() -> None:
    spent = []
    for count in (3, 30):
        for _ in range(count):
            store(DAY, batch(AssetFactory().pk, days(3), [1.0, 2.0, 3.0]))
        with CaptureQueriesContext(connection) as queries:
            refresh_assets(DAY)
        spent.append(len([query for query in queries if "SAVEPOINT" not in query["sql"]]))
    assert spent == [4, 4]

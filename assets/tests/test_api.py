"""Assets and candles over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client

from accounts.models import User
from assets.engine.timeframe import Timeframe
from assets.models import Asset
from assets.tests.stored import AssetFactory, batch, store

pytestmark = pytest.mark.django_db
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def client() -> Client:
    found = Client()
    found.force_login(User.objects.create_user("guest@example.com", role="guest"))
    return found


@pytest.fixture
def asset() -> Asset:
    found = AssetFactory()
    store(
        Timeframe.DAY, batch(found.pk, [FIRST + n * DAY for n in range(60)], [100.0 + n for n in range(60)])
    )
    return found


def candles(client: Client, asset: Asset, status: int = 200, **query: Any) -> Any:
    response = client.get(f"/api/v1/assets/{asset.pk}/candles", query)
    assert response.status_code == status, response.content
    return response


def closes(response: Any) -> list[float]:
    return [row["close"] for row in response.json()]


def test_the_last_bars_come_first_and_the_link_leads_back_through_all(client: Client, asset: Asset) -> None:
    response, seen = candles(client, asset, limit=25), []
    while True:
        seen = closes(response) + seen
        if "Link" not in response.headers:
            break
        response = client.get(response["Link"].split(">")[0][1:])
    assert seen == [100.0 + n for n in range(60)]


def test_a_bar_is_not_known_before_it_closes(client: Client, asset: Asset) -> None:
    assert closes(candles(client, asset, as_of="2024-01-03T23:59:59Z")) == [100.0, 101.0]
    assert closes(candles(client, asset, as_of="2024-01-04")) == [100.0, 101.0, 102.0]


def test_a_range_includes_both_its_ends(client: Client, asset: Asset) -> None:
    assert closes(candles(client, asset, since="2024-01-02", until="2024-01-04")) == [101.0, 102.0, 103.0]


def test_indicators_are_those_of_the_whole_history_however_few_bars_are_asked_for(
    client: Client, asset: Asset
) -> None:
    (row,) = candles(client, asset, limit=1, indicators="sma20,rsi14,bollinger20,macd,atr14,ema12").json()
    found = row["indicators"]
    assert found["sma20"] == pytest.approx(np.mean([100.0 + n for n in range(40, 60)]))
    assert found["rsi14"] == 100.0
    assert found["bollinger20_lower"] < found["bollinger20_middle"] < found["bollinger20_upper"]
    assert {"macd", "macd_signal", "macd_histogram", "atr14", "ema12"} <= set(found)


@pytest.mark.parametrize("name", ["sma", "sma1", "sma999", "sma0x", "foo", "macd3", "sma50;drop", "٣"])
def test_an_indicator_that_does_not_exist_is_refused_with_those_that_do(
    client: Client, asset: Asset, name: str
) -> None:
    if name == "sma":
        assert "sma" in candles(client, asset, indicators=name).json()[0]["indicators"]
        return
    error = candles(client, asset, 400, indicators=name).json()["errors"][0]
    assert error["field"] == "indicators"
    assert "bollinger" in error["rule"]


@pytest.mark.parametrize("count", [3, 300])
def test_a_page_of_assets_is_one_query(client: Client, count: int, django_assert_num_queries: Any) -> None:
    Asset.objects.bulk_create(AssetFactory.build_batch(count))
    client.get("/api/v1/assets?limit=1")
    with django_assert_num_queries(3):  # session, user, assets
        assert len(client.get("/api/v1/assets?limit=500").json()) == count


@pytest.mark.parametrize("text", ["%", "'; DROP TABLE assets_asset; --", "<b>", "\u202e", "ＢＴＣ"])
def test_a_search_takes_any_text_as_text(client: Client, asset: Asset, text: str) -> None:
    assert client.get("/api/v1/assets", {"search": text}).json() == []

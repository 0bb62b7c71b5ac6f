"""Lists, their coins, and what is said of one coin, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role
from assets.engine.timeframe import Timeframe
from assets.models import Asset, WatchlistTier
from assets.tests.stored import AssetFactory, batch, store
from selection import services
from selection.models import Watchlist, WatchlistItem
from selection.tests.factories import (
    AS_OF,
    DRIVERS,
    UserFactory,
    WatchlistAnalysisFactory,
    WatchlistFactory,
    WatchlistItemFactory,
)

pytestmark = pytest.mark.django_db
JSON = "application/json"
LISTS = "/api/v1/layer3/watchlists"
ITEM_KEYS = {
    "crypto_id",
    "symbol",
    "name",
    "current_price",
    "performance_24h",
    "ai_confidence",
    "risk_level",
    "last_analysis",
}


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def casual() -> Any:
    return UserFactory()


@pytest.fixture
def admin() -> Any:
    return UserFactory(role=Role.ADMIN)


def candles(asset: Asset, closes: dict[int, float]) -> None:
    """Daily bars that close so many days before AS_OF."""
    times = [AS_OF - timedelta(days=days + 1) for days in closes]
    store(Timeframe.DAY, batch(asset.pk, times, list(closes.values())))


@pytest.fixture
def followed() -> WatchlistItem:
    item = WatchlistItemFactory()
    candles(item.asset, {0: 110.0, 1: 100.0, 7: 55.0})
    WatchlistAnalysisFactory(asset=item.asset)
    return item


def test_a_list_shows_its_coins_with_price_score_and_risk(followed: WatchlistItem) -> None:
    found = client_of(followed.watchlist.user).get(f"{LISTS}/{followed.watchlist_id}").json()
    (item,) = found["items"]
    assert set(item) >= ITEM_KEYS
    assert (item["crypto_id"], item["ai_confidence"], item["risk_level"]) == (
        followed.asset_id,
        0.6,
        "medium",
    )
    assert (item["current_price"], item["performance_24h"], item["performance_7d"]) == (110.0, 10.0, 100.0)
    assert item["last_analysis"] == f"{AS_OF:%Y-%m-%dT%H:%M:%SZ}"


def test_a_list_of_a_moment_holds_what_was_on_it_then(followed: WatchlistItem) -> None:
    client = client_of(followed.watchlist.user)
    assert client.get(f"{LISTS}/{followed.watchlist_id}?as_of=2024-06-01").json()["items"] == []
    WatchlistItem.objects.update(added_at=AS_OF - timedelta(days=9))
    WatchlistAnalysisFactory(asset=followed.asset, as_of=AS_OF + timedelta(days=1), confidence_score=0.9)
    (item,) = client.get(f"{LISTS}/{followed.watchlist_id}?as_of=2024-06-01").json()["items"]
    assert (item["ai_confidence"], item["current_price"]) == (0.6, 110.0)
    before = (AS_OF - timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    (item,) = client.get(f"{LISTS}/{followed.watchlist_id}?as_of={before}").json()["items"]
    assert (item["ai_confidence"], item["current_price"], item["performance_7d"]) == (None, 100.0, None)


@pytest.mark.parametrize("count", [3, 300])
def test_as_many_queries_for_three_coins_as_for_three_hundred(
    casual: Any, count: int, django_assert_num_queries: Any
) -> None:
    watchlist = WatchlistFactory(user=casual, max_items=500)
    assets = Asset.objects.bulk_create(AssetFactory.build_batch(count))
    rows = (WatchlistItem(watchlist=watchlist, asset=asset, tier="tier2") for asset in assets)
    WatchlistItem.objects.bulk_create(rows)
    client = client_of(casual)
    client.get(LISTS)
    with django_assert_num_queries(7):  # session, user, list, coins, scores, last close, prices
        assert len(client.get(f"{LISTS}/{watchlist.pk}").json()["items"]) == count


def test_another_persons_list_does_not_exist_for_me(casual: Any, admin: Any) -> None:
    item = WatchlistItemFactory()
    address = f"{LISTS}/{item.watchlist_id}"
    for user in (casual, admin):
        client = client_of(user)
        assert client.get(address).status_code == 404
        assert client.patch(address, {"name": "x"}, content_type=JSON).status_code == 404
        assert client.delete(address).status_code == 404
        assert client.post(f"{address}/items", {"crypto_id": 1}, content_type=JSON).status_code == 404
        assert client.delete(f"{address}/items/{item.pk}").status_code == 404
    assert WatchlistItem.objects.filter(pk=item.pk).exists()


def test_a_coin_is_put_on_a_tier_and_taken_off_by_an_administrator(admin: Any) -> None:
    lists = services.ensure_lists()
    asset = AssetFactory()
    client, address = client_of(admin), f"{LISTS}/{lists['tier2'].pk}/items"
    body = {"crypto_id": asset.pk, "tier": "tier2", "priority_order": 5}
    response = client.post(address, body, content_type=JSON)
    assert response.status_code == 201, response.content
    assert (response.json()["crypto_id"], response.json()["priority_order"]) == (asset.pk, 5)
    asset.refresh_from_db()
    assert asset.watchlist_tier == WatchlistTier.TIER2
    assert client.delete(f"{address}/{response.json()['id']}").status_code == 204
    asset.refresh_from_db()
    assert asset.watchlist_tier == WatchlistTier.NONE


def test_the_tiers_are_not_for_others_to_change(casual: Any) -> None:
    lists = services.ensure_lists()
    address = f"{LISTS}/{lists['tier1'].pk}"
    client = client_of(casual)
    body = {"crypto_id": AssetFactory().pk}
    assert client.post(f"{address}/items", body, content_type=JSON).status_code == 403
    assert client.patch(address, {"name": "Mine"}, content_type=JSON).status_code == 403
    assert client.delete(address).status_code == 403
    assert WatchlistItem.objects.count() == 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"crypto_id": 0},
        {"crypto_id": 10**30},
        {"crypto_id": "x"},
        {"crypto_id": 999_999},
        {"crypto_id": None},
    ],
)
def test_what_is_no_coin_is_refused_and_nothing_is_added(casual: Any, body: dict[str, Any]) -> None:
    watchlist = WatchlistFactory(user=casual)
    address = f"{LISTS}/{watchlist.pk}/items"
    response = client_of(casual).post(address, body, content_type=JSON)
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "crypto_id"
    assert WatchlistItem.objects.count() == 0


def test_a_full_list_and_a_coin_that_is_there_already_are_refused_with_the_reason(casual: Any) -> None:
    watchlist = WatchlistFactory(user=casual, max_items=1)
    asset = AssetFactory()
    client, address = client_of(casual), f"{LISTS}/{watchlist.pk}/items"

    def add(number: int) -> Any:
        return client.post(address, {"crypto_id": number}, content_type=JSON)

    assert add(asset.pk).status_code == 201
    there = add(asset.pk)
    assert (there.status_code, "already" in there.json()["detail"]) == (409, True)
    full = add(AssetFactory().pk)
    assert full.status_code == 409
    assert "limit is 1" in full.json()["detail"]


def test_a_person_makes_changes_and_deletes_a_list_of_their_own(casual: Any) -> None:
    client = client_of(casual)
    made = client.post(LISTS, {"name": "Mine", "max_items": 5}, content_type=JSON)
    assert made.status_code == 201
    assert (made.json()["type"], made.json()["current_items"], made.json()["max_items"]) == ("personal", 0, 5)
    address = f"{LISTS}/{made.json()['id']}"
    changed = client.patch(address, {"name": "Ours"}, content_type=JSON)
    assert (changed.status_code, changed.json()["name"], changed.json()["max_items"]) == (200, "Ours", 5)
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a", "max_items": 0},
        {"name": "a", "max_items": 10**9},
        {"name": "Taken"},
    ],
)
def test_a_list_that_cannot_be_is_refused_by_field(casual: Any, body: dict[str, Any]) -> None:
    WatchlistFactory(user=casual, name="Taken")
    response = client_of(casual).post(LISTS, body, content_type=JSON)
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] in ("name", "max_items")
    assert Watchlist.objects.count() == 1


def test_nobody_keeps_more_lists_than_twenty(casual: Any) -> None:
    WatchlistFactory.create_batch(20, user=casual)
    response = client_of(casual).post(LISTS, {"name": "one more"}, content_type=JSON)
    assert response.status_code == 400
    assert "delete one" in response.json()["detail"]


def test_a_limit_below_what_the_list_holds_is_refused(casual: Any) -> None:
    watchlist = WatchlistFactory(user=casual)
    WatchlistItemFactory.create_batch(2, watchlist=watchlist)
    response = client_of(casual).patch(
        f"{LISTS}/{watchlist.pk}", {"max_items": 1}, content_type="application/json"
    )
    assert response.status_code == 400
    watchlist.refresh_from_db()
    assert watchlist.max_items == 50


def analysis(user: Any, asset: Asset, **query: Any) -> Any:
    response = client_of(user).get(f"/api/v1/layer3/assets/{asset.pk}/analysis", query)
    assert response.status_code == 200, response.content
    return response.json()


def test_a_coin_is_analysed_with_reasons_in_words_and_raw_for_professionals(casual: Any) -> None:
    row = WatchlistAnalysisFactory(technical_indicators={"rsi14": 61.2}, sector_correlation=0.4)
    found = analysis(casual, row.asset)
    current = found["current_analysis"]
    assert (found["symbol"], found["recommendation"]) == (row.asset.symbol, "buy")
    assert (current["ai_confidence"], current["sector_correlation"]) == (0.6, 0.4)
    assert current["technical_indicators"] == {"rsi14": 61.2}
    assert len(current["reasons"]) == len(DRIVERS)
    assert current["drivers"] is None
    raw = analysis(UserFactory(role=Role.PROFESSIONAL), row.asset)["current_analysis"]["drivers"]
    assert raw[0] == dict(zip(("factor", "value", "percentile", "contribution"), DRIVERS[0], strict=True))


def test_a_coin_is_analysed_as_it_was_known(casual: Any) -> None:
    row = WatchlistAnalysisFactory(confidence_score=0.2)
    WatchlistAnalysisFactory(asset=row.asset, as_of=AS_OF + timedelta(days=1), confidence_score=0.9)
    then = analysis(casual, row.asset, as_of=AS_OF.isoformat())
    assert then["current_analysis"]["ai_confidence"] == 0.2
    assert then["current_analysis"]["is_stale"] is False
    assert analysis(casual, row.asset)["current_analysis"]["ai_confidence"] == 0.9


def test_a_coin_that_was_never_scored_is_null_with_the_reason(casual: Any) -> None:
    found = analysis(casual, AssetFactory())
    assert (found["current_analysis"]["ai_confidence"], found["recommendation"]) == (None, None)
    assert "not been scored" in found["current_analysis"]["reason"]


def test_the_lists_are_those_of_the_moment(casual: Any) -> None:
    WatchlistFactory(user=casual)
    client = client_of(casual)
    assert client.get(LISTS, {"as_of": "2020-01-01"}).json() == []
    assert len(client.get(LISTS, {"as_of": timezone.now().isoformat()}).json()) == 1

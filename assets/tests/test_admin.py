"""The admin shows assets and imports, edits what people own, and no figure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.services import create_user
from assets.engine.timeframe import Timeframe
from assets.models import Asset, DataImport, ImportKind
from assets.selectors import freshness
from assets.tests.stored import AssetFactory, batch, store

pytestmark = pytest.mark.django_db

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture
def staff(settings: Any) -> Client:
    settings.WHITENOISE_AUTOREFRESH = True  # no collected static files are needed
    client = Client()
    client.force_login(create_user(email="boss@example.com", role="admin"))
    return client


@pytest.mark.parametrize("model", ["asset", "dataimport"])
def test_a_list_takes_the_same_queries_for_any_number_of_rows(staff: Client, model: str) -> None:
    spent = []
    for count in (3, 30):
        for _ in range(count):
            AssetFactory()
            DataImport.objects.create(kind=ImportKind.CANDLES, source="file.csv", timeframe=Timeframe.DAY)
        staff.get(f"/admin/assets/{model}/")
        with CaptureQueriesContext(connection) as queries:
            assert staff.get(f"/admin/assets/{model}/").status_code == 200
        spent.append(len(queries))
    assert spent[0] == spent[1]


def test_an_asset_shows_its_candles_and_keeps_its_figures(staff: Client) -> None:
    coin = AssetFactory(symbol="BTC", current_price=5.0)
    store(Timeframe.DAY, batch(coin.pk, [START], [5.0]))
    page = staff.get(f"/admin/assets/asset/{coin.pk}/change/")
    assert "<td>2024-01-01 00:00</td><td>5</td><td>1,000,000</td>" in page.content.decode()
    assert 'name="current_price"' not in page.content.decode()
    assert staff.get(f"/admin/assets/asset/{coin.pk}/delete/").status_code == 403
    form = page.context["adminform"].form
    values = {name: value for name, value in form.initial.items() if value is not None}
    values |= {"external_ids": "{}", "links": "{}", "name": "Bitcoin", "current_price": 9.0}
    answer = staff.post(f"/admin/assets/asset/{coin.pk}/change/", values)
    assert answer.status_code == 302
    assert Asset.objects.values_list("name", "current_price").get() == ("Bitcoin", 5.0)


def test_imports_are_read_only(staff: Client) -> None:
    record = DataImport.objects.create(kind=ImportKind.CANDLES, source="file.csv")
    assert staff.get(f"/admin/assets/dataimport/{record.pk}/change/").status_code == 200
    assert staff.post(f"/admin/assets/dataimport/{record.pk}/change/", {}).status_code == 403
    assert staff.get("/admin/assets/dataimport/add/").status_code == 403


def test_freshness_is_that_of_the_newest_completed_import_of_each_source() -> None:
    now = START + timedelta(days=10)
    bars = [(START, "completed"), (START + timedelta(days=7), "completed"), (now, "failed")]
    for last, status in bars:
        DataImport.objects.create(
            kind=ImportKind.CANDLES, source="f", timeframe=Timeframe.DAY, status=status, last_time=last,
            finished_at=now,
        )  # fmt: skip
    (found,) = freshness(now)
    assert (found.timeframe, found.last_close, found.is_stale) == (
        Timeframe.DAY,
        START + timedelta(days=8),
        False,
    )
    assert freshness(now + timedelta(seconds=1))[0].is_stale


def test_claimed_tickers_are_found_and_given_to_another_coin_unless_one_is_followed(staff: Client) -> None:
    old, new = (
        AssetFactory(symbol="TWO", name="Old"),
        AssetFactory(symbol="TWO", name="New", is_supported=False),
    )
    AssetFactory(symbol="ONE")
    found = staff.get("/admin/assets/asset/?ticker=claimed").context["cl"].result_list
    assert [row.pk for row in found] == [old.pk, new.pk]
    body = {"action": "support", "_selected_action": [new.pk]}
    Asset.objects.filter(pk=old.pk).update(watchlist_tier="tier1")
    refused = staff.post("/admin/assets/asset/", body, follow=True)
    assert "take it off first" in refused.content.decode()
    Asset.objects.filter(pk=old.pk).update(watchlist_tier="none")
    for _twice in range(2):
        staff.post("/admin/assets/asset/", body)
    assert list(Asset.objects.filter(symbol="TWO", is_supported=True)) == [new]


def test_a_ticker_that_is_taken_and_a_coin_that_is_followed_are_told_at_their_fields(staff: Client) -> None:
    held = AssetFactory(symbol="TWO", name="Old", coingecko_id="old")
    Asset.objects.filter(pk=held.pk).update(watchlist_tier="tier1")
    body = {"symbol": "TWO", "name": "New", "asset_type": "crypto", "quote_currency": "USD"}
    body |= {"external_ids": "{}", "links": "{}", "is_active": "on"}
    page = staff.post("/admin/assets/asset/add/", {**body, "is_supported": "on", "coingecko_id": "old"})
    errors = page.context["adminform"].form.errors
    assert "is the ticker of Old" in errors["symbol"][0]
    assert "has this id already" in errors["coingecko_id"][0]
    assert staff.post("/admin/assets/asset/add/", body).status_code == 302
    page = staff.post(
        f"/admin/assets/asset/{held.pk}/change/", {**body, "symbol": "ONE", "data_quality_score": 100}
    )
    assert set(page.context["adminform"].form.errors) == {"symbol", "is_supported"}
    assert Asset.objects.filter(symbol="TWO", is_supported=True).get() == held

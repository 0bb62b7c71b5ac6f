"""Where administrators decide."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, User
from assets.models import Asset
from assets.tests.stored import AssetFactory
from selection import models, selectors, services
from selection.models import Suggestion, SuggestionReview, Watchlist
from selection.tests.factories import (
    PortfolioAssetFactory,
    SuggestionFactory,
    UserFactory,
    WatchlistAnalysisFactory,
    WatchlistFactory,
)

pytestmark = pytest.mark.django_db
QUEUE = "admin:selection_suggestion_changelist"
ITEMS = "admin:selection_watchlistitem_changelist"


@pytest.fixture
def admin_user() -> User:
    return UserFactory(role=Role.ADMIN)


@pytest.fixture
def browser(admin_user: User) -> Client:
    client = Client()
    client.force_login(admin_user, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def decide(browser: Client, action: str, rows: list[Suggestion], notes: str = "") -> list[str]:
    body = {"action": action, "_selected_action": [row.pk for row in rows], "notes": notes}
    response = browser.post(reverse(QUEUE), body, follow=True)
    assert response.status_code == 200
    return [str(message) for message in response.context["messages"]]


def tier(asset: Asset) -> str:
    return str(Asset.objects.get(pk=asset.pk).watchlist_tier)


def test_approving_in_the_admin_moves_the_coins_tier(browser: Client, admin_user: User) -> None:
    row = SuggestionFactory()
    (message,) = decide(browser, "approve", [row], "strong")
    assert message == f"{row.asset.symbol}, Add to tier 1: approved and carried out"
    assert tier(row.asset) == "tier1"
    assert selectors.tiers() == {row.asset_id: "tier1"}
    kept = SuggestionReview.objects.get()
    assert (kept.decision, kept.reviewer, kept.review_notes) == ("approve", admin_user, "strong")


@pytest.mark.parametrize("action", ["reject", "defer"])
def test_rejecting_and_deferring_in_the_admin_move_nothing(browser: Client, action: str) -> None:
    row = SuggestionFactory()
    (message,) = decide(browser, action, [row])
    assert row.asset.symbol in message
    assert (tier(row.asset), selectors.tiers()) == ("none", {})
    assert SuggestionReview.objects.get().decision == action


def test_each_row_says_what_became_of_it(browser: Client) -> None:
    lists = services.ensure_lists()
    Watchlist.objects.filter(pk=lists["tier1"].pk).update(max_items=1)
    rows = [SuggestionFactory(confidence_score=0.9), SuggestionFactory(confidence_score=0.8)]
    first, second = decide(browser, "approve", rows)
    assert first.endswith("approved and carried out")
    assert "“Tier 1” is full" in second
    assert [tier(row.asset) for row in rows] == ["tier1", "none"]
    assert Suggestion.objects.get(status="pending") == rows[1]


def test_the_queue_opens_on_what_is_pending(browser: Client) -> None:
    waiting, settled = SuggestionFactory(), SuggestionFactory(status="rejected")
    page = browser.get(reverse(QUEUE))
    assert list(page.context["cl"].result_list) == [waiting]
    page = browser.get(reverse(QUEUE), {"status": "all"})
    assert set(page.context["cl"].result_list) == {waiting, settled}


def test_the_evidence_reads_as_words_and_figures_and_cannot_be_edited(browser: Client) -> None:
    row = SuggestionFactory()
    WatchlistAnalysisFactory(asset=row.asset, score=0.93, rank=4)
    page = browser.get(reverse("admin:selection_suggestion_change", args=[row.pk])).content.decode()
    assert "daily volume 4.2 billion USD, larger than 98 % of coins" in page
    assert "against it: 1-week return -3.4 %" in page
    assert "62 %" in page
    assert "<td>93 %</td><td>80 %</td><td>4</td>" in page
    assert 'name="_save"' not in page
    assert 'name="confidence_score"' not in page


@pytest.mark.parametrize("name", ["suggestion", "watchlistanalysis", "watchlist", "watchlistitem"])
def test_lists_ask_the_same_number_of_queries_for_3_and_30_rows(
    browser: Client, admin_user: User, name: str
) -> None:
    counts = []
    for more in (3, 27):
        for _number in range(more):
            row = SuggestionFactory()
            WatchlistAnalysisFactory(asset=row.asset)
            WatchlistFactory()
            services.set_tier(asset=row.asset, tier="tier2", user=admin_user)
        browser.get(reverse(f"admin:selection_{name}_changelist"))
        with CaptureQueriesContext(connection) as queries:
            page = browser.get(reverse(f"admin:selection_{name}_changelist"))
        counts.append(len(queries))
    assert len(page.context["cl"].result_list) >= 30
    assert counts[0] == counts[1] < 15


def edit(browser: Client, tiers: dict[Asset, str]) -> Any:
    items = [selectors.tier_item(asset) for asset in tiers]
    body = {"form-TOTAL_FORMS": len(items), "form-INITIAL_FORMS": len(items), "_save": "Save"}
    order = browser.get(reverse(ITEMS)).context["cl"].result_list
    assert {item.pk for item in order} == {item.pk for item in items}
    for place, item in enumerate(order):
        body |= {f"form-{place}-id": item.pk, f"form-{place}-tier": tiers[item.asset]}
    return browser.post(reverse(ITEMS), body, follow=True)


def test_a_tier_edited_in_the_list_moves_the_coin(browser: Client, admin_user: User) -> None:
    coin, other = AssetFactory(), AssetFactory()
    for asset in (coin, other):
        services.set_tier(asset=asset, tier="tier2", user=admin_user)
    edit(browser, {coin: "tier1", other: "tier2"})
    assert (tier(coin), tier(other)) == ("tier1", "tier2")
    assert selectors.tiers() == {coin.pk: "tier1", other.pk: "tier2"}
    assert selectors.tier_item(coin).watchlist.tier == "tier1"


def test_a_tier_edited_into_a_full_list_is_refused_in_words(browser: Client, admin_user: User) -> None:
    lists = services.ensure_lists()
    Watchlist.objects.filter(pk=lists["tier1"].pk).update(max_items=0)
    coin = AssetFactory()
    services.set_tier(asset=coin, tier="tier2", user=admin_user)
    page = edit(browser, {coin: "tier1"})
    (message,) = [str(message) for message in page.context["messages"]]
    assert "“Tier 1” is full" in message
    assert (tier(coin), selectors.tiers()) == ("tier2", {coin.pk: "tier2"})


def test_coins_are_put_on_and_taken_off_the_tiers_in_the_admin(browser: Client) -> None:
    services.ensure_lists()
    coin = AssetFactory()
    browser.post(reverse("admin:selection_watchlistitem_add"), {"asset": coin.pk, "tier": "tier2"})
    assert tier(coin) == "tier2"
    item = selectors.tier_item(coin)
    browser.post(reverse("admin:selection_watchlistitem_delete", args=[item.pk]), {"post": "yes"})
    assert (tier(coin), selectors.tiers()) == ("none", {})


def test_a_list_keeps_its_limit_above_what_it_holds(browser: Client, admin_user: User) -> None:
    row = services.ensure_lists()["tier2"]
    for _number in range(2):
        services.set_tier(asset=AssetFactory(), tier="tier2", user=admin_user)
    address = reverse("admin:selection_watchlist_change", args=[row.pk])
    page = browser.post(address, {"name": "Tier 2", "max_items": 1, "description": ""}, follow=True)
    assert "holds 2 coins" in page.content.decode()
    browser.post(address, {"name": "Second", "max_items": 2, "description": ""})
    row.refresh_from_db()
    assert (row.name, row.max_items) == ("Second", 2)


def test_every_model_is_registered_and_every_page_opens(browser: Client, admin_user: User) -> None:
    row = SuggestionFactory()
    services.review(suggestion=row, reviewer=admin_user, decision="approve")
    holding = PortfolioAssetFactory()
    records = [row, row.reviews.get(), WatchlistAnalysisFactory(), holding, holding.portfolio]
    records += [selectors.tier_item(row.asset), *selectors.tier_lists()]
    for record in records:
        name = record._meta.model_name
        assert browser.get(reverse(f"admin:selection_{name}_changelist")).status_code == 200
        page = browser.get(reverse(f"admin:selection_{name}_change", args=[record.pk]))
        assert page.status_code == 200, name
    known = {getattr(models, name) for name in models.__all__}
    tables = {model for model in known if hasattr(model, "_meta")}
    assert tables <= set(admin.site._registry)


@pytest.mark.parametrize("name", ["suggestion", "suggestionreview", "watchlistanalysis", "portfolioanalysis"])
def test_records_can_be_neither_added_nor_deleted_in_the_admin(browser: Client, name: str) -> None:
    assert browser.get(reverse(f"admin:selection_{name}_add")).status_code == 403
    row = SuggestionFactory()
    address = reverse("admin:selection_suggestion_delete", args=[row.pk])
    assert browser.post(address, {"post": "yes"}).status_code == 403


def test_others_than_administrators_are_sent_away() -> None:
    client = Client()
    client.force_login(
        UserFactory(role=Role.PROFESSIONAL), "allauth.account.auth_backends.AuthenticationBackend"
    )
    row = SuggestionFactory()
    client.post(reverse(QUEUE), {"action": "approve", "_selected_action": [row.pk]})
    assert tier(row.asset) == "none"

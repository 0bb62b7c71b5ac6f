"""Where administrators decide."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models.functions import Now
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
    reviewer,
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


def decide(browser: Client, action: str, rows: list[Suggestion], notes: str = "", **more: Any) -> list[str]:
    """Choose rows, look at what will change, confirm; what the page says then."""
    body = {"action": action, "_selected_action": [row.pk for row in rows]}
    page = browser.post(reverse(QUEUE), body)
    assert page.templates[0].name == "admin/selection/suggestion/confirm.html"
    assert Suggestion.objects.filter(pk__in=[row.pk for row in rows], status="pending").count() == len(rows)
    body |= {"ids": ",".join(str(pk) for pk in page.context["ids"]), "notes": notes, "confirmed": "1", **more}
    response = browser.post(reverse(QUEUE), body, follow=True)
    assert response.status_code == 200
    return [str(message) for message in response.context.get("messages", [])]


def tier(asset: Asset) -> str:
    return str(Asset.objects.get(pk=asset.pk).watchlist_tier)


def test_approving_in_the_admin_moves_the_coins_tier(browser: Client, admin_user: User) -> None:
    row = SuggestionFactory()
    (message,) = decide(browser, "approve", [row], "strong")
    assert message == f"1 suggestion approved and carried out: {row.asset.symbol}"
    assert tier(row.asset) == "tier1"
    assert selectors.tiers() == {row.asset_id: "tier1"}
    kept = SuggestionReview.objects.get()
    assert (kept.decision, kept.reviewer, kept.review_notes) == ("approve", admin_user, "strong")


@pytest.mark.parametrize("action", ["reject", "defer"])
def test_rejecting_and_deferring_in_the_admin_move_nothing(browser: Client, action: str) -> None:
    row = SuggestionFactory()
    (message,) = decide(browser, action, [row], "too thin", days=3)
    assert row.asset.symbol in message
    assert (tier(row.asset), selectors.tiers()) == ("none", {})
    assert SuggestionReview.objects.get().decision == action


def test_each_row_says_what_became_of_it(browser: Client) -> None:
    lists = services.ensure_lists()
    Watchlist.objects.filter(pk=lists["tier1"].pk).update(max_items=1)
    rows = [SuggestionFactory(confidence_score=0.9), SuggestionFactory(confidence_score=0.8)]
    first, second = decide(browser, "approve", rows)
    assert first == f"1 suggestion approved and carried out: {rows[0].asset.symbol}"
    assert "“Tier 1” is full" in second
    assert [tier(row.asset) for row in rows] == ["tier1", "none"]
    assert Suggestion.objects.get(status="pending") == rows[1]


def test_the_queue_opens_on_what_is_pending(browser: Client) -> None:
    waiting, settled = SuggestionFactory(), SuggestionFactory(status="rejected")
    page = browser.get(reverse(QUEUE))
    assert list(page.context["cl"].result_list) == [waiting]
    page = browser.get(reverse(QUEUE), {"status": "all"})
    assert set(page.context["cl"].result_list) == {waiting, settled}


def test_the_page_before_a_decision_shows_what_will_change_and_what_cannot(browser: Client) -> None:
    lists = services.ensure_lists()
    Watchlist.objects.filter(pk=lists["tier1"].pk).update(max_items=1)
    rows = [SuggestionFactory(confidence_score=0.9), SuggestionFactory(confidence_score=0.8)]
    body = {"action": "approve", "_selected_action": [row.pk for row in rows]}
    page = browser.post(reverse(QUEUE), body)
    (change,) = page.context["changes"]
    assert (change.before, change.after, change.symbols) == ("not listed", "Tier 1", (rows[0].asset.symbol,))
    ((_reason, symbols),) = page.context["refused"]
    assert symbols == (rows[1].asset.symbol,)
    assert "“Tier 1” is full" in page.content.decode()
    assert (selectors.tiers(), SuggestionReview.objects.count()) == ({}, 0)


def test_a_rejection_without_a_reason_asks_for_it(browser: Client) -> None:
    row = SuggestionFactory()
    body = {"action": "reject", "_selected_action": [row.pk], "ids": row.pk, "confirmed": "1", "notes": " "}
    page = browser.post(reverse(QUEUE), body)
    assert "Say why it is rejected" in page.content.decode()
    assert not SuggestionReview.objects.exists()


def test_who_confirms_too_late_is_told_who_decided(browser: Client) -> None:
    row, other = SuggestionFactory(), UserFactory(role=Role.ADMIN)
    services.review(suggestion=row, reviewer=other, decision="reject", notes="thin")
    body = {"action": "approve", "_selected_action": [row.pk], "ids": row.pk, "confirmed": "1"}
    page = browser.post(reverse(QUEUE), body, follow=True)
    (message,) = page.context["messages"]
    assert f"rejected by {other} on " in str(message)
    assert tier(row.asset) == "none"


def test_a_thousand_are_confirmed_with_one_field(browser: Client) -> None:
    rows = SuggestionFactory.create_batch(3)
    body = {"action": "defer", "_selected_action": [rows[0].pk], "select_across": "1"}
    page = browser.post(reverse(QUEUE), body)
    assert sorted(page.context["ids"]) == sorted(row.pk for row in rows)
    assert page.content.decode().count('type="hidden"') < 8


def test_the_queue_says_how_many_wait_and_how_full_the_tiers_are(browser: Client) -> None:
    services.ensure_lists()
    SuggestionFactory()
    SuggestionFactory(deferred_until=Now() + timedelta(days=1))
    page = browser.get(reverse(QUEUE))
    assert page.context["waiting"] == 1
    assert "0 of 20" in page.content.decode()
    assert browser.get(reverse("admin:selection_suggestion_waiting")).json() == {"waiting": 1}
    deferred = browser.get(reverse(QUEUE), {"status": "deferred"})
    assert len(deferred.context["cl"].result_list) == 1


def test_a_reviewer_sees_the_queue_and_decides_but_nothing_about_people() -> None:
    client, row = Client(), SuggestionFactory()
    client.force_login(reviewer(), "allauth.account.auth_backends.AuthenticationBackend")
    decide(client, "approve", [row])
    assert tier(row.asset) == "tier1"
    item = selectors.tier_item(row.asset)
    address = reverse("admin:selection_watchlistitem_change", args=[item.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"tier": "tier2", "priority_order": 1}).status_code == 403
    for name in ("selection_portfolio", "trading_signalexecution"):
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 403


@pytest.mark.parametrize("name", ["worth", "worth_csv", "waiting"])
def test_pages_of_the_queue_are_for_who_may_see_it(browser: Client, name: str) -> None:
    address = reverse(f"admin:selection_suggestion_{name}")
    assert browser.get(address).status_code == 200
    other = Client()
    other.force_login(UserFactory(), "allauth.account.auth_backends.AuthenticationBackend")
    assert other.get(address).status_code in (302, 403)


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
    assert counts[0] == counts[1] < 20


def edit(browser: Client, tiers: dict[Asset, str]) -> Any:
    items = [selectors.tier_item(asset) for asset in tiers]
    body = {"form-TOTAL_FORMS": len(items), "form-INITIAL_FORMS": len(items), "_save": "Save"}
    order = browser.get(reverse(ITEMS)).context["cl"].result_list
    assert {item.pk for item in order} == {item.pk for item in items}
    for place, item in enumerate(order):
        body |= {f"form-{place}-id": item.pk, f"form-{place}-tier": tiers[item.asset]}
        body |= {f"form-{place}-priority_order": place}
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
    browser.post(
        reverse("admin:selection_watchlistitem_add"),
        {"asset": coin.pk, "tier": "tier2", "priority_order": 3, "reason": "liquid"},
    )
    assert tier(coin) == "tier2"
    item = selectors.tier_item(coin)
    assert item.priority_order == 3
    page = browser.get(reverse("admin:selection_watchlistitem_change", args=[item.pk])).content.decode()
    assert "not listed → Tier 2" in page
    assert "liquid" in page
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


def test_a_reason_is_told_once_with_all_the_coins_it_holds_for(browser: Client) -> None:
    lists = services.ensure_lists()
    Watchlist.objects.filter(pk=lists["tier1"].pk).update(max_items=0)
    rows = [SuggestionFactory() for _number in range(3)]
    (told,) = decide(browser, "approve", rows)
    assert all(row.asset.symbol in told for row in rows)
    assert told.count("is full") == 1


def test_a_coin_that_stands_on_a_tier_is_not_put_on_one_again(browser: Client, admin_user: User) -> None:
    coin = AssetFactory()
    services.set_tier(asset=coin, tier="tier1", user=admin_user)
    body = {"asset": coin.pk, "tier": "tier2", "priority_order": 0, "reason": ""}
    page = browser.post(reverse("admin:selection_watchlistitem_add"), body)
    assert "stands on Tier 1 already" in page.content.decode()
    assert tier(coin) == "tier1"

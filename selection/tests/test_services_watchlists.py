"""Lists of coins: limits hold, and the coin's own tier is never out of step."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts.models import ActivityType, Role, UserActivity
from assets.models import Asset
from assets.tests.stored import AssetFactory
from selection import selectors, services
from selection.models import ItemStatus, Watchlist, WatchlistItem
from selection.tests.factories import UserFactory, WatchlistFactory, WatchlistItemFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin_user() -> object:
    return UserFactory(role=Role.ADMIN)


def stands(asset: Asset) -> tuple[str, list[str]]:
    """The coin's own word, and the lists it is on."""
    items = WatchlistItem.objects.filter(asset=asset, watchlist__in=selectors.tier_lists())
    return (
        Asset.objects.get(pk=asset.pk).watchlist_tier,
        list(items.order_by("watchlist").values_list("watchlist__tier", flat=True)),
    )


def test_the_two_lists_are_made_once_with_their_limits() -> None:
    services.ensure_lists()
    lists = services.ensure_lists()
    assert {tier: row.max_items for tier, row in lists.items()} == {"tier1": 20, "tier2": 100}
    assert Watchlist.objects.count() == 2


def test_a_tier_moves_the_coin_from_list_to_list_and_its_mirror_with_it(admin_user) -> None:
    coin = AssetFactory()
    for tier in ("tier2", "tier1", "none", "tier1"):
        services.set_tier(asset=coin, tier=tier, user=admin_user, notes="why not")
        assert stands(coin) == (tier, [] if tier == "none" else [tier])
    last = UserActivity.objects.filter(activity_type=ActivityType.SET_TIER).latest("pk")
    assert (last.user, last.action, last.details["from"]) == (admin_user, "tier1", "none")
    assert last.details["notes"] == "why not"


def test_a_move_keeps_the_item(admin_user) -> None:
    coin = AssetFactory()
    services.set_tier(asset=coin, tier="tier2", user=admin_user)
    before = selectors.tier_item(coin)
    services.set_tier(asset=coin, tier="tier1", user=admin_user)
    assert selectors.tier_item(coin).pk == before.pk


def test_a_full_list_refuses_and_says_how_to_mend_it(admin_user) -> None:
    lists = services.ensure_lists()
    Watchlist.objects.filter(pk=lists["tier1"].pk).update(max_items=1)
    services.set_tier(asset=AssetFactory(), tier="tier1", user=admin_user)
    late = AssetFactory()
    services.set_tier(asset=late, tier="tier2", user=admin_user)
    with pytest.raises(ValidationError) as refusal, transaction.atomic():
        services.set_tier(asset=late, tier="tier1", user=admin_user)
    (text,) = refusal.value.message_dict["tier"]
    assert "“Tier 1” is full: it holds 1 coins and its limit is 1" in text
    assert "raise its limit" in text
    assert stands(late) == ("tier2", ["tier2"])


def test_a_removed_item_takes_no_place_and_comes_back(admin_user) -> None:
    lists = services.ensure_lists()
    Watchlist.objects.filter(pk=lists["tier1"].pk).update(max_items=1)
    gone = WatchlistItemFactory(watchlist=lists["tier1"], tier="tier1", status=ItemStatus.REMOVED)
    coin = AssetFactory()
    services.set_tier(asset=coin, tier="tier1", user=admin_user)
    services.set_tier(asset=coin, tier="none", user=admin_user)
    services.set_tier(asset=gone.asset, tier="tier1", user=admin_user)
    assert stands(gone.asset) == ("tier1", ["tier1"])
    assert selectors.tiers() == {gone.asset_id: "tier1"}


def test_only_administrators_change_tiers() -> None:
    coin = AssetFactory()
    for role in (Role.GUEST, Role.CASUAL, Role.PROFESSIONAL):
        with pytest.raises(PermissionDenied):
            services.set_tier(asset=coin, tier="tier1", user=UserFactory(role=role))
    assert stands(coin) == ("none", [])


def test_bad_tiers_and_unsupported_coins_are_refused(admin_user) -> None:
    with pytest.raises(ValidationError, match="“tier3” is not a tier"):
        services.set_tier(asset=AssetFactory(), tier="tier3", user=admin_user)
    with pytest.raises(ValidationError, match="not a supported coin"):
        services.set_tier(asset=AssetFactory(is_supported=False), tier="tier1", user=admin_user)


def test_people_fill_their_own_lists_up_to_the_limit() -> None:
    own = WatchlistFactory(max_items=1)
    coin = AssetFactory()
    item = services.item_add(watchlist=own, asset=coin, user=own.user, priority_order=3)
    assert (item.asset, item.priority_order, item.added_by) == (coin, 3, own.user)
    with pytest.raises(ValidationError, match="already"):
        services.item_add(watchlist=own, asset=coin, user=own.user)
    with pytest.raises(ValidationError, match="is full"):
        services.item_add(watchlist=own, asset=AssetFactory(), user=own.user)
    services.item_remove(item=item, user=own.user)
    assert stands(coin) == ("none", [])
    assert list(UserActivity.objects.order_by("pk").values_list("activity_type", flat=True)) == [
        "add_watchlist",
        "remove_watchlist",
    ]


def test_nobody_touches_anothers_list(admin_user) -> None:
    item = WatchlistItemFactory()
    with pytest.raises(PermissionDenied):
        services.item_add(watchlist=item.watchlist, asset=AssetFactory(), user=admin_user)
    with pytest.raises(PermissionDenied):
        services.item_remove(item=item, user=UserFactory())


def test_adding_to_and_removing_from_a_tier_list_is_a_tier_change(admin_user) -> None:
    lists = services.ensure_lists()
    coin = AssetFactory()
    item = services.item_add(watchlist=lists["tier2"], asset=coin, user=admin_user, tier="tier2")
    assert stands(coin) == ("tier2", ["tier2"])
    with pytest.raises(ValidationError, match="not a tier that fits"):
        services.item_add(watchlist=lists["tier1"], asset=AssetFactory(), user=admin_user, tier="tier2")
    services.item_remove(item=item, user=admin_user)
    assert stands(coin) == ("none", [])


def test_a_limit_cannot_fall_below_what_the_list_holds(admin_user) -> None:
    lists = services.ensure_lists()
    for _count in range(2):
        services.set_tier(asset=AssetFactory(), tier="tier2", user=admin_user)
    row = lists["tier2"]
    row.max_items = 1
    with pytest.raises(ValidationError, match="holds 2 coins"):
        services.list_change(watchlist=row, user=admin_user)
    row.max_items = 2
    services.list_change(watchlist=row, user=admin_user)
    assert Watchlist.objects.get(pk=row.pk).max_items == 2

"""Lists of coins and who is on them."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import services as accounts
from accounts.models import ActivityType, User
from assets.models import Asset, WatchlistTier
from selection import selectors
from selection.models import ItemStatus, Tier, Watchlist, WatchlistItem, WatchlistType
from selection.services.tiers import announce, demand_admin, full_words, refuse_tier, set_tier, touch

MOST_LISTS = 20  # personal lists a person may have


@transaction.atomic
def item_add(
    *,
    watchlist: Watchlist,
    asset: Asset,
    user: User,
    tier: str = "",
    priority_order: int = 0,
    notes: str = "",
) -> WatchlistItem:
    """Put a coin on a list: administrators on theirs, everyone on their own.

    `tier` is the list's own unless a personal list has none. Raises PermissionDenied on another's list
    and ValidationError naming the field on a full list, a coin that is on it already, or a wrong tier.
    """
    locked = _own(watchlist, user)
    wanted = tier or locked.tier or Tier.TIER2
    if wanted not in Tier.values or (locked.tier and wanted != locked.tier):
        refuse_tier(wanted, [locked.tier] if locked.tier else Tier.values)
    present = WatchlistItem.objects.filter(watchlist=locked, asset=asset)
    if present.exclude(status=ItemStatus.REMOVED).exists():
        message = _("%(symbol)s is on the list “%(name)s” already.")
        told = message % {"symbol": asset.symbol, "name": locked.name}
        raise ValidationError({"asset": ValidationError(told, code="conflict")})
    if locked.type == WatchlistType.ADMIN:
        set_tier(asset=asset, tier=wanted, user=user, notes=notes)
        present.update(priority_order=priority_order)
    else:
        _demand_room(locked)
        present.delete()
        WatchlistItem.objects.create(
            watchlist=locked, asset=asset, tier=wanted, priority_order=priority_order, added_by=user
        )
        touch([locked])
        _record_item(ActivityType.ADD_WATCHLIST, locked, asset, user, notes)
    return present.get()


@transaction.atomic
def item_remove(*, item: WatchlistItem, user: User, notes: str = "") -> None:
    """Take a coin off its list; off an administrators' list it follows no tier any more."""
    locked = _own(item.watchlist, user)
    if locked.type == WatchlistType.ADMIN:
        set_tier(asset=item.asset, tier=WatchlistTier.NONE, user=user, notes=notes)
        return
    WatchlistItem.objects.filter(pk=item.pk).delete()
    touch([locked])
    _record_item(ActivityType.REMOVE_WATCHLIST, locked, item.asset, user, notes)


@transaction.atomic
def item_move(*, item: WatchlistItem, watchlist: Watchlist, user: User) -> WatchlistItem:
    """Put the coin of one personal list of `user` onto another; where it cannot come there it stays.

    Raises as `item_add`, and ValidationError where either is the administrators': a tier is set, not moved.
    """
    for each in sorted((item.watchlist, watchlist), key=lambda row: row.pk):  # always locked in one order
        if _own(each, user).type == WatchlistType.ADMIN:
            raise ValidationError({"list": _("Coins are moved between lists of your own only.")})
    item_remove(item=item, user=user)
    return item_add(watchlist=watchlist, asset=item.asset, user=user)


@transaction.atomic
def list_create(*, user: User, name: str, description: str = "", max_items: int = 50) -> Watchlist:
    """A personal list. Raises ValidationError naming the field on a taken name or one list too many."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # two requests for the last list come in turn
    own = Watchlist.objects.filter(user=user, type=WatchlistType.PERSONAL)
    if own.count() >= MOST_LISTS:
        message = _("You have %(most)d lists, and more are not kept: delete one first.")
        raise ValidationError({"name": message % {"most": MOST_LISTS}})
    if own.filter(name=name).exists():
        raise ValidationError({"name": _("You have a list of this name already: choose another.")})
    watchlist = Watchlist(user=user, name=name, description=description, max_items=max_items)
    watchlist.full_clean()
    watchlist.save()
    _record_list(watchlist, user, "list_create")
    return watchlist


@transaction.atomic
def list_delete(*, watchlist: Watchlist, user: User) -> None:
    """Take a personal list away with all that is on it. Raises PermissionDenied on any other."""
    if watchlist.type != WatchlistType.PERSONAL:
        raise PermissionDenied(_("The tiers stay: only a list of your own can be deleted."))
    locked = _own(watchlist, user)
    _record_list(locked, user, "list_delete")
    locked.delete()


@transaction.atomic
def item_change(
    *, item: WatchlistItem, user: User, tier: str = "", priority_order: int | None = None, notes: str = ""
) -> WatchlistItem:
    """Move a coin of the administrators' lists to `tier`, or to another place in their order.

    Raises PermissionDenied for who is no administrator, ValidationError on an unknown tier or a full list.
    """
    demand_admin(user)
    stored = WatchlistItem.objects.select_related("asset").get(pk=item.pk)
    if tier and tier != stored.tier:
        set_tier(asset=stored.asset, tier=tier, user=user, notes=notes)
    if priority_order is not None and priority_order != stored.priority_order:
        WatchlistItem.objects.filter(pk=item.pk).update(priority_order=priority_order)
        accounts.record(
            user=user,
            activity_type=ActivityType.SET_TIER,
            entity_type="asset",
            entity_id=stored.asset_id,
            action="order",
            details={
                "symbol": stored.asset.symbol,
                "from": stored.priority_order,
                "to": priority_order,
                "notes": notes,
            },
        )
    return WatchlistItem.objects.get(pk=item.pk)


@transaction.atomic
def list_change(*, watchlist: Watchlist, user: User) -> Watchlist:
    """Store a list's changed name, description and limit.

    Raises ValidationError where the limit lies below what the list holds already.
    """
    held = _count(_own(watchlist, user))
    if watchlist.max_items < held:
        message = _("The limit is %(limit)d, but the list holds %(held)d coins: remove some first.")
        raise ValidationError({"max_items": message % {"limit": watchlist.max_items, "held": held}})
    watchlist.full_clean()
    watchlist.save(update_fields=["name", "description", "max_items"])
    _record_list(watchlist, user, "list_change")
    announce()
    return watchlist


def _demand_room(watchlist: Watchlist) -> None:
    """Raise ValidationError where the locked list has no place left."""
    held = _count(watchlist)
    if held >= watchlist.max_items:
        raise ValidationError({"tier": ValidationError(full_words(watchlist, held), code="conflict")})


def _count(watchlist: Watchlist) -> int:
    return int(watchlist.items.exclude(status=ItemStatus.REMOVED).count())


def _own(watchlist: Watchlist, user: User) -> Watchlist:
    """The list, locked, if it is this person's to change; the administrators' lists are locked together."""
    if watchlist.type == WatchlistType.PERSONAL:
        if watchlist.user_id != user.pk:
            raise PermissionDenied(_("This list belongs to someone else."))
    else:
        demand_admin(user)
    wanted = Watchlist.objects.filter(pk=watchlist.pk)
    if watchlist.type == WatchlistType.ADMIN:
        wanted |= selectors.tier_lists()
    return {row.pk: row for row in wanted.order_by("pk").select_for_update()}[watchlist.pk]


def _record_list(watchlist: Watchlist, user: User, action: str) -> None:
    accounts.record(
        user=user,
        activity_type=ActivityType.CHANGE_SETTING,
        entity_type="watchlist",
        entity_id=watchlist.pk,
        action=action,
        details={"name": watchlist.name, "max_items": watchlist.max_items},
    )


def _record_item(activity: str, watchlist: Watchlist, asset: Asset, user: User, notes: str) -> None:
    accounts.record(
        user=user,
        activity_type=activity,
        entity_type="watchlist",
        entity_id=watchlist.pk,
        action=asset.symbol,
        details={"asset": asset.pk, "list": watchlist.name, "notes": notes},
    )

"""Lists of coins and who is on them. A coin's tier changes here only, with its mirror in `Asset`."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts import services as accounts
from accounts.models import ActivityType, Role, User
from assets.models import Asset, WatchlistTier
from cryptopredict.common.realtime import Topic, publish
from selection import selectors
from selection.models import ItemStatus, Tier, Watchlist, WatchlistItem, WatchlistType
from selection.serializers import WatchlistSerializer

MOST_LISTS = 20  # personal lists a person may have
CAPACITIES = {Tier.TIER1: 20, Tier.TIER2: 100}


def ensure_lists() -> dict[str, Watchlist]:
    """The administrators' two lists by tier; a missing one is made. Safe to run again."""
    found = {row.tier: row for row in selectors.tier_lists()}
    for tier, places in CAPACITIES.items():
        if tier not in found:
            found[tier], _made = Watchlist.objects.get_or_create(
                type=WatchlistType.ADMIN,
                tier=tier,
                is_active=True,
                defaults={"name": tier.label, "max_items": places},
            )
    return found


@transaction.atomic
def set_tier(*, asset: Asset, tier: str, user: User, notes: str = "") -> Asset:
    """Put a coin on the administrators' list of `tier`, or with "none" on neither.

    `Asset.watchlist_tier` follows in the same transaction. Raises PermissionDenied for who is no
    administrator, and ValidationError on an unknown tier or a full list, with nothing changed.
    """
    demand_admin(user)
    before = move(asset=asset, tier=tier, user=user)
    accounts.record(
        user=user,
        activity_type=ActivityType.SET_TIER,
        entity_type="asset",
        entity_id=asset.pk,
        action=tier,
        details={"symbol": asset.symbol, "from": before, "to": tier, "notes": notes},
    )
    announce()
    return asset


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
        _refuse_tier(wanted, [locked.tier] if locked.tier else Tier.values)
    present = WatchlistItem.objects.filter(watchlist=locked, asset=asset)
    if present.exclude(status=ItemStatus.REMOVED).exists():
        message = _("%(symbol)s is on the list “%(name)s” already.")
        raise ValidationError({"asset": message % {"symbol": asset.symbol, "name": locked.name}})
    if locked.type == WatchlistType.ADMIN:
        set_tier(asset=asset, tier=wanted, user=user, notes=notes)
        present.update(priority_order=priority_order)
    else:
        _demand_room(locked)
        present.delete()
        WatchlistItem.objects.create(
            watchlist=locked, asset=asset, tier=wanted, priority_order=priority_order, added_by=user
        )
        _touch([locked])
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
    _touch([locked])
    _record_item(ActivityType.REMOVE_WATCHLIST, locked, item.asset, user, notes)


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


def move(*, asset: Asset, tier: str, user: User) -> str:
    """The change itself, inside the caller's transaction; returns the tier before.

    The lists are locked first, always in the same order: two requests for the last place come one after
    the other, and the second finds the list full.
    """
    if tier not in WatchlistTier.values:
        _refuse_tier(tier, WatchlistTier.values)
    ensure_lists()
    lists = {str(row.tier): row for row in selectors.tier_lists().order_by("pk").select_for_update()}
    asset.refresh_from_db(from_queryset=Asset.objects.select_for_update(no_key=True))
    before = asset.watchlist_tier
    items = WatchlistItem.objects.filter(watchlist__in=lists.values(), asset=asset)
    if tier == WatchlistTier.NONE:
        items.delete()
    else:
        _place(asset, lists[tier], list(items), user)
    Asset.objects.filter(pk=asset.pk).update(watchlist_tier=tier)
    asset.watchlist_tier = tier
    _touch(list(lists.values()))
    return before


def announce() -> None:
    """Tell open pages how the administrators' lists stand, as the API says it."""
    rows = selectors.counted(selectors.tier_lists()).order_by("pk")
    context = {"freshness": selectors.freshness()}
    publish(Topic.WATCHLIST, list(WatchlistSerializer(rows, many=True, context=context).data))


def demand_admin(user: User) -> None:
    """Raise PermissionDenied unless `user` is an administrator."""
    if not user.is_active or not user.may(Role.ADMIN):
        raise PermissionDenied(_("Only an administrator may change the tiers."))


def _place(asset: Asset, target: Watchlist, items: list[WatchlistItem], user: User) -> None:
    """The coin's one item on the administrators' lists is moved, so that it keeps its place in history."""
    there = [item for item in items if item.watchlist_id == target.pk]
    if any(item.status != ItemStatus.REMOVED for item in there) and len(items) == 1:
        return
    if not asset.is_supported:
        message = _("%(symbol)s is not a supported coin, so it cannot be followed.")
        raise ValidationError({"asset": message % {"symbol": asset.symbol}})
    _demand_room(target, asset)
    kept = (there or items or [WatchlistItem(asset=asset)])[0]
    WatchlistItem.objects.filter(pk__in=[item.pk for item in items if item.pk != kept.pk]).delete()
    kept.watchlist, kept.tier, kept.status, kept.added_by = target, target.tier, ItemStatus.ACTIVE, user
    kept.save()


def _demand_room(watchlist: Watchlist, asset: Asset | None = None) -> None:
    """Raise ValidationError where the locked list has no place left (for `asset`, if it is not on it)."""
    held = _count(watchlist, asset)
    if held >= watchlist.max_items:
        message = _(
            "The list “%(name)s” is full: it holds %(held)d coins and its limit is %(limit)d. "
            "Take a coin off it first, or raise its limit."
        )
        params = {"name": watchlist.name, "held": held, "limit": watchlist.max_items}
        raise ValidationError({"tier": message % params})


def _count(watchlist: Watchlist, without: Asset | None = None) -> int:
    held = watchlist.items.exclude(status=ItemStatus.REMOVED)
    return int((held if without is None else held.exclude(asset=without)).count())


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


def _touch(lists: list[Watchlist]) -> None:
    """Let the database note that the lists have changed."""
    Watchlist.objects.filter(pk__in=[row.pk for row in lists]).update(is_active=F("is_active"))


def _refuse_tier(tier: str, known: list[str]) -> None:
    message = _("“%(value)s” is not a tier that fits here; known are %(known)s.")
    raise ValidationError({"tier": message % {"value": tier, "known": ", ".join(known)}})


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

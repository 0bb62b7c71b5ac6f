"""Who stands on which tier. A coin's tier changes here only, with its mirror in `Asset`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts import services as accounts
from accounts.models import ActivityType, Role, User
from assets.models import Asset, WatchlistTier
from cryptopredict.common.realtime import Topic, publish
from selection import selectors
from selection.engine import places
from selection.models import ItemStatus, Tier, Watchlist, WatchlistItem, WatchlistType
from selection.serializers import WatchlistSerializer

CAPACITIES = {Tier.TIER1: 20, Tier.TIER2: 100}


@dataclass(frozen=True, slots=True)
class Move:
    """What became of one change: the tier before and after; `refusal` says in words why it was not made."""

    asset: Asset | None
    asset_id: int
    before: str
    after: str
    code: str = ""  # unknown, unsupported, full
    refusal: str = ""

    @property
    def is_done(self) -> bool:
        return not self.code


def ensure_lists() -> dict[str, Watchlist]:
    """The administrators' two lists by tier; a missing one is made. Safe to run again."""
    found = {row.tier: row for row in selectors.tier_lists()}
    for tier, room in CAPACITIES.items():
        if tier not in found:
            found[tier], _made = Watchlist.objects.get_or_create(
                type=WatchlistType.ADMIN,
                tier=tier,
                is_active=True,
                defaults={"name": str(tier.label), "max_items": room},
            )
    return found


@transaction.atomic
def set_tier(*, asset: Asset, tier: str, user: User, notes: str = "") -> Asset:
    """Put a coin on the administrators' list of `tier`, or with "none" on neither.

    `Asset.watchlist_tier` follows in the same transaction. Raises PermissionDenied for who is no
    administrator, and ValidationError on an unknown tier or a full list, with nothing changed.
    """
    (made,) = set_tiers(wanted=[(asset.pk, tier)], user=user, notes=notes)
    if not made.is_done:
        if made.code == "full":
            raise ValidationError({"tier": ValidationError(made.refusal, code="conflict")})
        raise ValidationError({"asset": made.refusal})
    asset.watchlist_tier = tier
    return asset


@transaction.atomic
def set_tiers(*, wanted: Sequence[tuple[int, str]], user: User, notes: str = "") -> list[Move]:
    """Put many coins (asset id, tier) on their tiers; earlier ones come first where places are short.

    What cannot be done is explained and the rest is done. Each change is written down with its reason.
    Raises PermissionDenied for who is no administrator, ValidationError on an unknown tier.
    """
    demand_admin(user)
    moves = move(wanted=wanted, user=user)
    changed = [each for each in moves if each.is_done]
    accounts.record_all(
        user=user,
        activity_type=ActivityType.SET_TIER,
        entity_type="asset",
        entries=[
            {
                "entity_id": each.asset_id,
                "action": each.after,
                "details": {
                    "symbol": each.asset.symbol if each.asset else "",
                    "from": each.before,
                    "to": each.after,
                    "notes": notes,
                },
            }
            for each in changed
        ],
    )
    if changed:
        announce()
    return moves


def move(*, wanted: Sequence[tuple[int, str]], user: User) -> list[Move]:
    """The changes themselves, in the caller's transaction: one answer each, a constant number of queries.

    The lists are locked first, then the coins, always in the same order: two requests for the last place
    come one after the other, and the second finds the list full.
    """
    for tier in {tier for _asset, tier in wanted}:
        if tier not in WatchlistTier.values:
            refuse_tier(tier, WatchlistTier.values)
    ids = [asset for asset, _tier in wanted]
    lists = lock_lists()
    coins = {
        row.pk: row for row in Asset.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
    }
    items = list(WatchlistItem.objects.filter(watchlist__in=lists.values()))
    answers = _judged(wanted, lists, coins, items)
    _carry_out([each for each in answers if each.is_done], lists, items, user)
    return answers


def lock_lists() -> dict[str, Watchlist]:
    """The administrators' lists by tier, locked; every change of tiers begins with this."""
    rows = selectors.tier_lists().order_by("pk").select_for_update()
    found = {str(row.tier): row for row in rows}
    if set(found) >= {str(tier) for tier in CAPACITIES}:
        return found
    ensure_lists()
    return {str(row.tier): row for row in rows.all()}


def _judged(
    wanted: Sequence[tuple[int, str]],
    lists: Mapping[str, Watchlist],
    coins: Mapping[int, Asset],
    items: Sequence[WatchlistItem],
) -> list[Move]:
    tiers = {row.pk: tier for tier, row in lists.items()}
    stands = {item.asset_id: tiers[item.watchlist_id] for item in items if item.status != ItemStatus.REMOVED}
    held = Counter(stands.values())
    able = [
        (asset, tier)
        for asset, tier in wanted
        if asset in coins and not _unfit(coins[asset], tier, stands.get(asset))
    ]
    limits = {tier: row.max_items for tier, row in lists.items()}
    verdicts = dict(zip(able, places.settle(able, stands, held, limits), strict=True))
    answers = []
    for asset, tier in wanted:
        coin = coins.get(asset)
        before = coin.watchlist_tier if coin else WatchlistTier.NONE.value
        code, refusal = "", ""
        if coin is None:
            code, refusal = "unknown", _("There is no coin %(id)d.") % {"id": asset}
        elif (asset, tier) not in verdicts:
            code, refusal = "unsupported", _unfit(coin, tier, stands.get(asset))
        elif not verdicts[asset, tier]:
            code, refusal = "full", full_words(lists[tier], max(held[tier], limits[tier]))
        answers.append(Move(coin, asset, before, before if code else tier, code, refusal))
    return answers


def _unfit(coin: Asset, tier: str, stands: str | None) -> str:
    """Why a coin cannot come onto a list; empty where it can, stays where it is, or leaves."""
    if tier in (WatchlistTier.NONE, stands):
        return ""
    if not coin.is_supported:
        return _("%(symbol)s is not a supported coin, so it cannot be followed.") % {"symbol": coin.symbol}
    if not coin.is_active:
        return _("%(symbol)s is no longer traded, so it cannot be followed.") % {"symbol": coin.symbol}
    return ""


def _carry_out(
    moves: Sequence[Move], lists: Mapping[str, Watchlist], items: Sequence[WatchlistItem], user: User
) -> None:
    """A coin's one item on the administrators' lists is moved, so that it keeps its place in history."""
    theirs: dict[int, list[WatchlistItem]] = {}
    for item in items:
        theirs.setdefault(item.asset_id, []).append(item)
    gone: list[int] = []
    new: list[WatchlistItem] = []
    kept: dict[str, list[int]] = {}
    for each in moves:
        own = theirs.get(each.asset_id, [])
        if each.after == WatchlistTier.NONE:
            gone += [item.pk for item in own]
            continue
        target = lists[each.after]
        there = [item for item in own if item.watchlist_id == target.pk]
        if len(own) == 1 and there and there[0].status != ItemStatus.REMOVED:
            continue
        stays = next(iter(there or own), None)
        gone += [item.pk for item in own if item is not stays]
        if stays is None:
            new.append(
                WatchlistItem(asset_id=each.asset_id, watchlist=target, tier=target.tier, added_by=user)
            )
        else:
            kept.setdefault(each.after, []).append(stays.pk)
    if gone:
        WatchlistItem.objects.filter(pk__in=gone).delete()
    for tier, ids in kept.items():
        WatchlistItem.objects.filter(pk__in=ids).update(
            watchlist=lists[tier], tier=tier, status=ItemStatus.ACTIVE, added_by=user
        )
    WatchlistItem.objects.bulk_create(new)
    for tier in WatchlistTier.values:
        changed = [each.asset_id for each in moves if each.after == tier and each.before != tier]
        if changed:
            Asset.objects.filter(pk__in=changed).update(watchlist_tier=tier)
    touch(lists.values())


def announce() -> None:
    """Tell open pages how the administrators' lists stand, as the API says it."""
    rows = selectors.counted(selectors.tier_lists()).order_by("pk")
    context = {"freshness": selectors.freshness()}
    publish(Topic.WATCHLIST, list(WatchlistSerializer(rows, many=True, context=context).data))


def demand_admin(user: User) -> None:
    """Raise PermissionDenied unless `user` is an administrator."""
    if not user.is_active or not user.may(Role.ADMIN):
        raise PermissionDenied(_("Only an administrator may change the tiers."))


def full_words(watchlist: Watchlist, held: int) -> str:
    """Why nothing more goes onto a list, and what helps."""
    message = _(
        "The list “%(name)s” is full: it holds %(held)d coins and its limit is %(limit)d. "
        "Take a coin off it first, or raise its limit."
    )
    return message % {"name": watchlist.name, "held": held, "limit": watchlist.max_items}


def touch(lists: Iterable[Watchlist]) -> None:
    """Let the database note that the lists have changed."""
    Watchlist.objects.filter(pk__in=[row.pk for row in lists]).update(is_active=F("is_active"))


def refuse_tier(tier: str, known: list[str]) -> None:
    """Raise ValidationError that names the tiers there are."""
    message = _("“%(value)s” is not a tier that fits here; known are %(known)s.")
    raise ValidationError({"tier": message % {"value": tier, "known": ", ".join(known)}})

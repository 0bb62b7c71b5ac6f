"""Coins as sources name them, turned into assets: one supported asset a ticker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext as _

from assets.models import Asset, AssetType, WatchlistTier
from cryptopredict.common.realtime import changed

_LOCK = 0x6C697374  # one register at a time: it reads, decides and writes


@dataclass(frozen=True, slots=True)
class Listing:
    """A coin of a source; `coingecko_id` tells coins of one ticker apart, `market_cap` (USD) decides."""

    symbol: str
    name: str
    asset_type: AssetType
    source: str
    coingecko_id: str | None = None
    market_cap: float | None = None


@transaction.atomic
def register(listings: Sequence[Listing]) -> list[int]:
    """The id of each listing's asset, created where there is none. Constant number of queries.

    A coin is known by its CoinGecko id, else by its ticker. Where two coins claim a ticker, the one with
    the larger market cap is supported and the other stays stored, unsupported. Both hold among the
    listings themselves too.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    known = _Known(listings)
    chosen = [known.asset(listing) for listing in listings]
    Asset.objects.bulk_update(known.beaten, ["is_supported"])  # before the winner takes the ticker
    Asset.objects.bulk_create(known.created)
    Asset.objects.bulk_update(known.changed, ["coingecko_id", "name", "is_supported"])
    return [asset.pk for asset in chosen]


@transaction.atomic
def support(*, asset: Asset) -> Asset:
    """Let `asset` have its ticker, and whoever had it lose it. Safe to run again.

    Raises ValidationError where the one that has it stands on a tier: what is followed does not change
    into another coin behind people's backs.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    same = {
        row.pk: row for row in Asset.objects.filter(symbol=asset.symbol).order_by("pk").select_for_update()
    }
    others = [row for row in same.values() if row.pk != asset.pk and row.is_supported]
    for other in others:
        if other.watchlist_tier != WatchlistTier.NONE:
            message = _("%(name)s (%(symbol)s) stands on a tier: take it off first.")
            raise ValidationError({"is_supported": message % {"name": other.name, "symbol": other.symbol}})
        other.is_supported = False
        other.save(update_fields=["is_supported"])
    chosen = same[asset.pk]
    if not chosen.is_supported:
        chosen.is_supported = True
        chosen.save(update_fields=["is_supported"])
    return chosen


@transaction.atomic
def amend(*, asset: Asset) -> Asset:
    """Store what a person wrote about a coin, or a coin they add.

    Raises ValidationError that names the field where another supported coin has the ticker or the CoinGecko
    id, or where a coin on a tier would lose its ticker or be switched off.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    if faults := amend_faults(asset):
        raise ValidationError(faults)
    asset.save()
    changed()
    return asset


def amend_faults(asset: Asset) -> dict[str, str]:
    """Why a coin cannot be stored as written, by field; empty where it can."""
    faults = {}
    others = Asset.objects.exclude(pk=asset.pk)
    holder = others.filter(symbol=asset.symbol, is_supported=True).first() if asset.is_supported else None
    if holder is not None:
        message = _(
            "%(symbol)s is the ticker of %(name)s: store this one as unsupported, then give it its ticker."
        )
        faults["symbol"] = message % {"symbol": asset.symbol, "name": holder.name}
    if asset.coingecko_id and (same := others.filter(coingecko_id=asset.coingecko_id).first()) is not None:
        faults["coingecko_id"] = _("%(name)s has this id already.") % {"name": f"{same.name} ({same.symbol})"}
    before = Asset.objects.filter(pk=asset.pk).exclude(watchlist_tier=WatchlistTier.NONE).first()
    if before is not None:
        message = _("%(name)s (%(symbol)s) stands on a tier: take it off first.")
        words = message % {"name": before.name, "symbol": before.symbol}
        gone = [name for name in ("is_supported", "is_active") if not getattr(asset, name)]
        faults |= dict.fromkeys(gone + ["symbol"] * (asset.symbol != before.symbol), words)
    return faults


class _Known:
    """Assets by id and by contested ticker, and what has to be written."""

    def __init__(self, listings: Sequence[Listing]) -> None:
        ids = {listing.coingecko_id for listing in listings} - {None}
        symbols = {listing.symbol for listing in listings}
        found = Asset.objects.filter(coingecko_id__in=ids).select_for_update()
        self.by_id = {asset.coingecko_id: asset for asset in found}
        holders = Asset.objects.filter(symbol__in=symbols, is_supported=True).select_for_update()
        same = {asset.pk: asset for asset in self.by_id.values()}
        self.holders = {asset.symbol: same.get(asset.pk, asset) for asset in holders}
        self.beaten: list[Asset] = []
        self.created: list[Asset] = []
        self.changed: list[Asset] = []

    def asset(self, listing: Listing) -> Asset:
        """The asset that is the listing; a listing without id is whoever holds its ticker."""
        holder = self.holders.get(listing.symbol)
        if listing.coingecko_id is None and holder is not None:
            return holder
        asset = self.by_id.get(listing.coingecko_id) if listing.coingecko_id else None
        if asset is None and holder is not None and _may_be(holder, listing):
            holder.coingecko_id, holder.name = listing.coingecko_id, listing.name
            self._note(self.changed, holder)
            asset = holder
        if asset is None:
            asset = _made(listing)
            self.created.append(asset)
        if listing.coingecko_id:
            self.by_id[listing.coingecko_id] = asset
        self._contest(asset, holder, listing)
        return asset

    def _contest(self, asset: Asset, holder: Asset | None, listing: Listing) -> None:
        """Give the ticker to the larger of the newcomer and the holder."""
        if holder is asset or asset.symbol != listing.symbol:
            return
        if holder is not None and (listing.market_cap or 0.0) <= (holder.market_cap or 0.0):
            asset.is_supported = False
            return
        if holder is not None:
            holder.is_supported = False
            self._note(self.beaten, holder)
        asset.is_supported = True
        self._note(self.changed, asset)
        self.holders[listing.symbol] = asset

    def _note(self, place: list[Asset], asset: Asset) -> None:
        if asset not in self.created and asset not in place:
            place.append(asset)


def _may_be(holder: Asset, listing: Listing) -> bool:
    """Whether an asset without CoinGecko id is the listing: names agree, or it has no name of its own."""
    return holder.coingecko_id is None and holder.name.casefold() in (
        listing.name.casefold(),
        holder.symbol.casefold(),
    )


def _made(listing: Listing) -> Asset:
    return Asset(
        symbol=listing.symbol,
        name=listing.name,
        asset_type=listing.asset_type,
        coingecko_id=listing.coingecko_id,
        market_cap=listing.market_cap,
        data_source=listing.source,
    )

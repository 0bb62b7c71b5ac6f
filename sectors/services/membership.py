"""Sectors and who belongs to them, with the assets' own columns kept in step."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Sum
from django.utils.text import slugify
from django.utils.translation import gettext as _

from assets import selectors as assets
from assets.engine.pegged import is_pegged
from assets.models import Asset
from assets.services.classify import classify
from sectors.engine.taxonomy import SECTORS, homes
from sectors.models import Sector, SectorMapping

Homes = Mapping[str, float]  # sector name -> weight, the primary one first


@dataclass(frozen=True, slots=True)
class Seeded:
    """What a seeding found and did; `unmapped` are the tickers of coins that still have no sector."""

    sectors: int
    new_sectors: int
    members: int
    changed: int
    manual: int
    pegged: int
    unmapped: tuple[str, ...]


@transaction.atomic
def seed_sectors() -> Seeded:
    """Write the default sectors and the known members among the supported assets. Safe to run again.

    A sector that exists keeps what people changed of it. Coins with a membership set by hand are left
    alone, as are those that the list does not know. Constant number of queries.
    """
    before = Sector.objects.count()
    sectors = _default_sectors()
    coins = list(assets.supported().order_by("symbol"))
    known = {coin.pk: home for coin in coins if (home := homes(coin.symbol))}
    changed, manual = _write(known, sectors)
    stable_names = {definition.name for definition in SECTORS if definition.stable}
    pegged = {
        coin.pk for coin in coins if is_pegged(coin.symbol) or stable_names & known.get(coin.pk, {}).keys()
    }
    _keep_in_step(known.keys() | pegged, pegged)
    mapped = set(SectorMapping.objects.values_list("asset_id", flat=True))
    return Seeded(
        sectors=len(sectors),
        new_sectors=Sector.objects.count() - before,
        members=len(known),
        changed=changed,
        manual=manual,
        pegged=len(pegged),
        unmapped=tuple(coin.symbol for coin in coins if coin.pk not in mapped | pegged),
    )


@transaction.atomic
def assign_members(members: Mapping[str, str]) -> int:
    """Put supported assets, by symbol, into the sector of that name, and mark the pegged ones as such.

    For markets whose sectors come with them. The default sectors are written first; coins set by
    hand are left alone. Returns how many coins changed. Raises ValidationError for a name that is
    no sector's.
    """
    sectors = _default_sectors() | {sector.name: sector for sector in Sector.objects.all()}
    if unknown := sorted(set(members.values()) - sectors.keys()):
        raise ValidationError(
            _("%(names)s: no such sector. Known are %(known)s.")
            % {"names": ", ".join(unknown), "known": ", ".join(sorted(sectors))}
        )
    coins = assets.supported().filter(symbol__in=members)
    ids = {coin.pk: members[coin.symbol] for coin in coins}
    changed, _manual = _write({asset: {name: 1.0} for asset, name in ids.items()}, sectors)
    pegged = {asset for asset, name in ids.items() if sectors[name].characteristics.get("stable")}
    _keep_in_step(ids, pegged)
    return changed


@transaction.atomic
def assign(*, asset: Asset, sector: Sector, weight: float = 1.0, is_primary: bool = True) -> SectorMapping:
    """Set a membership by hand; seeding leaves the coin alone from then on.

    A primary membership takes that place from another one. Raises ValidationError naming the field
    where the weights of the coin would add up to more than 1.
    """
    Asset.objects.select_for_update().get(pk=asset.pk)
    check_weight(asset=asset, sector=sector, weight=weight)
    others = SectorMapping.objects.filter(asset=asset).exclude(sector=sector)
    if is_primary:
        others.filter(is_primary=True).update(is_primary=False)
    mapping, _created = SectorMapping.objects.update_or_create(
        asset=asset,
        sector=sector,
        defaults={"weight": weight, "is_primary": is_primary, "is_manual": True},
    )
    _keep_in_step([asset.pk])
    return mapping


def check_weight(*, asset: Asset, sector: Sector, weight: float) -> None:
    """Raise ValidationError, naming the field, where a coin's weights would add up to more than 1."""
    others = SectorMapping.objects.filter(asset=asset).exclude(sector=sector)
    held = others.aggregate(total=Sum("weight"))["total"] or 0.0
    if weight > 0 and held + weight <= 1 + 1e-9:
        return
    rule = _(
        "%(weight)g does not fit: a weight is above 0, and those of a coin add up to at most 1. "
        "%(symbol)s has %(held)g in other sectors; lower that first."
    )
    raise ValidationError({"weight": rule % {"weight": weight, "symbol": asset.symbol, "held": held}})


@transaction.atomic
def unassign(mappings: Iterable[SectorMapping]) -> int:
    """Take coins out of sectors; returns how many memberships ended."""
    chosen = list(mappings)
    SectorMapping.objects.filter(pk__in=[mapping.pk for mapping in chosen]).delete()
    _keep_in_step({mapping.asset_id for mapping in chosen})
    return len(chosen)


@transaction.atomic
def release(mappings: Iterable[SectorMapping]) -> int:
    """Let the next seeding decide about the coins of `mappings` again; returns how many rows changed."""
    coins = {mapping.asset_id for mapping in mappings}
    return SectorMapping.objects.filter(asset_id__in=coins, is_manual=True).update(is_manual=False)


@transaction.atomic
def save_sector(sector: Sector) -> Sector:
    """Store a sector, and its name on the assets that have it as their primary one."""
    sector.save()
    _keep_in_step(sector.mappings.filter(is_primary=True).values_list("asset_id", flat=True))
    return sector


def _default_sectors() -> dict[str, Sector]:
    """The default sectors by their default name, created where they are missing; found again by slug."""
    Sector.objects.bulk_create(
        (
            Sector(
                name=definition.name,
                slug=slugify(definition.name),
                description=definition.description,
                color_code=definition.colour,
                characteristics={"focus": list(definition.focus), "stable": definition.stable},
            )
            for definition in SECTORS
        ),
        ignore_conflicts=True,
    )
    slugs = {slugify(definition.name): definition.name for definition in SECTORS}
    return {slugs[sector.slug]: sector for sector in Sector.objects.filter(slug__in=slugs)}


def _write(wanted: Mapping[int, Homes], sectors: Mapping[str, Sector]) -> tuple[int, int]:
    """Make the memberships of the coins `wanted` so; how many coins changed and how many are a person's."""
    stored: dict[int, set[tuple[int, float, bool]]] = {}
    manual = set()
    rows = SectorMapping.objects.filter(asset_id__in=wanted.keys()).select_for_update()
    for row in rows:
        stored.setdefault(row.asset_id, set()).add((row.sector_id, row.weight, row.is_primary))
        if row.is_manual:
            manual.add(row.asset_id)
    fresh = {
        asset: {(sectors[name].pk, weight, place == 0) for place, (name, weight) in enumerate(home.items())}
        for asset, home in wanted.items()
        if asset not in manual
    }
    changed = {asset for asset, home in fresh.items() if home != stored.get(asset)}
    SectorMapping.objects.filter(asset_id__in=changed & stored.keys()).delete()
    SectorMapping.objects.bulk_create(
        SectorMapping(asset_id=asset, sector_id=sector, weight=weight, is_primary=primary)
        for asset in sorted(changed)
        for sector, weight, primary in sorted(fresh[asset])
    )
    return len(changed), len(manual)


def _keep_in_step(asset_ids: Iterable[int], pegged: Collection[int] = ()) -> None:
    """Write the primary sector's name onto the assets, and mark the pegged ones."""
    ids = set(asset_ids)
    primary = SectorMapping.objects.filter(asset_id__in=ids, is_primary=True)
    names = dict.fromkeys(ids, "") | dict(primary.values_list("asset_id", "sector__name"))
    classify(sector_names=names, stable=pegged)

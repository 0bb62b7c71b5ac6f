"""What other apps know about assets, written into the columns of `Asset` that mirror it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import transaction

from assets.models import Asset, AssetType


@transaction.atomic
def classify(*, sector_names: Mapping[int, str], stable: Collection[int] = ()) -> int:
    """Set the primary sector's name of the assets in `sector_names`, and mark those in `stable` as pegged.

    Both by asset id; an empty name is no sector. Only what differs is written; returns how many assets
    changed. Constant number of queries.
    """
    wanted = Asset.objects.filter(pk__in={*sector_names, *stable}).select_for_update().order_by("pk")
    changed = []
    for asset in wanted.only("sector_name", "asset_type"):
        name = sector_names.get(asset.pk, asset.sector_name)
        kind = AssetType.STABLECOIN if asset.pk in stable else asset.asset_type
        if (name, kind) != (asset.sector_name, asset.asset_type):
            asset.sector_name, asset.asset_type = name, kind
            changed.append(asset)
    Asset.objects.bulk_update(changed, ["sector_name", "asset_type"])
    return len(changed)

from __future__ import annotations

from typing import Any

import pytest

from assets.models import AssetType
from assets.services.classify import classify
from assets.tests.stored import AssetFactory

pytestmark = pytest.mark.django_db


def test_only_what_differs_is_written() -> None:
    first, second, other = AssetFactory.create_batch(3)
    assert classify(sector_names={first.pk: "DeFi", second.pk: ""}, stable={second.pk}) == 2
    assert classify(sector_names={first.pk: "DeFi", second.pk: ""}, stable={second.pk}) == 0
    for asset in (first, second, other):
        asset.refresh_from_db()
    assert (first.sector_name, first.asset_type) == ("DeFi", AssetType.CRYPTO)
    assert (second.sector_name, second.asset_type) == ("", AssetType.STABLECOIN)
    assert (other.sector_name, other.asset_type) == ("", AssetType.CRYPTO)


@pytest.mark.parametrize("count", [3, 30])
def test_the_number_of_queries_does_not_grow_with_the_assets(
    count: int, django_assert_num_queries: Any
) -> None:
    names = {asset.pk: "DeFi" for asset in AssetFactory.create_batch(count)}
    with django_assert_num_queries(4):  # savepoint, read, write, release
        classify(sector_names=names)

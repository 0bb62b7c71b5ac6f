from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from assets.models import AssetType
from assets.tests.stored import AssetFactory
from sectors.models import Sector, SectorMapping
from sectors.services import assign, assign_members, release, save_sector, seed_sectors, unassign

pytestmark = pytest.mark.django_db


def members_of(symbol: str) -> dict[str, float]:
    rows = SectorMapping.objects.filter(asset__symbol=symbol).order_by("-is_primary")
    return {row.sector.name: row.weight for row in rows.select_related("sector")}


def test_seeding_twice_is_seeding_once() -> None:
    for symbol in ("BTC", "LUNA#0", "ALT", "USDT", "WBTC", "NOBODYKNOWSME"):
        AssetFactory(symbol=symbol)
    first = seed_sectors()
    rows = list(SectorMapping.objects.order_by("pk").values())
    second = seed_sectors()
    assert (first.sectors, first.new_sectors, first.members, first.changed) == (10, 10, 4, 4)
    assert (second.sectors, second.new_sectors, second.members, second.changed) == (10, 0, 4, 0)
    assert first.unmapped == second.unmapped == ("NOBODYKNOWSME",)
    assert list(SectorMapping.objects.order_by("pk").values()) == rows
    assert members_of("LUNA#0") == {"Layer1": 1.0}
    assert members_of("ALT") == {"Infrastructure": 0.6, "Layer2": 0.4}


def test_seeding_marks_pegged_coins_and_keeps_the_primary_sectors_name_on_the_asset() -> None:
    coins = {symbol: AssetFactory(symbol=symbol) for symbol in ("ALT", "USDT", "WBTC")}
    seed_sectors()
    for coin in coins.values():
        coin.refresh_from_db()
    assert [(coin.asset_type, coin.sector_name) for coin in coins.values()] == [
        (AssetType.CRYPTO, "Infrastructure"),
        (AssetType.STABLECOIN, "Stablecoins"),
        (AssetType.STABLECOIN, ""),
    ]


def test_seeding_leaves_alone_what_a_person_set() -> None:
    coin = AssetFactory(symbol="UNI")
    seed_sectors()
    meme = Sector.objects.get(slug="meme")
    unassign(SectorMapping.objects.filter(asset=coin))
    by_hand = assign(asset=coin, sector=meme, weight=0.5)
    done = seed_sectors()
    assert (done.changed, done.manual) == (0, 1)
    assert members_of("UNI") == {"Meme": 0.5}
    release([by_hand])
    assert seed_sectors().changed == 1
    assert members_of("UNI") == {"DeFi": 1.0}


def test_seeding_keeps_what_a_person_changed_of_a_sector() -> None:
    coin = AssetFactory(symbol="UNI")
    seed_sectors()
    sector = Sector.objects.get(slug="defi")
    sector.name, sector.color_code = "Open finance", "#000000"
    save_sector(sector)
    coin.refresh_from_db()
    assert coin.sector_name == "Open finance"
    assert seed_sectors().new_sectors == 0
    sector.refresh_from_db()
    assert (sector.name, sector.color_code) == ("Open finance", "#000000")
    assert members_of("UNI") == {"Open finance": 1.0}


@pytest.mark.parametrize("count", [3, 30])
def test_seeding_asks_as_often_for_many_coins_as_for_few(
    count: int, django_assert_max_num_queries: Any
) -> None:
    for symbol in ("BTC", "ETH", "UNI"):
        AssetFactory(symbol=symbol)
    AssetFactory.create_batch(count)
    with django_assert_max_num_queries(20):
        seed_sectors()


def test_a_market_brings_its_own_sectors() -> None:
    coin, cash = AssetFactory(symbol="BALSIM"), AssetFactory(symbol="BALUSDSIM")
    given = {"BALSIM": "Gaming", "BALUSDSIM": "Stablecoins", "NOTSTORED": "DeFi"}
    assert assign_members(given) == 2
    assert assign_members(given) == 0
    seed_sectors()
    for asset in (coin, cash):
        asset.refresh_from_db()
    assert (coin.sector_name, coin.asset_type) == ("Gaming", AssetType.CRYPTO)
    assert (cash.sector_name, cash.asset_type) == ("Stablecoins", AssetType.STABLECOIN)


def test_a_sector_that_does_not_exist_is_refused_by_name_and_nothing_is_written() -> None:
    AssetFactory(symbol="BALSIM")
    with pytest.raises(ValidationError, match=r"Casino: no such sector. Known are DeFi, Gaming"):
        assign_members({"BALSIM": "Casino"})
    assert not SectorMapping.objects.exists()


def test_a_new_primary_sector_takes_the_place_of_the_old_one() -> None:
    coin = AssetFactory(symbol="UNI")
    seed_sectors()
    defi, meme = Sector.objects.get(slug="defi"), Sector.objects.get(slug="meme")
    assign(asset=coin, sector=defi, weight=0.4)
    assign(asset=coin, sector=meme, weight=0.6)
    coin.refresh_from_db()
    assert coin.sector_name == "Meme"
    assert members_of("UNI") == {"Meme": 0.6, "DeFi": 0.4}
    unassign(SectorMapping.objects.filter(asset=coin))
    coin.refresh_from_db()
    assert coin.sector_name == ""


@pytest.mark.parametrize("weight", [0.0, -0.5, 0.7, 1.5])
def test_weights_of_a_coin_cannot_exceed_one(weight: float) -> None:
    coin = AssetFactory(symbol="ALT")
    seed_sectors()
    with pytest.raises(ValidationError, match=r"at most 1. ALT has 0.6 in other sectors") as refused:
        assign(asset=coin, sector=Sector.objects.get(slug="layer2"), weight=weight)
    assert set(refused.value.message_dict) == {"weight"}
    assert members_of("ALT") == {"Infrastructure": 0.6, "Layer2": 0.4}


def test_the_command_says_what_it_did_and_who_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    AssetFactory(symbol="BTC")
    call_command("seed_sectors")
    assert "10 sectors (10 new), 1 known members (1 new or changed" in (said := capsys.readouterr().out)
    assert "Every coin has a sector." in said
    AssetFactory(symbol="WHATISIT")
    call_command("seed_sectors")
    assert "10 sectors (0 new), 1 known members (0 new" in (said := capsys.readouterr().out)
    assert "1 coins have no sector: WHATISIT." in said

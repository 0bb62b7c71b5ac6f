"""One supported asset a ticker, and no coin lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assets.models import Asset, AssetType
from assets.services.listings import Listing, register
from assets.tests.stored import AssetFactory


def listing(symbol: str, key: str | None = None, cap: float | None = None, name: str = "") -> Listing:
    return Listing(symbol, name or key or symbol, AssetType.CRYPTO, "test", key, cap)


def supported() -> dict[str, str | None]:
    return dict(Asset.objects.filter(is_supported=True).values_list("symbol", "coingecko_id"))


@pytest.mark.django_db
def test_a_coin_is_registered_once() -> None:
    first = register([listing("BTC"), listing("ETH"), listing("BTC")])
    assert first[0] == first[2] != first[1]
    assert register([listing("ETH"), listing("BTC")]) == [first[1], first[0]]
    assert Asset.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(("late", "winner"), [(9.0, "late"), (1.0, "early"), (None, "early")])
def test_the_larger_cap_wins_a_ticker_and_the_other_stays_stored(
    together: bool, late: float | None, winner: str
) -> None:
    coins = [listing("UNI", "early", 5.0), listing("UNI", "late", late)]
    if together:
        register(coins)
    else:
        register(coins[:1])
        register(coins[1:])
    assert supported() == {"UNI": winner}
    assert set(Asset.objects.values_list("coingecko_id", flat=True)) == {"early", "late"}
    register([listing("UNI", "late", late)])
    assert (supported(), Asset.objects.count()) == ({"UNI": winner}, 2)


@pytest.mark.django_db
def test_a_loser_that_outgrows_the_holder_takes_the_ticker() -> None:
    register([listing("UNI", "early", 5.0), listing("UNI", "late", 1.0)])
    register([listing("UNI", "late", 50.0)])
    assert supported() == {"UNI": "late"}
    assert Asset.objects.count() == 2


@pytest.mark.django_db
def test_an_imported_coin_without_name_is_taken_for_the_one_that_has_one() -> None:
    imported = AssetFactory(symbol="SOL", name="SOL")
    assert register([listing("SOL", "solana", name="Solana")]) == [imported.pk]
    imported.refresh_from_db()
    assert (imported.name, imported.coingecko_id) == ("Solana", "solana")


@pytest.mark.django_db
def test_a_coin_of_another_name_is_another_coin() -> None:
    AssetFactory(symbol="LUNA", name="Terra Classic", market_cap=1.0)
    register([listing("LUNA", "terra-luna-2", 2.0, name="Terra")])
    assert supported() == {"LUNA": "terra-luna-2"}
    assert Asset.objects.get(name="Terra Classic").is_supported is False


@pytest.mark.django_db
def test_queries_do_not_grow_with_listings() -> None:
    spent = []
    for count in (3, 40):
        with CaptureQueriesContext(connection) as queries:
            register([listing(f"C{count}X{n}", f"c{count}x{n}") for n in range(count)])
        spent.append(len(queries))
    assert spent[0] == spent[1]


@pytest.mark.django_db(transaction=True)
def test_two_registers_at_once_make_one_asset() -> None:
    def work(_: int) -> list[int]:
        try:
            return register([listing(f"C{n}") for n in range(20)])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(work, range(2))
    assert first == second
    assert Asset.objects.count() == 20

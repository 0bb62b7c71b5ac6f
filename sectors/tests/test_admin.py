from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from assets.tests.stored import AssetFactory
from sectors.models import SectorMapping
from sectors.tests.factories import (
    SectorAnalysisFactory,
    SectorFactory,
    SectorFlowFactory,
    SectorMappingFactory,
    SectorPerformanceFactory,
    SectorRotationFactory,
)

pytestmark = pytest.mark.django_db
RECORDS = {
    "sectorperformance": SectorPerformanceFactory,
    "sectorrotation": SectorRotationFactory,
    "sectorflow": SectorFlowFactory,
    "sectoranalysis": SectorAnalysisFactory,
}
LISTS = {
    "sector": SectorFactory,
    "sectormapping": SectorMappingFactory,
    **{name: made for name, made in RECORDS.items() if name != "sectorrotation"},
}


@pytest.fixture
def admin(settings: Any) -> Client:
    settings.WHITENOISE_AUTOREFRESH = True  # no collected static files are needed
    user = User.objects.create_superuser("admin@example.com", "a password of some length")
    client = Client()
    client.force_login(user)
    return client


def save(admin: Client, name: str, data: dict[str, Any], pk: int | None = None) -> Any:
    page = reverse(f"admin:sectors_{name}_change", args=[pk]) if pk else reverse(f"admin:sectors_{name}_add")
    return admin.post(page, data)


@pytest.mark.parametrize("name", RECORDS)
def test_records_can_be_seen_but_not_touched(name: str, admin: Client) -> None:
    record = RECORDS[name]()
    change = reverse(f"admin:sectors_{name}_change", args=[record.pk])
    assert admin.get(change).status_code == 200
    assert admin.post(change, {}).status_code == 403
    assert admin.get(reverse(f"admin:sectors_{name}_add")).status_code == 403
    assert admin.post(reverse(f"admin:sectors_{name}_delete", args=[record.pk])).status_code == 403


@pytest.mark.parametrize("name", LISTS)
def test_a_list_asks_as_often_for_many_rows_as_for_few(
    name: str, admin: Client, django_assert_max_num_queries: Any
) -> None:
    LISTS[name].create_batch(30)
    with django_assert_max_num_queries(14):
        page = admin.get(reverse(f"admin:sectors_{name}_changelist"))
    assert page.status_code == 200
    assert page.context["cl"].result_count == 30


def test_a_membership_saved_in_the_admin_is_set_by_hand_and_shows_on_the_asset(admin: Client) -> None:
    coin, old = AssetFactory(), SectorFactory(name="Old")
    SectorMappingFactory(asset=coin, sector=old, weight=0.4)
    new = SectorFactory(name="New")
    data = {"asset": coin.pk, "sector": new.pk, "weight": 0.6, "is_primary": "on"}
    assert save(admin, "sectormapping", data).status_code == 302
    coin.refresh_from_db()
    assert coin.sector_name == "New"
    made = SectorMapping.objects.get(sector=new)
    assert made.is_manual and made.is_primary
    assert not SectorMapping.objects.get(sector=old).is_primary


def test_a_weight_that_does_not_fit_is_explained_at_its_field(admin: Client) -> None:
    coin = AssetFactory()
    SectorMappingFactory(asset=coin, weight=0.8)
    data = {"asset": coin.pk, "sector": SectorFactory().pk, "weight": 0.5}
    response = save(admin, "sectormapping", data)
    assert response.status_code == 200
    assert "has 0.8 in other sectors" in response.context["adminform"].form.errors["weight"][0]
    assert SectorMapping.objects.count() == 1


def test_ending_a_membership_in_the_admin_takes_the_name_off_the_asset(admin: Client) -> None:
    mapping = SectorMappingFactory(asset__sector_name="Gone")
    url = reverse("admin:sectors_sectormapping_delete", args=[mapping.pk])
    assert admin.post(url, {"post": "yes"}).status_code == 302
    mapping.asset.refresh_from_db()
    assert mapping.asset.sector_name == ""
    assert not SectorMapping.objects.exists()


def test_seeding_gets_a_coin_back_by_the_action(admin: Client) -> None:
    mapping = SectorMappingFactory(is_manual=True)
    data = {"action": "let_seeding_decide", "_selected_action": [mapping.pk]}
    admin.post(reverse("admin:sectors_sectormapping_changelist"), data)
    mapping.refresh_from_db()
    assert not mapping.is_manual


def test_a_sector_renamed_in_the_admin_is_renamed_on_its_coins(admin: Client) -> None:
    mapping = SectorMappingFactory()
    sector = mapping.sector
    data = {
        "name": "Renamed",
        "slug": sector.slug,
        "color_code": sector.color_code,
        "description": "",
        "characteristics": "{}",
        "is_active": "on",
    }
    assert save(admin, "sector", data, sector.pk).status_code == 302
    mapping.asset.refresh_from_db()
    assert mapping.asset.sector_name == "Renamed"
    assert admin.post(reverse("admin:sectors_sector_delete", args=[sector.pk])).status_code == 403

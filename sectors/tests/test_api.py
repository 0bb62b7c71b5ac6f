from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.models import Role, User
from assets.engine.timeframe import Timeframe
from sectors.api import SectorsView
from sectors.tests.factories import MOMENT, SectorFactory, SectorPerformanceFactory

pytestmark = pytest.mark.django_db
CONTRACT = {"id", "name", "performance_24h", "performance_7d", "dominance", "momentum_score", "status"}


def user(role: str = Role.GUEST) -> User:
    return User.objects.create_user(f"{role}@example.com", role=role)


def get(query: dict[str, Any] | None = None, as_user: User | None = None) -> Any:
    request = APIRequestFactory().get("/api/v1/layer2/sectors", query or {})
    if as_user:
        force_authenticate(request, as_user)
    return SectorsView.as_view()(request).render()


@pytest.mark.parametrize("role", Role.values)
def test_every_role_may_read_the_sectors(role: str) -> None:
    SectorPerformanceFactory()
    response = get(as_user=user(role))
    assert response.status_code == 200
    assert len(response.data) == 1


def test_strangers_may_not() -> None:
    assert get().status_code in (401, 403)


def test_a_sector_reads_as_the_contract_has_it_in_percent() -> None:
    row = SectorPerformanceFactory(sector__name="DeFi")
    [found] = get(as_user=user()).data
    assert set(found) >= CONTRACT | {"last_updated", "as_of", "is_stale", "stale_reason"}
    assert (found["id"], found["name"], found["status"]) == (row.sector_id, "DeFi", "leading")
    assert (found["performance_24h"], found["performance_7d"]) == (8.5, 15.2)
    assert (found["dominance"], found["momentum_score"]) == (12.3, 0.75)


def test_what_is_not_known_is_null() -> None:
    SectorPerformanceFactory(
        momentum_score=None, performance_24h=None, performance_7d=None, dominance_percentage=None
    )
    [found] = get(as_user=user()).data
    assert [found[key] for key in ("performance_24h", "performance_7d", "dominance")] == [None] * 3


def test_the_strongest_come_first_and_the_unknown_last() -> None:
    for name, momentum in (("weak", -0.5), ("unknown", None), ("strong", 0.5)):
        SectorPerformanceFactory(sector__name=name, momentum_score=momentum)
    assert [row["name"] for row in get(as_user=user()).data] == ["strong", "weak", "unknown"]


def test_the_past_reads_as_it_was_known_then() -> None:
    sector = SectorFactory()
    for day, momentum in ((0, 0.1), (1, 0.2), (2, 0.3)):
        SectorPerformanceFactory(sector=sector, as_of=MOMENT + timedelta(days=day), momentum_score=momentum)
    reader = user()
    asked = {"as_of": (MOMENT + timedelta(days=1, hours=23)).isoformat().replace("+00:00", "Z")}
    [then] = get(asked, reader).data
    [now] = get(as_user=reader).data
    assert (then["momentum_score"], then["is_stale"]) == (0.2, False)
    assert (now["momentum_score"], now["is_stale"]) == (0.3, True)
    assert get({"as_of": "2024-01-01"}, reader).data == []


def test_a_ranking_of_another_bar_length_stands_apart() -> None:
    SectorPerformanceFactory(timeframe=Timeframe.HOUR, as_of=timezone.now(), momentum_score=0.9)
    reader = user()
    assert get(as_user=reader).data == []
    [found] = get({"timeframe": "1h"}, reader).data
    assert (found["momentum_score"], found["is_stale"]) == (0.9, False)


@pytest.mark.parametrize(
    ("query", "field"),
    [({"as_of": "yesterday"}, "as_of"), ({"timeframe": "2d"}, "timeframe"), ({"asof": "2024-01-01"}, "asof")],
)
def test_a_bad_question_is_told_which_field_and_how_to_mend_it(query: dict[str, str], field: str) -> None:
    response = get(query, user())
    assert response.status_code == 400
    [error] = response.data["errors"]
    assert (error["field"], error["value"]) == (field, query[field])
    assert error["rule"] and error["mend"]


@pytest.mark.parametrize("count", [3, 30])
def test_the_number_of_queries_does_not_grow(count: int, django_assert_num_queries: Any) -> None:
    SectorPerformanceFactory.create_batch(count)
    reader = user()
    with django_assert_num_queries(2):  # the ranking, the newest candle
        assert len(get(as_user=reader).data) == count

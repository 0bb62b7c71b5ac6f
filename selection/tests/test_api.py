"""GET /api/v1/layer3/watchlists, to the letter of the contract."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.models import Role
from selection import api, services
from selection.tests.factories import (
    AS_OF,
    UserFactory,
    WatchlistAnalysisFactory,
    WatchlistFactory,
    WatchlistItemFactory,
)

pytestmark = pytest.mark.django_db
KEYS = {"id", "name", "type", "tier", "current_items", "max_items", "last_updated"}


def get(user: Any, query: str = "") -> Any:
    route = api.urlpatterns[0]
    request = APIRequestFactory().get(f"/api/v1/{route.pattern}{query}")
    force_authenticate(request, user)
    return route.callback(request).render()


def test_the_address_is_the_contracts() -> None:
    assert str(api.urlpatterns[0].pattern) == "layer3/watchlists"


def test_a_reader_gets_the_tiers_and_own_lists_with_counts_and_freshness() -> None:
    services.ensure_lists()
    own = WatchlistFactory()
    WatchlistItemFactory(watchlist=own)
    WatchlistAnalysisFactory()
    response = get(own.user)
    rows = json.loads(response.content)
    assert response.status_code == 200
    assert [(row["name"], row["type"], row["tier"], row["current_items"]) for row in rows] == [
        ("Tier 1", "admin", "tier1", 0),
        ("Tier 2", "admin", "tier2", 0),
        (own.name, "personal", None, 1),
    ]
    assert all(set(row) == KEYS | {"as_of", "is_stale"} for row in rows)
    assert rows[0]["max_items"] == 20
    assert rows[0]["as_of"] == f"{AS_OF:%Y-%m-%dT%H:%M:%S}Z"
    assert rows[0]["is_stale"] is True
    assert rows[0]["last_updated"].endswith("Z")


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.GUEST, 403), (Role.CASUAL, 200), (Role.PROFESSIONAL, 200), (Role.ADMIN, 200)],
)
def test_casual_investors_and_above_may_read(role: str, status: int) -> None:
    assert get(UserFactory(role=role)).status_code == status


def test_nobody_reads_without_logging_in() -> None:
    assert get(AnonymousUser()).status_code in (401, 403)


@pytest.mark.parametrize("query", ["?limit=none", "?tier=tier1", "?cursor=x"])
def test_what_is_not_understood_is_refused(query: str) -> None:
    assert get(UserFactory(), query).status_code == 400


@pytest.mark.parametrize("count", [3, 30])
def test_three_queries_however_many_lists(count: int) -> None:
    user = UserFactory()
    for _number in range(count):
        WatchlistItemFactory(watchlist=WatchlistFactory(user=user))
    WatchlistAnalysisFactory()
    with CaptureQueriesContext(connection) as queries:
        assert len(json.loads(get(user).content)) == count
    assert len(queries) == 3

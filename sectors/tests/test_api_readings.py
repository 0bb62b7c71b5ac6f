"""The other addresses of layer 2: one sector, its history, rotation, comparison, relative rotation."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from sectors.tests.factories import (
    MOMENT,
    SectorAnalysisFactory,
    SectorFactory,
    SectorPerformanceFactory,
    SectorRotationFactory,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def client() -> Client:
    found = Client()
    found.force_login(User.objects.create_user("guest@example.com", role="guest"))
    return found


def get(client: Client, name: str, status: int = 200, **query: Any) -> Any:
    response = client.get(f"/api/v1/layer2/{name}", query)
    assert response.status_code == status, response.content
    return response.json()


def test_a_sector_tells_its_figures_its_best_coins_and_what_to_do_with_it(client: Client) -> None:
    row = SectorPerformanceFactory(
        total_market_cap=5e9,
        top_performers=[{"asset_id": 7, "symbol": "UNI", "performance_7d": 0.1}],
        performance_metrics={"volatility": 0.8},
    )
    SectorAnalysisFactory(sector=row.sector, weight=0.3)
    found = get(client, f"sectors/{row.sector_id}")
    assert found["total_market_cap"] == 5e9
    assert found["top_performers"] == [{"crypto_id": 7, "symbol": "UNI", "performance_7d": 10.0}]
    metrics = found["performance_metrics"]
    assert (metrics["performance_7d"], metrics["volatility"], metrics["status"]) == (15.2, 0.8, "leading")
    assert (found["analysis"]["weight"], found["reason"]) == (0.3, "")


def test_a_sector_that_was_never_ranked_is_null_with_the_reason(client: Client) -> None:
    found = get(client, f"sectors/{SectorFactory().pk}")
    assert (found["total_market_cap"], found["analysis"], found["top_performers"]) == (None, None, [])
    assert "pipeline" in found["reason"]


@pytest.mark.parametrize("number", ["999999", "9" * 30])
def test_a_sector_that_does_not_exist_is_404(client: Client, number: str) -> None:
    get(client, f"sectors/{number}", 404)
    get(client, f"sectors/{number}/history", 404)


def test_a_sector_is_told_as_it_was_known(client: Client) -> None:
    row = SectorPerformanceFactory(momentum_score=0.1)
    SectorPerformanceFactory(sector=row.sector, as_of=MOMENT + DAY, momentum_score=0.9)
    then = get(client, f"sectors/{row.sector_id}", as_of=MOMENT.isoformat())
    assert then["performance_metrics"]["momentum_score"] == 0.1
    history = get(client, f"sectors/{row.sector_id}/history", days=1)
    assert [one["momentum_score"] for one in history] == [0.9]
    history = get(client, f"sectors/{row.sector_id}/history", as_of=MOMENT.isoformat())
    assert [one["momentum_score"] for one in history] == [0.1]


def test_the_rotation_names_its_sectors_and_its_weights_add_up(client: Client) -> None:
    first, second = SectorFactory(), SectorFactory()
    SectorRotationFactory(
        leading_sectors=[first.slug],
        declining_sectors=[second.slug, "gone"],
        recommended_allocation={first.slug: 0.7, second.slug: 0.3},
        flow_directions={first.slug: 0.2, second.slug: -0.2},
    )
    found = get(client, "rotation")
    assert found["leading_sectors"] == [{"id": first.pk, "slug": first.slug, "name": first.name}]
    assert [one["id"] for one in found["declining_sectors"]] == [second.pk]
    assert sum(found["recommended_allocation"].values()) == 1.0
    assert (found["rotation_probability"], found["base_rate"]) == (0.7, 0.6)


def test_without_a_run_there_is_no_rotation(client: Client) -> None:
    assert "run_pipeline" in get(client, "rotation", 404)["errors"][0]["mend"]


def test_sectors_are_compared_in_the_order_asked_for_with_their_places(client: Client) -> None:
    rows = [SectorPerformanceFactory(performance_7d=value) for value in (0.1, 0.3, None)]
    ids = ",".join(str(row.sector_id) for row in reversed(rows))
    found = get(client, "compare", sectors=ids, timeframe="7d")
    assert found["timeframe"] == "7d"
    told = [(one["id"], one["performance"], one["rank"]) for one in found["sectors"]]
    assert told == [
        (rows[2].sector_id, None, None),
        (rows[1].sector_id, 30.0, 1),
        (rows[0].sector_id, 10.0, 2),
    ]


@pytest.mark.parametrize("sectors", ["", "1", "1,1", "a,b", "1;2", "-1,2", "1," * 30, "٣,٤"])
def test_a_comparison_that_makes_no_sense_is_refused(client: Client, sectors: str) -> None:
    found = get(client, "compare", 400, sectors=sectors)
    assert found["errors"][0]["field"] == "sectors"


def test_a_comparison_with_a_sector_that_does_not_exist_is_404(client: Client) -> None:
    found = get(client, "compare", 404, sectors=f"{SectorPerformanceFactory().sector_id},999999")
    assert found["errors"][0]["value"] == "999999"


def test_a_trail_leads_from_the_oldest_to_the_newest_close_asked_for(client: Client) -> None:
    sector = SectorFactory()
    for day in range(4):
        SectorPerformanceFactory(sector=sector, as_of=MOMENT + day * DAY, relative_strength=100.0 + day)
    (found,) = get(client, "relative-rotation", days=3, as_of=(MOMENT + 2 * DAY).isoformat())
    assert [point["relative_strength"] for point in found["trail"]] == [100, 101, 102]


@pytest.mark.parametrize("count", [3, 300])
@pytest.mark.parametrize("name", ["relative-rotation", "sectors/{}/history"])
def test_as_many_queries_for_three_closes_as_for_three_hundred(
    client: Client, name: str, count: int, django_assert_max_num_queries: Any
) -> None:
    sector = SectorFactory()
    for day in range(count):
        SectorPerformanceFactory(sector=sector, as_of=MOMENT - day * DAY)
    address = name.format(sector.pk)
    get(client, address)  # the session is noted once a minute
    with django_assert_max_num_queries(4):  # session, user, sector, rows
        rows = get(client, address, days=400)
    assert len(rows[0].get("trail", rows)) == count

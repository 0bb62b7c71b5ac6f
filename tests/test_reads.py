"""Reading writes nothing: every page and every GET of the API, asked by a newcomer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver

from accounts.models import User
from selection.models import Portfolio
from tests import site
from trading.models import RiskProfile

pytestmark = pytest.mark.django_db
WRITES = re.compile(
    r"^\s*(INSERT|UPDATE|DELETE|TRUNCATE|MERGE|WITH\b.*\b(INSERT|UPDATE|DELETE)\b)", re.I | re.S
)
DELIBERATE = {
    "usersessions_usersession": "what the page of one's sessions shows: device, address, last seen",
    "account_emailaddress": "allauth takes the account's address over when its own page is first opened",
}
OBJECTS = (
    "coins/{coin}/", "coins/{coin}/data/candles", "coins/{coin}/data/scores", "dashboard/portfolio/",
    "models/timing_long/", "sectors/defi/", "sectors/defi/data/momentum", "trading/signals/{signal}/",
    "trading/signals/{signal}/execute/", "trading/signals/{plan}/", "trading/signals/{plan}/execute/",
    "trading/signals/{plan}/execute/?amount=100", "trading/portfolio/?venue=live",
    "trading/portfolio/export/?venue=live", "trading/data/risk-coverage/timing_long",
    "trading/backtests/{backtest}/", "api/v1/assets/{coin}", "api/v1/assets/{coin}/candles",
    "api/v1/layer3/assets/{coin}/analysis", "api/v1/layer4/signals/{plan}",
    "api/v1/layer4/signals/{plan}/sizing", "api/v1/portfolio?venue=live",
    "api/v1/portfolio/history?venue=live", "admin/cryptopredict/runtimesettings/1/change/",
)  # fmt: skip


def patterns(resolver: Any, before: str = "") -> Iterator[str]:
    """Every address that needs no object."""
    for one in resolver.url_patterns:
        path = before + str(one.pattern).removeprefix("^").removesuffix("$").removesuffix("\\Z")
        if hasattr(one, "url_patterns"):
            yield from patterns(one, path)
        elif not re.search(r"[<(\\]", path):
            yield path


def written(client: Client, path: str) -> list[str]:
    """What asking for it writes, but for what is meant to be written."""
    with CaptureQueriesContext(connection) as seen:
        status = client.get(f"/{path}").status_code
    assert status < 500, path
    found = [query["sql"] for query in seen if WRITES.match(query["sql"])]
    starts = tuple(f'{verb} "{table}"' for table in DELIBERATE for verb in ("INSERT INTO", "UPDATE"))
    return [sql for sql in found if not sql.startswith(starts)]


@pytest.fixture
def built() -> site.Site:
    return site.build()


@pytest.mark.parametrize("role", ["guest", "professional", "admin"])
def test_whoever_looks_for_the_first_time_writes_nothing(built: site.Site, role: str) -> None:
    fresh = User.objects.create_user("fresh@example.com", role=role)
    client = Client()
    client.force_login(fresh)
    names = {
        "coin": built.coins["BTC"].pk, "signal": built.signal.pk, "plan": built.plan.pk,
        "backtest": built.backtest.pk,
    }  # fmt: skip
    paths = [*patterns(get_resolver()), *(path.format(**names) for path in OBJECTS)]
    assert len(paths) > 150
    found = {path: sqls for path in paths if (sqls := written(client, path))}
    assert found == {}
    assert client.session["_auth_user_id"] == str(fresh.pk)  # to the last of them


def test_a_look_at_an_order_reckons_with_the_account_as_it_would_be(built: site.Site) -> None:
    fresh = User.objects.create_user("fresh@example.com", role="casual", account_balance=4000)
    client = Client()
    client.force_login(fresh)
    order = f"/trading/signals/{built.plan.pk}"
    assert client.get(f"{order}/execute/").context["sizing"].equity == 4000
    assert client.post(f"{order}/preview/", {"amount": "50", "unit": "percent"}).status_code == 200
    api = f"/api/v1/layer4/signals/{built.plan.pk}"
    seen = client.post(f"{api}/preview", {"position_size": 100}, content_type="application/json")
    assert seen.json()["equity"] == 4000
    refused = {"position_size": 3900, "risk_confirmation": True}
    assert client.post(f"{api}/execute", refused, content_type="application/json").status_code == 422
    faulty = {"csv": "date,symbol,side,quantity,price\n2024-01-06,SOL,sell,1,110", "venue": "paper"}
    for dry_run in (True, False):
        body = {**faulty, "dry_run": dry_run}
        client.post("/api/v1/portfolio/import", body, content_type="application/json")
    client.post("/trading/portfolio/import/", {"venue": "live", "csv": faulty["csv"]})
    client.post("/trading/portfolio/cash/", {"venue": "live", "cash": "-1"})
    assert not Portfolio.objects.filter(user=fresh).exists()
    assert not RiskProfile.objects.filter(user=fresh).exists()
    done = {"position_size": 100, "risk_confirmation": True}
    assert client.post(f"{api}/execute", done, content_type="application/json").status_code == 201
    assert Portfolio.objects.get(user=fresh).flows.get().amount == 4000

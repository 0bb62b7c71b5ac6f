"""What decisions were worth, from stored candles to the page, the API and the file."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, User
from assets.models import Asset
from assets.tests.stored import store_panel
from selection import selectors
from selection.models import SuggestionReview
from selection.tests.factories import SuggestionFactory, UserFactory
from selection.tests.markets import market

pytestmark = pytest.mark.django_db
DAYS, COINS = 170, 8
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture(autouse=True)
def _cache_of_its_own(settings: Any) -> None:
    """Redis is shared by all workers of the suite: what one clears, another misses."""
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()


@pytest.fixture
def coins() -> list[Asset]:
    """Coin n gains n + 1 tenths of a per cent a day at the same turnover, until today begins."""
    times = pd.date_range(end=TODAY - timedelta(days=1), periods=DAYS, freq="D", tz="UTC", unit="us")
    close = 100 * (1.001 + 0.001 * np.arange(COINS)) ** np.arange(DAYS)[:, None]
    made = market(DAYS, COINS, drift=0.0)
    volume = np.full((DAYS, COINS), 1e6)
    bars = dict.fromkeys(("open", "high", "low", "close"), close)
    panel = replace(made, times=times, volume=volume, is_stable=np.zeros(COINS, dtype=np.bool_), **bars)
    return list(store_panel(panel).values())


def decided(coin: Asset, days_ago: float, decision: str, user: User, **more: str) -> SuggestionReview:
    moment = TODAY - timedelta(days=days_ago)
    row = SuggestionFactory(asset=coin, status="expired", as_of=moment - timedelta(days=1), **more)
    return SuggestionReview.objects.create(
        suggestion=row, reviewer=user, decision=decision, review_notes="x", reviewed_at=moment
    )


@pytest.fixture
def admin_user(coins: list[Asset]) -> User:
    """Someone who approves what rises and rejects what does not, once a week for ten weeks."""
    user = UserFactory(role=Role.ADMIN)
    for week in range(10):
        decided(coins[7], 12.5 + 7 * week, "approve", user)
        decided(coins[0], 12.5 + 7 * week, "reject", user)
    return user


def test_the_figures_are_those_of_the_closes_after_the_decision(admin_user: User, coins: list[Asset]) -> None:
    found = selectors.worth()
    case = next(row for row in found["cases"] if row["decision"] == "approve")
    # Decided at noon, so it starts at the midnight that follows.
    assert case["start"] - case["reviewed_at"] == timedelta(hours=12)
    assert case["return_7d"] == pytest.approx(1.008**7 - 1)
    everyone = (1.001 + 0.001 * np.arange(COINS)) ** 7 - 1
    assert case["market_7d"] == pytest.approx(everyone.mean())
    assert case["median_7d"] == pytest.approx(np.median(everyone))
    assert case["sector_7d"] is None
    week = found["horizons"][0]
    assert week["days"] == 7
    told = {row["decision"]: row for row in week["rivals"]["market"]["decisions"]}
    assert told["approve"]["count"] == 10
    assert told["approve"]["mean"] == pytest.approx(everyone[7] - everyone.mean())
    added = week["rivals"]["market"]["added"]
    assert added["mean"] == pytest.approx(everyone[7] - everyone[0])
    assert added["low"] == pytest.approx(added["mean"]) == pytest.approx(added["high"])


def test_a_horizon_that_is_not_over_is_not_known(admin_user: User) -> None:
    found = selectors.worth()
    quarter = found["horizons"][2]
    told = {row["decision"]: row for row in quarter["rivals"]["market"]["decisions"]}
    newest = found["cases"][-1]
    assert newest["return_90d"] is None
    assert told["defer"] == {
        "decision": "defer", "count": 0, "periods": 0, "mean": None, "low": None, "high": None,
        "reason": "no_horizon_over",
    }  # fmt: skip


def test_a_suggestion_to_leave_counts_the_other_way(coins: list[Asset]) -> None:
    user = UserFactory(role=Role.ADMIN)
    decided(coins[0], 20.5, "approve", user, suggestion_type="remove")
    (told,) = [
        row
        for row in selectors.worth()["horizons"][0]["rivals"]["market"]["decisions"]
        if row["decision"] == "approve"
    ]
    assert told["mean"] > 0


def test_each_reviewer_is_judged_by_own_decisions(admin_user: User, coins: list[Asset]) -> None:
    other = UserFactory(role=Role.ADMIN)
    for week in range(3):
        decided(coins[0], 13.5 + 7 * week, "approve", other)
        decided(coins[7], 13.5 + 7 * week, "reject", other)
    added = {row["reviewer"]: row["added"]["mean"] for row in selectors.worth()["horizons"][0]["reviewers"]}
    assert added[str(admin_user)] == pytest.approx(-added[str(other)])
    assert added[str(admin_user)] > 0.04


def test_a_new_decision_is_counted_at_once(admin_user: User, coins: list[Asset]) -> None:
    before = selectors.worth()
    decided(coins[6], 40.5, "approve", admin_user)
    assert len(selectors.worth()["cases"]) == len(before["cases"]) + 1


def test_it_takes_as_many_queries_for_20_decisions_as_for_60(admin_user: User, coins: list[Asset]) -> None:
    counts = []
    for more in (0, 40):
        for number in range(more):
            decided(coins[number % 8], 12.25 + number, "approve", admin_user)
        cache.clear()
        with CaptureQueriesContext(connection) as queries:
            selectors.worth()
        counts.append(len(queries))
        cache_hit = CaptureQueriesContext(connection)
        with cache_hit:
            selectors.worth()
        assert len(cache_hit) == 2
    assert counts[0] == counts[1] < 12


def test_page_api_and_file_say_the_same(admin_user: User) -> None:
    browser = Client()
    browser.force_login(admin_user, "allauth.account.auth_backends.AuthenticationBackend")
    told = browser.get("/api/v1/admin/suggestions/worth").json()
    assert told["sentence"].startswith("After ")
    assert "Your selection added +" in told["sentence"]
    # Ten weeks are ten periods of seven days and too few of thirty: the sentence is the one with an interval.
    assert told["sentence"].startswith("After 7 days")
    assert "95 % interval" in told["sentence"]
    page = browser.get(reverse("admin:selection_suggestion_worth")).content.decode()
    assert told["sentence"] in page
    text = browser.get(reverse("admin:selection_suggestion_worth_csv")).content.decode()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 20
    assert float(rows[0]["return_7d"]) in (pytest.approx(1.008**7 - 1), pytest.approx(1.001**7 - 1))
    assert rows[0]["reviewed_at"].endswith("Z")

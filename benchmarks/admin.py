"""The administrators' desk with a long queue: its page, its first page, and a thousand decisions at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage, staticfiles_storage
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from accounts.services import create_user
from assets.engine.timeframe import Timeframe
from assets.models import Asset
from assets.services.store import store_candles
from benchmarks import market
from benchmarks.costs import Cost, cost, middle
from benchmarks.figures import Figure, Scale
from benchmarks.servers import fresh_database
from selection import services
from selection.models import Suggestion, SuggestionType, Watchlist

_QUEUE, _AT_ONCE = 20, 2  # times the coins of a live batch: 10,000 pending, 1,000 decided together
_BARS = 70
_ROUNDS = 7
_DRIVERS = [["volume", 4.2e9, 0.98, 0.12], ["momentum_1w", -0.034, 0.31, -0.02]]


def run(scale: Scale) -> list[Figure]:
    """Milliseconds of server time a page, seconds and queries of a bulk approval."""
    pending, decided = _QUEUE * scale.live, _AT_ONCE * scale.live
    with fresh_database():
        _static()
        user = create_user(email="admin@example.org", role=Role.ADMIN)
        ids = market.listed(pending)
        columns = market.walks(Timeframe.DAY, scale.live, _BARS)
        store_candles(Timeframe.DAY, market.batch(ids, columns))
        _suggest(ids)
        services.ensure_lists()
        Watchlist.objects.update(max_items=pending)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")  # as autovacuum does a minute later
        client = Client()
        client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
        queue = _page(client, "/admin/selection/suggestion/")
        search = _page(client, "/admin/selection/suggestion/?q=COIN7")
        first = _page(client, "/admin/")
        few, _seconds = _approve(user, ids[-3:])
        many, seconds = _approve(user, ids[:decided])
    return [
        Figure(f"the queue with {pending} pending", 1_000 * queue.seconds, "ms", 150.0, at_most=True),
        Figure("the same, processor time", 1_000 * queue.cpu, "ms"),
        Figure("the queue, searched", 1_000 * search.seconds, "ms"),
        Figure("the first page of the desk", 1_000 * first.seconds, "ms"),
        Figure(f"{decided} suggestions approved at once", seconds, "s", 5.0, at_most=True),
        Figure("queries of that", many, "queries", float(few), at_most=True),
    ]


def _static() -> None:
    """Pages name their files by hash: the list of them is made, as `up` does."""
    if isinstance(staticfiles_storage, ManifestStaticFilesStorage):
        call_command("collectstatic", interactive=False, verbosity=0)


def _page(client: Client, address: str) -> Cost:
    """The median cost of a page that was opened before."""

    def ask() -> Any:
        answer = client.get(address)
        if answer.status_code != 200:
            raise RuntimeError(f"{address} answered {answer.status_code}")
        return answer

    ask()
    return middle([cost(ask) for _round in range(_ROUNDS)])


def _suggest(ids: Any) -> None:
    """One pending suggestion a coin; those with prices are the surest, so that the first page draws them."""
    chances = np.linspace(0.9, 0.5, len(ids)).round(4)
    Suggestion.objects.bulk_create(
        Suggestion(
            asset_id=int(asset),
            timeframe=Timeframe.DAY,
            as_of=market.BEGIN + timedelta(days=_BARS),
            suggestion_type=SuggestionType.ADD_TIER1,
            confidence_score=float(chance),
            base_rate=0.49,
            priority=1,
            ai_reasoning={"drivers": _DRIVERS, "in_universe": True},
            supporting_data={"lasting_score": 0.97, "score_7d": 0.8, "score_30d": 0.9},
            expires_at=Now() + timedelta(days=7),
        )
        for asset, chance in zip(ids, chances, strict=True)
    )
    Asset.objects.update(sector_name="layer-1")


def _approve(user: Any, ids: Any) -> tuple[int, float]:
    """Queries and seconds that it takes to approve the suggestions of these coins, all of them."""
    chosen = list(Suggestion.objects.filter(asset__in=ids.tolist()).values_list("pk", flat=True))
    with CaptureQueriesContext(connection) as queries:
        taken = cost(lambda: _all_done(services.review_all(ids=chosen, reviewer=user, decision="approve")))
    return len(queries), taken.seconds


def _all_done(answers: list[services.Outcome]) -> None:
    refused = [each.reason for each in answers if not each.is_done]
    if refused:
        raise RuntimeError(f"{len(refused)} were refused: {refused[0]}")

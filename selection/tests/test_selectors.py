"""What others read: the best coins, the queue, how fresh it is, the card."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from assets.engine.timeframe import Timeframe
from assets.tests.stored import AssetFactory, batch, store
from selection import selectors, services
from selection.tests.factories import (
    AS_OF,
    SuggestionFactory,
    UserFactory,
    WatchlistAnalysisFactory,
    WatchlistFactory,
    WatchlistItemFactory,
)
from selection.tests.markets import market

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_the_latest_scores_are_the_best_coins_of_the_last_close_known_then() -> None:
    worse = WatchlistAnalysisFactory(rank=2, score=0.5)
    best = WatchlistAnalysisFactory(rank=1, asset=AssetFactory(watchlist_tier="tier1", sector_name="DeFi"))
    silent = WatchlistAnalysisFactory(rank=None, score=None)
    older = WatchlistAnalysisFactory(asset=best.asset, as_of=AS_OF - DAY, rank=9)
    assert list(selectors.latest_scores()) == [best, worse, silent]
    assert list(selectors.latest_scores(AS_OF - timedelta(seconds=1))) == [older]
    assert not selectors.latest_scores(AS_OF - 2 * DAY).exists()
    top = selectors.top_assets(UserFactory())
    assert [row["symbol"] for row in top] == [best.asset.symbol, worse.asset.symbol]
    assert (top[0]["tier"], top[0]["sector"]) == ("tier1", "DeFi")


def test_the_queue_holds_what_waits_most_urgent_and_likely_first() -> None:
    likely = SuggestionFactory(priority=1, confidence_score=0.7)
    urgent = SuggestionFactory(priority=2, confidence_score=None)
    less = SuggestionFactory(priority=1, confidence_score=0.6)
    SuggestionFactory(expires_at=AS_OF)
    SuggestionFactory(status="rejected")
    SuggestionFactory(deferred_until=Now() + DAY)
    assert list(selectors.pending_suggestions()) == [urgent, likely, less]


def test_stored_scores_lie_on_the_panels_grid() -> None:
    panel = market(10, 5)
    assets = [AssetFactory() for _column in range(2)]
    panel = replace(panel, asset_ids=np.array([7_000_001, assets[0].pk, 7_000_002, assets[1].pk, 7_000_003]))
    WatchlistAnalysisFactory(asset=assets[0], as_of=panel.as_of(3), score=0.25)
    WatchlistAnalysisFactory(asset=assets[1], as_of=panel.as_of(9), score=0.75)
    WatchlistAnalysisFactory(asset=assets[1], as_of=panel.as_of(8), score=None)
    WatchlistAnalysisFactory(asset=assets[1], as_of=panel.as_of(1), score=0.5)
    WatchlistAnalysisFactory(as_of=panel.as_of(5), score=0.5)  # a coin that is not in the panel
    with CaptureQueriesContext(connection) as queries:
        found = selectors.score_percentiles(panel, first=3)
    assert len(queries) == 1
    assert {(r, c): found[r, c] for r, c in np.argwhere(np.isfinite(found))} == {(3, 1): 0.25, (9, 3): 0.75}


def test_readers_see_the_administrators_lists_and_their_own_with_counts() -> None:
    services.ensure_lists()
    own = WatchlistFactory()
    WatchlistFactory(name="someone else's")
    WatchlistFactory(user=own.user, is_active=False)
    for status in ("active", "paused", "removed"):
        WatchlistItemFactory(watchlist=own, status=status)
    rows = {row.name: row.current_items for row in selectors.watchlists(own.user)}
    assert rows == {"Tier 1": 0, "Tier 2": 0, own.name: 2}


def test_scores_are_stale_two_bars_after_the_candles_or_the_clock() -> None:
    assert selectors.freshness().as_of is None
    assert "run the pipeline" in selectors.freshness().stale_reason
    row = WatchlistAnalysisFactory()
    assert selectors.freshness(AS_OF + 2 * DAY) == selectors.Freshness(AS_OF, "")
    assert "No candles" in selectors.freshness(AS_OF + 2 * DAY + timedelta(seconds=1)).stale_reason
    assert not selectors.freshness().stale_reason
    store(Timeframe.DAY, batch(row.asset_id, [AS_OF + 2 * DAY], [1.0]))
    assert "Newer candles" in selectors.freshness().stale_reason


def test_the_card_is_none_before_the_first_run() -> None:
    assert selectors.card(UserFactory()) is None


def test_the_card_counts_buys_and_names_the_best() -> None:
    for rank, word in enumerate(("strong_buy", "buy", "hold", "hold", "reduce"), start=1):
        WatchlistAnalysisFactory(rank=rank, recommendation=word, confidence_score=0.6 - rank / 100)
    WatchlistAnalysisFactory(as_of=AS_OF - DAY, recommendation="hold")
    best = selectors.latest_scores()[0].asset.symbol
    card = selectors.card(UserFactory(), now=AS_OF + DAY)
    assert card is not None
    assert (card["layer"], card["figure"]) == (3, 2)
    assert card["state"] == f"{best} leads"
    assert (card["confidence"], card["base_rate"]) == (0.59, 0.5)
    assert card["key_metric"] == f"{best} beats the median with 59 %"
    assert card["indicator_dots"] == 4  # two of five is more than the three tenths a buy can be
    assert (card["as_of"], card["is_stale"]) == (AS_OF, False)
    late = selectors.card(UserFactory(role=Role.ADMIN), now=datetime(2026, 1, 1, tzinfo=UTC))
    assert late is not None
    assert late["is_stale"]
    assert late["key_metric"] == "0 suggestions wait"


def test_the_cards_line_is_how_far_the_best_scores_pulled_ahead_of_all() -> None:
    rows = [WatchlistAnalysisFactory(as_of=AS_OF - 2 * DAY, score=score) for score in (0.0, 0.5, 1.0)]
    times = [AS_OF - back * DAY for back in (3, 2, 1)]
    for row, growth in zip(rows, (0.9, 1.0, 1.1), strict=True):
        for back in (1, 0):
            WatchlistAnalysisFactory(asset=row.asset, as_of=AS_OF - back * DAY, score=row.score)
        store(Timeframe.DAY, batch(row.asset_id, times, [100.0, 100.0 * growth, 100.0 * growth**2]))
    card = selectors.card(UserFactory(), now=AS_OF)
    assert card is not None
    assert card["sparkline"] == pytest.approx([0.0, 10.0, 21.0])  # all together stand still
    assert card["sparkline_label"].endswith("before costs: +21.0 %")

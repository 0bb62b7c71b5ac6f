"""From scores to a decision: what is suggested, who may decide, and that a decision is whole or nothing."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import ProgrammingError, connection, transaction
from django.db.models.functions import Now

from accounts.models import Role, User, UserActivity
from assets.engine.panel import Panel
from assets.models import Asset
from assets.tests.stored import AssetFactory
from selection import engine, selectors, services
from selection.models import Suggestion, SuggestionReview, SuggestionStatus, Watchlist
from selection.tests.factories import SuggestionFactory, UserFactory
from selection.tests.markets import market

pytestmark = pytest.mark.django_db


@cache
def scored() -> tuple[Panel, engine.Result]:
    panel = market(400, 30, drift=0.004)
    return panel, engine.analyse(panel, first=len(panel.times) - 20)


def followed() -> tuple[Panel, engine.Result]:
    """The scored market with its coins in the database."""
    panel, result = scored()
    ids = np.array([AssetFactory(symbol=symbol).pk for symbol in panel.symbols])
    return replace(panel, asset_ids=ids), result


def suggest(panel: Panel, result: engine.Result, **options: Any) -> int:
    return services.suggest(panel=panel, result=result, **{"least_confidence": 0.0, **options})


@pytest.fixture
def admin_user() -> User:
    return UserFactory(role=Role.ADMIN)


def review(suggestion: Suggestion, user: User, decision: str = "approve", **options: Any) -> SuggestionReview:
    options = {"notes": "too thin" if decision == "reject" else "", **options}
    return services.review(suggestion=suggestion, reviewer=user, decision=decision, **options)


def tier(row: Suggestion) -> str:
    return str(Asset.objects.get(pk=row.asset_id).watchlist_tier)


def status(row: Suggestion) -> str:
    return str(Suggestion.objects.get(pk=row.pk).status)


def test_lasting_scores_become_pending_suggestions_with_figures_behind_them() -> None:
    panel, result = followed()
    written = suggest(panel, result)
    rows = list(Suggestion.objects.select_related("asset"))
    assert written == len(rows) > 3
    row = max(rows, key=lambda each: each.supporting_data["lasting_score"])
    column = panel.symbols.index(row.asset.symbol)
    assert row.suggestion_type in ("add_tier1", "add_tier2")
    assert row.confidence_score == result.month.confidence[-1, column]
    assert row.base_rate == result.month.base_rate[-1]
    assert row.supporting_data["place"] == 1
    assert row.ai_reasoning["drivers"][0][3] > 0
    week = row.expires_at - row.suggested_at
    assert abs(week - timedelta(days=7)) < timedelta(seconds=1)


def test_the_same_is_not_suggested_twice_while_it_waits() -> None:
    panel, result = followed()
    assert suggest(panel, result) > 0
    before = Suggestion.objects.count()
    earlier = replace(result, as_of=(*result.as_of[:-1], result.as_of[-1] + timedelta(days=1)))
    assert suggest(panel, earlier) == 0
    assert Suggestion.objects.count() == before


def test_a_surer_threshold_lets_fewer_through() -> None:
    panel, result = followed()
    assert suggest(panel, result, least_confidence=1.0) == 0
    assert suggest(panel, result, least_confidence=0.0) > 0


def test_what_was_rejected_is_not_suggested_again_within_a_month(admin_user) -> None:
    panel, result = followed()
    suggest(panel, result)
    row = selectors.pending_suggestions()[0]
    review(row, admin_user, "reject")

    def later(days: int) -> set[int]:
        with transaction.atomic():
            Suggestion.objects.filter(status="pending").update(status="expired")
            suggest(
                panel, replace(result, as_of=(*result.as_of[:-1], result.as_of[-1] + timedelta(days=days)))
            )
            found = set(Suggestion.objects.filter(status="pending").values_list("asset_id", flat=True))
            transaction.set_rollback(True)
        return found

    assert row.asset_id not in later(29)
    assert row.asset_id in later(30)


def test_a_coin_that_left_the_universe_is_suggested_for_removal_without_a_made_up_chance(admin_user) -> None:
    panel, result = followed()
    dead = Asset.objects.get(pk=panel.asset_ids[1])  # markets.market delists column 1
    services.set_tier(asset=dead, tier="tier2", user=admin_user)
    suggest(panel, result, least_confidence=0.5)
    row = Suggestion.objects.get(asset=dead)
    assert (row.suggestion_type, row.confidence_score, row.priority) == ("remove", None, 2)
    assert row.ai_reasoning == {"drivers": [], "in_universe": False}
    review(row, admin_user)
    assert tier(row) == "none"


@pytest.mark.parametrize(
    ("kind", "start", "end"),
    [
        ("add_tier1", "none", "tier1"),
        ("add_tier2", "none", "tier2"),
        ("promote", "tier2", "tier1"),
        ("demote", "tier1", "tier2"),
        ("remove", "tier1", "none"),
    ],
)
def test_approving_carries_the_change_out_and_is_written_down(admin_user, kind, start, end) -> None:
    row = SuggestionFactory(suggestion_type=kind)
    services.set_tier(asset=row.asset, tier=start, user=admin_user)
    done = review(row, admin_user, notes="strong")
    row.refresh_from_db()
    assert tier(row) == end
    assert selectors.tiers().get(row.asset_id, "none") == end
    assert (row.status, row.reviewed_by) == ("approved", admin_user)
    assert row.reviewed_at is not None
    assert (done.decision, done.target_tier, done.review_notes) == ("approve", end, "strong")
    activity = UserActivity.objects.get(activity_type="review_suggestion")
    assert (activity.user, activity.action, activity.entity_id) == (admin_user, "approve", str(row.pk))
    assert activity.details["tier"] == f"{start} → {end}"


def test_an_approval_may_choose_another_tier(admin_user) -> None:
    row = SuggestionFactory(suggestion_type="add_tier1")
    review(row, admin_user, target_tier="tier2")
    assert tier(row) == "tier2"


def test_rejecting_changes_no_tier(admin_user) -> None:
    row = SuggestionFactory()
    review(row, admin_user, "reject", notes="too thin")
    assert (status(row), tier(row)) == ("rejected", "none")
    assert SuggestionReview.objects.get().review_notes == "too thin"


def test_deferring_takes_it_out_of_the_queue_for_a_week_and_lets_it_be_decided_later(admin_user) -> None:
    row = SuggestionFactory()
    review(row, admin_user, "defer")
    row.refresh_from_db()
    assert (row.status, row.reviewed_at, tier(row)) == ("pending", None, "none")
    assert row.expires_at - row.deferred_until == timedelta(days=7)
    assert not selectors.pending_suggestions().exists()
    Suggestion.objects.update(deferred_until=Now())
    assert selectors.pending_suggestions().get() == row
    review(row, admin_user)
    assert tier(row) == "tier1"
    assert list(row.reviews.order_by("pk").values_list("decision", flat=True)) == ["defer", "approve"]


def test_a_settled_suggestion_cannot_be_decided_again(admin_user) -> None:
    for first in ("approve", "reject"):
        row = SuggestionFactory()
        review(row, admin_user, first)
        for second in ("approve", "reject", "defer"):
            with pytest.raises(ValidationError, match="settled already"):
                review(row, admin_user, second)


def test_an_expired_suggestion_cannot_be_decided_even_before_it_is_marked(admin_user) -> None:
    row = SuggestionFactory(expires_at=datetime(2024, 6, 8, tzinfo=UTC))
    with pytest.raises(ValidationError, match="expired on 2024-06-08"):
        review(row, admin_user)
    assert services.expire(now=datetime(2024, 6, 7, tzinfo=UTC)) == 0
    assert services.expire() == 1
    assert services.expire() == 0
    assert status(row) == "expired"
    with pytest.raises(ValidationError, match="expired on"):
        review(row, admin_user, "reject")
    assert tier(row) == "none"


def test_bad_words_are_refused(admin_user) -> None:
    row = SuggestionFactory()
    for options, text in (
        ({"decision": "maybe"}, "is not a decision"),
        ({"target_tier": "tier9"}, "is not a tier"),
        ({"decision": "reject", "target_tier": "tier1"}, "leave it out"),
    ):
        with pytest.raises(ValidationError, match=text), transaction.atomic():
            review(row, admin_user, **options)
    assert status(row) == "pending"


def test_only_administrators_review() -> None:
    row = SuggestionFactory()
    for role in (Role.CASUAL, Role.PROFESSIONAL):
        with pytest.raises(PermissionDenied):
            review(row, UserFactory(role=role))
    assert (status(row), tier(row)) == ("pending", "none")


def test_an_approval_for_a_full_list_changes_nothing(admin_user) -> None:
    lists = services.ensure_lists()
    Watchlist.objects.filter(pk=lists["tier1"].pk).update(max_items=0)
    row = SuggestionFactory()
    with pytest.raises(ValidationError, match="is full"):
        review(row, admin_user)
    assert (status(row), tier(row)) == ("pending", "none")
    assert not SuggestionReview.objects.exists()
    assert not UserActivity.objects.exists()


def test_what_argued_for_a_change_and_who_decided_cannot_be_rewritten(admin_user) -> None:
    row = SuggestionFactory()
    review(row, admin_user)
    rows, reviews = Suggestion.objects.all(), SuggestionReview.objects.all()
    changes = (
        lambda: rows.update(confidence_score=0.9),
        lambda: rows.update(reviewed_at=Now() + timedelta(days=1)),
        lambda: reviews.update(decision="reject"),
    )
    for change in changes:
        with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
            change()
    for record in (reviews.get(), SuggestionFactory()):
        with pytest.raises(ProgrammingError, match="Cannot delete"), transaction.atomic():
            record.delete()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same", [False, True], ids=["two coins for the last place", "one suggestion twice"])
def test_of_two_approvals_at_once_one_wins_and_one_is_told_why(same: bool) -> None:
    lists = services.ensure_lists()
    Watchlist.objects.filter(pk=lists["tier1"].pk).update(max_items=1)
    user = UserFactory(role=Role.ADMIN)
    rows = [SuggestionFactory()] * 2 if same else [SuggestionFactory(), SuggestionFactory()]
    start, refusals = threading.Barrier(2), []

    def approve(row: Suggestion) -> None:
        start.wait(timeout=10)
        try:
            review(row, user)
        except ValidationError as error:
            refusals.append(error.messages[0])
        finally:
            connection.close()

    threads = [threading.Thread(target=approve, args=(row,)) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert len(refusals) == 1
    assert ("settled already" if same else "is full") in refusals[0]
    assert list(selectors.tiers().values()) == ["tier1"]
    assert Asset.objects.filter(watchlist_tier="tier1").count() == 1
    assert SuggestionReview.objects.count() == 1
    assert Suggestion.objects.filter(status=SuggestionStatus.APPROVED).count() == 1

"""Deciding on many suggestions at once, by more than one person at once, and who may."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User, UserActivity
from assets.models import Asset
from selection import selectors, services
from selection.models import Suggestion, SuggestionReview, Watchlist
from selection.tests.factories import SuggestionFactory, UserFactory, reviewer

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin_user() -> User:
    return UserFactory(role=Role.ADMIN)


def room(tier: str, places: int) -> None:
    row = services.ensure_lists()[tier]
    Watchlist.objects.filter(pk=row.pk).update(max_items=places)


def decide(rows: list[Suggestion], user: User, decision: str = "approve", **options: Any) -> Any:
    return services.review_all(ids=[row.pk for row in rows], reviewer=user, decision=decision, **options)


def test_what_cannot_be_done_is_explained_each_and_the_rest_goes_through(admin_user: User) -> None:
    room("tier1", 1)
    settled = SuggestionFactory()
    services.review(suggestion=settled, reviewer=admin_user, decision="reject", notes="thin")
    over = SuggestionFactory(expires_at=Now() - timedelta(days=1))
    gone = SuggestionFactory(suggestion_type="add_tier2")
    Asset.objects.filter(pk=gone.asset_id).update(is_active=False)
    less, more = SuggestionFactory(confidence_score=0.6), SuggestionFactory(confidence_score=0.9)
    fine = SuggestionFactory(suggestion_type="add_tier2")
    answers = decide([settled, over, gone, less, more, fine], admin_user)
    assert [each.code for each in answers] == ["reviewed", "expired", "unsupported", "full", "", ""]
    assert f"rejected by {admin_user} on " in answers[0].reason
    assert "expired on" in answers[1].reason
    assert "no longer traded" in answers[2].reason
    assert "“Tier 1” is full" in answers[3].reason
    assert selectors.tiers() == {more.asset_id: "tier1", fine.asset_id: "tier2"}
    assert set(Suggestion.objects.filter(status="pending")) == {over, gone, less}
    assert SuggestionReview.objects.filter(decision="approve").count() == 2


def test_a_suggestion_that_does_not_exist_is_named(admin_user: User) -> None:
    row = SuggestionFactory()
    answers = services.review_all(ids=[row.pk, 10**9], reviewer=admin_user, decision="approve")
    assert [(each.code, each.is_done) for each in answers] == [("", True), ("missing", False)]


def test_a_removal_makes_room_for_who_waits(admin_user: User) -> None:
    room("tier1", 1)
    out = SuggestionFactory(suggestion_type="remove", priority=2)
    services.set_tier(asset=out.asset, tier="tier1", user=admin_user)
    new = SuggestionFactory()
    assert all(each.is_done for each in decide([new, out], admin_user))
    assert selectors.tiers() == {new.asset_id: "tier1"}


def test_a_bulk_approval_takes_as_many_queries_for_3_as_for_60(admin_user: User) -> None:
    room("tier1", 100)
    counts = []
    for size in (3, 60):
        rows = SuggestionFactory.create_batch(size)
        with CaptureQueriesContext(connection) as queries:
            assert all(each.is_done for each in decide(rows, admin_user))
        counts.append(len(queries))
    assert counts[0] == counts[1] < 30
    assert UserActivity.objects.filter(activity_type="review_suggestion").count() == 63
    assert Asset.objects.filter(watchlist_tier="tier1").count() == 63


def test_rejecting_needs_a_reason(admin_user: User) -> None:
    row = SuggestionFactory()
    for notes in ("", "  "):
        with pytest.raises(ValidationError, match="Say why"):
            decide([row], admin_user, "reject", notes=notes)
    row.refresh_from_db()
    assert row.status == "pending"


@pytest.mark.parametrize("days", [0, 31])
def test_deferring_has_bounds(admin_user: User, days: int) -> None:
    with pytest.raises(ValidationError, match="1 to 30 days"):
        decide([SuggestionFactory()], admin_user, "defer", days=days)


def test_what_was_deferred_comes_back_when_its_time_has_come(admin_user: User) -> None:
    row, later = SuggestionFactory(), SuggestionFactory()
    decide([row, later], admin_user, "defer", days=3)
    assert not selectors.pending_suggestions().exists()
    assert services.resume() == 0
    Suggestion.objects.filter(pk=row.pk).update(deferred_until=Now())
    assert (services.resume(), services.resume()) == (1, 0)
    assert selectors.pending_suggestions().get().deferred_until is None


def test_a_decision_made_on_an_old_view_is_refused(admin_user: User) -> None:
    row = SuggestionFactory()
    services.review(suggestion=row, reviewer=admin_user, decision="defer", after=0)
    with pytest.raises(ValidationError, match="Someone has decided"):
        services.review(suggestion=row, reviewer=admin_user, decision="approve", after=0)
    last = row.reviews.get().pk
    services.review(suggestion=row, reviewer=admin_user, decision="approve", after=last)
    assert selectors.tiers() == {row.asset_id: "tier1"}


def test_too_many_at_once_are_refused(admin_user: User) -> None:
    with pytest.raises(ValidationError, match="too many at once"):
        services.review_all(ids=range(1, 2_002), reviewer=admin_user, decision="approve")


def test_a_reviewer_decides_without_being_an_administrator() -> None:
    user, row = reviewer(), SuggestionFactory()
    services.review(suggestion=row, reviewer=user, decision="approve")
    assert selectors.tiers() == {row.asset_id: "tier1"}
    assert user.is_staff
    assert not user.has_perm("accounts.change_user")
    with pytest.raises(PermissionDenied):
        services.set_tier(asset=row.asset, tier="none", user=user)


@pytest.mark.parametrize("role", [Role.GUEST, Role.CASUAL, Role.PROFESSIONAL])
def test_nobody_else_decides_or_enters_the_desk(role: str) -> None:
    user = UserFactory(role=role)
    with pytest.raises(PermissionDenied):
        decide([SuggestionFactory()], user)
    assert not user.is_staff


def test_a_reviewer_who_is_switched_off_decides_nothing() -> None:
    user = reviewer()
    user.is_active = False
    with pytest.raises(PermissionDenied):
        decide([SuggestionFactory()], user)
    assert not user.is_staff


def together(*calls: Callable[[], Any]) -> list[Any]:
    """The answers of calls that start at the same moment, each in a transaction of its own."""
    start, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def run(place: int) -> None:
        start.wait(timeout=10)
        try:
            answers[place] = calls[place]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return answers


@pytest.mark.django_db(transaction=True)
def test_of_two_reviewers_at_once_one_wins_and_the_other_is_told_who_and_when() -> None:
    users = [UserFactory(role=Role.ADMIN), reviewer()]
    rows = SuggestionFactory.create_batch(5)
    first, second = together(
        lambda: decide(rows, users[0], "approve"),
        lambda: decide(rows[::-1], users[1], "reject", notes="no"),
    )
    done = [[each.is_done for each in answers] for answers in (first, second)]
    assert sorted(done) == [[False] * 5, [True] * 5]
    loser, winner = (first, users[1]) if not first[0].is_done else (second, users[0])
    verb = "rejected" if winner == users[1] else "approved"
    for answer in loser:
        row = Suggestion.objects.get(pk=answer.suggestion_id)
        assert f"{verb} by {winner} on {row.reviewed_at:%Y-%m-%d %H:%M} UTC" in answer.reason
    assert SuggestionReview.objects.count() == 5
    assert len(selectors.tiers()) == (5 if verb == "approved" else 0)


@pytest.mark.django_db(transaction=True)
def test_approvals_and_moves_by_hand_at_once_never_overfill_a_list() -> None:
    users = [UserFactory(role=Role.ADMIN), UserFactory(role=Role.ADMIN)]
    room("tier1", 4)
    rows = SuggestionFactory.create_batch(3)
    others = [row.asset_id for row in SuggestionFactory.create_batch(3)]
    approved, moved = together(
        lambda: decide(rows, users[0]),
        lambda: services.set_tiers(wanted=[(asset, "tier1") for asset in others], user=users[1]),
    )
    assert sum(each.is_done for each in [*approved, *moved]) == 4
    assert list(selectors.tiers().values()) == ["tier1"] * 4
    assert Asset.objects.filter(watchlist_tier="tier1").count() == 4

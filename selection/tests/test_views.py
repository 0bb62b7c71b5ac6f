"""The queue on the site: who reads, who decides, and what is told when it cannot be done."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.models import Role, User
from assets.tests.stored import AssetFactory
from selection import selectors, services
from selection.models import SuggestionReview, Watchlist
from selection.tests.factories import (
    SuggestionFactory,
    UserFactory,
    WatchlistFactory,
    WatchlistItemFactory,
    reviewer,
)
from selection.words import score_reason

pytestmark = pytest.mark.django_db
QUEUE, DECIDE = "/selection/suggestions/", "/selection/suggestions/decide/"


def client(user: User) -> Client:
    logged_in = Client()
    logged_in.force_login(user)
    return logged_in


def said(response: Any) -> list[tuple[str, str]]:
    return [(message.level_tag, str(message)) for message in get_messages(response.wsgi_request)]


def test_an_investor_reads_and_cannot_decide_and_a_guest_does_neither() -> None:
    row = SuggestionFactory()
    page = client(UserFactory(role=Role.CASUAL)).get(QUEUE)
    assert row.asset.symbol in page.content.decode()
    assert 'name="chosen"' not in page.content.decode()
    assert client(UserFactory(role=Role.CASUAL)).post(DECIDE, {"decision": "approve"}).status_code == 403
    assert client(UserFactory(role=Role.GUEST)).get(QUEUE).status_code == 403


def test_a_reviewer_who_is_no_investor_finds_the_queue_in_the_navigation() -> None:
    person = reviewer()
    person.role = Role.GUEST
    person.save()
    page = client(person).get(QUEUE).content.decode()
    assert f'href="{QUEUE}" aria-current="page"' in page
    assert "/system/" not in page


def test_what_will_change_is_shown_before_it_is_done_and_once_confirmed_it_is_done() -> None:
    row, browser = SuggestionFactory(), client(reviewer())
    shown = browser.post(DECIDE, {"decision": f"approve:{row.pk}"})
    assert (shown.status_code, selectors.tiers()) == (200, {})
    assert "<b>Tier 1</b>" in shown.content.decode()
    done = browser.post(DECIDE, {"decision": "approve", "ids": row.pk, "confirmed": "1", "notes": ""})
    assert (done.status_code, selectors.tiers()) == (302, {row.asset_id: "tier1"})
    assert said(done)[0][0] == "success"
    assert row.asset.symbol not in browser.get(QUEUE).content.decode().split("</header>")[-1].split("<ol")[-1]


def test_a_rejection_without_a_note_is_asked_for_it_and_nothing_is_done() -> None:
    row, browser = SuggestionFactory(), client(reviewer())
    asked = browser.post(DECIDE, {"decision": "reject", "ids": row.pk, "confirmed": "1", "notes": " "})
    assert asked.status_code == 422
    assert "Say why it is rejected" in asked.content.decode()
    assert not SuggestionReview.objects.exists()


def test_of_many_what_cannot_be_done_is_explained_and_the_rest_goes_through() -> None:
    services.ensure_lists()
    Watchlist.objects.filter(tier="tier1").update(max_items=1)
    rows = [SuggestionFactory(confidence_score=0.9), SuggestionFactory(confidence_score=0.6)]
    ids = [row.pk for row in rows]
    done = client(reviewer()).post(
        DECIDE, {"decision": "approve", "ids": ",".join(map(str, ids)), "confirmed": "1", "notes": ""}
    )
    (good, bad) = said(done)
    assert good[0] == "success" and rows[0].asset.symbol in good[1]
    assert bad[0] == "error" and rows[1].asset.symbol in bad[1] and "full" in bad[1]


def test_the_second_of_two_reviewers_is_told_who_was_first() -> None:
    row, first = SuggestionFactory(), reviewer()
    late = client(UserFactory(role=Role.ADMIN))
    services.review(suggestion=row, reviewer=first, decision="reject", notes="thin")
    page = late.post(DECIDE, {"decision": f"approve:{row.pk}"}).content.decode()
    assert f"rejected by {first}" in page
    assert 'name="confirmed"' in page and 'name="decision"' not in page


@pytest.mark.parametrize(
    "asked", [{}, {"decision": "burn", "chosen": "1"}, {"decision": "approve", "chosen": "x"}]
)
def test_nonsense_is_sent_back_with_what_is_missing(asked: dict[str, str]) -> None:
    answer = client(reviewer()).post(DECIDE, asked)
    assert answer.status_code == 302
    assert said(answer)[0][1].startswith("Choose at least one")


def test_the_queue_costs_as_many_queries_with_many_as_with_few() -> None:
    browser = client(reviewer())

    def count() -> int:
        browser.get(QUEUE)
        with CaptureQueriesContext(connection) as seen:
            assert browser.get(QUEUE).status_code == 200
        return len(seen)

    SuggestionFactory()
    few = count()
    SuggestionFactory.create_batch(8)
    assert count() == few


def test_the_address_bar_chooses_status_type_and_text() -> None:
    rows = [SuggestionFactory(), SuggestionFactory(suggestion_type="add_tier2")]
    done = SuggestionFactory()
    person = reviewer()
    services.review(suggestion=done, reviewer=person, decision="reject", notes="no")
    browser = client(person)

    def found(query: str) -> set[int]:
        return {each["row"].pk for each in browser.get(f"{QUEUE}?{query}").context["rows"]}

    assert found("") == {row.pk for row in rows}
    assert found("status=rejected") == {done.pk}
    assert found("type=add_tier2") == {rows[1].pk}
    assert found(f"q={rows[0].asset.symbol}") == {rows[0].pk}
    assert found("status=nonsense&type=nonsense") == {row.pk for row in rows}


def test_a_coin_moves_between_ones_own_lists_and_stays_where_the_other_is_full_or_not_ones_own() -> None:
    person = UserFactory()
    one, two = WatchlistFactory(user=person), WatchlistFactory(user=person, max_items=1)
    item, other = WatchlistItemFactory(watchlist=one), WatchlistItemFactory(watchlist=one)
    foreign = WatchlistFactory()
    assert said(client(person).post(f"/selection/watchlist/items/{item.pk}/move/", {"list": two.pk}))[0][
        0
    ] == ("success")
    assert [row.asset for row in two.items.all()] == [item.asset]
    for onto in (two, foreign, services.ensure_lists()["tier1"]):
        answer = client(person).post(f"/selection/watchlist/items/{other.pk}/move/", {"list": onto.pk})
        assert said(answer)[0][0] == "error"
    assert [row.asset for row in one.items.all()] == [other.asset]


def test_an_administrator_takes_a_tier_back_and_is_offered_it_for_a_while_alone() -> None:
    coin, admin = AssetFactory(), client(UserFactory(role=Role.ADMIN))
    admin.post("/selection/watchlist/tier/", {"asset": coin.pk, "tier": "tier1"})
    offered = admin.get("/selection/watchlist/").context["undo"]
    assert (offered["asset"], offered["tier"]) == (coin.pk, "none")
    admin.post("/selection/watchlist/tier/", {"asset": coin.pk, "tier": offered["tier"]})
    coin.refresh_from_db()
    assert coin.watchlist_tier == "none"
    session = admin.session
    session["selection.undo"] = {**session["selection.undo"], "at": 0}
    session.save()
    assert admin.get("/selection/watchlist/").context["undo"] is None


def test_why_a_score_stands_is_told_in_words_with_the_month_named() -> None:
    text = "version 1.2 serves: it was rolled back to; 30 days: no version served this close"
    with translation.override("en"):
        assert score_reason(text) == text
    assert score_reason("no fit of selection_7d for 2024-06-01: too little history").endswith("2024-06-01")
    assert score_reason("something else") == "something else"

"""The pages in a real Chromium, served by the real applications: HTTP and streams behind one port."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from playwright.sync_api import expect, sync_playwright

from accounts.services import notify
from aimodels.models import TrainingJob
from aimodels.services import train
from aimodels.tests import toys
from cryptopredict.common.realtime import Topic, publish
from selection.services import links
from selection.tests.factories import SuggestionFactory
from tests import record, site
from tests.browser import (
    CHROMIUM,
    DESKTOP,
    OFFLINE,
    PHONE,
    House,
    faults,
    overflow,
    served,
    settle,
    sticking_out,
)
from trading.serializers import SignalSerializer
from trading.tests.factories import SignalFactory

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("browser")]
DESK_PAGES = ("/system/", "/selection/suggestions/")
expect.set_options(timeout=20_000)  # a busy machine is no fault of the pages


@pytest.fixture
def _django_db_helper() -> None:
    """No transaction around the tests here: the server has to see what they store."""


@pytest.fixture(scope="module")
def house(servers: Any, django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    """One server, one browser and one set of data for all tests here; all of it is gone afterwards."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps a loop in this thread
    with django_db_blocker.unblock():
        try:
            with served() as (base, ready), sync_playwright() as play:
                built = site.build()
                ready()
                browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", OFFLINE])
                yield House(built, base, browser)
                connections.close_all()  # Django keeps one of its own beside Playwright's loop
                browser.close()
        finally:
            call_command("flush", verbosity=0, interactive=False)
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.mark.parametrize(
    ("language", "theme", "size"), [("en", "light", DESKTOP), ("fa", "dark", PHONE)], ids=["en", "fa"]
)
def test_every_page_is_whole_in_both_languages_themes_and_sizes(
    house: House, language: str, theme: str, size: Any
) -> None:
    """Axe looks at the light and wide pages in English, at the dark and narrow ones in Persian."""
    other_theme, other_size = ("dark", PHONE) if theme == "light" else ("light", DESKTOP)
    wrong: dict[str, list[Any]] = {}
    with house.visitor("casual", language, theme, size) as page:
        for path in (*house.addresses(), *DESK_PAGES):
            if path == DESK_PAGES[0]:
                house.log_in(page.context, "admin")
            page.complaints = []
            page.goto(path)
            settle(page)
            found: list[Any] = [("overflow", overflow(page))] if overflow(page) else []
            found += faults(page)
            page.emulate_media(color_scheme=other_theme)
            page.set_viewport_size(other_size)
            found += [("overflow", other_size["width"], overflow(page))] if overflow(page) else []
            page.emulate_media(color_scheme=theme)
            page.set_viewport_size(size)
            found += unfolded_on_phones(page)
            page.set_viewport_size(size)
            if found + page.complaints:
                wrong[path] = found + page.complaints
    assert wrong == {}


def unfolded_on_phones(page: Any) -> list[tuple[str, int, list[str]]]:
    """What sticks out of a phone, and of a narrower one, with everything unfolded."""
    wrong = []
    for width in (PHONE["width"], 360):
        page.set_viewport_size({**PHONE, "width": width})
        if found := sticking_out(page):
            wrong.append(("sticks out", width, found))
    return wrong


@pytest.mark.parametrize("language", ["en", "fa"])
def test_nothing_sticks_out_of_a_phone_before_one_has_logged_in_or_on_backtests(
    house: House, language: str
) -> None:
    wrong: dict[str, Any] = {}
    tests = ("/trading/backtests/", f"/trading/backtests/{house.site.backtest.pk}/")
    doors = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/")
    for role, paths in (("admin", tests), ("", doors)):
        with house.visitor(role, language, size=PHONE) as page:
            for path in paths:
                page.goto(path)
                settle(page)
                if found := unfolded_on_phones(page):
                    wrong[path] = found
    assert wrong == {}


def test_a_new_signal_arrives_on_an_open_dashboard_without_a_reload(house: House) -> None:
    with house.visitor("casual") as page:
        page.goto("/")
        expect(page.locator("html[data-stream-state=open]")).to_be_attached()
        page.evaluate("window.stays = true")
        assert page.locator("#part-signals tbody tr").count() == 2
        signal = SignalFactory(
            asset=house.site.coins["ETH"], as_of=house.site.close,
            expires_at=house.site.close + timedelta(days=30),
        )  # fmt: skip
        publish(Topic.SIGNAL, list(SignalSerializer([signal], many=True, context={"stale_reason": ""}).data))
        expect(page.locator(f"#signal-{signal.pk}")).to_contain_text("ETH")
        assert page.evaluate("window.stays") is True
        assert page.complaints == []


def test_one_executes_a_signal_and_sees_the_portfolio(house: House) -> None:
    """A size beyond a limit is shown as such while it is typed; a double click executes once."""
    with house.visitor("professional") as page:
        page.goto(f"/trading/signals/{house.site.plan.pk}/")
        settle(page)
        page.locator("#execute-button").click()
        dialog = page.locator("dialog#execute")
        expect(dialog.locator("#preview .message.success")).to_be_visible()
        dialog.locator("[name=amount]").fill("9000")
        expect(dialog.locator("#preview .message.warning")).to_contain_text("2,500 USD")
        dialog.locator("[name=amount]").fill("300")
        expect(dialog.locator("#preview .message.success")).to_be_visible()
        dialog.locator("#paper-order [name=risk_confirmation]").check()
        dialog.get_by_role("button", name="Execute on paper").dblclick()
        page.wait_for_url("**/trading/portfolio/**")
        expect(page.locator("#positions tbody tr")).to_have_count(1)
        expect(page.locator("#holdings")).to_contain_text("A signal on the coin is open")
        settle(page)
        page.locator("#positions").get_by_role("link", name="Close").click()
        page.get_by_role("button", name="Close it now").click()
        expect(page.locator(".message.success")).to_contain_text("SOL is closed")
        expect(page.locator("#positions tbody tr")).to_have_count(1)  # among those closed last
        assert page.complaints == []


def test_one_signs_up_and_is_a_casual_investor(house: House) -> None:
    with house.visitor() as page:
        page.goto("/")
        page.goto("/accounts/signup/")
        page.fill("[name=email]", "new@example.com")
        page.fill("[name=password1]", "a-long-pass-9")
        page.fill("[name=password2]", "a-long-pass-9")
        page.locator("main .card form button.button").click()
        expect(page.locator("#answer")).to_be_visible()
        assert page.complaints == []


def test_one_switches_the_language_and_the_page_turns_round(house: House) -> None:
    with house.visitor("casual") as page:
        page.goto("/macro/")
        page.locator("details.menu summary").first.click()
        page.locator("button[name=language][value=fa]").click()
        expect(page.locator("html[lang=fa][dir=rtl]")).to_be_attached()


def test_the_range_is_kept_between_pages_and_the_table_stands_behind_the_chart(house: House) -> None:
    with house.visitor("casual") as page:
        page.goto("/macro/")
        settle(page)
        page.locator(".ranges [data-range='1m']").first.click()
        page.goto(f"/coins/{house.site.coins['BTC'].pk}/")
        settle(page)
        assert page.locator(".ranges [aria-pressed=true]").first.get_attribute("data-range") == "1m"
        chart = page.locator("[data-chart=candles]")
        chart.locator(".behind summary").click()
        expect(chart.locator(".behind tbody tr")).to_have_count(30)
        assert page.complaints == []


def test_an_administrator_moves_a_coin_and_a_person_keeps_a_list(house: House) -> None:
    with house.visitor("admin") as page:
        page.goto("/selection/watchlist/")
        page.get_by_role("button", name="Move to tier 1 UNI").click()
        expect(page.locator(".message.success")).to_contain_text("UNI")
        expect(page.get_by_role("button", name="Move to tier 2 UNI")).to_be_visible()
        page.fill("#list-name", "Watched closely")
        page.get_by_role("button", name="Make it").click()
        box = page.locator("section.card", has_text="Watched closely").filter(has=page.locator("h2")).first
        box.locator("input[name=symbol]").fill("nothing")
        box.get_by_role("button", name="Add").click()
        expect(page.locator(".message.error")).to_contain_text("NOTHING")
        page.set_viewport_size({"width": 1440, "height": 2400})
        page.locator('#scores tr[data-symbol="SOL"]').drag_to(box)
        expect(page.locator(".message.success")).to_contain_text("SOL")
        page.locator('[data-tier="tier1"] tr[data-symbol="UNI"]').drag_to(page.locator('[data-tier="tier2"]'))
        expect(page.locator(".message.success")).to_contain_text("UNI")
        page.get_by_role("button", name="Undo").click()
        expect(page.locator('[data-tier="tier1"] tr[data-symbol="UNI"]')).to_be_visible()
        assert page.complaints == []


def test_a_reviewer_approves_by_keyboard_and_finds_the_coin_on_the_watchlist(house: House) -> None:
    with house.visitor("admin") as page, house.visitor("casual") as other:
        other.goto("/selection/watchlist/")
        expect(other.locator("html[data-stream-state=open]")).to_be_attached()
        first = other.locator("section.card", has=other.get_by_role("heading", name="Tier 1"))
        expect(first).not_to_contain_text("SOL")
        page.goto("/selection/suggestions/")
        page.keyboard.press("j")
        expect(page.locator(".case[data-here]")).to_contain_text("SOL")
        page.keyboard.press("a")
        expect(page.locator("#confirm")).to_contain_text("SOL")
        page.locator("#confirm button[value=approve]").click()
        expect(page.locator(".message.success")).to_contain_text("SOL")
        expect(first).to_contain_text("SOL")  # live, on somebody else's page
        assert page.complaints + other.complaints == []


def test_a_link_from_a_letter_decides_in_a_browser_that_nobody_is_logged_in_with(house: House) -> None:
    row = SuggestionFactory(asset=house.site.coins["DOGE"], as_of=house.site.close)
    text = links.sign(suggestion=row, reviewer=house.site.people["admin"], decision="defer", after=0)
    with house.visitor() as page:
        page.goto(f"/review/{text}")
        page.locator("main form button").click()
        expect(page.locator("main")).to_contain_text("Done, and written down")
        assert page.complaints == []


def test_what_is_chosen_is_kept_when_the_queue_changes(house: House) -> None:
    SuggestionFactory(asset=house.site.coins["AAVE"], as_of=house.site.close)
    with house.visitor("admin") as page:
        page.goto("/selection/suggestions/")
        expect(page.locator("html[data-stream-state=open]")).to_be_attached()
        page.get_by_role("checkbox", name="Choose AAVE").check()
        publish(Topic.SUGGESTION, [])
        expect(page.locator("#newer")).to_be_visible()
        expect(page.get_by_role("checkbox", name="Choose AAVE")).to_be_checked()
        page.get_by_role("checkbox", name="Choose AAVE").uncheck()
        publish(Topic.SUGGESTION, [])
        expect(page.locator("#newer")).to_be_hidden()


def test_a_message_rings_on_every_open_page_and_is_read(house: House) -> None:
    with house.visitor("casual") as page:
        page.goto("/macro/")
        expect(page.locator("html[data-stream-state=open]")).to_be_attached()
        before = page.locator("#bell").inner_text()
        notify(users=[house.site.people["casual"]], notification_type="alert", title="Look", message="Now.")
        expect(page.locator("#bell")).not_to_have_text(before)
        page.locator("#bell").click()
        page.get_by_role("button", name="Mark as read Look").click()
        expect(page.locator("li.note", has_text="Look")).not_to_have_class("note new")
        assert page.complaints == []


def test_a_phone_reaches_the_rest_of_the_menu(house: House) -> None:
    with house.visitor("casual", size=PHONE) as page:
        page.goto("/")
        page.locator(".rest summary").click()
        page.locator(".rest").get_by_role("link", name="Suggestions").click()
        page.wait_for_url("**/selection/suggestions/")


def test_keys_walk_through_a_table_and_open_a_row(house: House) -> None:
    with house.visitor("casual") as page:
        page.goto("/sectors/defi/")
        page.keyboard.press("j")
        page.keyboard.press("j")
        assert page.locator("#members tr[aria-selected=true]").inner_text().startswith("AAVE")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/coins/{house.site.coins['AAVE'].pk}/")
        page.keyboard.press("?")
        expect(page.locator("#keys")).to_be_visible()


def test_a_session_that_ended_leads_to_the_log_in_and_not_into_a_card(house: House) -> None:
    with house.visitor("casual") as page:
        page.goto("/")
        expect(page.locator("html[data-stream-state=open]")).to_be_attached()
        expect(page.locator(".htmx-request")).to_have_count(0)
        page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
        page.evaluate("document.body.dispatchEvent(new CustomEvent('macro.regime'))")
        page.wait_for_url("**/accounts/login/**")


def test_a_lost_connection_is_said_and_what_was_known_stays(house: House) -> None:
    with house.visitor("casual") as page:
        page.goto("/macro/")
        settle(page)
        page.context.set_offline(True)
        expect(page.locator("#offline")).to_be_visible()
        expect(page.locator("#macro h1")).to_be_visible()
        page.context.set_offline(False)
        expect(page.locator("#offline")).to_be_hidden()


def test_a_page_costs_less_than_half_a_megabyte_to_fetch(house: House) -> None:
    """Compressed as the proxy does it (gzip), everything a first visit of the heaviest page fetches."""
    import gzip

    sizes: dict[str, int] = {}
    with house.visitor("casual", "fa") as page:

        def weigh(answer: Any) -> None:
            body = answer.body() if answer.status == 200 else b""
            sizes[answer.url] = min(len(body), len(gzip.compress(body, 6)))

        page.on("requestfinished", lambda request: weigh(request.response()))
        page.goto("/macro/")
        settle(page)
    assert sum(sizes.values()) < 500_000, sorted(sizes.items(), key=lambda item: -item[1])[:8]


def test_an_administrator_trains_a_model_anew_and_watches_it_finish(
    house: House, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is this process, with a small model under the name of a large one."""
    small = toys.CATALOGUE.models["toy"]
    spec = replace(small.spec, name="macro_regime")
    monkeypatch.setattr(toys.CATALOGUE, "models", {"macro_regime": replace(small, spec=spec)})
    with house.visitor("admin") as page:
        page.goto("/models/macro_regime/")
        page.get_by_role("button", name="Train anew").click()
        page.fill("[name=days]", "100")
        page.get_by_role("button", name="Begin").click()
        expect(page.locator("#training-status[data-status=pending]")).to_be_visible()
        expect(page.locator("html[data-stream-state=open]")).to_be_attached()
        page.evaluate("window.stays = true")
        seen: list[float] = []

        def watch(job: TrainingJob) -> None:
            if not seen:
                expect(page.locator("#training-status[data-status=running]")).to_be_visible()
            seen.append(job.progress)

        settings.MODEL_CATALOGUE = "aimodels.tests.toys.CATALOGUE"
        job = TrainingJob.objects.get(name="macro_regime")
        train(name=job.name, as_of=toys.LAST, days=100, job=job, jobs=1, progress=watch)
        expect(page.locator("#training-status[data-status=completed]")).to_be_visible()
        expect(page.locator("#training")).to_contain_text("verdict")
        expect(page.locator("#decisions li").first).to_be_visible()
        assert seen and page.evaluate("window.stays") is True
        assert page.complaints == []


def test_a_professional_reads_a_backtest_and_compares_two(house: House) -> None:
    with house.visitor("professional", size=PHONE) as page:
        for path in ("/trading/backtests/", f"/trading/backtests/{house.site.backtest.pk}/"):
            page.goto(path)
            settle(page)
            assert (faults(page), overflow(page)) == ([], 0), path
        other = record.backtest(house.site.close, trades=3)
        page.goto("/trading/backtests/")
        for one in (house.site.backtest, other):
            page.get_by_label(f"Compare backtest {one.pk}").check()
        page.get_by_role("button", name="Compare those chosen").click()
        expect(page.locator("main h1")).to_contain_text("side by side")
        settle(page)
        assert (faults(page), overflow(page), page.complaints) == ([], 0, [])

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import translation

from accounts.models import User
from cryptopredict import dashboard, health
from cryptopredict.templatetags import ui

pytestmark = pytest.mark.django_db
TEMPLATES = Path(django_settings.BASE_DIR) / "templates"
AS_OF = datetime(2026, 1, 5, tzinfo=UTC)
CARD = {
    "layer": 1, "name": "Macro", "state": "Neutral", "figure": 45, "unit": "%", "sparkline": [1.0, 2.0],
    "confidence": 0.61, "base_rate": 0.52, "as_of": AS_OF, "is_stale": False, "why_url": "/why/",
    "sentence": "Stay 45 % invested.",
}  # fmt: skip


@pytest.fixture
def casual(client: Client) -> Client:
    client.force_login(User.objects.create_user("casual@example.com", "a-long-pass-9", role="casual"))
    return client


@pytest.fixture
def no_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "ask", lambda part, user: None)


@pytest.fixture
def macro_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "ask", lambda part, user: CARD if part.slug == "macro" else None)


def test_the_dashboard_asks_to_log_in(client: Client) -> None:
    assert client.get("/").headers["Location"].startswith("/accounts/login/")


def test_before_the_first_run_the_dashboard_says_so(casual: Client, no_layers: None) -> None:
    text = casual.get("/").content.decode()
    assert "No analysis yet." in text
    assert text.count("Not analysed yet") == 5  # four layers and the market
    assert "No signal today" in text


def test_the_first_line_is_what_the_layers_said(casual: Client, macro_only: None) -> None:
    text = casual.get("/").content.decode()
    assert "Stay 45\N{NO-BREAK SPACE}% invested." in text
    assert "base rate" in text
    assert 'href="/why/"' in text


def test_a_part_answers_alone_for_htmx(casual: Client, macro_only: None) -> None:
    text = casual.get("/dashboard/macro/").content.decode()
    assert text.startswith('<article class="card" id="card-macro"')
    assert "<html" not in text
    assert casual.get("/dashboard/nothing/").status_code == 404


def test_the_live_list_asks_again_when_a_signal_was_announced(casual: Client, no_layers: None) -> None:
    text = casual.get("/dashboard/signals/").content.decode()
    assert 'hx-trigger="trading.signal from:body, stream.open from:body"' in text


def test_a_guest_is_told_what_is_not_for_them_and_has_no_stream(client: Client, no_layers: None) -> None:
    client.force_login(User.objects.create_user("guest@example.com", role="guest"))
    text = client.get("/").content.decode()
    assert text.count("Not part of your role") == 7
    assert "data-stream=" not in text


def test_persian_pages_run_from_right_to_left(casual: Client, no_layers: None) -> None:
    casual.post("/i18n/setlang/", {"language": "fa", "next": "/"})
    text = casual.get("/").content.decode()
    assert '<html lang="fa" dir="rtl">' in text
    assert "هنوز تحلیلی نیست" in text


def test_simulated_data_are_named_on_every_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard, "is_simulated", lambda: True)
    assert "Simulated market" in client.get("/accounts/login/").content.decode()


@pytest.mark.parametrize("page", ["login", "signup", "password/reset"])
def test_the_entrance_pages_wear_the_house_style(client: Client, page: str) -> None:
    text = client.get(f"/accounts/{page}/").content.decode()
    assert 'class="entrance"' in text
    assert '<button class="button"' in text


@pytest.mark.parametrize("page", ["email", "password/change", "sessions", "2fa", "logout"])
def test_the_account_pages_answer(casual: Client, page: str) -> None:
    assert casual.get(f"/accounts/{page}/").status_code == 200


def test_a_lost_page_leads_back(casual: Client) -> None:
    response = casual.get("/nowhere/")
    assert response.status_code == 404
    assert "To the overview" in response.content.decode()


def test_no_template_carries_script_or_style_inline() -> None:
    """But for what a command writes to a file: it is read without a server, so its style travels with it."""
    written = {TEMPLATES / "trading/backtest_report.html"}
    for path in set(TEMPLATES.rglob("*.html")) - written:
        text = path.read_text()
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", text), path


def test_every_static_file_that_a_template_names_exists() -> None:
    for path in TEMPLATES.rglob("*.html"):
        for name in re.findall(r"{% static '([^']+)' %}", path.read_text()):
            assert finders.find(name), (path, name)


def test_health_is_alive_without_and_ready_with_everything(client: Client, monkeypatch: Any) -> None:
    assert client.get("/health/live").json() == {"status": "ok"}
    monkeypatch.setitem(health.CHECKS, "redis", lambda: "ok")
    assert client.get("/health/ready").status_code == 200


def test_not_ready_says_what_and_keeps_addresses_to_itself(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "unix:///nowhere/secret.sock"
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert json.loads(response.content)["checks"]["redis"] == "does not answer"
    assert "secret" not in response.content.decode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.00000712, "0.00000712"),
        (67234.56, "67,234.56"),
        (2.45e12, "2.45 T"),
        (45, "45"),
        (-3.5, "−3.50"),
        (0.64, "0.640"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_a_figure_has_the_precision_of_its_size(value: Any, text: str) -> None:
    assert ui.figure(value) == text


def test_persian_digits_and_separators() -> None:
    with translation.override("fa"):
        assert ui.figure(67234.56) == "۶۷٬۲۳۴٫۵۶"
        assert ui.digits("45 of 10.") == "۴۵ of ۱۰."


@pytest.mark.parametrize(
    ("gregorian", "hijri"),
    [
        ((2024, 3, 20), "۱۴۰۳/۰۱/۰۱"),  # Nowruz 1403
        ((2025, 3, 20), "۱۴۰۳/۱۲/۳۰"),  # 1403 is a leap year
        ((2025, 3, 21), "۱۴۰۴/۰۱/۰۱"),
        ((2026, 11, 22), "۱۴۰۵/۰۹/۰۱"),
    ],
)
def test_a_persian_page_has_the_solar_hijri_date_and_an_english_one_has_not(
    gregorian: tuple[int, int, int], hijri: str
) -> None:
    moment = datetime(*gregorian, tzinfo=UTC)
    with translation.override("fa"):
        assert ui.jalali(moment) == hijri
        assert hijri in ui.day(moment)
    assert ui.jalali(moment) == ""


def test_a_change_is_told_by_arrow_sign_and_colour() -> None:
    assert ui.change(0.0123) == '<bdi class="change up"><span aria-hidden="true">▲</span> +1.2 %</bdi>'
    assert "▼</span> −1.2 %" in ui.change(-0.0123)
    assert 'class="change "' in ui.change(0.0)


def test_a_sparkline_leaves_gaps_and_stays_in_its_box() -> None:
    drawn = ui.sparkline([1.0, 3.0, float("nan"), 2.0, 1.0])
    # low 1 -> y 28, high 3 -> y 2, 2 -> 15; x in quarters of 100
    assert [line for line, _ in drawn["runs"]] == ["M0.0 28.0 L25.0 2.0", "M75.0 15.0 L100.0 28.0"]
    assert ui.sparkline([1.0])["runs"] == []


def test_a_confidence_bar_marks_base_rate_and_break_even() -> None:
    drawn = ui.confidence(0.61, 0.52, "")
    assert (drawn["width"], drawn["base"], drawn["even"]) == (61.0, 52.0, None)

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cryptopredict.templatetags import draw
from trading.selectors import signals_page
from trading.selectors.proof import NOT_SHOWN
from trading.tests.factories import MOMENT, CandidateFactory, SignalFactory, UserFactory

pytestmark = pytest.mark.django_db
URL = "/trading/signals/"


@pytest.fixture
def casual(client: Client) -> Client:
    client.force_login(UserFactory())
    return client


def text(client: Client, url: str = URL, **headers: Any) -> str:
    response = client.get(url, **headers)
    assert response.status_code == 200
    return response.content.decode()


def test_signals_ask_to_log_in_and_are_not_for_guests(client: Client) -> None:
    assert client.get(URL).headers["Location"].startswith("/accounts/login/")
    client.force_login(UserFactory(role="guest"))
    assert client.get(URL).status_code == 403
    assert client.get(f"{URL}1/").status_code == 403


def test_no_signal_is_a_state_with_what_came_nearest_and_what_was_missing(casual: Client) -> None:
    CandidateFactory(asset__symbol="SOL")
    page = text(casual)
    assert "No signal yet" in page
    assert "SOL" in page and "Not sure enough" in page and "break-even" in page


def test_the_list_is_filtered_by_the_address_bar(casual: Client) -> None:
    SignalFactory(asset__symbol="AAA", status="expired")
    SignalFactory(asset__symbol="BBB")
    page = text(casual, f"{URL}?status=active")
    assert "BBB" in page and "AAA" not in page
    assert "No signal was issued that fits" in text(casual, f"{URL}?symbol=CCC")


def test_a_filter_that_is_no_filter_is_refused_beside_its_field(casual: Client) -> None:
    SignalFactory(asset__symbol="BBB")
    page = text(casual, f"{URL}?confidence_min=7")
    assert "less than or equal to 1" in page and "BBB" not in page


def test_htmx_gets_the_part_alone(casual: Client) -> None:
    SignalFactory()
    part = text(casual, headers={"HX-Request": "true"})
    assert part.lstrip().startswith('<div class="stack') and "<html" not in part


def test_long_lists_have_pages_that_keep_the_filter(casual: Client) -> None:
    SignalFactory.create_batch(30)
    page = text(casual, f"{URL}?status=active")
    assert "?status=active&amp;page=2" in page
    assert page.count('id="signal-') == 25
    assert text(casual, f"{URL}?status=active&page=2").count('id="signal-') == 5


def test_a_signal_shows_levels_chances_reasons_and_what_each_layer_said(casual: Client) -> None:
    signal = SignalFactory(
        asset__symbol="SOL",
        ai_analysis={
            "key_factors": [{"name": "momentum_7d", "value": 1.5, "contribution": 0.2}],
            "probability_analysis": {"24h_target": 0.11, "3d_target": 0.27, "7d_target": 0.45},
            "position_share": 0.037,
        },
        market_context={"regime": "bull", "exposure": 0.45, "score_percentile": 0.82, "sector": "DeFi"},
    )
    page = text(casual, f"{URL}{signal.pk}/")
    for said in (
        "SOL",
        "110",
        "95",
        "27 %",
        "7-day momentum",
        "3.7 %",
        "45 % invested",
        "DeFi",
        "82 %",
        "break-even",
    ):
        assert said in page


def test_a_signal_of_which_little_is_known_is_shown_as_such(casual: Client) -> None:
    page = text(casual, f"{URL}{SignalFactory().pk}/")
    assert "No reasons were stored" in page
    assert page.count("Said nothing about this signal.") == 3
    assert casual.get(f"{URL}999999/").status_code == 404


def test_thirty_signals_take_as_many_queries_as_three(casual: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            text(casual)
        return len(captured)

    SignalFactory.create_batch(3)
    queries()  # what is looked up once a process
    few = queries()
    SignalFactory.create_batch(22)
    assert queries() == few


def curve(*points: tuple[float, float]) -> list[dict[str, Any]]:
    return [
        {
            "share": share, "cases": 10, "said": 0.5, "hit": 0.4, "net_r": net, "low": net - 0.2,
            "high": net + 0.2,
        }
        for share, net in points
    ]  # fmt: skip


def test_silence_is_explained_by_the_record_behind_it(
    casual: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = {
        "cases": 240, "said": 0.44, "hit": 0.41, "break_even": 0.42, "net_r": -0.03, "net_r_low": -0.11,
    }  # fmt: skip
    told = [
        {
            "direction": direction, "model_name": "signal", "model_version": "1.20260101",
            "fitted_as_of": MOMENT, "is_shown": False, "reason": NOT_SHOWN, "issued": issued,
            "curve": curve((0.1, 0.05), (0.5, -0.1), (1.0, -0.3)),
        }
        for direction in ("long", "short")
    ]  # fmt: skip
    monkeypatch.setattr(signals_page, "risk_coverage", lambda *_asked: told)
    page = text(casual)
    for said in (
        "No skill shown",
        "did not pay for sure",
        "41 %",
        "break-even 42\N{NO-BREAK SPACE}%",
        "−0.11",
        "−0.300",
    ):
        assert said in page


def test_a_record_is_drawn_from_the_surest_tenth_to_all_with_the_zero_between() -> None:
    drawn = draw.coverage(curve((1.0, -0.3), (0.1, 0.1)))
    # From -0.5 to 0.3: nothing earned is five eighths up, and 50 is the bottom.
    assert drawn["line"] == "M10.00 12.50 L100.00 37.50"
    assert drawn["band"].startswith("M10.00 0.00 ") and drawn["zero"] == "18.75"
    assert "line" not in draw.coverage(curve((1.0, -0.3)))


def test_a_plan_is_drawn_from_its_stop_to_its_target_whichever_way_it_goes() -> None:
    long, short = draw.ladder(95, 100, 110, 104), draw.ladder(110, 105, 95, 200)
    assert (long["at_entry"], long["at_now"], long["rest"]) == ("33.33", "60.00", "66.67")
    assert (short["at_entry"], short["at_now"]) == ("33.33", "0.00")  # far beyond the stop
    assert draw.ladder(95, 100, 110, "")["at_now"] == ""


def test_a_chart_can_be_asked_for_the_levels_of_one_signal_that_has_ended(casual: Client) -> None:
    old = SignalFactory(status="expired")
    path = f"/coins/{old.asset_id}/data/candles"
    (one,) = casual.get(path, {"signal": old.pk}).json()["signals"]
    assert (one["id"], one["has_levels"], one["is_open"]) == (old.pk, True, False)
    assert casual.get(path).json()["signals"][0]["has_levels"] is False
    assert casual.get(path, {"signal": "x"}).status_code == 200


def test_the_table_leaves_as_a_file_by_its_filters_and_only_for_professionals(
    client: Client, casual: Client
) -> None:
    SignalFactory(asset__symbol="AAA")
    SignalFactory(asset__symbol="BBB", status="expired", outcome="stop", return_r=-1.04)
    address = "/trading/signals/data/?format=csv&status=expired"
    assert casual.get(address).status_code == 403
    assert b"format=csv" not in casual.get("/trading/signals/").content
    client.force_login(UserFactory(role="professional"))
    answer = client.get(address)
    (row,) = csv.DictReader(io.StringIO(answer.content.decode()))
    assert (row["Symbol"], row["Status"], float(row["Result (R)"])) == ("BBB", "expired", -1.04)
    assert b"status=expired&amp;format=csv" in client.get("/trading/signals/?status=expired").content
    earlier = f"/trading/signals/data/?format=csv&symbol=BBB&as_of={MOMENT:%Y-%m-%dT01:00:00Z}"
    (then,) = csv.DictReader(io.StringIO(client.get(earlier).content.decode()))
    assert (then["Status"], then["Outcome"]) == ("active", "")

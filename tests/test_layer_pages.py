"""The pages of the layers and the figures behind their charts: who sees them, their cost, what is refused."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiToken, User
from assets.tests.stored import AssetFactory
from cryptopredict.templatetags import draw
from selection.models import Watchlist, WatchlistItem
from tests import site

pytestmark = pytest.mark.django_db
PAGES = ("/", "/macro/", "/sectors/", "/sectors/defi/", "/selection/watchlist/", "/coins/{coin}/", "/record/",
    "/record/?layer=predictions", "/record/?layer=selection", "/record/?layer=macro",
    "/record/?layer=sectors", "/models/", "/models/timing_long/", "/trading/performance/",
    "/trading/performance/?span=all&origin=replay",
)  # fmt: skip
CHARTS = (
    "/macro/data/regime", "/macro/data/dominance", "/macro/data/mood", "/sectors/data/rotation",
    "/sectors/data/growth", "/sectors/defi/data/momentum", "/coins/{coin}/data/candles",
    "/coins/{coin}/data/scores", "/trading/data/reliability", "/trading/data/months",
    "/macro/data/forecasts/reliability", "/macro/data/forecasts/months",
    "/sectors/data/rotations/reliability", "/sectors/data/rotations/months", "/models/data/coverage",
    "/trading/data/risk-coverage/timing_long", "/selection/data/record/months",
)  # fmt: skip


@pytest.fixture
def casual(client: Client) -> Client:
    client.force_login(User.objects.create_user("reader@example.com", role="casual"))
    return client


@pytest.fixture
def built() -> site.Site:
    return site.build()


def queries(client: Client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200, path
    return len(seen)


def test_every_page_says_so_where_there_is_nothing_yet(casual: Client) -> None:
    coin = AssetFactory()
    for path in (
        "/",
        "/macro/",
        "/sectors/",
        "/selection/watchlist/",
        f"/coins/{coin.pk}/",
        "/trading/performance/",
    ):
        assert casual.get(path).status_code == 200, path
    for path in CHARTS:
        if "defi" not in path:
            answer = casual.get(path.format(coin=coin.pk)).json()
            assert (answer["rows"], bool(answer["note"])) == ([], True), path


def test_a_page_costs_as_many_queries_with_few_rows_as_with_many(casual: Client, built: site.Site) -> None:
    coin = built.coins["BTC"]
    paths = [path.format(coin=coin.pk) for path in (*PAGES, *CHARTS)]
    few = {path: queries(casual, path) for path in paths}
    site.more(built)
    many = {path: queries(casual, path) for path in paths}
    assert many == few
    assert max(few.values()) <= 45, few


def test_what_is_for_investors_is_not_for_guests_and_nothing_is_for_strangers(
    client: Client, built: site.Site
) -> None:
    coin = built.coins["BTC"].pk
    assert client.get("/macro/").headers["Location"].startswith("/accounts/login/")
    assert client.get("/macro/data/regime").status_code == 401
    client.force_login(built.people["guest"])
    assert client.get("/macro/data/regime").status_code == 200
    assert client.get("/selection/watchlist/").status_code == 403
    assert client.get(f"/coins/{coin}/data/scores").status_code == 403
    assert "signals" not in client.get(f"/coins/{coin}/data/candles").json()
    page = client.get(f"/coins/{coin}/").content.decode()
    assert "for investors" in page and "Not sure enough" not in page


def test_a_part_of_a_page_whose_session_ended_loads_the_page_anew(client: Client) -> None:
    response = client.get("/macro/", headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Refresh"]) == (200, "true")


@pytest.mark.parametrize(("name", "value"), [("range", "5y"), ("format", "xml"), ("timeframe", "2d")])
def test_an_unknown_choice_is_refused_with_field_value_rule_and_mend(
    casual: Client, built: site.Site, name: str, value: str
) -> None:
    response = casual.get(f"/coins/{built.coins['BTC'].pk}/data/candles", {name: value})
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert (error["field"], error["value"]) == (name, value)
    assert error["rule"] and "Known here" in error["mend"]


def test_the_range_cuts_the_figures_and_an_etag_spares_the_transfer(casual: Client, built: site.Site) -> None:
    short = casual.get("/macro/data/regime?range=1m")
    assert len(short.json()["rows"]) == 31
    assert len(casual.get("/macro/data/regime?range=all").json()["rows"]) == site.DAYS + 1
    again = casual.get("/macro/data/regime?range=1m", headers={"If-None-Match": short.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_file_behind_a_chart_holds_what_the_chart_draws(casual: Client, built: site.Site) -> None:
    drawn = casual.get("/macro/data/regime?range=1m").json()
    file = casual.get("/macro/data/regime?range=1m&format=csv")
    lines = list(csv.reader(io.StringIO(file.content.decode())))
    assert 'filename="regime.csv"' in file.headers["Content-Disposition"]
    assert lines[0][1] == "Price of BTC (USD)"
    assert [line[0] for line in lines[1:]] == [row[0] for row in drawn["rows"]]
    assert float(lines[-1][1]) == drawn["rows"][-1][1]


def test_growth_starts_at_100_and_is_the_product_of_the_days(casual: Client, built: site.Site) -> None:
    answer = casual.get("/sectors/data/growth?range=1m&sectors=defi").json()
    assert [column["key"] for column in answer["columns"]] == ["time", "defi"]
    days = casual.get("/api/v1/layer2/sectors").json()
    today = next(row for row in days if row["name"] == "DeFi")["performance_24h"]
    (*_head, before), (*_tail, last) = answer["rows"][-2:]
    assert answer["rows"][0][1] == 100.0
    assert last / before == pytest.approx(1 + today / 100, abs=1e-5)


def test_indicators_at_the_start_of_a_range_know_the_bars_before_it(casual: Client, built: site.Site) -> None:
    path = f"/coins/{built.coins['BTC'].pk}/data/candles"
    month, everything = (casual.get(f"{path}?range={name}").json()["rows"] for name in ("1m", "all"))
    assert len(month) == 30
    assert month == everything[-30:]
    assert month[0][-1] is not None  # RSI


def test_a_coin_carries_the_levels_of_its_signal_and_what_would_flip_each_layer(
    casual: Client, built: site.Site
) -> None:
    coin = built.coins["BTC"].pk
    (signal,) = casual.get(f"/coins/{coin}/data/candles").json()["signals"]
    assert (signal["entry"], signal["target"], signal["stop"]) == (100, 110, 95)
    page = casual.get(f"/coins/{coin}/").content.decode()
    assert "look like a typical neutral" in page
    assert "It stands at 35 %; 40 % would be needed." in page


def test_the_address_bar_sorts_and_filters_the_scores(casual: Client, built: site.Site) -> None:
    def symbols(query: str) -> list[str]:
        return [row.asset.symbol for row in casual.get(f"/selection/watchlist/?{query}").context["found"]]

    assert symbols("")[0] == "BTC"
    assert symbols("sort=score")[0] == "DOGE"
    assert symbols("sort=nonsense")[0] == "BTC"
    assert symbols("q=defi") == ["UNI", "AAVE"]
    assert symbols("tier=tier1") == ["ETH"]


def test_a_professional_takes_the_table_away_as_it_stands(client: Client, built: site.Site) -> None:
    path = "/selection/watchlist/data/scores?q=defi&sort=score&format=csv"
    client.force_login(built.people["casual"])
    assert client.get(path).status_code == 403
    client.force_login(built.people["professional"])
    lines = list(csv.reader(io.StringIO(client.get(path).content.decode())))
    assert [line[0] for line in lines[1:]] == ["AAVE", "UNI"]


def said(response: Any) -> list[tuple[str, str]]:
    return [(message.level_tag, str(message)) for message in get_messages(response.wsgi_request)]


def test_only_an_administrator_moves_a_tier(client: Client, built: site.Site) -> None:
    coin = built.coins["UNI"]
    client.force_login(built.people["professional"])
    assert client.post("/selection/watchlist/tier/", {"asset": coin.pk, "tier": "tier1"}).status_code == 403
    client.force_login(built.people["admin"])
    client.post("/selection/watchlist/tier/", {"asset": coin.pk, "tier": "tier1"})
    coin.refresh_from_db()
    assert coin.watchlist_tier == "tier1"
    refused = client.post("/selection/watchlist/tier/", {"asset": coin.pk, "tier": "tier9"})
    assert said(refused)[-1][0] == "error" and "tier9" in said(refused)[-1][1]


def test_a_personal_list_is_made_filled_emptied_and_taken_away_by_its_owner_alone(
    client: Client, built: site.Site
) -> None:
    owner, other = built.people["casual"], built.people["professional"]
    client.force_login(owner)
    client.post("/selection/watchlist/lists/", {"name": "  Close  "})
    mine = Watchlist.objects.get(user=owner, name="Close")
    again = client.post("/selection/watchlist/lists/", {"name": "Close"})
    assert said(again)[-1][0] == "error"
    client.post(f"/selection/watchlist/lists/{mine.pk}/items/", {"symbol": "sol"})
    item = WatchlistItem.objects.get(watchlist=mine)
    assert item.asset.symbol == "SOL"
    client.force_login(other)
    for path in (f"lists/{mine.pk}/delete", f"lists/{mine.pk}/items", f"items/{item.pk}/remove"):
        refused = client.post(f"/selection/watchlist/{path}/", {"symbol": "BTC"})
        assert said(refused)[-1][0] == "error", path
    assert list(mine.items.all()) == [item]
    client.force_login(owner)
    for _twice in range(2):
        client.post(f"/selection/watchlist/items/{item.pk}/remove/")
    assert not mine.items.exists()
    client.post(f"/selection/watchlist/lists/{mine.pk}/delete/")
    assert not Watchlist.objects.filter(pk=mine.pk).exists()


def test_a_profile_changes_language_zone_and_colours_together(casual: Client) -> None:
    data = {
        "first_name": "Sara", "last_name": "", "language": "fa", "timezone": "Asia/Tehran",
        "theme": "dark", "swap_colours": "on",
    }  # fmt: skip
    assert casual.post("/accounts/profile/", data).status_code == 302
    page = casual.get("/accounts/profile/").content.decode()
    assert 'lang="fa"' in page and 'data-saved-theme="dark"' in page and " data-swap" in page
    refused = casual.post("/accounts/profile/", {**data, "timezone": "Mars/Olympus"})
    assert refused.status_code == 422
    assert User.objects.get(email="reader@example.com").timezone == "Asia/Tehran"


def test_times_are_exact_in_the_readers_zone(casual: Client, built: site.Site) -> None:
    User.objects.filter(email="reader@example.com").update(timezone="Asia/Tehran")
    assert f"{built.close:%Y-%m-%d} 03:30 +0330" in casual.get("/macro/").content.decode()


def test_a_key_is_shown_once_works_and_is_revoked_by_its_owner_alone(casual: Client, client: Client) -> None:
    made = casual.post("/accounts/tokens/", {"name": "script", "days": "30"})
    text = made.context["text"]
    assert text in made.content.decode() and "no-store" in made.headers["Cache-Control"]
    assert text not in casual.get("/accounts/tokens/").content.decode()
    refused = casual.post("/accounts/tokens/", {"name": "script", "days": "30"})
    assert refused.status_code == 422
    token = ApiToken.objects.get()
    program = Client(headers={"Authorization": f"Token {text}"})
    assert program.get("/api/v1/layer1/market-regime").status_code == 404  # let in; nothing is analysed
    stranger = Client()
    stranger.force_login(User.objects.create_user("other@example.com", role="casual"))
    assert stranger.post(f"/accounts/tokens/{token.pk}/revoke/").status_code == 404
    casual.post(f"/accounts/tokens/{token.pk}/revoke/")
    assert program.get("/api/v1/layer1/market-regime").status_code == 401


def test_a_cell_of_the_map_has_words_only_where_they_fit() -> None:
    sizes = {"Layer1": 70, "Infrastructure": 12, "NFT": 12, "Meme": 6}
    cells = [{"name": name, "size": size, "change": 0.1, "url": "/"} for name, size in sizes.items()]
    shown = {cell["name"]: cell["room"] for cell in draw.treemap(cells, "")["cells"]}
    assert shown == {"Layer1": "", "Infrastructure": "tight", "NFT": "tight", "Meme": None}


def test_a_treemaps_areas_are_its_sizes_and_its_boxes_fill_the_map() -> None:
    boxes = draw.squarify([6, 6, 4, 3, 2, 2, 1], draw.Box(0, 0, 100, 100), aspect=1.5)
    areas = [box.width * box.height for box in boxes]
    assert areas == pytest.approx([size * 10_000 / 24 for size in (6, 6, 4, 3, 2, 2, 1)])
    assert max(box.x + box.width for box in boxes) == pytest.approx(100)
    assert max(box.y + box.height for box in boxes) == pytest.approx(100)
    for one in boxes:
        for two in boxes:
            apart = (
                one.x + one.width <= two.x + 1e-9 or two.x + two.width <= one.x + 1e-9
                or one.y + one.height <= two.y + 1e-9 or two.y + two.height <= one.y + 1e-9
            )  # fmt: skip
            assert one is two or apart


def test_a_change_is_shaded_by_its_size() -> None:
    assert [draw.tone(change) for change in (None, 0.001, 0.01, 0.07, 0.4, -0.12)] == [
        "unknown", "flat", "up1", "up2", "up3", "down3",
    ]  # fmt: skip


def test_a_gauge_points_up_at_the_middle() -> None:
    assert (draw.gauge(50.0)["x"], draw.gauge(50.0)["y"]) == ("100.0", "26.0")
    assert draw.gauge(None)["known"] is False

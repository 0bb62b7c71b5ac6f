from __future__ import annotations

import csv
import io
import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from assets.engine.timeframe import Timeframe
from assets.models import Asset
from assets.tests.stored import AssetFactory, batch, store
from macro.tests.factories import RegimeAnalysisFactory
from sectors.models import SectorRotation
from sectors.tests.factories import SectorFactory
from selection.models import PortfolioTrade, RebalanceProposal
from selection.tests.factories import WatchlistAnalysisFactory
from trading import services
from trading.selectors import portfolio_summary
from trading.tests.executions import live_signal, traded
from trading.tests.factories import MOMENT, UserFactory

pytestmark = pytest.mark.django_db
DAY = Timeframe.DAY
NOW = MOMENT + timedelta(hours=1)
HEAD = "date,symbol,side,quantity,price\n"


@pytest.fixture
def user() -> User:
    return UserFactory()


@pytest.fixture
def casual(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def _an_hour_after_the_close(monkeypatch: pytest.MonkeyPatch) -> None:
    for door in ("portfolio", "executions"):
        monkeypatch.setattr(f"trading.api.{door}.timezone.now", lambda: NOW)


def ask(client: Client, verb: str, path: str, body: Any = None) -> Any:
    return getattr(client, verb)(f"/api/v1/{path}", json.dumps(body), content_type="application/json")


def load(client: Client, *lines: str, **more: Any) -> Any:
    text = HEAD + "\n".join(lines)
    return ask(client, "post", "portfolio/import", {"csv": text, "dry_run": False, "venue": "paper", **more})


def history(symbol: str, days: int = 100, seed: int = 1, **fields: Any) -> Asset:
    """A coin with so many daily bars up to MOMENT, at about 100 USD."""
    coin = AssetFactory(symbol=symbol, **fields)
    steps = np.random.default_rng(seed).normal(0, 0.03, days)
    closes = (100 * np.exp(np.cumsum(steps) - steps.sum())).tolist()
    store(DAY, batch(coin.pk, [MOMENT - timedelta(days=days - n) for n in range(days)], closes))
    return coin


@pytest.mark.parametrize("path", ["portfolio", "portfolio/history", "portfolio/export", "risk-profile"])
@pytest.mark.parametrize("role", Role.values)
def test_portfolios_are_for_casual_users_and_up(client: Client, path: str, role: str) -> None:
    client.force_login(UserFactory(role=role))
    assert client.get(f"/api/v1/{path}").status_code == (403 if role == "guest" else 200)


def test_a_new_account_stands_at_its_starting_money_everywhere(casual: Client, user: User) -> None:
    before = portfolio_summary(user, now=NOW)
    told = casual.get("/api/v1/portfolio").json()
    assert (told["total_value"], told["cash"], told["daily_pnl"], told["positions"]) == (
        10_000,
        10_000,
        0,
        [],
    )
    after = portfolio_summary(user, now=NOW)
    assert set(before) == set(after)
    assert {**before, "positions": []} == after


def test_value_and_profit_of_what_was_executed_and_imported(casual: Client, user: User) -> None:
    plan = live_signal(traded(symbol="AAA", sector_name="DeFi"))
    ask(
        casual,
        "post",
        f"layer4/signals/{plan.pk}/execute",
        {"position_size": 1000, "risk_confirmation": True},
    )
    traded(50.0, symbol="BBB")
    assert load(casual, "2023-12-01,BBB,buy,10,40").status_code == 201
    told = casual.get("/api/v1/portfolio").json()
    [first, second] = told["positions"]
    assert (first["symbol"], second["symbol"]) == ("AAA", "BBB")
    # 1,000 USD less slippage and fee at 100; BBB came from outside and is worth 500.
    assert first["unrealised_pnl"] == pytest.approx(-1000 * 0.0005 - 1, abs=0.01)
    assert (second["value"], second["unrealised_pnl"]) == (500, 100)
    assert told["total_value"] == pytest.approx(10_500 - 1.5, abs=0.01)
    assert told["daily_pnl"] == pytest.approx(-1.5, abs=0.01)
    assert first["weight"] == pytest.approx(first["value"] / told["total_value"])
    summary = portfolio_summary(user, now=NOW)
    assert float(summary["total_value"]) == pytest.approx(told["total_value"])
    assert summary["daily_pnl_percentage"] == pytest.approx(100 * told["daily_pnl"] / 10_500, abs=0.01)


def test_thirty_holdings_take_as_many_queries_as_three(casual: Client, user: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert casual.get("/api/v1/portfolio").status_code == 200
        return len(captured)

    for n in range(3):
        traded(symbol=f"C{n}")
    load(casual, *[f"2023-12-01,C{n},buy,1,40" for n in range(3)])
    queries()
    few = queries()
    for n in range(3, 30):
        traded(symbol=f"C{n}")
    load(casual, *[f"2023-12-01,C{n},buy,1,40" for n in range(3, 30)])
    assert queries() == few


def test_a_coin_that_trades_no_more_is_valued_at_its_last_price_and_advised_to_leave(
    casual: Client,
) -> None:
    coin = AssetFactory(symbol="GONE")
    store(DAY, batch(coin.pk, [MOMENT - timedelta(days=40)], [7.0]))
    AssetFactory(symbol="NEVER")
    load(casual, "2023-01-01,GONE,buy,2,10", "2023-01-01,NEVER,buy,2,10")
    told = casual.get("/api/v1/portfolio").json()
    gone, never = told["positions"]
    assert (gone["value"], gone["is_stale"], gone["advice"]) == (14, True, "exit")
    assert (never["value"], never["price"], never["advice"]) == (None, None, "exit")
    assert told["is_stale"] is True
    assert told["risk"]["value_at_risk"] is None and told["risk"]["reasons"]


def test_risk_and_drift_from_what_the_layers_recommend(casual: Client) -> None:
    history("AAA", seed=1, sector_name="DeFi", market_cap=1e9)
    history("BBB", seed=2, sector_name="DeFi", market_cap=2e9)
    SectorFactory(name="DeFi", slug="defi")
    SectorFactory(name="Stablecoins", slug="stablecoins", characteristics={"stable": True})
    SectorRotation.objects.create(
        timeframe=DAY, as_of=MOMENT, recommended_allocation={"defi": 0.4, "stablecoins": 0.6}
    )
    load(casual, "2023-12-01,AAA,buy,10,100", "2023-12-01,BBB,buy,20,100")
    told = casual.get("/api/v1/portfolio").json()
    assert told["drift"]["DeFi"]["recommended"] == 0.4
    assert told["drift"]["DeFi"]["actual"] == pytest.approx(3000 / 13_000, abs=1e-6)
    assert sum(row["drift"] for row in told["drift"].values()) == pytest.approx(0)
    risk = told["risk"]
    assert 0 < risk["value_at_risk"] <= risk["expected_shortfall"] < 0.1
    assert risk["concentration"] == pytest.approx((1 / 3) ** 2 + (2 / 3) ** 2)
    # The market is these two by cap, one to two, and so is the portfolio, but for its cash.
    assert risk["beta"] == pytest.approx(3000 / 13_000, rel=1e-6)
    assert risk["days"] == 99 and risk["reasons"] == {}
    assert sum(row["risk_contribution"] for row in told["positions"]) == pytest.approx(1)


def test_advice_follows_layer_three_and_says_why(casual: Client) -> None:
    coin = traded(symbol="AAA")
    WatchlistAnalysisFactory(asset=coin, as_of=MOMENT, recommendation="avoid", confidence_score=0.6)
    load(casual, "2023-12-01,AAA,buy,1,100")
    [row] = casual.get("/api/v1/portfolio").json()["positions"]
    assert (row["advice"], row["confidence"]) == ("exit", 0.6)
    assert row["reason"] == "Layer 3 says to avoid the coin."


def test_the_curve_leaves_money_put_in_out_of_the_returns(casual: Client) -> None:
    coin = AssetFactory(symbol="AAA")
    closes = [100.0, 110.0, 99.0, 99.0]
    store(DAY, batch(coin.pk, [MOMENT - timedelta(days=4 - n) for n in range(4)], closes))
    load(casual, f"{MOMENT - timedelta(days=3, hours=1):%Y-%m-%dT%H:%M}Z,AAA,buy,10,100", venue="live")
    told = casual.get("/api/v1/portfolio/history?venue=live").json()
    assert [round(point["value"], 6) for point in told["points"]] == [1000, 1100, 990, 990]
    assert [point["flow"] for point in told["points"]] == [1000, 0, 0, 0]
    assert told["total_return"] == pytest.approx(-0.01)
    assert told["max_drawdown"] == pytest.approx(-0.1)
    assert told["drawdown_from"].startswith((MOMENT - timedelta(days=2)).strftime("%Y-%m-%d"))
    assert told["drawdown_to"].startswith((MOMENT - timedelta(days=1)).strftime("%Y-%m-%d"))


def test_a_curve_cut_short_begins_with_what_was_held_then(casual: Client) -> None:
    history("AAA")
    load(casual, "2023-10-01,AAA,buy,10,100", venue="live")
    whole = casual.get("/api/v1/portfolio/history?venue=live").json()["points"]
    short = casual.get("/api/v1/portfolio/history?venue=live&days=5").json()["points"]
    assert [point["value"] for point in short] == [point["value"] for point in whole[-5:]]
    assert [point["flow"] for point in short] == [None, 0, 0, 0, 0]


def test_the_curve_of_many_trades_takes_as_many_queries_as_of_few(casual: Client) -> None:
    history("AAA")
    history("BBB")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert casual.get("/api/v1/portfolio/history").status_code == 200
        return len(captured)

    load(casual, "2023-12-01,AAA,buy,1,100")
    queries()
    few = queries()
    load(casual, *[f"2023-12-{day:02},{coin},buy,1,100" for day in range(2, 30) for coin in ("AAA", "BBB")])
    assert queries() == few


@pytest.mark.parametrize("query", ["venue=backtest", "days=0", "days=9999", "days=x", "dayz=5"])
def test_wrong_parameters_are_refused(casual: Client, query: str) -> None:
    response = casual.get(f"/api/v1/portfolio/history?{query}")
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == query.split("=")[0]


def test_cash_is_set_and_bad_cash_refused(casual: Client) -> None:
    assert ask(casual, "patch", "portfolio?venue=live", {"cash": 250.5}).json()["cash"] == 250.5
    for cash in (-1, "NaN", 1e20, None, "much"):
        assert ask(casual, "patch", "portfolio?venue=live", {"cash": cash}).status_code == 400
    assert casual.get("/api/v1/portfolio?venue=live").json()["cash"] == 250.5


def test_an_import_is_dry_unless_told_otherwise_and_refused_whole(casual: Client) -> None:
    traded(symbol="AAA")
    good, bad = "2023-12-01,AAA,buy,1,40", "2023-12-02,AAA,sell,5,40"
    dry = ask(casual, "post", "portfolio/import", {"csv": HEAD + good})
    assert (dry.status_code, dry.json()["dry_run"], dry.json()["accepted"]) == (200, True, 1)
    assert not PortfolioTrade.objects.exists()
    refused = load(casual, good, bad)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["line"] == 3
    assert not PortfolioTrade.objects.exists()
    assert load(casual, good).status_code == 201


def test_a_file_can_be_uploaded_and_what_is_no_text_is_refused(casual: Client) -> None:
    traded(symbol="AAA")
    text = (HEAD + "2023-12-01,AAA,buy,1,40").encode()
    file = SimpleUploadedFile("trades.csv", text, "text/csv")
    assert casual.post("/api/v1/portfolio/import", {"file": file, "dry_run": "false"}).status_code == 201
    binary = SimpleUploadedFile("trades.xlsx", b"PK\x03\x04\xff\xfe", "application/zip")
    response = casual.post("/api/v1/portfolio/import", {"file": binary})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "file")
    assert ask(casual, "post", "portfolio/import", {}).status_code == 400


def test_a_file_of_four_megabytes_is_read_and_a_larger_one_is_told_the_limit(casual: Client) -> None:
    blank = HEAD + (" " * 99_999 + "\n") * 39
    dry = ask(casual, "post", "portfolio/import", {"csv": blank})
    assert (dry.status_code, dry.json()["accepted"]) == (200, 0), dry.content
    file = SimpleUploadedFile("trades.csv", b" " * 4_000_001, "text/csv")
    (error,) = casual.post("/api/v1/portfolio/import", {"file": file}).json()["errors"]
    assert (error["field"], "at most 4 MB" in error["rule"]) == ("file", True)
    whole = SimpleUploadedFile("trades.csv", b" " * 6_000_000, "text/csv")
    refused = casual.post("/api/v1/portfolio/import", {"file": whole})
    assert refused.status_code == 413
    assert "at most 5000000 bytes" in refused.json()["detail"]


def test_what_is_exported_can_be_imported_elsewhere(casual: Client, client: Client) -> None:
    traded(symbol="AAA")
    load(casual, "2023-12-01T10:00:00Z,AAA,buy,1.5,40", "2023-12-02,AAA,sell,0.5,44")
    text = casual.get("/api/v1/portfolio/export").content.decode()
    assert len(list(csv.reader(io.StringIO(text)))) == 3
    client.force_login(UserFactory())
    answer = ask(client, "post", "portfolio/import", {"csv": text, "dry_run": False})
    assert (answer.status_code, answer.json()["holdings"]) == (201, [{"symbol": "AAA", "quantity": 1}])


# Limits


def test_limits_are_made_on_first_use_and_changed_one_by_one(casual: Client) -> None:
    assert casual.get("/api/v1/risk-profile").json()["max_position_size"] == 2500
    changed = ask(casual, "patch", "risk-profile", {"max_position_size": 100, "is_automatic": True}).json()
    assert (changed["max_position_size"], changed["is_automatic"], changed["max_open_risk"]) == (
        100,
        True,
        0.06,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"max_position_size": 0},
        {"max_position_size": "NaN"},
        {"max_position_size": 1e15},
        {"max_portfolio_risk": -0.1},
        {"max_portfolio_risk": 2},
        {"max_open_risk": "0.1"},
        {"max_asset_exposure": True},
        {"target_volatility": 11},
        {"is_automatic": "yes"},
        {"max_postion_size": 5},
    ],
)
def test_a_limit_that_cannot_be_is_refused_by_name(casual: Client, change: dict[str, Any]) -> None:
    response = ask(casual, "patch", "risk-profile", {"kelly_fraction": 0.5, **change})
    assert response.status_code == 400
    assert [row["field"] for row in response.json()["errors"]] == list(change)
    assert casual.get("/api/v1/risk-profile").json()["kelly_fraction"] == 0.25


# Kept records and proposals


def test_a_review_is_kept_once_a_close_and_fills_the_metrics(casual: Client, user: User) -> None:
    coin = history("AAA", market_cap=1e9)
    load(casual, "2023-12-01,AAA,buy,1,100")
    tomorrow = MOMENT + timedelta(days=1)
    store(DAY, batch(coin.pk, [MOMENT], [100.0]))
    assert services.review(as_of=tomorrow) == 2
    assert services.review(as_of=tomorrow) == 0
    assert services.review(as_of=MOMENT) == 0  # the account was opened after that close
    profile = casual.get("/api/v1/risk-profile").json()
    assert profile["risk_metrics"]["value_at_risk"] > 0
    assert profile["current_exposure"]["AAA"] == pytest.approx(100 / 10_100)


def test_reviews_take_as_many_queries_for_many_portfolios_as_for_one(casual: Client) -> None:
    from selection.services import import_trades, open_portfolio

    history("AAA", market_cap=1e9)
    tomorrow = MOMENT + timedelta(days=1)

    def opened(count: int) -> None:
        for _n in range(count):
            portfolio = open_portfolio(user=UserFactory(), venue="paper", now=MOMENT)
            import_trades(portfolio=portfolio, text=HEAD + "2023-12-01,AAA,buy,1,100", now=NOW, dry_run=False)

    def queries(as_of: datetime) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert services.review(as_of=as_of) > 0
        return len(captured)

    opened(2)
    few = queries(tomorrow)
    opened(8)
    assert queries(tomorrow + timedelta(days=1)) == few


def test_a_proposal_is_asked_for_once_and_worked_out_within_the_limits(
    casual: Client, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr("celery.current_app.send_task", lambda name, args: sent.append((name, args)))
    assert casual.get("/api/v1/portfolio/rebalance").status_code == 204
    for n in range(4):
        coin = history(f"C{n}", days=150, seed=n, sector_name="DeFi" if n < 2 else "")
        WatchlistAnalysisFactory(asset=coin, as_of=MOMENT, rank=n + 1, score=1 - n / 10)
    RegimeAnalysisFactory(as_of=MOMENT, timeframe=DAY, recommended_exposure=0.6)
    load(casual, "2023-12-01,C0,buy,50,100")
    with django_capture_on_commit_callbacks(execute=True):
        asked = ask(casual, "post", "portfolio/rebalance")
        again = ask(casual, "post", "portfolio/rebalance")
    assert (asked.status_code, asked.json()["status"]) == (202, "pending")
    assert again.json()["id"] == asked.json()["id"]
    assert sent == [("trading.tasks.work_out_proposal", [asked.json()["id"]])]
    assert services.work_out(proposal=RebalanceProposal.objects.get(), now=NOW)
    assert not services.work_out(proposal=RebalanceProposal.objects.get(), now=NOW)
    told = casual.get("/api/v1/portfolio/rebalance").json()
    assert told["status"] == "done"
    plan = told["proposal"]
    weights = {row["symbol"]: row["target_weight"] for row in plan["trades"]}
    assert sum(weights.values()) == pytest.approx(0.6, abs=1e-6)
    assert max(weights.values()) <= 0.25 + 1e-6
    assert weights["C0"] + weights["C1"] <= 0.5 + 1e-6
    assert {row["symbol"]: row["action"] for row in plan["trades"]}["C0"] == "sell"
    assert plan["cash_weight"] == pytest.approx(0.4, abs=1e-6)


def test_a_proposal_that_cannot_be_made_says_why(casual: Client, user: User) -> None:
    from selection.services import ask_proposal, open_portfolio

    empty = open_portfolio(user=user, venue="live", now=NOW)
    proposal, _is_new = ask_proposal(portfolio=empty, now=NOW, lost="")
    services.work_out(proposal=proposal, now=NOW)
    told = casual.get("/api/v1/portfolio/rebalance?venue=live").json()
    assert told["status"] == "failed"
    assert "worth nothing" in told["reason"]


def test_a_proposal_lost_with_its_queue_gives_way_to_a_new_one(user: User) -> None:
    from selection.services import ask_proposal, open_portfolio

    portfolio = open_portfolio(user=user, venue="paper", now=NOW)
    first, _is_new = ask_proposal(portfolio=portfolio, now=NOW, lost="lost")
    first.refresh_from_db()
    later = first.requested_at + timedelta(minutes=16)
    second, is_new = ask_proposal(portfolio=portfolio, now=later, lost="lost")
    first.refresh_from_db()
    assert (is_new, first.status, first.reason) == (True, "failed", "lost")
    assert second.pk != first.pk


def test_amounts_keep_their_digits_on_the_wire(casual: Client) -> None:
    traded(0.00000712, symbol="TINY")
    load(casual, "2023-12-01,TINY,buy,140449438202.247,0.00000712")
    [row] = casual.get("/api/v1/portfolio").json()["positions"]
    assert Decimal(str(row["quantity"])) == Decimal("140449438202.247")
    assert row["value"] == pytest.approx(1_000_000)

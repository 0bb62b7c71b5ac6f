"""The backtest of the whole funnel: asked for, run, kept, shown."""

from __future__ import annotations

import csv
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import Error, IntegrityError, connection, transaction
from django.test import Client

from accounts.models import Role
from assets.engine.timeframe import Timeframe
from assets.tests.factories import make_market
from assets.tests.stored import store_panel
from cryptopredict import backtests, lookahead
from tests import markets
from trading import services
from trading.engine import REFUSALS, Refusal
from trading.engine.backtest import simulate
from trading.engine.inputs import Params
from trading.models import Backtest, BacktestStatus
from trading.services import Plan
from trading.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
URL = "/api/v1/backtests"
BARS, COINS = 620, 36


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A funnel that issues every second candidate a model has weighed: an honest one issues few in a small
    market. What it was called with for its first row is returned."""
    firsts: list[int] = []
    real = lookahead.trading.apply

    def lenient(inputs: Any, fits: Any, first: int) -> Any:
        firsts.append(first)
        found = real(inputs, fits, first)
        chosen = np.isfinite(found.probability) & (found.refusal >= 0)
        chosen[:, :, ::2] = False
        object.__setattr__(found, "refusal", np.where(chosen, 0, found.refusal).astype(np.int8))
        object.__setattr__(found, "position_share", np.where(chosen, 0.02, found.position_share))
        return found

    monkeypatch.setattr("trading.engine.signals.apply", lenient)
    return firsts


def span(days: int = 60) -> dict[str, datetime]:
    market = make_market(BARS, COINS)
    until = markets.store(market)
    return {"since": until - timedelta(days=days), "until": until}


def test_a_backtest_is_the_funnel_as_it_would_have_run(told: list[int]) -> None:
    days = span()
    row = services.ask(timeframe=Timeframe.DAY, **days, plan=Plan(sweep={"stop": [1.25, 1.5]}), queue=False)
    with services.begun(row) as ours:
        assert ours
        done = backtests.run(row)
    assert (row.status, row.progress, row.venue) == (BacktestStatus.COMPLETED, 1.0, "backtest")
    report = row.report
    assert report["bars"] == 61
    assert report["signals"] > 20
    assert report["trades"]["cases"] > 10
    assert (len(report["curve"]["equity"]), report["curve"]["equity"][0]) == (61, 1.0)
    assert [variant["values"] for variant in report["variants"]] == [{"stop": 1.25}, {"stop": 1.5}]
    assert row.variants_tried == len(row.sharpe_ratios) == 2
    assert report["random_entries"]["p_value"] is not None
    assert report["deflated_sharpe"]["trials"] == 2
    assert "sectors" in report["not_point_in_time"]
    run = done.report.run
    later = run.trades.entered > run.trades.row
    assert (later | (run.trades.entered < 0)).all()  # never filled on the bar that spoke
    assert (run.book.invested <= 1.0 + 1e-9).all()


def test_a_second_look_at_the_same_time_is_counted(told: list[int]) -> None:
    days = span(40)
    for tried in (1, 2):
        row = services.ask(timeframe=Timeframe.DAY, **days, plan=Plan(), queue=False)
        with services.begun(row):
            backtests.run(row)
        assert (row.variants_tried, row.report["deflated_sharpe"]["trials"]) == (tried, tried)


def test_what_comes_after_the_span_changes_nothing_in_it() -> None:
    market = markets.in_memory(make_market(BARS, COINS))
    first, cut = BARS - 60, BARS - 20
    whole = lookahead.funnel(market, first)["trading"]
    part = lookahead.funnel(market.rows(0, cut), first)["trading"]
    for result in (whole, part):
        chosen = np.isin(result.refusal, [REFUSALS.index(Refusal.CONFIDENCE), 0])
        object.__setattr__(result, "refusal", np.where(chosen, 0, result.refusal).astype(np.int8))
        object.__setattr__(result, "position_share", np.where(chosen, 0.02, result.position_share))
    long, short = simulate(market.panel, whole, Params()), simulate(market.panel.rows(0, cut), part, Params())
    rows = cut - first
    np.testing.assert_array_equal(long.book.equity[:rows], short.book.equity)
    assert len(short.trades) > 10


def test_a_task_delivered_twice_runs_once(told: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    row = services.ask(timeframe=Timeframe.DAY, **span(30), plan=Plan(), queue=False)
    ran: list[int] = []
    monkeypatch.setattr(backtests, "run", lambda backtest: ran.append(backtest.pk))
    backtests.run_backtest(row.pk)
    backtests.run_backtest(row.pk)
    assert ran == [row.pk]


def test_a_worker_knows_every_task_that_is_sent_by_name() -> None:
    beaten = [entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()]
    for name in (services.TASK, *beaten):
        module = name.rpartition(".")[0]
        assert module in settings.CELERY_IMPORTS or module.endswith(".tasks"), name


def test_a_backtest_whose_message_was_lost_is_run_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = make_market(80, 3).panel
    store_panel(panel)
    asked = {"since": panel.as_of(40), "until": panel.as_of(79), "timeframe": panel.timeframe, "plan": Plan()}
    row = services.ask(**asked, queue=False)
    ran: list[int] = []
    monkeypatch.setattr(backtests, "run", lambda backtest: ran.append(backtest.pk))
    assert backtests.run_waiting() == 0
    monkeypatch.setattr("trading.services.backtests.LOST_AFTER", timedelta(0))
    assert backtests.run_waiting() == 1
    assert ran == [row.pk] and backtests.run_waiting() == 0


@pytest.mark.django_db(transaction=True)
def test_a_backtest_is_given_up_once_the_process_that_ran_it_is_gone() -> None:
    panel = make_market(80, 3).panel
    store_panel(panel)
    asked = {"since": panel.as_of(40), "until": panel.as_of(79), "timeframe": panel.timeframe, "plan": Plan()}
    row = services.ask(**asked, queue=False)
    begun, killed = Event(), Event()

    def work() -> None:
        with suppress(Error), services.begun(row):
            begun.set()
            killed.wait(20)
            connection.close()  # as the database sees a killed process
        connection.close()

    worker = Thread(target=work)
    worker.start()
    assert begun.wait(20)
    assert services.mend() == 0  # somebody alive runs it
    killed.set()
    worker.join()
    row.refresh_from_db()
    assert row.status == BacktestStatus.RUNNING
    assert backtests.run_waiting() == 0
    row.refresh_from_db()
    assert (row.status, row.error.partition(":")[0]) == (BacktestStatus.FAILED, "interrupted")
    with pytest.raises(RuntimeError, match="given up meanwhile"):
        services.complete(row, {}, [], 1)


def test_a_backtest_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    row = services.ask(timeframe=Timeframe.DAY, **span(30), plan=Plan(), queue=False)

    def broken(*arguments: Any) -> None:
        raise RuntimeError("no fit")

    monkeypatch.setattr(lookahead, "upstream", broken)
    with services.begun(row), pytest.raises(RuntimeError):
        backtests.run(row)
    row.refresh_from_db()
    assert (row.status, row.error, row.report) == (BacktestStatus.FAILED, "RuntimeError: no fit", None)


def test_the_database_keeps_backtests_apart_from_trading() -> None:
    given = {"timeframe": "1d", "since": datetime(2024, 1, 1, tzinfo=UTC)}
    until = datetime(2024, 2, 1, tzinfo=UTC)
    for venue in ("paper", "live"):
        with pytest.raises(IntegrityError, match="trading_backtest_is_no_trading"), transaction.atomic():
            Backtest.objects.create(**given, until=until, venue=venue)
    with pytest.raises(IntegrityError, match="trading_backtest_span"), transaction.atomic():
        Backtest.objects.create(**given, until=given["since"])


@pytest.fixture
def professional(client: Client) -> Client:
    client.force_login(UserFactory(role=Role.PROFESSIONAL))
    return client


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[int]]]:
    tasks: list[tuple[str, list[int]]] = []
    monkeypatch.setattr("celery.current_app.send_task", lambda name, args: tasks.append((name, args)))
    return tasks


def post(client: Client, **body: Any) -> Any:
    return client.post(URL, json.dumps(body), content_type="application/json")


def test_a_professional_asks_and_follows(
    professional: Client, sent: Any, django_capture_on_commit_callbacks: Any
) -> None:
    panel = make_market(80, 3).panel
    store_panel(panel)
    until = panel.as_of(79)
    with django_capture_on_commit_callbacks(execute=True):
        body = {"since": (until - timedelta(days=30)).isoformat(), "until": until.isoformat(), "fees": 0.002}
        response = post(professional, **body)
    assert response.status_code == 202, response.content
    told = json.loads(response.content)
    assert response.headers["Location"] == f"{URL}/{told['id']}"
    assert sent == [("cryptopredict.backtests.run_backtest", [told["id"]])]
    assert (told["status"], told["venue"], told["figures"]) == ("queued", "backtest", None)
    assert told["parameters"]["fees"] == 0.002
    found = json.loads(professional.get(f"{URL}/{told['id']}").content)
    assert (found["report"], found["not_point_in_time"]) == (None, [])
    assert [row["id"] for row in json.loads(professional.get(URL).content)] == [told["id"]]
    assert professional.get(f"{URL}/{told['id'] + 1}").status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"fees": -0.1}, "fees"),
        ({"slippage": 5}, "slippage"),
        ({"universe": 0}, "universe"),
        ({"least_confidence": 2}, "least_confidence"),
        ({"sweep": {"moon": [1]}}, "sweep"),
        ({"sweep": {"stop": [0]}}, "sweep"),
        ({"sweep": {"stop": []}}, "sweep"),
        ({"sweep": {"stop": list(range(1, 30)), "target": list(range(1, 30))}}, "sweep"),
        ({"timeframe": "1w"}, "timeframe"),
        ({"timeframe": "1h"}, "timeframe"),
        ({"since": "2030-01-01T00:00:00Z", "until": "2030-02-01T00:00:00Z"}, "since"),
        ({"until": "soon"}, "until"),
    ],
)
def test_what_cannot_be_run_is_refused_by_field(professional: Client, body: Any, field: str) -> None:
    panel = make_market(80, 3).panel
    store_panel(panel)
    until = panel.as_of(79)
    span = {"since": (until - timedelta(days=30)).isoformat(), "until": until.isoformat()}
    response = post(professional, **{**span, **body})
    assert response.status_code == 400, response.content
    assert field in {error["field"].split(".")[0] for error in json.loads(response.content)["errors"]}
    assert not Backtest.objects.exists()


@pytest.mark.parametrize("role", Role.values)
def test_backtests_are_for_professionals_and_up(client: Client, role: str) -> None:
    client.force_login(UserFactory(role=role))
    allowed = role in (Role.PROFESSIONAL, Role.ADMIN)
    assert client.get(URL).status_code == (200 if allowed else 403)
    assert post(client).status_code == (400 if allowed else 403)


def test_the_command_writes_a_page_a_document_and_a_table(told: list[int], tmp_path: Path) -> None:
    days = span(40)
    out = StringIO()
    files = {name: tmp_path / f"report.{name}" for name in ("html", "json", "csv")}
    call_command(
        "backtest",
        "--from", days["since"].isoformat(),
        "--to", days["until"].isoformat(),
        "--sweep", "stop=1,1.25",
        *(part for name, path in files.items() for part in (f"--{name}", str(path))),
        stdout=out,
    )  # fmt: skip
    assert "2 variants tried over this time" in out.getvalue()
    for words in ("other orders", "random entries", "deflated", "stop, daily ranges 1.25"):
        assert words in out.getvalue(), words
    page = files["html"].read_text()
    assert page.count("<polyline") == 5
    assert "<script" not in page
    assert page.count(f">{days['until']:%Y-%m}") >= 3  # an axis of dates under each chart
    assert any(f">{word} risk<" in page for word in ("Low", "Medium", "High", "Extreme"))
    assert "risk_level" not in page
    for words in ("Random entries", "(deflated)", "stop, daily ranges 1.25"):
        assert words in page, words
    assert "http" not in page
    assert "a coin&#x27;s sector is that of today" in page
    document = json.loads(files["json"].read_bytes())
    with files["csv"].open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(document["trade_list"]) == page.count("<tr><td>", page.index("<h2>Trades"))
    assert rows[0]["symbol"] == document["trade_list"][0]["symbol"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "2024-02-01", "--to", "2024-01-01"], "there are no 1d candles|There are no 1d candles"),
        (["--from", "2024-01-01", "--to", "2024-02-01", "--fees", "2"], "--fees: 2.0 is no share"),
        (["--from", "2024-01-01", "--to", "2024-02-01", "--sweep", "stop"], "is no sweep"),
        (["--from", "2024-01-01", "--to", "2024-02-01", "--html", "/no/such/x.html"], "does not exist"),
        (["--from", "soon", "--to", "2024-02-01"], "soon"),
    ],
)
def test_bad_input_of_the_command_is_refused_in_words(arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("backtest", *arguments, stdout=StringIO())
    assert not Backtest.objects.exists()


def test_a_market_without_sectors_is_refused_with_what_to_do() -> None:
    panel = make_market(80, 3).panel
    store_panel(panel)
    until = panel.as_of(79)
    since = until - timedelta(days=20)
    with pytest.raises(CommandError, match="run seed_sectors first"):
        call_command("backtest", "--from", since.isoformat(), "--to", until.isoformat(), stdout=StringIO())
    assert Backtest.objects.get().status == BacktestStatus.FAILED

"""Track record, models and backtests: nothing is mixed, few is called few, actions keep to their role."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import log
from typing import Any

import numpy as np
import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Role, User
from aimodels.engine import reliability
from aimodels.models import JobStatus, TrainingJob
from aimodels.tests import toys
from aimodels.tests.factories import PredictionFactory
from aimodels.tests.test_services_serving import serve
from aimodels.words import figure_name
from assets.models import Origin
from assets.tests.factories import make_market
from assets.tests.stored import AssetFactory, store_panel
from macro import selectors as macro
from macro.tests.factories import RegimeForecastFactory
from sectors import selectors as sectors
from sectors.tests.factories import SectorRotationFactory
from tests import record
from trading.models import Backtest
from trading.tests.factories import CandidateFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LAST = datetime(2024, 6, 1, tzinfo=UTC)
BACKTESTS = "/trading/backtests/"


@pytest.fixture
def people() -> dict[str, User]:
    return {role: User.objects.create_user(f"{role}@example.com", role=role) for role in Role.values}


@pytest.fixture
def admin(client: Client, people: dict[str, User]) -> Client:
    client.force_login(people["admin"])
    return client


def said(response: Any) -> list[tuple[str, str]]:
    return [(message.level_tag, str(message)) for message in get_messages(response.wsgi_request)]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=200))
def test_a_diagram_holds_every_case_once_in_the_order_of_what_was_said(cases: Any) -> None:
    chance = np.array([one for one, _hit in cases])
    hit = np.array([hit for _one, hit in cases])
    cells = reliability.diagram(chance, hit)
    assert sum(one.count for one in cells) == len(cases)
    assert sum(one.count * one.true for one in cells) == pytest.approx(hit.sum())
    assert all(a.said <= b.said + 1e-12 for a, b in pairwise(cells))
    assert all(0 <= one.low <= one.true + 1e-12 and one.true <= one.high + 1e-12 <= 1 + 1e-9 for one in cells)


def test_a_score_is_the_share_of_the_rivals_error_that_is_saved() -> None:
    told = reliability.score(np.array([0.9, 0.1]), np.array([True, False]), np.array([0.5, 0.5]))
    assert told is not None
    assert (told.brier, told.rival_brier, told.skill) == (
        pytest.approx(0.01), pytest.approx(0.25), pytest.approx(0.96),
    )  # fmt: skip
    assert reliability.score(np.array([]), np.array([], dtype=bool)) is None


def test_live_and_replayed_records_are_never_mixed(admin: Client) -> None:
    coin, close = AssetFactory(), timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for back in range(30):  # the database stamps what is so late as a replay
        CandidateFactory(asset=coin, as_of=close - (2 + back) * DAY, outcome="target", return_r=1.0)
    for number in range(21):
        CandidateFactory(
            asset=AssetFactory(), as_of=close, outcome="stop" if number else "target", return_r=-1
        )
    groups = {
        origin: admin.get(f"/record/?layer=trading&origin={origin}").context["groups"][0]
        for origin in Origin.values
    }
    assert (groups["replay"].cell.count, groups["replay"].cell.true) == (30, 1.0)
    assert (groups["live"].cell.count, groups["live"].cell.true) == (21, pytest.approx(1 / 21))
    rows = admin.get("/trading/data/reliability?origin=live&range=all").json()["rows"]
    assert sum(row[4] for row in rows) == 21


def test_few_cases_are_said_to_be_too_few_and_not_drawn(admin: Client) -> None:
    coin = AssetFactory()
    for back in range(12):
        CandidateFactory(asset=coin, as_of=timezone.now() - (9 + back) * DAY, outcome="target", return_r=1.0)
    page = admin.get("/record/?origin=replay")
    assert page.context["groups"][0].is_few and b"too few to judge" in page.content
    drawn = admin.get("/trading/data/reliability?origin=replay&range=all").json()
    assert (drawn["rows"], drawn["note"]) == ([], "12 cases: too few to judge.")


def test_a_regime_forecast_is_scored_by_what_was_read_when_its_time_had_come() -> None:
    for number, came in enumerate(("bull", "bear")):
        RegimeForecastFactory(
            as_of=LAST - number * DAY, horizon_hours=24, realised_regime=came, realised_at=LAST,
            probabilities={"bull": 0.8, "bear": 0.2}, persistence={"bull": 0.5, "bear": 0.5},
        )  # fmt: skip
    RegimeForecastFactory(as_of=LAST + DAY, horizon_hours=24)  # its time has not come
    (row,) = macro.forecast_record(origin=Origin.REPLAY, since=None)
    own = -(log(0.8) + log(0.2)) / 2
    assert (row["hours"], row["cell"].count, row["cell"].true) == (24, 2, 0.5)
    assert row["skill"] == pytest.approx(1 - own / -log(0.5))


def test_rotation_is_judged_by_the_set_of_leaders_a_week_later() -> None:
    leaders = {0: ["a", "b"], 7: ["b", "a"], 14: ["a", "c"]}
    for day, names in leaders.items():
        SectorRotationFactory(
            as_of=LAST + day * DAY, rotation_probability=0.25, base_rate=0.5, leading_sectors=names
        )
    score = sectors.rotation_record(origin=Origin.REPLAY, since=None)
    assert score is not None
    assert (score.cell.count, score.cell.true) == (2, 0.5)  # the same set in another order is no change
    assert score.brier == pytest.approx((0.25**2 + 0.75**2) / 2)


def test_intervals_are_counted_by_the_month_they_ended(admin: Client) -> None:
    coin = AssetFactory()
    for back in range(30):
        end = LAST - back * DAY
        PredictionFactory(
            asset=coin, as_of=end - DAY, target_datetime=end, is_inside=back % 3 > 0, is_accurate=True,
            evaluated_at=end, actual_price="100", accuracy_percentage=100.0,
        )  # fmt: skip
    rows = admin.get("/models/data/coverage?horizon=24&range=all").json()["rows"]
    assert [(row[0][:7], row[5]) for row in rows] == [("2024-05", 29), ("2024-06", 1)]
    assert rows[0][1] == pytest.approx(20 / 29) and rows[0][2] == pytest.approx(0.8)
    refused = admin.get("/models/data/coverage?horizon=25")
    assert refused.status_code == 400 and refused.json()["errors"][0]["field"] == "horizon"


def test_figures_are_named_with_their_horizon_and_group() -> None:
    assert figure_name("interval_coverage_7d_group_2").endswith("7 days, volatility group 2")
    assert figure_name("ic_30d").endswith("30 days")
    assert figure_name("never_heard_of") == "never heard of"


@pytest.fixture
def toy(settings: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Versions of the toy model that serve; no worker is woken."""
    settings.MODEL_CATALOGUE = "aimodels.tests.toys.CATALOGUE"
    toys.CATALOGUE.use(toys.inputs())
    monkeypatch.setattr("aimodels.services.jobs._send", lambda pk: None)
    serve()
    return "/models/toy/"


def test_models_are_for_investors_and_their_training_for_administrators(
    client: Client, people: dict[str, User], toy: str
) -> None:
    for role, seen, acts in (("guest", 403, 403), ("casual", 200, 403), ("professional", 200, 403)):
        client.force_login(people[role])
        assert client.get(toy).status_code == seen
        assert client.post(f"{toy}retrain/", {"days": 90, "validation_split": 0.2}).status_code == acts
        assert client.post(f"{toy}rollback/").status_code == acts
    assert not TrainingJob.objects.exists()
    assert b"data-opens" not in client.get(toy).content
    assert client.get("/models/nothing/").status_code == 404


def test_a_training_is_asked_for_once_followed_and_cancelled(admin: Client, toy: str) -> None:
    asked = {"days": "90", "validation_split": "0.2"}
    assert said(admin.post(f"{toy}retrain/", asked))[-1][0] == "success"
    assert said(admin.post(f"{toy}retrain/", asked))[-1][0] == "error"
    job = TrainingJob.objects.get()
    part = admin.get(toy, headers={"HX-Request": "true"}).content.decode()
    assert f"/models/toy/trainings/{job.pk}/cancel/" in part and "<html" not in part
    assert said(admin.post(f"{toy}trainings/{job.pk}/cancel/"))[-1][0] == "success"
    assert said(admin.post(f"{toy}trainings/{job.pk}/cancel/"))[-1][0] == "error"
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    assert admin.post(f"{toy}trainings/{job.pk + 1}/cancel/").status_code == 404
    wrong = said(admin.post(f"{toy}retrain/", {"days": "1", "validation_split": "x"}))
    assert [level for level, _text in wrong] == ["error", "error"] and TrainingJob.objects.count() == 1


def test_an_earlier_version_serves_again_and_the_decision_names_who(admin: Client, toy: str) -> None:
    earlier = admin.get(toy).context["earlier"]
    told = said(admin.post(f"{toy}rollback/", {"to": earlier[0]["version"]}))
    assert told[-1][0] == "success" and earlier[0]["version"] in told[-1][1]
    page = admin.get(toy)
    assert page.context["card"]["version"] == earlier[0]["version"] and page.context["card"]["held"]
    assert b"admin@example.com" in page.content
    assert said(admin.post(f"{toy}rollback/", {"to": "nothing"}))[-1][0] == "error"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    tasks: list[Any] = []
    monkeypatch.setattr("celery.current_app.send_task", lambda name, args: tasks.append((name, args)))
    return tasks


def test_a_backtest_is_asked_for_on_the_page_and_followed(
    client: Client, people: dict[str, User], sent: Any, django_capture_on_commit_callbacks: Any
) -> None:
    panel = make_market(80, 3).panel
    store_panel(panel)
    until = panel.as_of(79)
    body = {
        "since": f"{until - 30 * DAY:%Y-%m-%d}", "until": f"{until:%Y-%m-%d}", "timeframe": "1d",
        "fees": "0.002", "slippage": "0.0005", "universe": "50", "least_confidence": "0",
        "sweep": "stop=1,1.25; target=2",
    }  # fmt: skip
    client.force_login(people["casual"])
    assert client.get(BACKTESTS).status_code == client.post(f"{BACKTESTS}ask/", body).status_code == 403
    client.force_login(people["professional"])
    with django_capture_on_commit_callbacks(execute=True):
        address = client.post(f"{BACKTESTS}ask/", body).headers["Location"]
    row = Backtest.objects.get()
    assert sent == [("cryptopredict.backtests.run_backtest", [row.pk])]
    assert row.parameters["sweep"] == {"stop": [1.0, 1.25], "target": [2.0]}
    part = client.get(f"{address}?waiting=1", headers={"HX-Request": "true"})
    assert b'hx-trigger="every 2s"' in part.content and b"<html" not in part.content
    assert b'hx-trigger="every 3s"' in client.get(BACKTESTS).content
    Backtest.objects.filter(pk=row.pk).update(status="failed", error="no coin belongs to a sector")
    ended = client.get(f"{address}?waiting=1", headers={"HX-Request": "true"})
    assert ended.headers["HX-Refresh"] == "true"
    assert b"no coin belongs to a sector" in client.get(address).content
    for field, value in (
        ("sweep", "moon=1"), ("sweep", "stop=x"), ("fees", "5"), ("until", "soon"), ("since", "2040-01-01"),
    ):  # fmt: skip
        refused = client.post(f"{BACKTESTS}ask/", {**body, field: value})
        assert (refused.status_code, bool(refused.context["form"].errors[field])) == (422, True), field
    assert Backtest.objects.count() == 1


def test_a_report_names_its_biases_its_luck_and_its_rivals(client: Client, people: dict[str, User]) -> None:
    client.force_login(people["professional"])
    row = record.backtest(LAST)
    page = client.get(f"{BACKTESTS}{row.pk}/").content.decode()
    for words in ("every coin in the data still trades", "61\N{NO-BREAK SPACE}%", "best of 2 variants",
                  "Random entries", "1000 other orders",
                  "too few to judge", "Backtest, not traded"):  # fmt: skip
        assert words in page, words
    growth = client.get(f"{BACKTESTS}{row.pk}/data/growth").json()["rows"]
    assert growth[0][1:] == [1.0, 1.0] and growth[-1][1:] == [pytest.approx(1.1), pytest.approx(1 - 30 / 900)]
    falls = client.get(f"{BACKTESTS}{row.pk}/data/drawdown").json()["rows"]
    assert falls[-1][1:] == [0.0, pytest.approx(-30 / 900)]
    file = client.get(f"{BACKTESTS}{row.pk}/data/trades?format=csv").content.decode()
    assert len(list(csv.reader(io.StringIO(file)))) == 31
    assert client.get(f"{BACKTESTS}{row.pk}/?page=2").context["found"].number == 2
    assert client.get(f"{BACKTESTS}{10**30}/").status_code == 404
    waiting = Backtest.objects.create(timeframe="1d", since=LAST - DAY, until=LAST)
    assert client.get(f"{BACKTESTS}{waiting.pk}/data/growth").status_code == 404


def test_backtests_stand_side_by_side(client: Client, people: dict[str, User]) -> None:
    client.force_login(people["professional"])
    one, two = record.backtest(LAST), record.backtest(LAST - 10 * DAY, trades=7)
    page = client.get(f"{BACKTESTS}compare/?with={one.pk}&with={two.pk}&with={two.pk}&with=x")
    assert [row.pk for row in page.context["chosen"]] == [one.pk, two.pk]
    assert {row["name"]: row["figures"] for row in page.context["rows"]}["Trades"] == [30, 7]
    rows = client.get(f"{BACKTESTS}compare/data/growth?with={one.pk}&with={two.pk}").json()["rows"]
    assert len(rows) == 41 and rows[0][1] is None and rows[-1][2] is None
    few = client.get(f"{BACKTESTS}compare/?with={one.pk}")
    assert (few.status_code, said(few)[-1][0]) == (302, "error")


def test_backtests_cost_the_same_queries_however_many_there_are(
    client: Client, people: dict[str, User]
) -> None:
    client.force_login(people["professional"])
    row = record.backtest(LAST)
    paths = (BACKTESTS, f"{BACKTESTS}{row.pk}/", f"{BACKTESTS}{row.pk}/data/growth")

    def costs() -> list[int]:
        found = []
        for path in paths:
            client.get(path)
            with CaptureQueriesContext(connection) as seen:
                assert client.get(path).status_code == 200
            found.append(len(seen))
        return found

    few = costs()
    for _more in range(15):
        record.backtest(LAST)
    assert costs() == few

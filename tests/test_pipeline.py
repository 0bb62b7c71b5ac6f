"""The funnel end to end: stored candles in, records of all four layers out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from threading import Thread
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from aimodels.models import Prediction
from assets.engine.timeframe import Timeframe
from assets.models import Analysis
from assets.tests.factories import make_market
from cryptopredict import pipeline
from cryptopredict.models import PipelineRun, RunStatus
from macro.models import RegimeAnalysis
from sectors.models import SectorRotation
from selection.models import Suggestion, WatchlistAnalysis
from tests import markets
from trading.models import SignalCandidate

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MARKET = make_market(600, 30)
NAMES = ["resolve", "macro", "sectors", "selection", "trading", "predictions"]
RECORDS = [model for model in apps.get_models() if issubclass(model, Analysis) and model is not Suggestion]
RECORDS.append(Prediction)
# What tells one run from another and not what was said: numbers of rows and moments of writing.
PRIVATE = {
    "id",
    "created_at",
    "updated_at",
    "model_id",
    "snapshot_id",
    "realised_at",
    "closed_at",
    "evaluated_at",
}


@pytest.fixture
def last() -> datetime:
    """A simulated market of 600 days and 30 coins is in the database; the close of its last bar."""
    return markets.store(MARKET)


def run(as_of: datetime, since: datetime | None = None, **options: Any) -> PipelineRun:
    return pipeline.run(timeframe=Timeframe.DAY, as_of=as_of, since=since, **options)


def told() -> dict[str, list[str]]:
    """All that is recorded, every float to its last bit, in an order that no run has a part in."""
    found = {}
    for model in RECORDS:
        names = [field.attname for field in model._meta.concrete_fields if field.attname not in PRIVATE]
        found[model._meta.label] = sorted(map(repr, model._default_manager.values_list(*names)))
    return found


def without(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the stage `name` fail."""

    def fail(**given: Any) -> int:
        raise RuntimeError("the disk is full")

    stages = [replace(stage, service=fail) if stage.name == name else stage for stage in pipeline.STAGES]
    monkeypatch.setattr(pipeline, "STAGES", tuple(stages))


def test_closed_candles_leave_records_in_every_layer_and_an_account_of_the_run(last: datetime) -> None:
    done: list[str] = []
    record = run(last, progress=lambda name, seconds: done.append(name))
    assert done == NAMES
    for model in (RegimeAnalysis, SectorRotation, WatchlistAnalysis, SignalCandidate):
        assert set(model.objects.values_list("as_of", flat=True)) == {last}, model
    assert RegimeAnalysis.objects.get().market_regime
    assert WatchlistAnalysis.objects.filter(score__isnull=False).exists()
    record.refresh_from_db()
    assert (record.status, record.error, record.since, record.as_of) == ("completed", "", last, last)
    assert [stage["stage"] for stage in record.stages] == NAMES
    assert all(stage["queries"] > 0 for stage in record.stages)
    assert all(stage["rows"] > 0 for stage in record.stages[1:])
    assert record.rows == sum(stage["rows"] for stage in record.stages)
    assert record.finished_at is not None
    assert record.seconds >= sum(stage["seconds"] for stage in record.stages) - 0.01


def test_run_again_writes_nothing_and_says_the_same(last: datetime) -> None:
    run(last, last - 2 * DAY)
    before = told()
    again = run(last, last - 2 * DAY)
    assert (again.status, again.rows) == (RunStatus.COMPLETED, 0)
    recomputed = run(last, last - 2 * DAY, again=True)
    assert recomputed.rows == 0
    assert told() == before


def test_days_one_by_one_say_bit_for_bit_what_the_span_says_at_once(last: datetime) -> None:
    closes = [last - age * DAY for age in (3, 2, 1, 0)]
    with transaction.atomic():
        run(last, closes[0])
        at_once = told()
        transaction.set_rollback(True)
    assert not RegimeAnalysis.objects.exists()
    for close in closes:
        run(close)
    one_by_one = told()
    for table, rows in at_once.items():
        assert one_by_one[table] == rows, table


def test_an_interrupted_run_is_continued_where_it_stopped(
    last: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction.atomic():
        run(last, last - DAY)
        undisturbed = told()
        transaction.set_rollback(True)
    with monkeypatch.context() as broken:
        without("selection", broken)
        with pytest.raises(RuntimeError, match="disk is full"):
            run(last, last - DAY)
    failed = PipelineRun.objects.get()
    assert (failed.status, failed.error) == (RunStatus.FAILED, "RuntimeError: the disk is full")
    assert [stage["stage"] for stage in failed.stages] == NAMES[:4]
    assert SectorRotation.objects.exists()
    assert not WatchlistAnalysis.objects.exists()
    assert not SignalCandidate.objects.exists()
    resumed = run(last, last - DAY)
    assert [bool(stage["rows"]) for stage in resumed.stages] == [False, False, False, True, True, True]
    assert [stage["queries"] for stage in resumed.stages[1:3]] == [0, 0]
    assert told() == undisturbed


def test_a_run_that_was_killed_is_recorded_as_interrupted(last: datetime) -> None:
    left = PipelineRun.objects.create(timeframe=Timeframe.DAY, since=last, as_of=last)
    hourly = PipelineRun.objects.create(timeframe=Timeframe.HOUR, since=last, as_of=last)
    run(last)
    left.refresh_from_db()
    hourly.refresh_from_db()
    assert (left.status, left.error) == (RunStatus.FAILED, "interrupted")
    assert hourly.status == RunStatus.RUNNING  # that one may be another process at work


def test_no_stage_asks_more_for_more_coins() -> None:
    counts = []
    # Enough coins that every stage has something to write of the day: an empty batch takes no queries at
    # all, so a day without a SectorFlow, say, would count five fewer and look like growth.
    for coins in (60, 90):
        with transaction.atomic():
            last = markets.store(make_market(600, coins))
            run(last - DAY)  # the fits are there
            record = run(last)
            assert all(stage["rows"] for stage in record.stages[1:])
            counts.append({stage["stage"]: stage["queries"] for stage in record.stages})
            transaction.set_rollback(True)
    assert counts[0] == counts[1]
    assert max(counts[0].values()) < 60


@pytest.mark.django_db(transaction=True)
def test_a_second_run_at_the_same_time_is_told_to_wait() -> None:
    last = markets.store(make_market(40, 11))
    said: list[str] = []

    def second() -> None:
        try:
            run(last)
        except pipeline.PipelineError as error:
            said.append(str(error))
        finally:
            connection.close()

    def meanwhile(stage: str, seconds: float) -> None:
        if stage == "macro":
            other = Thread(target=second)
            other.start()
            other.join(30)

    first = run(last, progress=meanwhile)
    assert said == ["another run of this timeframe is under way; wait until it has ended"]
    assert first.status == RunStatus.COMPLETED
    assert PipelineRun.objects.count() == 1
    assert run(last).status == RunStatus.COMPLETED  # the lock is free again


def test_beat_carries_the_bars_closed_since_the_last_run_and_then_has_nothing_to_do(last: datetime) -> None:
    def beat(as_of: datetime) -> PipelineRun | None:
        key = pipeline.run_pipeline("1d", as_of.isoformat())
        return None if key is None else PipelineRun.objects.get(pk=key)

    first = beat(last - 3 * DAY)
    assert first is not None
    assert (first.since, first.as_of) == (last - 3 * DAY, last - 3 * DAY)
    assert beat(last - 3 * DAY + timedelta(hours=5)) is None
    rest = beat(last + timedelta(minutes=5))
    assert rest is not None
    assert (rest.since, rest.as_of) == (last - 2 * DAY, last)
    assert RegimeAnalysis.objects.count() == 4


def test_after_a_long_pause_beat_goes_back_thirty_days_and_not_further() -> None:
    last = markets.store(make_market(60, 11))
    run(last - 50 * DAY)
    key = pipeline.run_pipeline("1d", last.isoformat())
    assert PipelineRun.objects.get(pk=key).since == last - 30 * DAY


def test_beat_has_nothing_to_do_without_candles() -> None:
    assert pipeline.run_pipeline("1d") is None
    assert not PipelineRun.objects.exists()


def command(*arguments: str) -> str:
    out = StringIO()
    call_command("run_pipeline", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_shows_each_stage_and_what_was_written(last: datetime) -> None:
    text = command("--from", f"{last - DAY:%Y-%m-%d}", "--to", f"{last:%Y-%m-%d}")
    record = PipelineRun.objects.get()
    assert (record.since, record.as_of) == (last - DAY, last)
    assert [line.split()[0] for line in text.splitlines()[: len(NAMES)]] == NAMES
    assert f"{last - DAY:%Y-%m-%d} 00:00 to {last:%Y-%m-%d} 00:00 UTC: {record.rows} rows in" in text
    assert " 0 rows in" in command("--as-of", f"{last:%Y-%m-%d}")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--as-of", "2199-01-01"], "2199-01-01 00:00 UTC lies in the future"),
        (["--to", "2199-01-01"], "lies in the future"),
        (["--from", "2023-02-01", "--to", "2023-01-01"], "--from lies after --to"),
        (["--from", "2199-01-01"], "--from lies after"),
        (["--as-of", "2023-01-01", "--from", "2022-01-01"], "give one or the other"),
        (["--as-of", "yesterday"], "yesterday"),
        (["--timeframe", "2d"], "2d"),
        (["--as-of", "2023-01-01"], "no 1d candles are known at 2023-01-01 00:00 UTC; import some first"),
    ],
)
def test_bad_input_is_refused_in_words(arguments: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message.replace("+", r"\+")):
        command(*arguments)
    assert not PipelineRun.objects.exists()


def test_a_moment_before_the_first_candle_has_nothing_to_run_on(last: datetime) -> None:
    with pytest.raises(CommandError, match="import some first"):
        command("--as-of", "2021-06-01")
    with pytest.raises(CommandError, match="no candles closed between"):
        command("--from", f"{last + 5 * DAY:%Y-%m-%d}", "--to", f"{last + 9 * DAY:%Y-%m-%d}")


def test_a_run_from_before_the_first_candle_starts_with_it() -> None:
    market = make_market(30, 11)
    last = markets.store(market)
    record = run(last, datetime(2020, 1, 1, tzinfo=UTC))
    assert record.since == market.panel.as_of(0)
    assert record.status == RunStatus.COMPLETED

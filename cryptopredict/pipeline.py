"""The one place that knows the order: closed candles through macro, sectors, selection, trading."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from celery import shared_task
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from aimodels import selectors as aimodels_selectors
from aimodels import services as aimodels
from assets import selectors as assets
from assets.engine.panel import Panel
from assets.engine.timeframe import Timeframe
from assets.models import Analysis
from cryptopredict.common.realtime import changed
from cryptopredict.models import PipelineRun, RunStatus, RuntimeSettings
from macro import selectors as macro_selectors
from macro import services as macro
from macro.models import RegimeAnalysis
from sectors import selectors as sectors_selectors
from sectors import services as sectors
from sectors.models import SectorRotation
from selection import selectors as selection_selectors
from selection import services as selection
from selection.models import WatchlistAnalysis
from trading import selectors as trading_selectors
from trading import services as trading
from trading.models import SignalCandidate

ANALYSED = (Timeframe.DAY,)  # finer bars are analysed on request: run_pipeline --timeframe 1h
_LOCK = 0x70697065  # one run of a timeframe at a time, whoever starts it


class Service(Protocol):
    """A stage's service: idempotent, keyword-only, told the time; returns the rows it wrote."""

    def __call__(
        self, *, timeframe: Timeframe, as_of: datetime, since: datetime, panel: Panel, **thresholds: Any
    ) -> int: ...


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the funnel: its service, the bars it needs, and the record that says it ran."""

    name: str
    service: Service
    rows_needed: Callable[[Timeframe, datetime, datetime], int]
    record: type[Analysis] | QuerySet[Any]
    threshold: str = ""  # field of RuntimeSettings handed down as `least_confidence`


def foretell(
    *, timeframe: Timeframe, as_of: datetime, since: datetime, panel: Panel, **thresholds: Any
) -> int:
    """Price intervals of the universe, each beside what macro said of the market at that close."""
    first = panel.known_at(since) - 1
    times = panel.times[first:]
    regimes = macro_selectors.regimes(timeframe, times)
    exposures = macro_selectors.exposures(timeframe, times)
    context = {
        timeframe.close_of(moment.to_pydatetime()): {
            name: value
            for name, value in (("regime", str(regime)), ("recommended_exposure", float(exposure)))
            if value not in ("", None) and value == value  # NaN: macro had no reading
        }
        for moment, regime, exposure in zip(times, regimes, exposures, strict=True)
    }
    return aimodels.foretell(timeframe=timeframe, as_of=as_of, since=since, panel=panel, context=context)


STAGES = (
    Stage("macro", macro.assess, macro_selectors.rows_needed, RegimeAnalysis),
    Stage("sectors", sectors.rank, sectors_selectors.rows_needed, SectorRotation),
    Stage(
        "selection",
        selection.score,
        selection_selectors.rows_needed,
        WatchlistAnalysis,
        "suggestion_confidence_min",
    ),
    Stage("trading", trading.signal, trading_selectors.rows_needed, SignalCandidate, "signal_confidence_min"),
    Stage("predictions", foretell, aimodels_selectors.prediction_rows, aimodels_selectors.told()),
)


class PipelineError(RuntimeError):
    """The run cannot start or a stage failed; the message says what to do."""


def run(
    *,
    timeframe: Timeframe,
    as_of: datetime,
    since: datetime | None = None,
    again: bool = False,
    progress: Callable[[str, float], None] = lambda stage, seconds: None,
) -> PipelineRun:
    """Carry every bar closed from `since` to `as_of` (by default the last one) through the funnel.

    Stage by stage over the whole span; the panel is read once. A stage starts at the first bar it
    has no record of, so an interrupted run continues; `again` recomputes all (records are
    append-only: what was said stays). Raises PipelineError.
    """
    last = assets.last_close(timeframe, as_of)
    if last is None:
        raise PipelineError(
            f"no {timeframe} candles are known at {as_of:%Y-%m-%d %H:%M} UTC; import some first"
        )
    start = max(timeframe.close_of(timeframe.last_closed(since)), _first_close(timeframe)) if since else last
    if start > last:
        raise PipelineError(f"no candles closed between {start:%Y-%m-%d %H:%M} and {last:%Y-%m-%d %H:%M} UTC")
    with _one_at_a_time(timeframe):
        record = PipelineRun.objects.create(timeframe=timeframe, since=start, as_of=last)
        try:
            _run_stages(record, again, progress)
            _follow_up(timeframe, last)
        except Exception as error:
            _finish(record, RunStatus.FAILED, f"{type(error).__name__}: {error}")
            raise
        _finish(record, RunStatus.COMPLETED)
    return record


def _follow_up(timeframe: Timeframe, last: datetime) -> None:
    """What people's rules and portfolios make of the newest bar; a run over the past has no follow-up."""
    if last != assets.last_close(timeframe):
        return
    if timeframe is Timeframe.DAY:
        trading.review(as_of=last)
    trading.execute_new(timeframe=timeframe, as_of=last, now=timezone.now())
    trading_selectors.prepare_figures(timeframe)  # so that no request has to


def _first_close(timeframe: Timeframe) -> datetime:
    first = assets.first_open(timeframe)
    assert first is not None
    return timeframe.close_of(first)


def _run_stages(record: PipelineRun, again: bool, progress: Callable[[str, float], None]) -> None:
    timeframe, since, as_of = record.timeframe, record.since, record.as_of
    _resolve(record, progress)
    starts = {
        stage.name: since if again else assets.first_missing(stage.record, timeframe, since, as_of)
        for stage in STAGES
    }
    waiting = [stage for stage in STAGES if starts[stage.name] is not None]
    rows = max((stage.rows_needed(timeframe, starts[stage.name], as_of) for stage in waiting), default=0)
    panel = assets.load_panel(timeframe, as_of, rows) if waiting else None
    thresholds = RuntimeSettings.objects.first() or RuntimeSettings()
    for stage in STAGES:
        started = time.perf_counter()
        start = starts[stage.name]
        entry: dict[str, Any] = {"stage": stage.name, "rows": 0, "queries": 0, "seconds": 0.0}
        record.stages.append(entry)
        if start is not None and panel is not None:
            with _QueryCount() as queries:
                entry["rows"] = stage.service(
                    timeframe=timeframe,
                    as_of=as_of,
                    since=start,
                    panel=panel,
                    **({"least_confidence": getattr(thresholds, stage.threshold)} if stage.threshold else {}),
                )
            entry["queries"] = queries.count
            if entry["rows"]:
                changed()  # a replay of the past announces nothing, but changes what `as_of` answers
        entry["seconds"] = round(time.perf_counter() - started, 3)
        record.rows += entry["rows"]
        record.save(update_fields=["stages", "rows"])
        progress(stage.name, entry["seconds"])


def _resolve(record: PipelineRun, progress: Callable[[str, float], None]) -> None:
    """Before anything new is said: what has become of what was said before."""
    started = time.perf_counter()
    with _QueryCount() as queries:
        scored = aimodels.resolve(as_of=record.as_of).scored
    seconds = round(time.perf_counter() - started, 3)
    record.stages.append({"stage": "resolve", "rows": scored, "queries": queries.count, "seconds": seconds})
    progress("resolve", seconds)


def _finish(record: PipelineRun, status: str, error: str = "") -> None:
    record.status, record.error, record.finished_at = status, error, timezone.now()
    record.seconds = (record.finished_at - record.started_at).total_seconds()
    record.save(update_fields=["status", "error", "finished_at", "seconds", "stages", "rows"])


class _QueryCount:
    """Counts the statements of a stage, for the record that they do not grow with the assets."""

    count = 0

    def __enter__(self) -> _QueryCount:
        self._wrapper = connection.execute_wrapper(self)
        self._wrapper.__enter__()
        return self

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.count += 1
        return execute(sql, params, many, context)

    def __exit__(self, *exc_info: Any) -> None:
        self._wrapper.__exit__(*exc_info)


class _one_at_a_time:
    """A session lock in the database: it goes with the connection, so a killed run leaves none behind."""

    def __init__(self, timeframe: Timeframe) -> None:
        self._key = (_LOCK, timeframe.code)

    def __enter__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", self._key)
            if not cursor.fetchone()[0]:
                raise PipelineError("another run of this timeframe is under way; wait until it has ended")
        PipelineRun.objects.filter(
            status=RunStatus.RUNNING, timeframe=Timeframe.from_code(self._key[1])
        ).update(status=RunStatus.FAILED, error="interrupted", finished_at=timezone.now())

    def __exit__(self, *exc_info: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", self._key)


@shared_task
def run_pipeline(timeframe: str, as_of: str | None = None) -> int | None:
    """Beat's door: the bars closed since the last completed run, at most 30 days of them."""
    length = Timeframe(timeframe)
    moment = datetime.fromisoformat(as_of) if as_of else timezone.now()
    last = assets.last_close(length, moment)
    if last is None:
        return None
    done = PipelineRun.objects.filter(timeframe=length, status=RunStatus.COMPLETED).order_by("-as_of").first()
    since = max(done.as_of + length.delta, last - timedelta(days=30)) if done else last
    if since > last:
        return None
    return run(timeframe=length, as_of=moment, since=since).pk


@shared_task
def run_newest() -> list[int]:
    """Beat's door for every bar length there are candles of; returns the runs that were made."""
    lengths = [length for length in Timeframe if assets.last_close(length) is not None]
    runs = [run_pipeline(length.value) for length in lengths if length in ANALYSED]
    return [run for run in runs if run is not None]


@shared_task
def expire_suggestions() -> int:
    """Close suggestions nobody reviewed in time; returns how many."""
    return selection.expire()


@shared_task
def resume_suggestions() -> int:
    """Put back into the queue what was deferred until now; returns how many."""
    return selection.resume()

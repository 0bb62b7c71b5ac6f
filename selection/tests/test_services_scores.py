"""The stage: records of every member of the universe, the same whenever and however often it runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson
import pytest
from django.db import DatabaseError, ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from aimodels.models import AIModel
from assets.engine.panel import BAR_FIELDS, Panel
from assets.engine.timeframe import Timeframe
from assets.models import Origin
from assets.selectors import load_panel
from assets.tests.stored import store_panel
from selection import engine, selectors, services
from selection.engine.features import FEATURES
from selection.models import ScoreOutcome, Suggestion, WatchlistAnalysis
from selection.selectors import record
from selection.selectors.cards import BUYS
from selection.services import columns, scores
from selection.tests.markets import market

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("upstream")]

DAY = timedelta(days=1)
FIELDS = [
    field.name
    for field in WatchlistAnalysis._meta.concrete_fields
    if field.name not in ("id", "created_at", "model")
]


def stored(rows: int = 400, coins: int = 24) -> datetime:
    """A small market in the database; returns the close of its last bar."""
    panel = market(rows, coins, drift=0.02)  # calm coins do well: there is something to find
    prices = ("open", "high", "low", "close", "volume")
    gone = np.any(
        [np.isnan(getattr(panel, name)) for name in prices], axis=0
    )  # a candle is whole or not there
    panel = replace(panel, **{name: np.where(gone, np.nan, getattr(panel, name)) for name in BAR_FIELDS})
    store_panel(panel)
    return panel.as_of(-1)


def run(as_of: datetime, since: datetime | None = None, panel: Panel | None = None) -> int:
    return services.score(timeframe=Timeframe.DAY, as_of=as_of, since=since, panel=panel)


def records() -> list[tuple[Any, ...]]:
    return list(WatchlistAnalysis.objects.order_by("as_of", "asset_id").values_list(*FIELDS))


def test_every_member_of_the_universe_is_scored_with_reasons_and_a_second_run_changes_nothing() -> None:
    as_of = stored()
    written = run(as_of, as_of - 2 * DAY)
    before = records()
    assert written == len(before) > 20
    assert run(as_of, as_of - 2 * DAY) == 0
    assert records() == before
    row = WatchlistAnalysis.objects.get(as_of=as_of, rank=1)
    assert row.score == 1.0
    assert row.model == AIModel.objects.get(name=engine.WEEK.name, is_active=True)
    assert 0 < row.confidence_score < 1
    assert row.recommendation
    assert {name for name, *_ in row.drivers} < set(FEATURES)
    assert len(row.drivers) == 4
    assert set(row.technical_indicators) == set(columns.INDICATORS)
    assert row.sector_correlation is not None
    assert not row.reason


def test_a_run_over_a_span_writes_what_runs_bar_by_bar_write() -> None:
    as_of = stored()
    closes = [as_of - 2 * DAY, as_of - DAY, as_of]
    with transaction.atomic():
        run(as_of, closes[0])
        spanned = records()
        transaction.set_rollback(True)
    assert not records()
    for close in closes:
        run(close)
    assert records() == spanned


def test_what_the_engine_says_is_what_is_stored() -> None:
    as_of = stored()
    run(as_of)
    panel = load_panel(Timeframe.DAY, as_of, selectors.rows_needed(Timeframe.DAY, as_of, as_of))
    result, _models = scores.analyse(panel, len(panel.times) - 1)
    read = selectors.score_percentiles(panel, len(panel.times) - 5)
    held = selectors.score_percentiles_of(panel, result)
    assert np.isfinite(held[-1]).any()
    assert np.array_equal(read, held, equal_nan=True)


def test_without_a_fit_the_row_has_no_score_and_says_why() -> None:
    as_of = stored(rows=120)
    assert run(as_of) > 0
    row = WatchlistAnalysis.objects.first()
    assert row is not None
    assert (row.score, row.rank, row.confidence_score, row.model, row.drivers) == (None, None, None, None, [])
    assert "too little history" in row.reason
    assert row.risk_level
    assert not Suggestion.objects.exists()


def test_suggestions_come_with_the_newest_bar_only() -> None:
    as_of = stored()
    run(as_of - DAY)
    assert not Suggestion.objects.exists()
    run(as_of)
    assert set(Suggestion.objects.values_list("as_of", flat=True)) == {as_of}


def test_a_short_or_wrong_panel_is_refused() -> None:
    as_of = stored()
    panel = load_panel(Timeframe.DAY, as_of, 100)
    with pytest.raises(ValueError, match="100 rows"):
        run(as_of, panel=panel)
    with pytest.raises(ValueError, match="has to end"):
        run(as_of, panel=panel.rows(None, -1))
    assert not AIModel.objects.exists()


def test_exposure_keeps_coins_from_being_called_a_buy(monkeypatch: pytest.MonkeyPatch) -> None:
    as_of = stored()
    run(as_of)
    assert WatchlistAnalysis.objects.filter(recommendation__in=BUYS).exists()
    monkeypatch.setattr(scores.macro, "exposures", lambda timeframe, times: np.zeros(len(times)))
    panel = load_panel(Timeframe.DAY, as_of, selectors.rows_needed(Timeframe.DAY, as_of, as_of))
    result, _models = scores.analyse(panel, len(panel.times) - 1)
    assert not np.isin(result.analysis.recommendation, ["buy", "strong_buy"]).any()


def test_queries_do_not_grow_with_coins_or_bars() -> None:
    counts = []
    for coins, bars in ((24, 10), (48, 30)):
        with transaction.atomic():
            as_of = stored(coins=coins)
            since = as_of - (bars - 1) * DAY
            panel = load_panel(Timeframe.DAY, as_of, selectors.rows_needed(Timeframe.DAY, since, as_of))
            scores.analyse(panel, len(panel.times) - bars)  # the fits are there
            with CaptureQueriesContext(connection) as queries:
                assert run(as_of, since) > bars * 20
            assert Suggestion.objects.exists()
            counts.append(len(queries))
            transaction.set_rollback(True)
    assert counts[0] == counts[1] < 60


def test_a_score_cannot_be_changed_or_deleted() -> None:
    as_of = stored(rows=120)
    run(as_of)
    rows = WatchlistAnalysis.objects.all()
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        rows.update(score=1.0)
    with pytest.raises(ProgrammingError, match="Cannot delete"), transaction.atomic():
        rows.delete()


def test_sector_returns_do_not_depend_on_where_the_panel_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores.sectors, "asset_sector_momentum_rows", lambda timeframe: 600)
    panel = market(900, 6)
    whole = scores.sector_return(panel, 890)
    part = scores.sector_return(panel.rows(150, None), 740)
    assert np.isfinite(whole[800:]).any()
    assert np.array_equal(whole[800:], part[650:], equal_nan=True)


def test_figures_are_short_but_right() -> None:
    # five digits: 0.0123456 -> 0.012346, 4234567890 -> 4234600000, -1.5 and 0 stay
    values = np.array([0.0123456, 4234567890.0, -1.5, 0.0, np.nan, 1e-12])
    short = columns.significant(values)
    assert orjson.dumps(short.tolist()) == b"[0.012346,4234600000.0,-1.5,0.0,null,1e-12]"


def test_a_rank_is_a_whole_number_or_unknown() -> None:
    assert columns.whole(np.array([1.0, np.nan, 12.0])) == [1, None, 12]


def test_the_panel_is_not_changed() -> None:
    as_of = stored(rows=120)
    panel = load_panel(Timeframe.DAY, as_of, selectors.rows_needed(Timeframe.DAY, as_of, as_of))
    before = replace(panel, close=panel.close.copy())
    run(as_of, panel=panel)
    assert np.array_equal(panel.close, before.close, equal_nan=True)


def test_scores_are_judged_once_when_their_time_has_come_by_what_a_buyer_would_have_had() -> None:
    as_of = stored()
    first = as_of - 20 * DAY
    run(as_of, first)
    told = {row.as_of: row for row in ScoreOutcome.objects.filter(horizon_days=7)}
    assert set(told) == {first + back * DAY for back in range(13)}  # entry and exit lie one open later
    assert not ScoreOutcome.objects.filter(horizon_days=30).exists()
    panel = load_panel(Timeframe.DAY, as_of, 60)
    row = next(number for number in range(len(panel.times)) if panel.as_of(number) == first)
    scored = dict(WatchlistAnalysis.objects.filter(as_of=first).values_list("asset_id", "score"))
    own = np.array([scored.get(asset, np.nan) for asset in panel.asset_ids.tolist()], dtype=float)
    gained = panel.open[row + 8] / panel.open[row + 1] - 1.0
    known = np.isfinite(own) & np.isfinite(gained)
    ranks = [np.argsort(np.argsort(values[known])) for values in (own, gained)]
    assert told[first].ic == pytest.approx(np.corrcoef(*ranks)[0, 1], abs=1e-9)
    assert told[first].coins == known.sum()
    assert services.outcomes.realise_scores(panel=panel) == 0
    with pytest.raises(DatabaseError), transaction.atomic():
        ScoreOutcome.objects.filter(as_of=first).update(ic=1.0)
    cut = load_panel(Timeframe.DAY, as_of - 5 * DAY, 60)
    assert max(told) > cut.as_of(-1) - 8 * DAY  # what that panel ends too early to judge


def test_the_record_of_scores_keeps_live_and_replayed_apart_and_calls_few_few() -> None:
    for number in range(40):
        ScoreOutcome.objects.create(
            timeframe=Timeframe.DAY, as_of=datetime(2024, 1, 1, tzinfo=UTC) + number * DAY, horizon_days=7,
            origin="replay" if number < 30 else "live", ic=0.1 if number < 30 else -0.1, coins=50,
        )  # fmt: skip
    span = {"since": datetime(2023, 1, 1, tzinfo=UTC), "until": datetime(2025, 1, 1, tzinfo=UTC)}
    (replayed,) = record.score_record(origin=Origin.REPLAY, **span)
    (live,) = record.score_record(origin=Origin.LIVE, **span)
    assert replayed.own is not None and replayed.own.mean == pytest.approx(0.1)
    assert (replayed.closes, replayed.rival) == (30, None)
    assert (live.closes, live.own) == (10, None)
    assert record.score_months(7, origin=Origin.LIVE, **span).note == "10 cases: too few to judge."

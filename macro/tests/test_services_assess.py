from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.db import ProgrammingError, connection, transaction
from django.test.utils import CaptureQueriesContext

from aimodels.models import AIModel
from assets import selectors as assets
from assets.engine.panel import Panel
from assets.engine.timeframe import Timeframe
from assets.models import Analysis
from assets.tests.factories import make_market
from assets.tests.stored import store_panel
from cryptopredict.common.realtime import Topic
from macro import engine, selectors
from macro.models import (
    Dominance,
    MarketSentiment,
    MetricsSnapshot,
    Phase,
    Regime,
    RegimeAnalysis,
    RegimeForecast,
    RiskLevel,
)
from macro.services import assess, store_series
from macro.services.snapshots import COMPUTED

pytestmark = pytest.mark.django_db
DAY = Timeframe.DAY
RECORDS: tuple[type[Analysis], ...] = (MarketSentiment, Dominance, RegimeAnalysis, RegimeForecast)
MARKET = make_market(560, 12)


@dataclass(frozen=True)
class Stored:
    last: datetime

    def before(self, days: int) -> datetime:
        return self.last - timedelta(days=days)


@pytest.fixture
def stored() -> Stored:
    """A simulated market of 560 days in the database, with its macro series."""
    store_panel(MARKET.panel)
    store_series(timeframe=DAY, frame=MARKET.macro, source="simulated")
    return Stored(MARKET.panel.as_of(559))


def contents(model: type[Analysis], as_of: datetime) -> list[dict[str, Any]]:
    """What the records of one close say, without what tells one run from another."""
    private = {"id", "created_at", "realised_regime", "realised_at"}
    names = [field.attname for field in model._meta.concrete_fields if field.name not in private]
    return list(model._default_manager.filter(as_of=as_of).order_by("id").values(*names))


def test_the_tables_know_every_word_of_the_engine() -> None:
    assert set(Regime.values) == {str(word) for word in engine.REGIMES}
    assert set(Phase.values) == {str(word) for word in engine.PHASES}
    assert set(RiskLevel.values) == {str(word) for word in engine.RISK_LEVELS}


def test_a_second_run_writes_nothing_and_one_span_says_what_single_days_say(stored: Stored) -> None:
    assess(timeframe=DAY, as_of=stored.before(5))  # the fit is made and stays
    undo = transaction.savepoint()
    single = assess(timeframe=DAY, as_of=stored.before(1))
    alone = {model: contents(model, stored.before(1)) for model in RECORDS}
    assert single == sum(len(rows) for rows in alone.values()) + 1  # and the snapshot's computed columns
    transaction.savepoint_rollback(undo)
    assert assess(timeframe=DAY, as_of=stored.last, since=stored.before(3)) == 4 * single
    assert {model: contents(model, stored.before(1)) for model in RECORDS} == alone
    assert assess(timeframe=DAY, as_of=stored.last, since=stored.before(3)) == 0


def test_each_bar_gets_a_regime_linked_to_its_snapshot_and_its_model(stored: Stored) -> None:
    assess(timeframe=DAY, as_of=stored.last, since=stored.before(2))
    rows = list(RegimeAnalysis.objects.select_related("snapshot", "model").order_by("as_of"))
    assert [row.as_of for row in rows] == [stored.before(2), stored.before(1), stored.last]
    for row in rows:
        assert row.market_regime in Regime.values
        assert row.snapshot.snapshot_time == row.as_of - timedelta(days=1)
        assert row.model.name == "macro_regime"
        assert row.model.fitted_as_of <= row.as_of
        assert sum(row.probabilities.values()) == pytest.approx(1.0)
        assert row.probabilities[row.market_regime] == row.confidence_score
        assert 0 <= row.recommended_exposure <= 1
        assert row.regime_drivers[0]["feature"]
        assert row.snapshot.btc_price_usd > 0


def test_forecasts_reach_a_day_a_week_and_a_month_beside_their_rival(stored: Stored) -> None:
    assess(timeframe=DAY, as_of=stored.last)
    rows = RegimeForecast.objects.order_by("horizon_hours")
    assert [row.horizon_hours for row in rows] == [24, 168, 720]
    for row in rows:
        assert sum(row.probabilities.values()) == pytest.approx(1.0)
        assert sum(row.persistence.values()) == pytest.approx(1.0)
        assert row.confidence_score == max(row.probabilities.values())
        assert row.realised_regime is None


def test_a_forecast_learns_what_came_of_it_once_its_time_has_come(stored: Stored) -> None:
    assess(timeframe=DAY, as_of=stored.before(1))
    assess(timeframe=DAY, as_of=stored.last)
    came = RegimeAnalysis.objects.get(as_of=stored.last)
    due = RegimeForecast.objects.get(as_of=stored.before(1), horizon_hours=24)
    assert (due.realised_regime, due.realised_at) == (came.market_regime, stored.last)
    assert not RegimeForecast.objects.filter(horizon_hours__gt=24, realised_regime__isnull=False).exists()


def test_without_enough_history_the_regime_is_null_and_says_why(stored: Stored) -> None:
    early = stored.before(400)
    assess(timeframe=DAY, as_of=early)
    row = RegimeAnalysis.objects.get(as_of=early)
    assert (row.market_regime, row.phase, row.risk_level, row.model) == (None, None, None, None)
    assert (row.recommended_exposure, row.confidence_score) == (None, None)
    assert "too little history" in row.reasons["market_regime"]
    assert not RegimeForecast.objects.exists()
    assert not AIModel.objects.exists()
    assert assess(timeframe=DAY, as_of=early) == 0


def test_shares_that_are_not_known_are_no_row(stored: Stored) -> None:
    panel = MARKET.panel
    bare = replace(panel, market_cap=np.full(panel.shape, np.nan))
    written = assess(timeframe=DAY, as_of=stored.last, panel=long_enough(bare, stored.last))
    assert written
    assert not Dominance.objects.exists()
    snapshot = MetricsSnapshot.objects.get(snapshot_time=stored.last - timedelta(days=1))
    assert snapshot.btc_dominance is None
    assert snapshot.data_quality_flags["btc_dominance"] == "too_little_data"


def test_an_imported_series_is_never_overwritten_and_a_computed_one_never_read_back(stored: Stored) -> None:
    last_open = stored.last - timedelta(days=1)
    share = pd.DataFrame({"btc_dominance": [51.25]}, index=pd.DatetimeIndex([last_open]))
    store_series(timeframe=DAY, frame=share, source="tracker.csv")
    assess(timeframe=DAY, as_of=stored.last, since=stored.before(1))
    today, before = MetricsSnapshot.objects.order_by("-snapshot_time")[:2]
    assert (today.btc_dominance, today.sources["btc_dominance"]) == (51.25, "tracker.csv")
    assert before.btc_dominance is not None
    assert "btc_dominance" not in before.sources
    times = pd.DatetimeIndex([before.snapshot_time, today.snapshot_time])
    read = selectors.market_series(times, DAY)["btc_dominance"]
    assert np.isnan(read.iloc[0])
    assert read.iloc[1] == 51.25
    weekend = next(
        row for row in MetricsSnapshot.objects.order_by("-snapshot_time") if row.snapshot_time.weekday() == 6
    )
    assess(timeframe=DAY, as_of=weekend.snapshot_time + timedelta(days=1))
    weekend.refresh_from_db()
    assert (weekend.sp500, weekend.data_quality_flags["sp500"]) == (None, "carried")


def test_every_column_that_may_be_null_is_imported_or_computed() -> None:
    nullable = {
        field.name
        for field in MetricsSnapshot._meta.concrete_fields
        if field.null and field.get_internal_type() in ("FloatField", "IntegerField")
    }
    from macro.services.series import CANONICAL

    assert nullable == set(CANONICAL) | set(COMPUTED)


def test_records_cannot_be_altered_or_removed(stored: Stored) -> None:
    assess(timeframe=DAY, as_of=stored.last)
    for model in RECORDS:
        record = model._default_manager.get(pk=model._default_manager.latest("id").pk)
        with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
            model._default_manager.filter(pk=record.pk).update(as_of=stored.before(9))
        with pytest.raises(ProgrammingError, match="Cannot delete"), transaction.atomic():
            record.delete()


def test_neither_coins_nor_bars_make_more_queries(stored: Stored) -> None:
    assess(timeframe=DAY, as_of=stored.before(4), since=stored.before(6))  # the fit is made
    with CaptureQueriesContext(connection) as few:
        assess(timeframe=DAY, as_of=stored.before(3))
    more = make_market(560, 40).panel.columns(np.arange(12, 40))
    store_panel(replace(more, symbols=tuple(f"X{symbol}" for symbol in more.symbols)))
    with CaptureQueriesContext(connection) as many:
        assess(timeframe=DAY, as_of=stored.before(1), since=stored.before(2))
    assert len(many) == len(few)


def test_only_the_newest_close_is_announced_and_only_once(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[Topic, Any]] = []
    monkeypatch.setattr("macro.services.stage.publish", lambda topic, data: told.append((topic, data)))
    assess(timeframe=DAY, as_of=stored.before(1))
    assert told == []
    assess(timeframe=DAY, as_of=stored.last)
    [(topic, data)] = told
    assert topic == Topic.REGIME
    assert (data["as_of"], data["is_stale"]) == (stored.last, False)
    assess(timeframe=DAY, as_of=stored.last)
    assert len(told) == 1


def test_a_panel_that_ends_elsewhere_or_is_too_short_is_refused(stored: Stored) -> None:
    panel = long_enough(MARKET.panel, stored.last)
    with pytest.raises(ValueError, match="has to end"):
        assess(timeframe=DAY, as_of=stored.before(1), panel=panel)
    with pytest.raises(ValueError, match="are needed"):
        assess(timeframe=DAY, as_of=stored.last, panel=panel.rows(-100, None))
    assert not RegimeAnalysis.objects.exists()


def long_enough(panel: Panel, last: datetime) -> Panel:
    """The panel as the database gives it: as many rows as are needed, empty before the first bar."""
    rows = selectors.rows_needed(DAY, last, last)
    loaded = assets.load_panel(DAY, last, rows)
    pad = np.full((rows - len(panel.times), panel.shape[1]), np.nan)
    kept = [panel.symbols.index(symbol) for symbol in loaded.symbols]
    caps = np.vstack([pad, panel.market_cap])[:, kept]
    return replace(loaded, market_cap=caps)

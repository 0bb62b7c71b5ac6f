from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from django.db import ProgrammingError, connection, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from aimodels.models import AIModel
from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from assets.models import Analysis
from assets.tests.factories import make_market
from assets.tests.stored import store_panel
from cryptopredict.common.realtime import Topic
from macro.models import Phase, Regime, RegimeAnalysis, RiskLevel
from sectors import selectors
from sectors.models import SectorAnalysis, SectorFlow, SectorPerformance, SectorRotation
from sectors.services import RankingError, assign_members, rank, ranking

pytestmark = pytest.mark.django_db
RECORDS: tuple[type[Analysis], ...] = (SectorPerformance, SectorRotation, SectorFlow, SectorAnalysis)
DAY = Timeframe.DAY


@dataclass(frozen=True)
class Stored:
    first: datetime
    last: datetime


def stored(bars: int = 460, count: int = 20) -> Stored:
    """A simulated market in the database, with its sectors."""
    market = make_market(bars, count)
    store_panel(market.panel)
    assign_members(dict(zip(market.panel.symbols, market.sectors, strict=True)))
    return Stored(market.panel.as_of(0), market.panel.as_of(bars - 1))


def rows_of(model: type[Analysis]) -> list[dict[str, Any]]:
    left_out = ("id", "created_at", "model", "model_id")
    rows = model._default_manager.order_by("as_of", "pk").values()
    return [{name: value for name, value in row.items() if name not in left_out} for row in rows]


@pytest.fixture
def market() -> Stored:
    return stored()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Topic, list[Any]]]:
    """What was announced, without Redis."""
    said: list[tuple[Topic, list[Any]]] = []
    monkeypatch.setattr(ranking, "publish", lambda topic, data: said.append((topic, data)))
    return said


def test_every_close_gets_its_records(market: Stored, told: list[Any]) -> None:
    since = market.last - timedelta(days=29)
    written = rank(timeframe=DAY, as_of=market.last, since=since)
    assert SectorPerformance.objects.count() == SectorAnalysis.objects.count() == 30 * 10
    assert SectorRotation.objects.count() == 30
    assert SectorFlow.objects.exists()
    assert written == sum(model._default_manager.count() for model in RECORDS)
    for rotation in SectorRotation.objects.all():
        assert sum(rotation.recommended_allocation.values()) == pytest.approx(1)
        assert 0 < rotation.rotation_probability < 1
        assert rotation.model is not None and rotation.model.fitted_as_of <= rotation.as_of
        assert len(rotation.leading_sectors) == 3
        assert set(rotation.reasons) == {"recommended_allocation"}  # no exposure is known here
        assert len(rotation.rotation_signals["drivers"]) == 5
    shares = SectorPerformance.objects.values("as_of").annotate(whole=Sum("dominance_percentage"))
    assert all(row["whole"] == pytest.approx(100) for row in shares)
    best = SectorPerformance.objects.filter(as_of=market.last).exclude(top_performers=[]).first()
    assert best is not None
    assert set(best.top_performers[0]) == {"asset_id", "symbol", "performance_7d"}


def test_ranking_again_writes_nothing_and_changes_nothing(market: Stored, told: list[Any]) -> None:
    rank(timeframe=DAY, as_of=market.last)
    before = {model: list(model._default_manager.order_by("pk").values()) for model in RECORDS}
    models = AIModel.objects.count()
    assert rank(timeframe=DAY, as_of=market.last) == 0
    assert {model: list(model._default_manager.order_by("pk").values()) for model in RECORDS} == before
    assert AIModel.objects.count() == models
    assert len(told) == 1


def test_days_one_by_one_are_the_span_at_once(market: Stored, told: list[Any]) -> None:
    since = market.last - timedelta(days=2)
    with transaction.atomic():
        rank(timeframe=DAY, as_of=market.last, since=since)
        at_once = {model: rows_of(model) for model in RECORDS}
        transaction.set_rollback(True)
    for day in range(3):
        rank(timeframe=DAY, as_of=since + timedelta(days=day))
    assert {model: rows_of(model) for model in RECORDS} == at_once
    assert len(told) == 4


def test_what_cannot_be_known_is_null_with_its_reason(market: Stored, told: list[Any]) -> None:
    rank(timeframe=DAY, as_of=market.first + timedelta(days=5))
    rotation = SectorRotation.objects.get()
    assert rotation.rotation_probability is None and rotation.base_rate is None and rotation.model is None
    assert rotation.recommended_allocation == {}
    assert rotation.reasons["rotation_probability"] == "no_model"
    assert rotation.reasons["recommended_allocation"] == "short_history"
    for analysis in SectorAnalysis.objects.select_related("sector"):
        assert (analysis.stance, analysis.confidence_score, analysis.drivers) == ("unknown", None, [])
        expected = "cash" if analysis.sector.slug == "stablecoins" else "no_model"
        assert analysis.analysis_data["reason"] == expected
    for performance in SectorPerformance.objects.all():
        assert performance.momentum_score is None
        assert performance.performance_metrics["reason"] in ("no_members", "short_history")


def test_the_exposure_of_the_layer_above_is_the_share_that_is_not_cash(
    market: Stored, told: list[Any]
) -> None:
    RegimeAnalysis.objects.create(
        timeframe=DAY,
        as_of=market.last,
        market_regime=Regime.BEAR,
        phase=Phase.BEAR,
        risk_level=RiskLevel.HIGH,
        recommended_exposure=0.25,
    )
    rank(timeframe=DAY, as_of=market.last)
    rotation = SectorRotation.objects.get()
    assert rotation.recommended_allocation["stablecoins"] == pytest.approx(0.75)
    assert "recommended_allocation" not in rotation.reasons
    assert SectorAnalysis.objects.get(sector__slug="stablecoins").weight == pytest.approx(0.75)


def test_the_newest_ranking_is_announced_as_the_api_shows_it(market: Stored, told: list[Any]) -> None:
    rank(timeframe=DAY, as_of=market.last)
    rank(timeframe=DAY, as_of=market.last - timedelta(days=9))
    [(topic, data)] = told
    assert topic == Topic.SECTORS
    assert len(data) == 10
    assert {"id", "name", "performance_24h", "dominance", "momentum_score", "status"} <= set(data[0])


def test_the_number_of_queries_depends_on_neither_coins_nor_bars(told: list[Any]) -> None:
    def queries(since: datetime, last: datetime) -> int:
        with CaptureQueriesContext(connection) as captured:
            rank(timeframe=DAY, as_of=last, since=since)
        # A close on which no money moved enough for an edge writes no flow, whatever the number of coins.
        always = [one for one in captured if not any(word in one["sql"] for word in ("flow", "SAVEPOINT"))]
        return len(always)

    with transaction.atomic():
        few = stored(300, 11)
        rank(timeframe=DAY, as_of=few.last - timedelta(days=40), since=few.last - timedelta(days=80))
        rank(timeframe=DAY, as_of=few.last - timedelta(days=1))
        for_few = queries(few.last, few.last)
        transaction.set_rollback(True)
    many = stored(300, 40)
    rank(timeframe=DAY, as_of=many.last - timedelta(days=40), since=many.last - timedelta(days=80))
    rank(timeframe=DAY, as_of=many.last - timedelta(days=1))
    for_many = queries(many.last, many.last)
    for_span = queries(many.last - timedelta(days=79), many.last)
    assert for_few == for_many
    assert for_span <= for_many + 4  # only fits on the refit grid could add some


def test_without_sectors_the_refusal_says_what_to_do() -> None:
    with pytest.raises(RankingError, match=r"manage.py seed_sectors"):
        rank(timeframe=DAY, as_of=datetime.fromisoformat("2024-01-01T00:00Z"))


def test_a_panel_that_does_not_fit_is_refused(market: Stored) -> None:
    need = selectors.rows_needed(DAY, market.last, market.last)
    panel = assets.load_panel(DAY, market.last, need)
    with pytest.raises(ValueError, match=f"a panel of {need - 1} rows .* needs {need} rows"):
        rank(timeframe=DAY, as_of=market.last, panel=panel.rows(1, None))
    with pytest.raises(ValueError, match="needs"):
        rank(timeframe=DAY, as_of=market.last - timedelta(days=1), panel=panel)
    assert not SectorPerformance.objects.exists()


@pytest.mark.parametrize("model", RECORDS, ids=lambda model: model.__name__)
def test_what_was_said_cannot_be_taken_back(model: type[Analysis], market: Stored, told: list[Any]) -> None:
    rank(timeframe=DAY, as_of=market.last, since=market.last - timedelta(days=9))
    rows = model._default_manager.filter(timeframe=DAY)
    assert rows.exists()
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        rows.update(as_of=market.last)
    with pytest.raises(ProgrammingError, match="Cannot delete"), transaction.atomic():
        rows.delete()


def test_the_panel_handed_over_is_the_panel_loaded(market: Stored, told: list[Any]) -> None:
    need = selectors.rows_needed(DAY, market.last, market.last)
    with transaction.atomic():
        rank(timeframe=DAY, as_of=market.last)
        loaded = {model: rows_of(model) for model in RECORDS}
        transaction.set_rollback(True)
    rank(timeframe=DAY, as_of=market.last, panel=assets.load_panel(DAY, market.last, need + 50))
    assert {model: rows_of(model) for model in RECORDS} == loaded


def test_selection_reads_each_coins_sector_momentum_from_the_panel(market: Stored) -> None:
    panel = assets.load_panel(DAY, market.last, 300)
    momentum = selectors.asset_sector_momentum(panel)
    homes = selectors.homes(panel.asset_ids)
    assert momentum.shape == panel.shape
    assert np.isfinite(momentum[-1]).sum() > 10  # a sector whose only coin is too young has none
    for home in set(homes):
        of_sector = momentum[:, homes == home]
        assert np.array_equal(of_sector, np.broadcast_to(of_sector[:, :1], of_sector.shape), equal_nan=True)
    cut = panel.rows(None, 280)
    assert np.array_equal(selectors.asset_sector_momentum(cut), momentum[:280], equal_nan=True)

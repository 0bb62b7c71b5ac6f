from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from assets.engine.timeframe import Timeframe
from assets.tests.stored import AssetFactory, batch, store
from sectors import selectors
from sectors.tests.factories import (
    MOMENT,
    SectorAnalysisFactory,
    SectorFactory,
    SectorMappingFactory,
    SectorPerformanceFactory,
    SectorRotationFactory,
)

pytestmark = pytest.mark.django_db
DAY = Timeframe.DAY


def test_membership_lines_up_with_the_coins_asked_for() -> None:
    defi, cash = SectorFactory(name="DeFi"), SectorFactory(characteristics={"stable": True})
    switched_off = SectorFactory(is_active=False)
    two, one, none = AssetFactory.create_batch(3)
    SectorMappingFactory(asset=one, sector=defi, weight=0.6)
    SectorMappingFactory(asset=one, sector=cash, weight=0.4, is_primary=False)
    SectorMappingFactory(asset=two, sector=cash)
    SectorMappingFactory(asset=none, sector=switched_off)
    asked = [one.pk, none.pk, two.pk]
    members = selectors.membership(asked)
    assert members.names == (defi.slug, cash.slug)
    assert np.array_equal(members.weights, [[0.6, 0.4], [0, 0], [0, 1]])
    assert members.stable.tolist() == [False, True]
    assert selectors.homes(asked).tolist() == [0, -1, 1]


def test_the_latest_reading_is_the_last_one_known() -> None:
    sector = SectorFactory()
    for day in range(3):
        at = MOMENT + timedelta(days=day)
        SectorPerformanceFactory(sector=sector, as_of=at)
        SectorRotationFactory(as_of=at)
        SectorAnalysisFactory(sector=sector, as_of=at)
    then = MOMENT + timedelta(hours=30)
    for moment, expected in ((None, 2), (then, 1)):
        rotation = selectors.latest_rotation(moment)
        assert rotation is not None and rotation.as_of == MOMENT + timedelta(days=expected)
        for latest in (selectors.latest_ranking, selectors.latest_analyses):
            assert [row.as_of for row in latest(moment)] == [MOMENT + timedelta(days=expected)]
    assert selectors.latest_rotation(MOMENT - timedelta(seconds=1)) is None


def test_a_reading_is_stale_two_bars_behind_now_or_behind_the_candles() -> None:
    assert selectors.stale_reason(DAY, MOMENT, MOMENT + timedelta(days=2)) == ""
    assert "No candles" in selectors.stale_reason(DAY, MOMENT, MOMENT + timedelta(days=2, seconds=1))
    opens = [MOMENT + timedelta(days=day) for day in range(3)]
    store(DAY, batch(AssetFactory().pk, opens, [1.0, 2.0, 3.0]))
    assert "run the pipeline" in selectors.stale_reason(DAY, MOMENT, MOMENT + timedelta(days=3))


def test_the_card_names_the_leader_and_is_honest_about_rotation() -> None:
    strong = SectorFactory(name="Meme")
    cash = SectorFactory(name="Cash", characteristics={"stable": True})
    for day, momentum in ((0, 0.2), (1, 0.6)):
        SectorPerformanceFactory(sector=strong, as_of=MOMENT + timedelta(days=day), momentum_score=momentum)
    at = MOMENT + timedelta(days=1)
    SectorPerformanceFactory(sector=cash, as_of=at, momentum_score=0.9)
    SectorRotationFactory(as_of=at, rotation_probability=0.7, base_rate=0.6)
    card = selectors.card(None, now=at + timedelta(hours=1))
    assert card is not None
    assert (card["layer"], card["state"], card["figure"]) == (2, "Meme leads", 0.6)
    assert (card["confidence"], card["base_rate"]) == (pytest.approx(0.3), pytest.approx(0.4))
    assert (card["key_metric"], card["indicator_dots"]) == ("rotation 70 %", 2)
    assert card["sparkline"] == [0.2, 0.6]
    assert (card["as_of"], card["is_stale"], card["stale_reason"]) == (at, False, "")
    assert "70 %" in card["sentence"]
    later = selectors.card(None, now=at + timedelta(days=5))
    assert later is not None and later["is_stale"] and later["stale_reason"]


def test_the_card_says_when_nothing_is_known() -> None:
    assert selectors.card(None) is None
    assert selectors.strengths(None) == []
    SectorPerformanceFactory(momentum_score=None, status="unknown")
    card = selectors.card(None)
    assert card is not None
    assert (card["figure"], card["confidence"], card["indicator_dots"]) == (None, None, 0)
    assert (card["state"], card["sentence"]) == ("Not known", "")


def test_strengths_leave_cash_out_and_start_with_the_strongest() -> None:
    for name, momentum, stable in (("a", 0.1, False), ("b", 0.9, True), ("c", 0.5, False)):
        SectorPerformanceFactory(
            sector__name=name, sector__characteristics={"stable": stable}, momentum_score=momentum
        )
    found = selectors.strengths(None)
    assert [row["name"] for row in found] == ["c", "a"]
    assert (found[0]["strength"], found[0]["performance_7d"]) == (0.5, 0.152)


@pytest.mark.parametrize("count", [3, 30])
def test_the_dashboard_asks_as_often_for_many_sectors_as_for_few(
    count: int, django_assert_num_queries: Any
) -> None:
    SectorPerformanceFactory.create_batch(count)
    with django_assert_num_queries(4):  # ranking, rotation, newest candle, the leader's history
        selectors.card(None)
    with django_assert_num_queries(1):
        assert len(selectors.strengths(None)) == count

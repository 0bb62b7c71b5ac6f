"""What is foretold is stored once; what became of it is filled in once, or the reason why it is not."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from aimodels import services
from aimodels.engine import guard
from aimodels.engine.intervals import half_at
from aimodels.models import AIModel, LayerSource, OutcomeReason, Prediction
from aimodels.services import predictions, realisation
from aimodels.services.predictions import MOST_HOURS
from aimodels.tests.factories import MOMENT, PredictionFactory, UserFactory
from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from assets.tests.factories import make_panel
from assets.tests.stored import AssetFactory, batch, store, store_panel

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MARKET = make_panel(520, 30)
LAST = MARKET.as_of(519)


@pytest.fixture
def market() -> datetime:
    """520 days of 30 coins are stored and the last close has been foretold; that close."""
    store_panel(MARKET)
    assert services.foretell(timeframe=Timeframe.DAY, as_of=LAST) > 20
    return LAST


def bar(asset: Any, opened: datetime, close: float, timeframe: Timeframe = Timeframe.DAY) -> None:
    store(timeframe, batch(asset.pk, [opened], [close]))


def test_every_coin_of_the_universe_is_told_an_interval_around_its_price(market: datetime) -> None:
    rows = list(Prediction.objects.select_related("asset"))
    assert {row.prediction_horizon for row in rows} == {24, 168}
    panel = assets.load_panel(Timeframe.DAY, market, 1)
    closes = dict(zip(panel.asset_ids.tolist(), panel.close[0].tolist(), strict=True))
    for row in rows:
        assert float(row.predicted_price) == pytest.approx(closes[row.asset_id], rel=1e-12)
        assert row.lower_price < row.predicted_price < row.upper_price
        assert row.target_datetime == market + timedelta(hours=row.prediction_horizon)
        assert 0.5 < row.confidence_score < 0.98
        assert AIModel.objects.get(pk=row.model_id).version == row.model_version
    assert Prediction.objects.filter(asset__asset_type="stablecoin").count() == 0


def test_told_again_nothing_is_written(market: datetime) -> None:
    before = Prediction.objects.count()
    assert services.foretell(timeframe=Timeframe.DAY, as_of=market) == 0
    assert Prediction.objects.count() == before


def test_a_span_takes_as_many_queries_as_a_day_and_keeps_the_context(market: datetime) -> None:
    counts = []
    for days in (1, 12):
        since = market - 20 * DAY
        with (
            CaptureQueriesContext(
                connection,
            ) as queries,
            transaction.atomic(),
        ):
            services.foretell(
                timeframe=Timeframe.DAY,
                as_of=since + (days - 1) * DAY,
                since=since,
                context={since: {"regime": "bear", "recommended_exposure": 0.25}},
            )
            told = Prediction.objects.filter(as_of=since)
            assert {row.market_conditions for row in told} == {"bear"}
            assert told[0].macro_context["recommended_exposure"] == 0.25
            transaction.set_rollback(True)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_panel_that_is_too_short_is_refused(market: datetime) -> None:
    short = assets.load_panel(Timeframe.DAY, market, 200)
    with pytest.raises(ValueError, match="200 rows"):
        services.foretell(timeframe=Timeframe.DAY, as_of=market, panel=short)


def test_what_was_said_cannot_be_altered_nor_an_outcome_told_twice() -> None:
    row = PredictionFactory()
    for change in ({"predicted_price": 1}, {"lower_price": 1}, {"confidence_score": 0.9}):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            Prediction.objects.filter(pk=row.pk).update(**change)
    Prediction.objects.filter(pk=row.pk).update(actual_price=101)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Prediction.objects.filter(pk=row.pk).update(actual_price=102)


def test_a_prediction_is_scored_against_the_close_at_its_moment(
    django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []
    monkeypatch.setattr(realisation, "publish", lambda topic, data: heard.append((topic, data)))
    row = PredictionFactory()
    bar(row.asset, MOMENT, 104.0)
    assert services.resolve(as_of=MOMENT + DAY - timedelta(seconds=1)).scored == 0
    assert services.resolve(as_of=MOMENT + DAY) == services.Realised(1, {})
    row.refresh_from_db()
    assert row.is_realized
    assert (float(row.actual_price), float(row.absolute_error)) == (104.0, 4.0)
    assert row.squared_error == 16.0
    assert row.accuracy_percentage == pytest.approx(100 - 400 / 104)
    assert (row.is_accurate, row.is_inside, row.outcome_reason) == (True, True, None)
    [(topic, data)] = heard
    assert topic == "aimodels.outcome"
    assert [found["id"] for found in data] == [row.pk]
    assert services.resolve(as_of=MOMENT + 2 * DAY).scored == 0


def test_a_price_outside_is_neither_inside_nor_accurate() -> None:
    row = PredictionFactory()
    bar(row.asset, MOMENT, 110.0)
    services.resolve(as_of=MOMENT + DAY)
    row.refresh_from_db()
    assert (row.is_accurate, row.is_inside) == (False, False)


def test_a_bar_of_any_length_that_closes_then_will_do() -> None:
    row = PredictionFactory(prediction_horizon=4)
    bar(row.asset, MOMENT + timedelta(hours=3), 99.0, Timeframe.HOUR)
    assert services.resolve(as_of=MOMENT + DAY).scored == 1


def test_a_late_bar_is_waited_for_a_week() -> None:
    row = PredictionFactory()
    assert services.resolve(as_of=MOMENT + 7 * DAY) == services.Realised(0, {})
    bar(row.asset, MOMENT, 104.0)
    assert services.resolve(as_of=MOMENT + 7 * DAY).scored == 1


@pytest.mark.parametrize(
    ("hours", "traded", "reason"),
    [
        (24, True, OutcomeReason.MISSING_BAR),
        (24, False, OutcomeReason.DELISTED),
        (5, True, OutcomeReason.NO_BAR),
    ],
)
def test_what_no_bar_will_tell_has_its_reason(hours: int, traded: bool, reason: str) -> None:
    row = PredictionFactory(prediction_horizon=hours)
    bar(row.asset, MOMENT - DAY, 100.0)
    if traded:
        bar(row.asset, MOMENT + 3 * DAY, 103.0)
    assert services.resolve(as_of=MOMENT + 9 * DAY).unknown == {}  # the source itself may have stopped
    bar(AssetFactory(), MOMENT + 7 * DAY, 1.0)
    found = services.resolve(as_of=MOMENT + 9 * DAY)
    assert (found.scored, found.unknown) == (0, {reason: 1})
    row.refresh_from_db()
    assert (row.actual_price, row.is_accurate, row.is_inside) == (None, None, None)
    assert row.is_realized
    assert services.resolve(as_of=MOMENT + 30 * DAY).unknown == {}


def test_many_are_scored_in_as_many_statements_as_few() -> None:
    counts = []
    for size in (3, 30):
        for row in PredictionFactory.create_batch(size):
            bar(row.asset, MOMENT, 101.0)
        with CaptureQueriesContext(connection) as queries:
            assert services.resolve(as_of=MOMENT + DAY).scored == size
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_who_asks_is_told_what_the_system_says_at_its_horizons(market: datetime) -> None:
    user = UserFactory(role="professional")
    row = Prediction.objects.filter(prediction_horizon=168).first()
    assert row is not None
    asked = services.ask(
        user_id=user.pk, asset_id=row.asset_id, layer=LayerSource.LAYER4, hours=168, now=market
    )
    assert (asked.lower_price, asked.upper_price) == (row.lower_price, row.upper_price)
    assert (asked.confidence_score, asked.layer_source, asked.user) == (row.confidence_score, "layer4", user)
    sooner = services.ask(
        user_id=user.pk, asset_id=row.asset_id, layer=LayerSource.LAYER4, hours=4, now=market
    )
    assert sooner.model_name == "interval_1d"
    assert row.lower_price < sooner.lower_price < sooner.predicted_price < sooner.upper_price
    assert sooner.target_datetime == market + timedelta(hours=4)
    assert half_at([0.1, 0.2, 0.3], 4) < 0.1  # type: ignore[arg-type]


def test_a_model_tells_people_no_more_than_its_administrator_lets_it(market: datetime) -> None:
    known = Prediction.objects.values_list("asset_id", flat=True).first()
    assert known is not None
    assert services.limit_predictions(name="interval_1d", per_hour=1) == 1

    def ask(hours: int) -> Prediction:
        person = UserFactory().pk  # another each time: the model's hour is one for all
        return services.ask(
            user_id=person, asset_id=known, layer=LayerSource.LAYER3, hours=hours, now=timezone.now()
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predictions.assets, "last_close", lambda *_: market)
        ask(4)
        with pytest.raises(services.LimitError) as refused:
            ask(4)
        assert refused.value.limit == 1
        assert 3500 < refused.value.seconds <= 3600
        ask(168)  # another model
        services.limit_predictions(name="interval_1d", per_hour=None)
        ask(4)


def test_a_coin_unlike_all_that_was_learned_from_is_told_with_less_confidence_and_why(
    market: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Prediction.objects.filter(prediction_horizon=24)
    assert usual.filter(notes="").count() > usual.count() / 2
    assert all(row.confidence_score > 0.7 for row in usual.filter(notes=""))
    monkeypatch.setattr(guard, "unlike", lambda seen, x: np.full(x.shape[:-1], 0.8))
    row = usual.filter(notes="")[0]
    person = UserFactory().pk
    told = services.ask(user_id=person, asset_id=row.asset_id, layer=LayerSource.LAYER3, hours=24, now=market)
    assert told.confidence_score == pytest.approx(row.confidence_score + 0.8 * (0.5 - row.confidence_score))
    assert "unlike what was learned from by 0.80" in told.notes


@pytest.mark.parametrize(
    ("hours", "coin", "field"),
    [(0, "known", "prediction_horizon"), (MOST_HOURS + 1, "known", "prediction_horizon"),
     (4, "unknown", "crypto_id"), (4, "new", "crypto_id")],
)  # fmt: skip
def test_what_cannot_be_told_is_refused_by_field(market: datetime, hours: int, coin: str, field: str) -> None:
    known = Prediction.objects.values_list("asset_id", flat=True).first()
    ids = {"known": known, "unknown": 10**9, "new": AssetFactory().pk}
    user = UserFactory()
    with pytest.raises(services.PredictionError) as refused:
        services.ask(user_id=user.pk, asset_id=ids[coin], layer=LayerSource.LAYER3, hours=hours, now=market)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert refused.value.mend
    assert not Prediction.objects.filter(user=user).exists()


def test_without_a_fit_the_reason_is_told() -> None:
    asset = AssetFactory()
    for day in range(95):
        bar(asset, MOMENT - day * DAY, 100.0 + day % 7)
    with pytest.raises(services.PredictionError, match="no fit of interval_1d"):
        services.ask(
            user_id=UserFactory().pk, asset_id=asset.pk, layer=LayerSource.LAYER3, hours=24, now=MOMENT + DAY
        )


def command(*words: str) -> str:
    said = StringIO()
    call_command("realise_predictions", *words, stdout=said)
    return said.getvalue()


def test_the_command_scores_by_hand_and_says_how_many() -> None:
    row = PredictionFactory()
    bar(row.asset, MOMENT, 104.0)
    PredictionFactory()
    bar(AssetFactory(), MOMENT + 10 * DAY, 1.0)
    assert command("--as-of", "2024-01-03").split() == ["1", "predictions", "scored"]
    assert "1 without an outcome: delisted" in command("--as-of", "2024-02-01")
    assert command().startswith("0 predictions")


@pytest.mark.parametrize("moment", ["soon", "2999-01-01"])
def test_a_moment_that_is_none_or_lies_ahead_is_refused(moment: str) -> None:
    with pytest.raises(CommandError, match=moment):
        command("--as-of", moment)

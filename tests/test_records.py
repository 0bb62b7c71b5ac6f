"""Records of what was said cannot be altered, backdated or passed off as live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from django.apps import apps
from django.db import ProgrammingError, transaction
from django.utils import timezone

from aimodels.models import LayerSource, Prediction
from aimodels.tests.factories import PredictionFactory
from assets.engine.timeframe import Timeframe
from assets.models import Analysis
from macro.models import Dominance, MarketSentiment, RegimeForecast

ANALYSES = [model for model in apps.get_models() if issubclass(model, Analysis)]


def record(as_of: datetime, **fields: Any) -> MarketSentiment:
    return MarketSentiment.objects.create(timeframe=Timeframe.DAY, as_of=as_of, **fields)


@pytest.mark.parametrize("model", ANALYSES, ids=lambda model: model._meta.label)
def test_every_analysis_is_append_only_stamped_and_unique(model: type[Analysis]) -> None:
    names = {trigger.name for trigger in model._meta.triggers}
    assert {"no_delete", "append_only", "stamp"} <= names
    assert model._meta.total_unique_constraints or model._meta.constraints


@pytest.mark.django_db
def test_a_record_can_be_neither_changed_nor_deleted() -> None:
    said = record(datetime(2024, 1, 1, tzinfo=UTC), composite_sentiment=0.5)
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        MarketSentiment.objects.filter(pk=said.pk).update(composite_sentiment=0.9)
    with pytest.raises(ProgrammingError, match="Cannot delete"), transaction.atomic():
        MarketSentiment.objects.filter(pk=said.pk).delete()
    said.refresh_from_db()
    assert said.composite_sentiment == 0.5


@pytest.mark.django_db
def test_an_outcome_is_filled_in_once() -> None:
    forecast = RegimeForecast.objects.create(
        timeframe=Timeframe.DAY,
        as_of=datetime(2024, 1, 1, tzinfo=UTC),
        horizon_hours=168,
        probabilities={"bull": 1.0},
        confidence_score=0.6,
    )
    rows = RegimeForecast.objects.filter(pk=forecast.pk)
    rows.update(realised_regime="bull")
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        rows.update(realised_regime="bear")
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        rows.update(realised_regime=None)


@pytest.mark.django_db
def test_the_database_says_whether_a_record_is_live() -> None:
    now = timezone.now()
    live = record(now - timedelta(hours=1), origin="replay")
    replay = record(now - timedelta(days=3), origin="live", created_at=now - timedelta(days=3))
    for row in (live, replay):
        row.refresh_from_db()
    assert (live.origin, replay.origin) == ("live", "replay")
    assert replay.created_at > now - timedelta(minutes=5)


@pytest.mark.django_db
def test_dominance_shares_have_to_add_up_to_a_hundred() -> None:
    shares = {"btc_dominance": 50, "eth_dominance": 20, "alt_dominance": 20, "stablecoin_dominance": 9}
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    with pytest.raises(Exception, match="shares_sum_to_100"), transaction.atomic():
        Dominance.objects.create(timeframe=Timeframe.DAY, as_of=moment, **shares)
    shares["stablecoin_dominance"] = 10
    Dominance.objects.create(timeframe=Timeframe.DAY, as_of=moment, **shares)


@pytest.mark.django_db
def test_what_a_batch_holds_comes_back_as_it_was() -> None:
    texts = ["", "\\N", "a tab\t, a line\n, a return\r and \\", "نماد", "NULL", "\x08\x0b\x0c", "\\t"]
    model = PredictionFactory()
    whens = [model.as_of + timedelta(days=day) for day in range(1, len(texts) + 1)]
    numbers = np.array([0.1 + 0.2, 1e-300, -0.0, np.nan, 1e22, 5e-324, 2.5])
    written = Prediction.objects.append(
        {
            "timeframe": Timeframe.DAY,
            "asset_id": np.full(len(texts), model.asset_id),
            "as_of": whens,
            "target_datetime": pd.DatetimeIndex(whens) + timedelta(days=1),
            "layer_source": LayerSource.LAYER3,
            "model_name": texts,
            "model_version": "1",
            "prediction_horizon": 24,
            "input_price": [Decimal("0.000000000000000123")] * len(texts),
            "predicted_price": ["1.25"] * len(texts),
            "confidence_score": 0.5,
            "model_parameters": [{"text": text, "odd": float("nan")} for text in texts],
            "squared_error": numbers,
            "is_inside": [True, False, None, np.bool_(True), None, None, None],
        }
    )
    rows = list(Prediction.objects.exclude(pk=model.pk).order_by("as_of"))
    assert written == len(texts)
    assert [row.model_name for row in rows] == texts
    assert [row.model_parameters for row in rows] == [{"text": text, "odd": None} for text in texts]
    assert [row.as_of for row in rows] == whens
    assert [row.squared_error for row in rows] == [x if x == x else None for x in numbers.tolist()]
    assert [row.is_inside for row in rows] == [True, False, None, True, None, None, None]
    assert rows[0].input_price == Decimal("0.000000000000000123")

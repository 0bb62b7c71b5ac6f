"""Predictions for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import factory
from django.contrib.auth import get_user_model

from aimodels.models import Prediction
from assets.engine.timeframe import Timeframe
from assets.tests.stored import AssetFactory

MOMENT = datetime(2024, 1, 2, tzinfo=UTC)


class UserFactory(factory.django.DjangoModelFactory):  # type: ignore[type-arg]
    class Meta:
        model = get_user_model()

    email = factory.Sequence(lambda n: f"user{n}@example.org")
    role = "casual"


class PredictionFactory(factory.django.DjangoModelFactory[Prediction]):
    class Meta:
        model = Prediction

    asset = factory.SubFactory(AssetFactory)
    timeframe = Timeframe.DAY
    as_of = MOMENT
    layer_source = "layer3"
    model_name = "interval_1d"
    model_version = "1.20240101"
    prediction_horizon = 24
    target_datetime = factory.LazyAttribute(lambda row: row.as_of + timedelta(hours=row.prediction_horizon))
    input_price = "100"
    predicted_price = "100"
    lower_price = "96"
    upper_price = "104.5"
    interval_level = 0.8
    confidence_score = 0.79

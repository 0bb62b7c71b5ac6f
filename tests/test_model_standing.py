"""A model past its expiry gives no confidence in any layer, and the record of that close says why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import Role
from aimodels.models import AIModel, Prediction
from aimodels.services import PredictionError, ask
from assets.engine.timeframe import Timeframe
from assets.models import Asset
from assets.tests.factories import make_market
from cryptopredict import pipeline
from macro.models import RegimeAnalysis, RegimeForecast
from sectors.models import SectorAnalysis, SectorRotation
from selection.models import WatchlistAnalysis
from tests import markets
from trading.models import SignalCandidate, TradingSignal
from trading.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
MARKET = make_market(700, 30)


def test_from_the_close_at_which_a_model_has_expired_no_layer_gives_a_confidence() -> None:
    last = markets.store(MARKET)
    pipeline.run(timeframe=Timeframe.DAY, as_of=last - 2 * DAY)
    AIModel.objects.update(expires_at=last)
    pipeline.run(timeframe=Timeframe.DAY, as_of=last, since=last - DAY)

    def at(model: Any, **more: Any) -> Any:
        return model.objects.filter(as_of=last, **more)

    before = RegimeAnalysis.objects.get(as_of=last - DAY)
    assert before.confidence_score is not None
    assert "model" not in before.reasons
    reading = at(RegimeAnalysis).get()
    assert reading.confidence_score is None
    assert reading.reasons["model"]["state"] == "expired"
    assert "train it again" in reading.reasons["model"]["reason"]
    assert not at(RegimeForecast).exists()

    rotation = at(SectorRotation).get()
    assert rotation.rotation_probability is None
    assert rotation.reasons["model"]["withheld"]
    assert not at(SectorAnalysis, confidence_score__isnull=False).exists()
    assert all(row.analysis_data["model"]["state"] == "expired" for row in at(SectorAnalysis))

    assert at(WatchlistAnalysis, score__isnull=False).exists()
    assert not at(WatchlistAnalysis, confidence_score__isnull=False).exists()
    assert all("expired" in row.reason for row in at(WatchlistAnalysis, score__isnull=False))

    assert at(SignalCandidate).exists()
    assert set(at(SignalCandidate).values_list("refusal", "probability")) == {("no_model", None)}
    assert not at(TradingSignal).exists()
    assert Prediction.objects.filter(as_of=last - DAY).exists()
    assert not at(Prediction).exists()

    admin = UserFactory(role=Role.ADMIN)
    with pytest.raises(PredictionError, match="expired"):
        ask(user_id=admin.pk, asset_id=Asset.objects.all()[0].pk, layer="layer3", hours=24, now=last)  # type: ignore[arg-type]
    page = Client()
    page.force_login(admin)
    assert b"had expired by then" in page.get("/macro/").content
    client = APIClient()
    client.force_authenticate(admin)
    for url in ("/api/v1/layer1/market-regime", "/api/v1/layer2/rotation"):
        found = client.get(url, {"as_of": last.isoformat()})
        assert found.status_code == 200, (url, found.content)
        assert found.json()["reasons"]["model"]["state"] == "expired"

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.models import Role, User
from assets.engine.timeframe import Timeframe
from cryptopredict.common import restapi
from macro.api import MarketRegimeView
from macro.tests.factories import MOMENT, RegimeAnalysisFactory

pytestmark = pytest.mark.django_db
CONTRACT = {"regime", "confidence", "risk_level", "trend_strength", "recommended_exposure", "last_updated"}


def user(role: str = Role.GUEST) -> User:
    return User.objects.create_user(f"{role}@example.com", role=role)


def get(query: dict[str, Any] | None = None, as_user: User | None = None) -> Any:
    request = APIRequestFactory().get("/api/v1/layer1/market-regime", query or {})
    if as_user:
        force_authenticate(request, as_user)
    return MarketRegimeView.as_view()(request).render()


@pytest.mark.parametrize("role", Role.values)
def test_every_role_may_read_the_regime(role: str) -> None:
    RegimeAnalysisFactory()
    assert get(as_user=user(role)).status_code == 200


def test_strangers_may_not() -> None:
    RegimeAnalysisFactory()
    assert get().status_code in (401, 403)


def test_the_regime_reads_as_the_contract_has_it_with_its_age_beside() -> None:
    row = RegimeAnalysisFactory(as_of=MOMENT)
    found = get(as_user=user()).data
    assert set(found) >= CONTRACT | {"as_of", "is_stale"}
    assert (found["regime"], found["risk_level"], found["confidence"]) == ("bull", "medium", 0.87)
    assert (found["trend_strength"], found["recommended_exposure"]) == (0.73, 0.65)
    row.refresh_from_db()
    assert (found["last_updated"], found["as_of"]) == (row.created_at, MOMENT)


def test_a_regime_that_is_not_known_is_null_with_its_reason() -> None:
    RegimeAnalysisFactory(
        market_regime=None, phase=None, risk_level=None, reasons={"market_regime": "too little history"}
    )
    found = get(as_user=user()).data
    assert (found["regime"], found["phase"], found["risk_level"]) == (None, None, None)
    assert found["reasons"] == {"market_regime": "too little history"}


def test_as_of_shows_what_was_known_then_and_judges_its_age_then() -> None:
    RegimeAnalysisFactory(as_of=MOMENT, market_regime="bear")
    RegimeAnalysisFactory(as_of=MOMENT + timedelta(days=1), market_regime="bull")
    asked = {"as_of": (MOMENT + timedelta(hours=23)).isoformat()}
    found = get(asked, user()).data
    assert (found["regime"], found["is_stale"]) == ("bear", False)


def test_an_old_reading_is_called_stale_and_says_why() -> None:
    RegimeAnalysisFactory(as_of=MOMENT)
    found = get(as_user=user()).data
    assert found["is_stale"] is True
    assert "two bars" in found["stale_reason"]


def test_a_fresh_reading_is_not_stale() -> None:
    RegimeAnalysisFactory(as_of=Timeframe.DAY.open_of(timezone.now()))
    assert get(as_user=user()).data["is_stale"] is False


@pytest.mark.parametrize("query", [{}, {"as_of": "2020-01-01T00:00:00Z"}, {"timeframe": "1h"}])
def test_before_any_analysis_the_answer_says_what_to_run(query: dict[str, str]) -> None:
    RegimeAnalysisFactory(as_of=MOMENT) if query else None
    response = get(query, user())
    [error] = response.data["errors"]
    assert response.status_code == 404
    assert response.headers["Content-Type"] == restapi.PROBLEM
    assert response.data["type"] == "urn:cryptopredict:problem:not_analysed"
    assert "run_pipeline" in error["mend"]


@pytest.mark.parametrize("query", [{"timeframe": "2d"}, {"as_of": "yesterday"}, {"asof": "2024-01-01"}])
def test_a_query_that_makes_no_sense_is_refused_by_field(query: dict[str, str]) -> None:
    RegimeAnalysisFactory()
    response = get(query, user())
    assert response.status_code == 400
    assert [error["field"] for error in response.data["errors"]] == list(query)


@pytest.mark.parametrize("count", [3, 30])
def test_the_number_of_queries_does_not_grow(count: int, django_assert_num_queries: Any) -> None:
    RegimeAnalysisFactory.create_batch(count)
    someone = user()
    with django_assert_num_queries(2):  # the reading; the newest candle, for its age
        get(as_user=someone)

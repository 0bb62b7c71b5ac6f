"""The other addresses of layer 1: sentiment, dominance, history, forecast; each as it was known when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from macro.models import Dominance, MarketSentiment, RegimeForecast
from macro.tests.factories import MOMENT, RegimeAnalysisFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def client() -> Client:
    found = Client()
    found.force_login(User.objects.create_user("guest@example.com", role="guest"))
    return found


def get(client: Client, name: str, **query: Any) -> Any:
    response = client.get(f"/api/v1/layer1/{name}", query)
    assert response.status_code == 200, response.content
    return response.json()


def sentiment(**fields: Any) -> MarketSentiment:
    return MarketSentiment.objects.create(timeframe="1d", **{"as_of": MOMENT, **fields})


def dominance(as_of: Any, btc: float) -> Dominance:
    return Dominance.objects.create(
        timeframe="1d",
        as_of=as_of,
        btc_dominance=btc,
        eth_dominance=20,
        alt_dominance=70 - btc,
        stablecoin_dominance=10,
    )


def forecast(**fields: Any) -> RegimeForecast:
    return RegimeForecast.objects.create(
        **{
            "timeframe": "1d",
            "as_of": MOMENT,
            "horizon_hours": 168,
            "probabilities": {"bull": 0.6, "bear": 0.1, "neutral": 0.2, "volatile": 0.1},
            "confidence_score": 0.6,
            **fields,
        }
    )


def test_a_mood_that_no_source_gave_is_null_with_its_reason(client: Client) -> None:
    sentiment(composite_sentiment=0.3, funding_rates={"btc": 0.0001})
    found = get(client, "sentiment")
    assert (found["composite_sentiment"], found["funding_rates"]) == (0.3, {"btc": 0.0001})
    absent = {"fear_greed_index", "social_sentiment", "news_sentiment"}
    assert {name for name in absent if found[name] is None} == absent
    assert set(found["reasons"]) == absent


def test_the_shares_add_up_and_are_those_of_the_moment_asked_for(client: Client) -> None:
    dominance(MOMENT, 50)
    dominance(MOMENT + DAY, 40)
    assert get(client, "dominance")["btc_dominance"] == 40
    found = get(client, "dominance", as_of=MOMENT.isoformat())
    shares = [value for name, value in found.items() if name.endswith("_dominance")]
    assert (found["btc_dominance"], sum(shares), found["is_stale"]) == (50, 100, False)


def test_history_is_the_days_before_the_last_analysis_oldest_first(client: Client) -> None:
    for day in range(5):
        RegimeAnalysisFactory(as_of=MOMENT + day * DAY)
    times = [row["analysis_time"] for row in get(client, "history", days=3)]
    assert times == [f"{MOMENT + day * DAY:%Y-%m-%dT%H:%M:%SZ}" for day in (2, 3, 4)]
    then = get(client, "history", days=2, as_of=(MOMENT + 2 * DAY).isoformat())
    assert [row["analysis_time"] for row in then] == [
        f"{MOMENT + day * DAY:%Y-%m-%dT%H:%M:%SZ}" for day in (1, 2)
    ]
    assert get(client, "history", interval="1h") == []


@pytest.mark.parametrize("count", [3, 300])
def test_history_takes_as_many_queries_for_three_rows_as_for_three_hundred(
    client: Client, count: int, django_assert_num_queries: Any
) -> None:
    for day in range(count):
        RegimeAnalysisFactory(as_of=MOMENT - day * DAY)
    get(client, "history")  # the session is noted once a minute
    with django_assert_num_queries(3):  # session, user, rows
        assert len(get(client, "history", days=400)) == count


@pytest.mark.parametrize("query", [{"days": 0}, {"days": 10**9}, {"days": "x"}, {"interval": "2d"}, {"x": 3}])
def test_a_history_that_makes_no_sense_is_refused(client: Client, query: dict[str, Any]) -> None:
    response = client.get("/api/v1/layer1/history", query)
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == list(query)


def test_a_forecast_says_its_likeliest_and_persistence_beside_it(client: Client) -> None:
    forecast(persistence={"bull": 0.8, "bear": 0.05, "neutral": 0.1, "volatile": 0.05})
    forecast(horizon_hours=24, confidence_score=0.9)
    found = get(client, "regime-forecast", horizon="7d")
    assert (found["horizon"], found["likeliest"], found["confidence"]) == ("7d", "bull", 0.6)
    assert found["persistence"]["bull"] == 0.8
    assert get(client, "regime-forecast", horizon="1d")["confidence"] == 0.9


def test_what_came_of_a_forecast_is_not_told_for_a_moment_before_it_came(client: Client) -> None:
    forecast(realised_regime="bear", realised_at=MOMENT + 7 * DAY)
    assert get(client, "regime-forecast")["realised_regime"] == "bear"
    before = get(client, "regime-forecast", as_of=(MOMENT + 6 * DAY).isoformat())
    assert before["realised_regime"] is None


@pytest.mark.parametrize("name", ["sentiment", "dominance", "regime-forecast"])
def test_before_any_analysis_the_answer_says_what_to_run(client: Client, name: str) -> None:
    response = client.get(f"/api/v1/layer1/{name}")
    assert response.status_code == 404
    assert "run_pipeline" in response.json()["errors"][0]["mend"]

"""The API's facts, from outside: every address, its least role, its status, its keys, whose it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from assets.tests.stored import AssetFactory
from cryptopredict.common.restapi.openapi import document
from tests.world import World, build

pytestmark = pytest.mark.django_db
ROLES = ("anonymous", *Role.values)


@dataclass(frozen=True)
class Operation:
    """One method of one address. `nested` are keys inside a key; `item` those of the rows of `items`."""

    method: str
    path: str
    role: str
    keys: str = ""
    listed: bool = False
    status: int = 200
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None
    nested: dict[str, str] = field(default_factory=dict)
    foreign: str = ""  # what of another person's this address must not show
    elsewhere: bool = False  # what it takes to succeed is set up in the tests of the part that owns it

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def get(path: str, role: str, keys: str = "", listed: bool = False, **more: Any) -> Operation:
    return Operation("GET", path, role, keys, listed, **more)


ASSET = "id symbol name current_price market_cap"
CANDLE = "candle_time open high low close volume market_cap"
TOKEN = "id name prefix expires_at is_valid"
OPERATIONS = (
    get("layer1/market-regime", "guest",
        "regime confidence risk_level trend_strength recommended_exposure last_updated as_of is_stale"),
    get("layer1/sentiment", "guest",
        "fear_greed_index composite_sentiment funding_rates social_sentiment news_sentiment last_updated"),
    get("layer1/dominance", "guest",
        "btc_dominance eth_dominance alt_dominance stablecoin_dominance total_market_cap total_volume "
        "last_updated"),
    get("layer1/history", "guest",
        "regime confidence risk_level trend_strength recommended_exposure analysis_time", True,
        query={"days": 30, "interval": "1d"}),
    get("layer1/regime-forecast", "guest", "horizon probabilities confidence last_updated",
        query={"horizon": "7d"}),
    get("layer2/sectors", "guest",
        "id name performance_24h performance_7d dominance momentum_score status", True),
    get("layer2/sectors/{sector}", "guest",
        "id name description total_market_cap total_volume top_performers performance_metrics"),
    get("layer2/rotation", "guest",
        "rotation_probability leading_sectors declining_sectors flow_directions recommended_allocation"),
    get("layer2/sectors/{sector}/history", "guest",
        "analysis_time total_market_cap performance_24h momentum_score", True, query={"days": 30}),
    get("layer2/compare", "guest", "timeframe sectors",
        query={"sectors": "{sector},{other}", "timeframe": "7d"}),
    get("layer2/relative-rotation", "guest", "id name trail", True),
    get("layer3/watchlists", "casual", "id name type tier current_items max_items last_updated", True),
    get("layer3/watchlists/{own}", "casual", "id name items",
        nested={"items": "crypto_id symbol name current_price performance_24h ai_confidence risk_level "
                         "last_analysis"},
        foreign="own"),
    Operation("POST", "layer3/watchlists/{tier}/items", "admin", status=201,
              body={"crypto_id": "{coin}", "tier": "tier2", "priority_order": 5}),
    Operation("DELETE", "layer3/watchlists/{own}/items/{item}", "casual", status=204, foreign="own"),
    Operation("POST", "layer3/watchlists", "casual", "id name max_items", status=201, body={"name": "New"}),
    Operation("PATCH", "layer3/watchlists/{own}", "casual", "id name", body={"name": "Other"}, foreign="own"),
    Operation("DELETE", "layer3/watchlists/{own}", "casual", status=204, foreign="own"),
    get("layer3/assets/{asset}/analysis", "casual",
        "symbol current_analysis performance_metrics recommendation",
        nested={"current_analysis":
                "ai_confidence risk_level technical_indicators sentiment_score sector_correlation"}),
    get("layer4/signals", "casual",
        "id crypto_id symbol signal_type entry_price target_price stop_loss confidence_score risk_level "
        "risk_reward_ratio time_horizon_hours generated_at expires_at", True,
        query={"status": "active", "limit": 20, "confidence_min": 0.1}),
    get("layer4/performance", "casual",
        "total_signals successful_signals success_rate average_return best_performing_model "
        "performance_by_risk_level", query={"timeframe": "30d", "model": "all"}),
    get("admin/system-health", "admin",
        "overall_health_score api_status ml_models_status database_performance last_updated",
        nested={"api_status": "layer1 layer2 layer3 layer4",
                "ml_models_status": "active_models training_models error_models"}),
    get("ui/dashboard", "casual",
        "user_profile portfolio_summary ai_status market_overview active_signals notifications",
        nested={"portfolio_summary": "total_value daily_pnl daily_pnl_percentage",
                "ai_status": "all_online active_models processing_rate",
                "market_overview": "regime sentiment"}),
    get("ui/layer-overview", "guest", "layer name status confidence key_metric indicator_dots", True),
    get("ui/mobile/quick-stats", "casual", "regime total_value active_signals"),
    get("ui/mobile/signal-cards", "casual", "id symbol entry_price", True, query={"limit": 10}),
    get("ui/mobile/layer-cards", "guest", "layer name figure sparkline", True),
    get("ui/notifications", "casual", "id notification_type title message status priority", True,
        query={"status": "unread", "limit": 20}),
    Operation("POST", "ui/notifications/{message}/read", "casual", "id status", foreign="message"),
    Operation("DELETE", "ui/notifications/{message}", "casual", status=204, foreign="message"),
    get("assets", "guest", ASSET, True),
    get("assets/{asset}", "guest", ASSET),
    get("assets/{asset}/candles", "guest", CANDLE, True),
    get("account/profile", "guest", "id email role language timezone"),
    Operation("PATCH", "account/profile", "guest", "id language", body={"language": "fa"}),
    get("account/session", "guest", "user csrf_token"),
    get("account/tokens", "guest", TOKEN, True),
    Operation("POST", "account/tokens", "guest", f"{TOKEN} token", status=201, body={"name": "second"}),
    Operation("DELETE", "account/tokens/{token}", "guest", status=204, foreign="token"),
    get("layer3/suggestions", "casual",
        "id crypto_id symbol suggestion_type confidence_score ai_reasoning suggested_at expires_at", True,
        query={"status": "pending", "limit": 50}),
    Operation("POST", "layer3/suggestions/{suggestion}/review", "admin",
              body={"decision": "approve", "review_notes": "Strong fundamentals support the addition",
                    "target_tier": "tier2"}),
    Operation("POST", "layer3/watchlists/bulk-actions", "admin",
              body={"action": "promote_to_tier1", "crypto_ids": ["{coin}"], "review_notes": "Strong"},
              elsewhere=True),
    get("layer4/signals/{signal}", "casual", "id signal_details ai_analysis risk_assessment",
        nested={"ai_analysis": "key_factors market_context probability_analysis"}),
    Operation("POST", "layer4/signals/{signal}/execute", "casual", status=201, elsewhere=True,
              body={"position_size": 1250.0, "portfolio_percentage": 5.2, "execution_type": "manual",
                    "risk_confirmation": True}),
    Operation("DELETE", "layer4/signals/{signal}", "admin", status=204),
    get("layer4/executions", "casual",
        "id signal_id execution_price position_size portfolio_percentage execution_type status executed_at",
        True, query={"limit": 50}),
    get("layer4/risk-coverage", "casual", "direction", True, elsewhere=True),
    Operation("POST", "layer4/executions/{execution}/close", "casual", status=201, elsewhere=True,
              foreign="execution"),
    get("predictions", "casual",
        "id crypto_id symbol layer_source predicted_price confidence_score prediction_horizon macro_context "
        "model_name target_datetime", True, query={"layer": "layer3", "limit": 10}),
    Operation("POST", "predictions", "professional", status=201, elsewhere=True,
              body={"crypto_id": 1, "layer_source": "layer4", "prediction_horizon": 4}),
    get("predictions/analytics", "casual",
        "overall_accuracy accuracy_by_layer accuracy_by_horizon best_performing_models",
        query={"days": 30, "layer": "all"}),
    get("models", "casual", "id name", True),
    get("evaluations", "casual", "", True, elsewhere=True),
    get("promotions", "casual", "", True, elsewhere=True),
    get("portfolio", "casual"),
    get("portfolio/history", "casual"),
    get("risk-profile", "casual"),
    get("backtests", "professional", "", True, elsewhere=True),
    get("admin/ai-models", "admin", "id name type status last_trained performance_metrics", True),
    Operation("POST", "admin/ai-models/{model}/retrain", "admin", status=202, elsewhere=True,
              body={"training_data_days": 90, "validation_split": 0.2, "hyperparameters": {}}),
    get("admin/training-jobs", "admin", "", True, elsewhere=True),
    get("admin/user-activities", "admin", "id user_id activity_type activity_time", True,
        query={"days": 7, "activity_type": "all"}),
    get("admin/suggestions/queue", "admin",
        "id crypto_id symbol suggestion_type confidence_score priority", True,
        query={"priority": "high", "days": 8}),
    get("admin/suggestions/worth", "admin"),
    get("admin/config", "admin", "watchlist_limits ai_thresholds",
        nested={"watchlist_limits": "tier1_max tier2_max",
                "ai_thresholds": "suggestion_confidence_min signal_confidence_min"}),
    Operation("POST", "admin/config", "admin", "watchlist_limits ai_thresholds",
              body={"watchlist_limits": {"tier1_max": 20, "tier2_max": 100},
                    "ai_thresholds": {"suggestion_confidence_min": 0.7, "signal_confidence_min": 0.8}}),
    get("admin/users", "admin", "id email role", True),
    get("admin/users/{user}", "admin", "id email role"),
    get("admin/audit", "admin", "", True, elsewhere=True),
    get("admin/pipeline-runs", "admin", "id timeframe as_of status stages rows seconds", True),
    get("admin/pipeline-runs/{run}", "admin", "id timeframe as_of status stages rows seconds"),
)  # fmt: skip


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """The world, once for all tests of this module, which each work in a savepoint on top of it."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = build()
        try:
            yield world
        finally:
            transaction.set_rollback(True)


@pytest.fixture
def world(built: World, db: None) -> World:
    return built


def ask(world: World, operation: Operation, role: str, owner: str | None = None) -> Any:
    """The answer to a person of `role`, about what belongs to the person of role `owner` (themselves)."""
    whose = owner or (role if role in world.users else "casual")
    names = {
        "sector": world.sectors[0].pk,
        "other": world.sectors[1].pk,
        "asset": world.asset.pk,
        "tier": world.tier.pk,
        "own": world.own[whose].pk,
        "item": world.items[whose].pk,
        "message": world.messages[whose],
        "token": world.users[whose].api_tokens.get(name="test").pk,
        "run": world.run.pk,
        "signal": world.signal.pk,
        "suggestion": world.suggestion.pk,
        "model": world.model.pk,
        "user": world.users["casual"].pk,
        "execution": world.executions[whose],
    }

    def filled(value: Any) -> Any:
        if value == "{coin}":
            return AssetFactory().pk
        if isinstance(value, list):
            return [filled(item) for item in value]
        return value.format(**names) if isinstance(value, str) else value

    address = "/api/v1/" + filled(operation.path)
    client = world.client(role)
    if operation.method == "GET":
        return client.get(address, {name: filled(value) for name, value in operation.query.items()})
    body = {name: filled(value) for name, value in (operation.body or {}).items()}
    send = getattr(client, operation.method.lower())
    return send(address, json.dumps(body), content_type="application/json")


HERE = [one for one in OPERATIONS if not one.elsewhere]


@pytest.mark.parametrize("operation", HERE, ids=str)
def test_each_operation_answers_its_least_role_with_its_keys(world: World, operation: Operation) -> None:
    response = ask(world, operation, operation.role)
    assert response.status_code == operation.status, response.content
    if operation.status == 204:
        assert response.content == b""
        return
    found = response.json()
    assert isinstance(found, list) == operation.listed
    assert found, "an empty list shows no keys"
    row = found[0] if operation.listed else found
    assert set(operation.keys.split()) <= set(row)
    for name, keys in operation.nested.items():
        inner = row[name][0] if isinstance(row[name], list) else row[name]
        assert set(keys.split()) <= set(inner)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_each_operation_is_for_its_role_and_those_above_only(world: World, operation: Operation) -> None:
    least = ROLES.index(operation.role)
    for place, role in enumerate(ROLES[:least]):
        response = ask(world, operation, role)
        assert response.status_code == (401 if place == 0 else 403), f"{role}: {response.content!r}"
        assert response["Content-Type"] == "application/problem+json"
    if operation.method == "GET":
        for role in ROLES[least:]:
            assert ask(world, operation, role).status_code == operation.status, role


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.foreign], ids=str)
def test_what_belongs_to_another_does_not_exist(world: World, operation: Operation) -> None:
    for role in ("casual", "professional", "admin"):
        owner = "professional" if role != "professional" else "casual"
        assert ask(world, operation, role, owner).status_code == 404, role
    if not operation.elsewhere:
        assert ask(world, operation, "casual").status_code == operation.status


def test_every_operation_of_the_api_stands_in_the_table() -> None:
    """A new address needs a line above, or here: those whose roles their owners' tests ask."""

    def shape(method: str, path: str) -> tuple[str, str]:
        return method, re.sub(r"{\w+}", "{}", path.removeprefix("/api/v1/"))

    known = {shape(one.method, one.path) for one in OPERATIONS} | {shape(*one.split()) for one in OWNED}
    there = {
        shape(method.upper(), path)
        for path, methods in document("en")["paths"].items()
        for method in methods
        if method != "parameters"
    }
    assert there - known == set()


OWNED = (
    "POST account/session", "DELETE account/session", "PATCH admin/users/{id}",
    "POST admin/training-jobs/{id}/cancel", "GET models/{name}", "POST backtests", "GET backtests/{id}",
    "GET layer4/performance/signals", "POST layer4/signals/{id}/preview", "GET layer4/signals/{id}/sizing",
    "PATCH portfolio", "GET portfolio/export", "POST portfolio/import", "GET portfolio/rebalance",
    "POST portfolio/rebalance", "PATCH risk-profile",
)  # fmt: skip


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.method == "GET"], ids=str)
def test_a_read_takes_a_bounded_number_of_queries(world: World, operation: Operation) -> None:
    ask(world, operation, operation.role)
    with CaptureQueriesContext(connection) as queries:
        ask(world, operation, operation.role)
    assert len(queries) <= 40


# A suggestion, an execution and a curve of a model are records of their own time.
RECORDS = ("layer3/suggestions", "layer4/executions", "layer4/risk-coverage", "layer4/signals/{signal}")
READS = [
    one
    for one in OPERATIONS
    if one.path.startswith("layer") and one.method == "GET" and one.path not in RECORDS
]


@pytest.mark.parametrize("operation", READS, ids=str)
def test_no_layer_answers_about_the_future(world: World, operation: Operation) -> None:
    asked = Operation("GET", operation.path, operation.role, query={**operation.query, "as_of": "2999-01-01"})
    response = ask(world, asked, "admin")
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "as_of"


@pytest.mark.parametrize("operation", READS, ids=str)
def test_every_layer_answers_about_the_past(world: World, operation: Operation) -> None:
    asked = Operation("GET", operation.path, operation.role, query={**operation.query, "as_of": "2024-06-01"})
    response = ask(world, asked, "admin")
    assert response.status_code == 200, response.content

"""The API as pages: schema, two pages that read it, and each address in a browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from cryptopredict.common.restapi.browsing import sample
from cryptopredict.common.restapi.openapi import document
from tests.world import World, build

pytestmark = pytest.mark.django_db
HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def world() -> World:
    return build()


def page(world: World, address: str, role: str = "casual") -> Any:
    client = Client(headers=HTML)
    client.force_login(world.users[role])
    return client.get(address)


def test_the_schema_is_drawn_without_a_warning_and_is_valid(tmp_path: Any) -> None:
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(tmp_path / "schema.yaml"))


def test_anybody_may_read_the_schema() -> None:
    response = Client().get("/api/v1/schema")
    assert response.status_code == 200
    assert response.json()["openapi"].startswith("3.1")
    assert "/api/v1/layer1/market-regime" in response.json()["paths"]


def test_every_operation_says_its_role_and_its_refusals_as_problem_documents() -> None:
    for path, operations in document("en")["paths"].items():
        for method, operation in operations.items():
            assert {"400", "429"} <= set(operation["responses"]), (method, path)
            assert "application/problem+json" in operation["responses"]["400"]["content"], (method, path)
            assert "Least role" in operation["description"], (method, path)


def test_refusals_of_one_operation_alone_are_said_too() -> None:
    paths = document("en")["paths"]
    signal = next(path for path in paths if path.endswith("/execute")).removesuffix("/execute")
    assert "422" in paths[f"{signal}/execute"]["post"]["responses"]
    assert "409" in paths[f"{signal}/sizing"]["get"]["responses"]
    until = document("en")["components"]["schemas"]["Review"]["properties"]["deferred_until"]
    assert until["type"] == ["string", "null"]


@pytest.mark.parametrize("address", ["/api/v1/docs", "/api/v1/redoc"])
def test_the_pages_that_read_the_schema_load_nothing_from_elsewhere(
    address: str,
) -> None:
    response = Client().get(address)
    text = response.content.decode()
    assert response.status_code == 200
    assert "http://" not in text
    assert "https://" not in text
    assert not re.findall(r"<script(?![^>]*\bsrc=)", text)
    assert "script-src" not in response["Content-Security-Policy"].replace("default-src 'self'", "")
    assert "'unsafe-eval'" not in response["Content-Security-Policy"]


def test_the_script_of_the_page_to_try_it_is_a_file_of_its_own() -> None:
    response = Client().get("/api/v1/docs?script=")
    assert response["Content-Type"].startswith("application/javascript")
    assert b"/api/v1/schema" in response.content


@pytest.mark.parametrize(
    "address",
    ["/api/v1/layer1/market-regime", "/api/v1/layer4/signals", "/api/v1/layer3/watchlists", "/api/v1/assets"],
)
def test_each_address_is_a_page_in_a_browser(world: World, address: str) -> None:
    response = page(world, address)
    text = response.content.decode()
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/html")
    assert 'id="browse-body"' in text
    assert not re.findall(r"<script(?![^>]*\bsrc=)", text)
    assert not re.findall(r"\sstyle=", text)


def test_a_page_has_a_form_for_each_write_that_is_for_the_reader(world: World) -> None:
    text = page(world, "/api/v1/layer3/watchlists").content.decode()
    assert 'data-method="POST"' in text
    assert "max_items" in text
    own = page(world, f"/api/v1/layer3/watchlists/{world.own['casual'].pk}").content.decode()
    assert re.findall(r'data-method="(\w+)"', own) == ["PATCH", "DELETE"]
    assert "data-method" not in page(world, "/api/v1/layer1/market-regime").content.decode()


def test_a_list_has_its_filters_on_the_page(world: World) -> None:
    assert 'name="confidence_min"' in page(world, "/api/v1/layer4/signals").content.decode()


def test_what_others_wrote_is_shown_as_text(world: World) -> None:
    world.own["casual"].name = "<script>alert(1)</script>"
    world.own["casual"].save()
    text = page(world, "/api/v1/layer3/watchlists").content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_a_refusal_is_a_page_too(world: World) -> None:
    response = page(world, "/api/v1/admin/system-health")
    assert response.status_code == 403
    assert "urn:cryptopredict:problem" in response.content.decode()


def test_an_example_has_the_form_of_the_schema() -> None:
    known = {"components": {"schemas": {"A": {"type": "object", "properties": {"n": {"type": "integer"}}}}}}
    schema = {
        "type": "object",
        "properties": {
            "a": {"$ref": "#/components/schemas/A"},
            "b": {"enum": ["x", "y"]},
            "c": {"type": ["string", "null"]},
            "d": {"type": "number", "default": 2},
            "e": {"type": "string", "readOnly": True},
        },
    }
    assert sample(schema, known) == {"a": {"n": 1}, "b": "x", "c": "", "d": 2}

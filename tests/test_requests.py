"""What every request may rely on: its number, its limits, a strict reading of it, and refusals that help."""

from __future__ import annotations

import json
import logging
import uuid
from typing import Any

import pytest
from django.test import Client
from rest_framework import serializers
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.services import create_user
from cryptopredict.common import restapi
from cryptopredict.common.restapi import throttling
from cryptopredict.common.restapi.exports import CSVRenderer
from cryptopredict.common.tracing import RequestIdFilter, RequestIdMiddleware

pytestmark = pytest.mark.django_db
REGIME = "/api/v1/layer1/market-regime"
SECTORS = "/api/v1/layer2/sectors"


ROW = {"id": 1, "deep": {"a": 1.5}, "parts": [1, 2], "name": "=1+1", "none": None}


class Note(restapi.View):
    """Takes a note."""

    role = "casual"

    def post(self, request: Any) -> restapi.Response:
        class Body(serializers.Serializer):
            text = serializers.CharField()
            more = serializers.JSONField(default=dict)

        body = Body(data=request.data)
        body.is_valid(raise_exception=True)
        return restapi.Response(body.validated_data)


class Rows(restapi.View):
    lists = True

    def get(self, request: Any) -> restapi.Response:
        return restapi.Response([ROW])


def member(role: str = "casual") -> Any:
    return create_user(email=f"{uuid.uuid4().hex}@example.org", role=role)


def send(body: bytes, content_type: str = "application/json") -> Any:
    request = APIRequestFactory().generic("POST", "/", body, content_type=content_type)
    force_authenticate(request, member())
    return Note.as_view()(request).render()


def browser(role: str = "casual") -> Client:
    client = Client()
    client.force_login(member(role))
    return client


# Its number


def test_a_request_keeps_its_number_through_answer_and_log(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("test")
    marked = RequestIdFilter()

    def answer(request: Any) -> Any:
        record = logging.LogRecord("test", logging.INFO, "", 0, "said", (), None)
        marked.filter(record)
        logger.info(record.request_id)
        return restapi.refuse(400, "bad", "bad")

    request = APIRequestFactory().get("/", headers={"X-Request-ID": "abc-1"})
    with caplog.at_level(logging.INFO):
        response = RequestIdMiddleware(answer)(request)
    assert response["X-Request-ID"] == "abc-1"
    assert json.loads(response.content)["request_id"] == "abc-1"
    assert "abc-1" in caplog.messages


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "é", "<script>"])
def test_a_number_that_could_forge_a_log_line_is_replaced(given: str) -> None:
    response = Client().get("/health/live", headers={"X-Request-ID": given})
    assert response["X-Request-ID"] != given
    assert len(response["X-Request-ID"]) == 32


def test_outside_of_a_request_the_log_says_so() -> None:
    record = logging.LogRecord("test", logging.INFO, "", 0, "said", (), None)
    assert RequestIdFilter().filter(record)
    assert record.request_id == "-"


# Its body


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"text=1",
        b'{"text": NaN}',
        b'{"text": 1e400}',
        b'{"text": Infinity}',
        b'{"text": "\\ud800"}',
        b"\xff",
        b'{"text": "a\\u0000b"}',
        b'{"text": "a", "more": {"deep": ["\\u0000"]}}',
        b'{"text": "a", "more": {"\\u0000": 1}}',
        b'{"text": "a", "more": ' + b"[" * 40 + b"]" * 40 + b"}",
        b"[" * 5000,
        b"",
        b"null",
        b"[]",
        b'"text"',
    ],
)
def test_what_is_not_json_or_could_not_be_stored_is_refused(body: bytes) -> None:
    response = send(body)
    assert response.status_code == 400
    assert response["Content-Type"] == restapi.PROBLEM
    assert all(error["rule"] and error["mend"] for error in json.loads(response.content)["errors"])


def test_text_in_any_script_is_taken_as_it_is() -> None:
    text = "‮RTL — سلام <b>'; DROP TABLE users; --"
    assert send(json.dumps({"text": text}).encode()).data["text"] == text


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "image/png"])
def test_another_content_type_is_415(content_type: str) -> None:
    response = send(b"{}", content_type)
    assert (response.status_code, response["Content-Type"]) == (415, restapi.PROBLEM)


def test_a_body_of_ten_megabytes_is_413_and_not_read() -> None:
    response = browser().post(REGIME, b"x" * 10_000_000, content_type="application/json")
    assert (response.status_code, response["Content-Type"]) == (413, restapi.PROBLEM)


def test_a_refusal_does_not_repeat_a_long_value_whole() -> None:
    response = browser().get(f"{REGIME}?timeframe={'x' * 5000}")
    assert response.status_code == 400
    assert len(response.content) < 2000


# Its parameters


@pytest.mark.parametrize("moment", ["2999-01-01", "2999-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"])
def test_nobody_may_ask_what_will_be_known(moment: str) -> None:
    response = browser().get(REGIME, {"as_of": moment})
    (error,) = response.json()["errors"]
    assert response.status_code == 400
    assert (error["field"], error["value"]) == ("as_of", moment)


@pytest.mark.parametrize("moment", ["now", "2024-13-01", "1e400", "0000-01-01", "2024-01-01T00:00:00+99:00"])
def test_a_moment_that_is_none_is_refused(moment: str) -> None:
    response = browser().get(REGIME, {"as_of": moment})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "as_of"


def test_a_moment_may_be_a_date_and_is_utc_without_a_zone() -> None:
    field = restapi.MomentField()
    assert field.run_validation("2024-03-01").isoformat() == "2024-03-01T00:00:00+00:00"
    assert field.run_validation("2024-03-01T12:00").isoformat() == "2024-03-01T12:00:00+00:00"
    assert field.run_validation("2024-03-01T12:00+02:00").isoformat() == "2024-03-01T10:00:00+00:00"


@pytest.mark.parametrize("query", ["limit=1&limit=2", "as_of=%00", "timeframe=1d%00"])
def test_parameters_that_could_mean_two_things_or_nothing_are_refused(query: str) -> None:
    assert browser().get(f"{REGIME}?{query}").status_code == 400


# Its form


def rows(user: Any, query: str, **headers: str) -> Any:
    request = APIRequestFactory().get(f"/{query}", headers=headers)
    force_authenticate(request, user)
    return Rows.as_view()(request).render()


@pytest.mark.parametrize(("query", "headers"), [("?format=csv", {}), ("", {"Accept": "text/csv"})])
def test_a_list_leaves_as_csv_for_professionals(query: str, headers: dict[str, str]) -> None:
    response = rows(member("professional"), query, **headers)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response.content.decode() == 'id,deep.a,parts,name,none\r\n1,1.5,"[1,2]",\'=1+1,\r\n'


def test_exporting_is_for_professionals_and_the_refusal_is_a_problem_document() -> None:
    response = rows(member("casual"), "?format=csv")
    assert (response.status_code, response["Content-Type"]) == (403, restapi.PROBLEM)
    assert json.loads(response.content)["status"] == 403


def test_an_empty_list_is_an_empty_table() -> None:
    assert CSVRenderer().render([]) == b"\r\n"


@pytest.mark.parametrize(("address", "form"), [(REGIME, "csv"), (SECTORS, "xml")])
def test_a_form_that_does_not_exist_is_406_with_the_ones_that_do(address: str, form: str) -> None:
    response = browser("admin").get(address, {"format": form})
    assert response.status_code == 406
    assert "json" in response.json()["detail"]


# How often


@pytest.fixture
def counted(servers: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Rates are on, and the clock stands ten seconds into a minute."""
    settings.API_RATES = {"casual": 3}
    monkeypatch.setattr(throttling.time, "time", lambda: 1_700_000_050.0)


def test_above_the_roles_rate_it_is_429_with_the_time_to_come_back(counted: Any) -> None:
    client = browser("casual")
    codes = [client.get(SECTORS).status_code for _ in range(4)]
    response = client.get(SECTORS)
    assert codes == [200, 200, 200, 429]
    assert response["Content-Type"] == restapi.PROBLEM
    assert response["Retry-After"] == "50"


def test_roles_without_a_rate_are_not_limited(counted: Any) -> None:
    client = browser("professional")
    assert {client.get(SECTORS).status_code for _ in range(6)} == {200}


def test_each_person_has_their_own_count(counted: Any) -> None:
    first, second = browser(), browser()
    assert [first.get(SECTORS).status_code for _ in range(4)][-1] == 429
    assert second.get(SECTORS).status_code == 200


def test_the_minute_slides(counted: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = browser()
    assert [client.get(SECTORS).status_code for _ in range(3)] == [200] * 3
    monkeypatch.setattr(throttling.time, "time", lambda: 1_700_000_050.0 + 15)  # the next, 5 s into it
    assert client.get(SECTORS).status_code == 429
    monkeypatch.setattr(throttling.time, "time", lambda: 1_700_000_050.0 + 120)
    assert client.get(SECTORS).status_code == 200


def test_without_redis_nobody_is_shut_out(counted: Any, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    client = browser()
    assert {client.get(SECTORS).status_code for _ in range(5)} == {200}


# Refusals before any view


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("get", "/api/v1/nothing", 404),
        ("get", "/api/v1/layer1/market-regime/", 404),
        ("delete", REGIME, 405),
        ("post", SECTORS, 405),
    ],
)
def test_refusals_before_the_view_are_problem_documents_too(method: str, address: str, status: int) -> None:
    response = getattr(browser("admin"), method)(address)
    assert (response.status_code, response["Content-Type"]) == (status, restapi.PROBLEM)
    assert response.json()["request_id"] == response["X-Request-ID"]


def test_too_many_fields_are_a_problem_document(settings: Any) -> None:
    body = "&".join(f"a{number}=1" for number in range(1100))
    client = browser("admin")
    response = client.post(SECTORS, body, content_type="application/x-www-form-urlencoded")
    assert response.status_code in (400, 405)
    assert response["Content-Type"] == restapi.PROBLEM


def test_a_bug_is_told_without_inner_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    from macro import selectors

    def broken(*args: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(selectors, "latest_regime", broken)
    client = browser()
    client.raise_request_exception = False
    response = client.get(REGIME)
    assert (response.status_code, response["Content-Type"]) == (500, restapi.PROBLEM)
    assert b"secret" not in response.content

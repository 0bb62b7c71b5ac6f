import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from time import sleep
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.test import Client
from django.urls import get_resolver
from rest_framework import exceptions, parsers, serializers
from rest_framework.test import APIRequestFactory, force_authenticate

from accounts.models import ApiToken, User
from cryptopredict.common import restapi
from cryptopredict.common.encoding import encode
from cryptopredict.common.restapi import openapi

pytestmark = pytest.mark.django_db


class TokenSerializer(serializers.ModelSerializer):
    class Meta:
        model = ApiToken
        fields = ["id", "name", "prefix"]


class Tokens(restapi.ReadOnlyViewSet):
    queryset = ApiToken.objects.all()
    serializer_class = TokenSerializer
    ordering = ("prefix", "-id")


class Strict(restapi.View):
    role = "professional"

    def get(self, request: Any) -> restapi.Response:
        raise {
            "404": Http404(),
            "403": PermissionDenied(),
            "429": exceptions.Throttled(wait=3),
            "415": exceptions.UnsupportedMediaType("text/x"),
            "400": exceptions.ParseError(),
        }[request.path.strip("/")]

    def post(self, request: Any) -> restapi.Response:
        class Body(serializers.Serializer):
            price = serializers.FloatField(min_value=0)
            side = serializers.ChoiceField(["long", "short"])

        Body(data=request.data).is_valid(raise_exception=True)
        return restapi.Response({})


@pytest.fixture
def user() -> User:
    return User.objects.create_user("pro@example.com", role="professional")


def get(view: Any, address: str, user: User | None, method: str = "get", **extra: Any) -> Any:
    request = getattr(APIRequestFactory(), method)(address, **extra)
    if user:
        force_authenticate(request, user)
    return view(request).render()


def listing(address: str, user: User | None) -> Any:
    return get(Tokens.as_view({"get": "list"}, detail=False), address, user)


def make_tokens(user: User, count: int) -> None:
    ApiToken.objects.bulk_create(
        ApiToken(user=user, name=f"t{n}", digest=f"{n:064d}", prefix="ab"[n % 2]) for n in range(count)
    )


def follow(user: User, address: str) -> list[int]:
    ids: list[int] = []
    while address:
        response = listing(address, user)
        ids += [row["id"] for row in json.loads(response.content)]
        link = next((part for part in response.headers.get("Link", "").split(", ") if "next" in part), "")
        address = link[1 : link.index(">")].removeprefix("http://testserver") if link else ""
    return ids


def test_pages_are_bare_lists_and_the_link_leads_through_all_rows_once(user: User) -> None:
    make_tokens(user, 25)
    ids = follow(user, "/?limit=4")
    assert len(ids) == len(set(ids)) == 25
    rows = ApiToken.objects.order_by("prefix", "-id").values_list("id", flat=True)
    assert ids == list(rows)


def test_the_last_page_has_no_next(user: User) -> None:
    make_tokens(user, 3)
    assert 'rel="next"' not in listing("/?limit=3", user).headers.get("Link", "")


@pytest.mark.parametrize("count", [3, 30])
def test_a_page_is_one_query(user: User, count: int, django_assert_num_queries: Any) -> None:
    make_tokens(user, count)
    with django_assert_num_queries(1):
        listing("/", user)


@pytest.mark.parametrize("limit", ["0", "-1", "1.5", "many", "501", "", "٣", "9" * 30])
def test_a_limit_that_is_none_is_refused_with_rule_and_remedy(user: User, limit: str) -> None:
    response = listing(f"/?limit={limit}", user)
    (error,) = json.loads(response.content)["errors"]
    assert response.status_code == 400
    assert (error["field"], error["value"]) == ("limit", limit)
    assert "1" in error["rule"]
    assert "500" in error["mend"]


@pytest.mark.parametrize("address", ["/?cursor=nonsense", "/?limitt=4"])
def test_what_the_list_does_not_know_is_refused(user: User, address: str) -> None:
    response = listing(address, user)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == restapi.PROBLEM


def test_a_misspelt_parameter_is_told_the_known_ones(user: User) -> None:
    (error,) = listing("/?limitt=4", user).data["errors"]
    assert "cursor, format, limit" in error["mend"]


def test_an_order_without_id_is_a_bug_that_shows() -> None:
    view = Tokens(ordering=("prefix",))
    with pytest.raises(ValueError, match="must end in id"):
        restapi.CursorPages().get_ordering(None, None, view)


@pytest.mark.parametrize("status", [400, 403, 404, 415, 429])
def test_every_refusal_is_a_problem_document(user: User, status: int) -> None:
    response = get(Strict.as_view(), f"/{status}", user)
    problem = json.loads(response.content)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.status_code == problem["status"] == status
    assert {"type", "title", "status", "detail"} <= set(problem)


def test_a_method_that_does_not_exist_is_405(user: User) -> None:
    response = get(Strict.as_view(), "/", user, "delete")
    assert (response.status_code, response.headers["Content-Type"]) == (405, restapi.PROBLEM)


def test_wrong_fields_are_named_with_value_rule_and_remedy(user: User) -> None:
    response = get(Strict.as_view(), "/", user, "post", data={"price": -1}, format="json")
    errors = {error["field"]: error for error in response.data["errors"]}
    assert errors["price"]["value"] == -1
    assert errors["price"]["mend"] == "Send a larger number."
    assert errors["side"]["mend"] == "Send a value for this field."


def test_broken_json_is_400(user: User) -> None:
    response = get(Strict.as_view(), "/", user, "post", data="{", content_type="application/json")
    assert (response.status_code, response.headers["Content-Type"]) == (400, restapi.PROBLEM)


@pytest.mark.parametrize(
    ("role", "status"), [("guest", 403), ("casual", 403), ("professional", 404), ("admin", 404)]
)
def test_a_role_lets_in_itself_and_those_above(role: str, status: int) -> None:
    user = User.objects.create_user("who@example.com", role=role)
    assert get(Strict.as_view(), "/404", user).status_code == status


def test_an_unknown_role_is_refused_when_the_view_is_written() -> None:
    with pytest.raises(ValueError, match="not one of the roles"):
        restapi.RoleAtLeast("king")


def test_a_row_that_is_not_there_is_told_by_its_address_not_by_a_class_of_ours(user: User) -> None:
    class One(restapi.View):
        role = "guest"

        def get(self, request: Any) -> restapi.Response:
            return restapi.Response({"prefix": get_object_or_404(ApiToken, pk=0).prefix})

    response = get(One.as_view(), "/api/v1/tokens/0", user)
    assert response.status_code == 404
    assert response.data["detail"] == "There is nothing at /api/v1/tokens/0, or it is not for you."


def test_an_api_address_that_does_not_exist_answers_in_json() -> None:
    response = Client().get("/api/v1/nothing")
    assert (response.status_code, response["Content-Type"]) == (404, restapi.PROBLEM)


def test_a_decimal_keeps_its_digits_and_nan_is_never_null() -> None:
    assert encode({"price": Decimal("0.00000712000")}) == b'{"price":0.00000712000}'
    for bad in (float("nan"), float("inf"), Decimal("NaN")):
        with pytest.raises(ValueError, match="not a finite number"):
            encode([{"x": bad}])


def test_readers_that_come_together_have_the_schema_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    together = Barrier(4, timeout=5)

    class Slow:
        def get_schema(self, **_given: Any) -> dict[str, Any]:
            drawn.append(1)
            sleep(0.05)  # long enough for all others to ask
            return {"openapi": "3.1.0"}

    def ask(_number: int) -> dict[str, Any]:
        together.wait()
        return openapi.document("xx")

    monkeypatch.setattr(openapi, "SchemaGenerator", Slow)
    openapi._drawn.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == [{"openapi": "3.1.0"}] * 4
    openapi._drawn.cache_clear()
    assert len(drawn) == 1


LIVE_READS = {
    "api_session": "its token against forgery belongs to one session",
    "api_portfolio_export": "a file, made as it is taken",
    "api_docs": "a page",
    "api_redoc": "a page",
}


def routes(patterns: list[Any]) -> Iterator[tuple[Any, Any]]:
    """Every address of the API with its view."""
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern.url_patterns)
        else:
            view = getattr(pattern.callback, "cls", None) or getattr(pattern.callback, "view_class", None)
            yield pattern, view


@pytest.fixture
def doors() -> list[tuple[Any, Any]]:
    return list(
        routes([each for each in get_resolver().url_patterns if str(each.pattern).startswith("api/")])
    )


def test_every_read_is_kept_but_for_those_that_say_why(doors: list[tuple[Any, Any]]) -> None:
    reads = [
        (one, view) for one, view in doors if "get" in (getattr(one.callback, "actions", None) or dir(view))
    ]
    assert len(reads) > 50
    assert {one.name for one, view in reads if not getattr(view, "keeps", False)} == set(LIVE_READS)


def test_every_address_reads_json_to_the_letter(doors: list[tuple[Any, Any]]) -> None:
    ours = [view for _one, view in doors if hasattr(view, "keeps")]
    assert len(ours) > 60
    assert [view for view in ours if parsers.JSONParser in view.parser_classes] == []


@pytest.mark.parametrize("number", ["13818543058779379473289047965696", "1e400", "NaN"])
def test_a_number_that_is_none_of_ours_is_refused_where_trades_are_imported(user: User, number: str) -> None:
    client = Client()
    client.force_login(user, "allauth.account.auth_backends.AuthenticationBackend")
    body = f'{{"csv": "a", "dry_run": {number}}}'
    answer = client.post("/api/v1/portfolio/import", body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, restapi.PROBLEM)

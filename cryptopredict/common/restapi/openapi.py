"""What the schema says of every operation: its parameters, and the refusals that can come back."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import Any

from django.utils import translation
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers

PROBLEM = "application/problem+json"


class ErrorSerializer(serializers.Serializer[Any]):
    """One thing that is wrong."""

    field = serializers.CharField()
    value = serializers.JSONField()
    rule = serializers.CharField()
    mend = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """A refusal (RFC 9457): each field that is wrong, its value, the rule and how to mend it."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    errors = ErrorSerializer(many=True, required=False)  # type: ignore[assignment]  # DRF names its own so
    request_id = serializers.CharField(required=False)


REASONS = {
    400: "Something in the request is not as it has to be.",
    401: "Not logged in, or the token is not valid.",
    403: "Not for this role, or a missing CSRF token.",
    404: "It does not exist, or not for you.",
    405: "The address has other methods.",
    406: "There is no such form of the answer.",
    409: "It does not fit how things stand.",
    413: "The body is too large.",
    415: "The body is of a type that is not read.",
    422: "A limit refuses it, or the Idempotency-Key belongs to another request of yours.",
    429: "Too many requests; Retry-After says when to come back.",
}
ALWAYS = (400, 401, 403, 404, 406, 429)
WITH_BODY = (409, 413, 415)


class Schema(AutoSchema):
    """drf-spectacular's, with the query serializer's parameters and problem documents for every refusal."""

    def get_override_parameters(self) -> list[Any]:
        query = getattr(self.view, "query_class", None)
        found: list[Any] = [query] if query is not None and self.method == "GET" else []
        if self.method == "GET":
            found += [OpenApiParameter(name, str) for name in getattr(self.view, "query_parameters", ())]
        if self._is_list_of_view():
            found.append(
                OpenApiParameter(
                    "format",
                    str,
                    enum=["json", "csv"],
                    description="csv: the list as a table (professionals and administrators)",
                )
            )
        return found

    def _is_list_of_view(self) -> bool:
        return self.method == "GET" and bool(
            getattr(self.view, "lists", False) or getattr(self.view, "detail", None) is False
        )

    def get_operation_id(self) -> str:
        """A list without pages is a list too: its name must not be that of one of its elements."""
        name = str(super().get_operation_id())
        return (
            name.removesuffix("_retrieve").removesuffix("_list") + "_list"
            if self._is_list_of_view()
            else name
        )

    def map_parsers(self) -> list[str]:
        return ["application/json"]

    def map_renderers(self, attribute: str) -> list[str]:
        return ["application/json", "text/csv"] if self._is_list_of_view() else ["application/json"]

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        kinds = ALWAYS if self.method in ("GET", "HEAD", "DELETE") else (*ALWAYS, *WITH_BODY)
        for code in (*kinds, *getattr(self.view, "refusals", ())):
            bodies.setdefault(str(code), self._problem(code, direction))
        if self.method == "GET" and getattr(self.view, "keeps", False):
            bodies["304"] = {"description": "What you have (If-None-Match, If-Modified-Since) still holds."}
        return bodies

    def _problem(self, code: int, direction: Any) -> dict[str, Any]:
        answer = OpenApiResponse(ProblemSerializer, REASONS[code])
        found: dict[str, Any] = self._get_response_for_code(  # type: ignore[no-untyped-call]
            answer, str(code), [PROBLEM], direction
        )
        return found

    def get_description(self) -> str:  # type: ignore[override]  # drf-spectacular's signature
        role = self.view.least_role(self.method) if hasattr(self.view, "least_role") else ""
        text = super().get_description() or ""
        return f"{text}\n\nLeast role: `{role}`.".strip() if role else text


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How programs say who they are."""

    target_class = "accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token` and the key, one space between.",
        }


def bounds_as_numbers(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Bounds of long decimals as 1e20: many readers of JSON, ours too, take whole numbers of 64 bits only."""
    for component in result.get("components", {}).get("schemas", {}).values():
        for field in component.get("properties", {}).values():
            for name, value in field.items():
                if isinstance(value, int) and abs(value) >= 2**63:
                    field[name] = float(value)
    return result


_drawing = Lock()


def document(language: str) -> dict[str, Any]:
    """The API's OpenAPI document, drawn once a process and language.

    By one thread at a time: the generator loads its extensions as it goes, and a second one would find them
    half loaded.
    """
    with _drawing:
        return _drawn(language)


@lru_cache(maxsize=8)
def _drawn(language: str) -> dict[str, Any]:
    with translation.override(language):
        found: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return found

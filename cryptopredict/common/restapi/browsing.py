"""The API as pages, for people who try it out: the answer, its headers, its filters, and forms for writes."""

from __future__ import annotations

import json
from typing import Any

from django.utils import translation
from rest_framework import renderers

from cryptopredict.common.restapi.openapi import document
from cryptopredict.common.restapi.roles import role_at_least

DEEPEST = 6


class PageRenderer(renderers.BrowsableAPIRenderer):
    """DRF's browsable page in our frame, with one form a method, filled with an example from the schema."""

    template = "rest_framework/api.html"

    def get_context(
        self, data: Any, accepted_media_type: str | None, renderer_context: Any
    ) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(data, accepted_media_type or "", renderer_context)
        view, request = renderer_context["view"], renderer_context["request"]
        context["writes"] = writes(view, request)
        context["headers"] = sorted(renderer_context["response"].items())
        return context

    def get_rendered_html_form(self, *args: Any, **kwargs: Any) -> Any:
        return None

    def get_raw_data_form(self, *args: Any, **kwargs: Any) -> Any:
        return None

    def show_form_for_method(self, *args: Any, **kwargs: Any) -> bool:
        return False


def writes(view: Any, request: Any) -> list[dict[str, str]]:
    """The methods that change something and are for the asker, each with an example of its body."""
    known = document(translation.get_language() or "en")
    match = request._request.resolver_match
    path = "/" + _template(match.route if match else "")
    operations = known["paths"].get(path, {})
    found = []
    for method in ("post", "put", "patch", "delete"):
        if method not in operations or not role_at_least(request.user, view.least_role(method.upper())):
            continue
        content = operations[method].get("requestBody", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema")
        example = "" if schema is None else json.dumps(sample(schema, known), indent=2, ensure_ascii=False)
        found.append({"method": method.upper(), "example": example})
    return found


def _template(route: str) -> str:
    """`layer2/sectors/<int:sector_id>` as the schema writes it."""
    parts = (part for part in route.split("/"))
    named = ("{" + part[1:-1].split(":")[-1] + "}" if part.startswith("<") else part for part in parts)
    return "/".join(named).replace("{pk}", "{id}")


def sample(schema: dict[str, Any], known: dict[str, Any], depth: int = 0) -> Any:
    """A value of the right form: defaults and first choices where there are any."""
    if "$ref" in schema:
        schema = known["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if "default" in schema:
        return schema["default"]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        inner = schema.get("properties", {}) if depth < DEEPEST else {}
        return {name: sample(one, known, depth + 1) for name, one in inner.items() if not one.get("readOnly")}
    simple: dict[Any, Any] = {"string": "", "integer": 1, "number": 0.5, "boolean": False, "array": []}
    kinds = kind if isinstance(kind, list) else [kind]
    return next((simple[one] for one in kinds if one in simple), None)

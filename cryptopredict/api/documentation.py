"""The API's schema and the pages that read it, served from here and from nowhere else."""

from __future__ import annotations

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.urls import path, reverse
from django.utils import translation
from django.utils.decorators import method_decorator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework import permissions
from rest_framework.request import Request
from rest_framework.response import Response

from cryptopredict.common.restapi import View
from cryptopredict.common.restapi.openapi import document

# Both pages set styles from their scripts; scripts themselves stay ours.
LOOSER = {
    "style-src": [SELF, UNSAFE_INLINE],
    "worker-src": [SELF, "blob:"],
    "img-src": [SELF, "data:"],
}


class SchemaView(View):
    """What the API can do, for machines (OpenAPI 3.1)."""

    query_parameters = ("lang", "version")
    keeps = True

    def get_permissions(self) -> list[permissions.BasePermission]:
        return [permissions.AllowAny()]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(document(translation.get_language() or "en"))


class RootView(View):
    """Where to begin."""

    keeps = True

    def get_permissions(self) -> list[permissions.BasePermission]:
        return [permissions.AllowAny()]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        pages = {"schema": "api_schema", "swagger": "api_docs", "redoc": "api_redoc"}
        return Response({name: request.build_absolute_uri(reverse(view)) for name, view in pages.items()})


@method_decorator(csp_replace(LOOSER), name="dispatch")
class SwaggerView(SpectacularSwaggerSplitView):
    """The API as a page to try it on."""

    url_name = "api_schema"
    template_name = "api/swagger.html"
    permission_classes = (permissions.AllowAny,)


@method_decorator(csp_replace(LOOSER), name="dispatch")
class RedocView(SpectacularRedocView):
    """The API as a page to read."""

    url_name = "api_schema"
    template_name = "api/redoc.html"
    permission_classes = (permissions.AllowAny,)


urlpatterns = [
    path("", RootView.as_view(), name="api_root"),
    path("schema", SchemaView.as_view(), name="api_schema"),
    path("docs", SwaggerView.as_view(), name="api_docs"),
    path("redoc", RedocView.as_view(), name="api_redoc"),
]

"""One address, two renderings: the whole page, or the part of it that HTMX asked for."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails


def page(
    request: HttpRequest, template: str, context: Mapping[str, Any] | None = None, *, status: int = 200
) -> HttpResponse:
    """Render ``macro/overview.html``, or ``macro/partials/overview.html`` for an HTMX refresh.

    Boosted links and history restores want the whole page. Caches are told by ``Vary``.
    """
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # set by django_htmx's middleware
    part = bool(htmx) and not htmx.boosted and not htmx.history_restore_request
    folder, slash, name = template.rpartition("/")
    response = render(
        request, f"{folder}{slash}partials/{name}" if part else template, context, status=status
    )
    patch_vary_headers(response, ["HX-Request", "HX-Boosted", "HX-History-Restore-Request"])
    return response

"""One address, two renderings: the whole page, or the part of it that HTMX asked for."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh
from django_htmx.middleware import HtmxDetails

from cryptopredict.common.restapi import role_at_least

View = Callable[..., HttpResponse]


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


def sorted_by(request: HttpRequest, known: Mapping[str, Any], default: str) -> str:
    """The order that the address bar asks for: a key of `known`, "-" before it for largest first."""
    given = request.GET.get("sort", "")
    return given if given.removeprefix("-") in known else default


def for_role(role: str) -> Callable[[View], View]:
    """Guard a page: ask to log in, and refuse whose role is below `role`.

    Where a session ended while a page was open, its parts ask the browser to load the page anew: the
    log-in must not appear inside a card.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                part = bool(request.htmx)  # type: ignore[attr-defined]
                return HttpResponseClientRefresh() if part else redirect_to_login(request.get_full_path())
            if not role_at_least(request.user, role):
                raise PermissionDenied(
                    _("This page is for investors. An administrator can change your role.")
                )
            return view(request, *args, **kwargs)

        return guarded

    return guard

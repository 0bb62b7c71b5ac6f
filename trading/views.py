"""The signals, and each of them with all that stands behind it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cryptopredict.common.htmx import page
from cryptopredict.common.restapi import role_at_least
from trading import selectors
from trading.filters import SignalFilter

PAGE = 25
View = Callable[..., HttpResponse]


def for_investors(view: View) -> View:
    """Ask to log in; refuse who may not read layer 4."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not role_at_least(request.user, "casual"):
            raise PermissionDenied(_("Signals are for investors. An administrator can change your role."))
        return view(request, *args, **kwargs)

    return login_required(guarded)


@require_safe
@for_investors
def signals(request: HttpRequest) -> HttpResponse:
    """Signals by the filters of the address bar, newest first, and what came nearest where none is open."""
    filterset = SignalFilter(request.GET, queryset=selectors.signals())
    rows = filterset.qs if filterset.is_valid() else selectors.signals().none()
    found = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": filterset.form,
        "found": found,
        "query": query.urlencode(),
        "fresh": selectors.freshness(timezone.now()),
        "nearest": [] if selectors.active().exists() else list(selectors.nearest()),
    }
    return page(request, "trading/signals.html", context)


@require_safe
@for_investors
def signal_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One signal: levels, probabilities, what weighed most, and what each layer said."""
    signal = get_object_or_404(selectors.signals().select_related("model"), pk=pk)
    context = {
        "signal": signal,
        "spans": selectors.spans(signal),
        "factors": selectors.factors(signal),
        "trail": selectors.trail(signal),
        "fresh": selectors.freshness(timezone.now(), signal.timeframe),
    }
    return page(request, "trading/signal_detail.html", context)

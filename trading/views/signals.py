"""The signals, and each of them with all that stands behind it."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Role
from aimodels import selectors as aimodels
from aimodels.words import standing_words
from cryptopredict.common import charts
from cryptopredict.common.htmx import for_role, page
from cryptopredict.common.restapi import role_at_least
from trading import selectors
from trading.filters import SignalFilter

PAGE = 25


@require_safe
@for_role("casual")
def signals(request: HttpRequest) -> HttpResponse:
    """The open signals as cards, all of them by the filters of the address bar, and what came nearest."""
    filterset = SignalFilter(request.GET, queryset=selectors.signals())
    rows = filterset.qs if filterset.is_valid() else selectors.signals().none()
    found = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    now = timezone.now()
    context = {
        "form": filterset.form,
        "found": found,
        "query": query.urlencode(),
        "may_export": role_at_least(request.user, Role.PROFESSIONAL),
        "most_in_file": selectors.MOST_IN_FILE,
        "fresh": selectors.freshness(now),
        **selectors.around_signals(now),
    }
    return page(request, "trading/signals.html", context)


@charts.chart_view("professional")
def signals_data(request: HttpRequest) -> HttpResponse:
    """The signals that the filters of the address bar leave, to take away."""
    filterset = SignalFilter(request.GET, queryset=selectors.signals())
    rows = filterset.qs if filterset.is_valid() else selectors.signals().none()
    return charts.respond(request, selectors.signals_table(rows), "signals")


@require_safe
@for_role("casual")
def signal_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One signal: levels, probabilities, what weighed most, and what each layer said."""
    signal = get_object_or_404(selectors.signals().select_related("model"), pk=pk)
    now = timezone.now()
    context = {
        "signal": signal,
        "spans": selectors.spans(signal),
        "factors": selectors.factors(signal),
        "trail": selectors.trail(signal),
        "model_note": standing_words(signal.ai_analysis.get("model", {})),
        "standing": aimodels.standing(f"timing_{signal.signal_type}", signal.timeframe, now),
        "fresh": selectors.freshness(now, signal.timeframe),
        "obstacle": selectors.closed_to_entry(signal, now),
        "own": selectors.own_positions(signal, request.user),
        "price": selectors.quote(signal, now),
    }
    return page(request, "trading/signal_detail.html", context)

"""The page of the layer, and the figures behind its charts."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assets.engine.timeframe import Timeframe
from assets.models import Origin
from assets.selectors import last_close
from cryptopredict.common import charts
from cryptopredict.common.htmx import for_role, page
from macro import selectors


@require_safe
@for_role("guest")
def overview(request: HttpRequest) -> HttpResponse:
    """Which market it is, how sure that is, why, and what is likely next."""
    return page(request, "macro/overview.html", selectors.overview(timezone.now()))


@charts.chart_view("guest")
def regime_data(request: HttpRequest) -> HttpResponse:
    """Price, exposure and regime by close."""
    return charts.respond(request, selectors.regime_chart(_since(request)), "regime")


@charts.chart_view("guest")
def dominance_data(request: HttpRequest) -> HttpResponse:
    """Shares of the market's worth by close."""
    return charts.respond(request, selectors.dominance_chart(_since(request)), "dominance")


@charts.chart_view("guest")
def mood_data(request: HttpRequest) -> HttpResponse:
    """Fear & greed by close."""
    return charts.respond(request, selectors.mood_chart(_since(request)), "fear-and-greed")


@charts.chart_view("guest")
def forecast_diagram_data(request: HttpRequest) -> HttpResponse:
    """Forecasts of the regime against what came, of one horizon and origin."""
    hours, origin = _asked(request)
    data = selectors.forecast_diagram(hours, origin=origin, since=_since(request))
    return charts.respond(request, data, f"regime-{hours}h-{origin}")


@charts.chart_view("guest")
def forecast_months_data(request: HttpRequest) -> HttpResponse:
    """How often forecasts of the regime came true, by month."""
    hours, origin = _asked(request)
    data = selectors.forecast_by_month(hours, origin=origin, since=_since(request))
    return charts.respond(request, data, f"regime-{hours}h-{origin}-months")


def _asked(request: HttpRequest) -> tuple[int, Origin]:
    known = [str(hours) for hours in selectors.FORECAST_HORIZONS]
    hours = charts.choice(request, "horizon", known, known[0])
    return int(hours), Origin(charts.choice(request, "origin", Origin.values, Origin.REPLAY.value))


def _since(request: HttpRequest) -> datetime | None:
    return charts.since(request, last_close(Timeframe.DAY))

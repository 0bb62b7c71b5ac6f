"""The pages of the layer, and the figures behind their charts."""

from __future__ import annotations

from datetime import datetime

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from aimodels import selectors as aimodels
from assets.engine.timeframe import Timeframe
from assets.models import Origin
from assets.selectors import last_close
from cryptopredict.common import charts
from cryptopredict.common.htmx import for_role, page, sorted_by
from sectors import selectors
from sectors.models import Sector

PAGE = 50


@require_safe
@for_role("guest")
def ranking(request: HttpRequest) -> HttpResponse:
    """Which corner of the market: the map, the rotation, the table, the allocation, the flows."""
    sort = sorted_by(request, selectors.SORTS, "-momentum")
    period = request.GET.get("period", "")
    period = period if period in selectors.PERIODS else "7d"
    context = selectors.overview(timezone.now(), sort, period)
    known = {row["performance"].sector.slug for row in context["rows"]}
    compare = [slug for slug in request.GET.getlist("compare") if slug in known]
    choices = {"sort": sort, "period": period, "compare": compare, "compared": ",".join(compare)}
    return page(request, "sectors/ranking.html", {**context, **choices})


@require_safe
@for_role("guest")
def sector(request: HttpRequest, slug: str) -> HttpResponse:
    """One sector: what to do with it and why, its history, its coins."""
    found = get_object_or_404(Sector, slug=slug)
    sort = sorted_by(request, selectors.MEMBER_SORTS, "-cap")
    members = Paginator(selectors.members(found, sort), PAGE).get_page(request.GET.get("page"))
    now = timezone.now()
    standing = aimodels.standing("sectors.outlook", now=now)
    context = {**selectors.sector_page(found, now), "standing": standing, "members": members, "sort": sort}
    return page(request, "sectors/sector.html", context)


@charts.chart_view("guest")
def rotation_data(request: HttpRequest) -> HttpResponse:
    """Where each sector stands against the market, and the way it came."""
    return charts.respond(request, selectors.rotation_chart(), "rotation")


@charts.chart_view("guest")
def growth_data(request: HttpRequest) -> HttpResponse:
    """What 100 became in each sector; `sectors` narrows it to some, by slug."""
    slugs = [slug for slug in request.GET.get("sectors", "").split(",") if slug]
    return charts.respond(request, selectors.growth_chart(_since(request), slugs), "sectors")


@charts.chart_view("guest")
def momentum_data(request: HttpRequest, slug: str) -> HttpResponse:
    """One sector's momentum."""
    found = get_object_or_404(Sector, slug=slug)
    return charts.respond(request, selectors.momentum_chart(found, _since(request)), f"momentum-{slug}")


def _since(request: HttpRequest) -> datetime | None:
    return charts.since(request, last_close(Timeframe.DAY))


@charts.chart_view("guest")
def rotation_diagram_data(request: HttpRequest) -> HttpResponse:
    """Probabilities that the lead changes hands against what came, of one origin."""
    origin = Origin(charts.choice(request, "origin", Origin.values, Origin.REPLAY.value))
    data = selectors.rotation_diagram(origin=origin, since=_since(request))
    return charts.respond(request, data, f"rotation-{origin}")


@charts.chart_view("guest")
def rotation_months_data(request: HttpRequest) -> HttpResponse:
    """How often the lead changed hands, by month."""
    origin = Origin(charts.choice(request, "origin", Origin.values, Origin.REPLAY.value))
    data = selectors.rotation_by_month(origin=origin, since=_since(request))
    return charts.respond(request, data, f"rotation-{origin}-months")

"""The figures behind the charts of the track record."""

from __future__ import annotations

from datetime import UTC, datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from assets.engine.timeframe import Timeframe
from assets.models import Origin
from assets.selectors import newest_close
from cryptopredict.common import charts
from trading.engine import DIRECTIONS
from trading.selectors import record

FIRST = datetime(2009, 1, 1, tzinfo=UTC)
SIDES = tuple(direction.value for direction in DIRECTIONS)


@charts.chart_view("casual")
def reliability_data(request: HttpRequest) -> HttpResponse:
    """Probabilities of candidates against what came, of one direction and origin."""
    side, origin, since, until = _asked(request)
    data = record.candidate_diagram(side, origin=origin, since=since, until=until)
    return charts.respond(request, data, f"reliability-{side}-{origin}")


@charts.chart_view("casual")
def months_data(request: HttpRequest) -> HttpResponse:
    """How often candidates reached their target, by month."""
    side, origin, since, until = _asked(request)
    data = record.candidate_by_month(side, origin=origin, since=since, until=until)
    return charts.respond(request, data, f"months-{side}-{origin}")


@charts.chart_view("casual")
def risk_coverage_data(request: HttpRequest, name: str) -> HttpResponse:
    """What the surest share of past cases of a timing model earned."""
    data = record.risk_coverage_chart(name, timezone.now())
    if data is None:
        raise Http404
    return charts.respond(request, data, f"risk-coverage-{name}")


def _asked(request: HttpRequest) -> tuple[str, Origin, datetime, datetime]:
    side = charts.choice(request, "direction", SIDES, SIDES[0])
    origin = Origin(charts.choice(request, "origin", Origin.values, Origin.REPLAY.value))
    until = newest_close(Timeframe.DAY)
    return side, origin, charts.since(request, until) or FIRST, until

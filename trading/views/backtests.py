"""Backtests: those there are, a form to ask for one, the report, and several side by side."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from assets.engine.timeframe import Timeframe
from assets.selectors import last_close
from cryptopredict.common import charts
from cryptopredict.common.htmx import for_role, page
from trading import services
from trading.models import Backtest, BacktestStatus
from trading.selectors import backtest_charts as told
from trading.selectors import page_context
from trading.views.backtestform import BacktestForm

PAGE, TRADES = 20, 25
MOST_ID = 2**63 - 1


@require_safe
@for_role("professional")
def backtests(request: HttpRequest) -> HttpResponse:
    """Every backtest, newest first; those under way are followed."""
    found = Paginator(told.backtest_lines(), PAGE).get_page(request.GET.get("page"))
    context = {
        "found": found,
        "is_busy": any(row.status in told.OPEN for row in found),
        "form": BacktestForm.around(last_close(Timeframe.DAY)),
    }
    return page(request, "trading/backtests.html", context)


@require_http_methods(["POST"])
@for_role("professional")
def ask(request: HttpRequest) -> HttpResponse:
    """Put a backtest on record; a worker runs it."""
    form = BacktestForm(request.POST)
    if form.is_valid():
        try:
            row = services.ask(**form.asked(), user=request.user)
        except ValidationError as error:
            for name, faults in error.message_dict.items():
                field = {"from": "since"}.get(name, name)
                form.add_error(field if field in form.fields else None, faults)
        else:
            messages.success(request, _("The backtest waits for a worker; this page follows it."))
            return redirect("trading:backtest", row.pk)
    return render(request, "trading/backtest_ask.html", {"form": form}, status=422)


@require_safe
@for_role("professional")
def backtest(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is and, once completed, its report."""
    row = get_object_or_404(Backtest.objects.select_related("requested_by"), pk=_number(pk))
    is_open = row.status in told.OPEN
    if "waiting" in request.GET and not is_open and request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRefresh()  # the charts come with the whole page
    context = {"backtest": row, "is_open": is_open, "done": row.status == BacktestStatus.COMPLETED}
    if context["done"]:
        trades = Paginator(told.told_trades(row), TRADES).get_page(request.GET.get("page"))
        context |= {**page_context(row), "found": trades}
    return page(request, "trading/backtest.html", context)


@require_safe
@for_role("professional")
def compare(request: HttpRequest) -> HttpResponse:
    """Two to four completed backtests side by side."""
    chosen = _chosen(request)
    least, most = told.COMPARED
    if not least <= len(chosen) <= most:
        messages.error(
            request,
            _("Choose %(least)d to %(most)d completed backtests to compare; these are %(count)d.")
            % {"least": least, "most": most, "count": len(chosen)},
        )
        return redirect("trading:backtests")
    query = "&".join(f"with={row.pk}" for row in chosen)
    context = {
        "chosen": chosen,
        "rows": told.comparison(chosen),
        "growth_url": f"{reverse('trading:backtests_compare_data')}?{query}",
    }
    return render(request, "trading/backtests_compare.html", context)


@charts.chart_view("professional")
def compare_data(request: HttpRequest) -> HttpResponse:
    """What 1 became in each of the chosen backtests."""
    chosen = _chosen(request)
    if not chosen:
        raise Http404
    return charts.respond(request, told.compared_growth(chosen), "backtests")


@charts.chart_view("professional")
def growth_data(request: HttpRequest, pk: int) -> HttpResponse:
    """Worth beside holding."""
    return charts.respond(request, told.growth(_completed(pk)), f"backtest-{pk}-growth")


@charts.chart_view("professional")
def drawdown_data(request: HttpRequest, pk: int) -> HttpResponse:
    """Drawdown beside holding's."""
    return charts.respond(request, told.drawdown(_completed(pk)), f"backtest-{pk}-drawdown")


@charts.chart_view("professional")
def invested_data(request: HttpRequest, pk: int) -> HttpResponse:
    """Share in the market."""
    return charts.respond(request, told.invested(_completed(pk)), f"backtest-{pk}-invested")


@charts.chart_view("professional")
def trades_data(request: HttpRequest, pk: int) -> HttpResponse:
    """Every trade, to take away."""
    return charts.respond(request, told.trades(_completed(pk)), f"backtest-{pk}-trades")


def _completed(pk: int) -> Backtest:
    return get_object_or_404(Backtest, pk=_number(pk), status=BacktestStatus.COMPLETED)


def _chosen(request: HttpRequest) -> list[Backtest]:
    """The completed ones among those named in the address bar, in that order, each once."""
    given = dict.fromkeys(
        int(text) for text in request.GET.getlist("with")[:50] if text.isascii() and text.isdigit()
    )
    keys = [key for key in given if key <= MOST_ID][: told.COMPARED[1] + 1]
    rows = Backtest.objects.filter(pk__in=keys, status=BacktestStatus.COMPLETED).in_bulk()
    return [rows[key] for key in keys if key in rows]


def _number(pk: int) -> int:
    if pk > MOST_ID:
        raise Http404
    return pk

"""A person's accounts: what they hold, money in and out, trades made elsewhere, and how to rebalance."""

from __future__ import annotations

import csv

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from cryptopredict.common import charts
from cryptopredict.common.htmx import for_role, page
from selection import selectors as selection
from selection import services as selection_services
from selection.models import Account
from trading import selectors, services
from trading.forms import CashForm, ImportForm

MOST_DAYS = 3650
MOST_FAULTS = 100


@require_safe
@for_role("casual")
def portfolio(request: HttpRequest) -> HttpResponse:
    """One account: worth, curve, holdings with advice, positions, drift, risk, and what can be done."""
    venue, now = _venue(request.GET.get("venue", "")), timezone.now()
    context = {
        "venue": venue,
        "accounts": selectors.accounts(),
        "cash_form": CashForm(auto_id="cash_%s"),
        "import_form": ImportForm(auto_id="import_%s"),
        **selectors.account_page(request.user, venue, now),
    }
    return page(request, "trading/portfolio.html", context)


@charts.chart_view("casual")
def curve_data(request: HttpRequest) -> HttpResponse:
    """What an account was worth at each daily close."""
    venue = charts.choice(request, "venue", Account.values, Account.PAPER)
    found = selection.portfolio_of(request.user, venue)
    return charts.respond(request, selectors.curve_chart(found, timezone.now(), _days(request)), "worth")


@charts.chart_view("casual")
def drawdown_data(request: HttpRequest) -> HttpResponse:
    """How far an account was below its peak at each daily close."""
    venue = charts.choice(request, "venue", Account.values, Account.PAPER)
    found = selection.portfolio_of(request.user, venue)
    data = selectors.drawdown_chart(found, timezone.now(), _days(request))
    return charts.respond(request, data, "drawdown")


@require_POST
@for_role("casual")
def set_cash(request: HttpRequest) -> HttpResponse:
    """From now on there is so much cash; the difference was put in or taken out."""
    now, form, venue = timezone.now(), CashForm(request.POST), _posted_venue(request)
    if not form.is_valid():
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
        return _back(venue)
    try:
        with transaction.atomic():
            own = selection_services.open_portfolio(user=request.user, venue=venue, now=now)
            selection_services.set_cash(portfolio=own, cash=form.cleaned_data["cash"], now=now)
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)
    else:
        messages.success(request, _("There are %s USD in cash now.") % f"{form.cleaned_data['cash']:,.2f}")
    return _back(venue)


@require_POST
@for_role("casual")
def import_trades(request: HttpRequest) -> HttpResponse:
    """Look at trades made elsewhere, line by line; book them once they were looked at and are right."""
    now, form = timezone.now(), ImportForm(request.POST, request.FILES, auto_id="import_%s")
    own = selection.account_of(request.user, _posted_venue(request))
    if not form.is_valid():
        context = {"venue": own.venue, "form": form, "report": None}
        return render(request, "trading/import.html", context, status=422)
    text = form.cleaned_data["csv"]
    is_look = "book" not in request.POST
    report = selection_services.import_trades(portfolio=own, text=text, now=now, dry_run=is_look)
    if report.is_clean and not is_look:
        count = ngettext("%d trade is booked.", "%d trades are booked.", report.accepted) % report.accepted
        messages.success(request, count)
        return _back(own.venue)
    context = {
        "venue": own.venue,
        "form": ImportForm(initial={"csv": text}, auto_id="import_%s"),
        "text": text,
        "report": report,
        "faults": selectors.fault_rows(report.errors[:MOST_FAULTS]),
        "hidden_faults": max(len(report.errors) - MOST_FAULTS, 0),
        "duplicates": report.duplicates[:MOST_FAULTS],
    }
    return render(request, "trading/import.html", context, status=200 if report.is_clean else 422)


@require_safe
@for_role("casual")
def export_trades(request: HttpRequest) -> HttpResponse:
    """Every trade of an account as CSV, in a form that can be imported again."""
    venue = _venue(request.GET.get("venue", ""))
    found = selection.account_of(request.user, venue)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="trades-{venue}.csv"'
    csv.writer(answer).writerows(selectors.trade_rows(found))
    return answer


@require_POST
@for_role("casual")
def rebalance(request: HttpRequest) -> HttpResponse:
    """Ask for a proposal; a worker works it out, and the page shows it when it is there."""
    now = timezone.now()
    own = selection_services.open_portfolio(user=request.user, venue=_posted_venue(request), now=now)
    services.ask_rebalance(portfolio=own, now=now)
    messages.info(request, _("The proposal is being worked out; it appears below by itself."))
    return _back(own.venue, "#rebalance")


def _venue(given: str) -> str:
    return given if given in Account.values else Account.PAPER.value


def _posted_venue(request: HttpRequest) -> str:
    return _venue(request.POST.get("venue", ""))


def _back(venue: str, part: str = "") -> HttpResponse:
    return redirect(f"{reverse('trading:portfolio')}?venue={venue}{part}")


def _days(request: HttpRequest) -> int:
    asked = charts.choice(request, "range", tuple(charts.RANGES), charts.DEFAULT_RANGE)
    return charts.RANGES[asked] or MOST_DAYS

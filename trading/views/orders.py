"""Executing a signal and closing a position: looked at first, done once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from cryptopredict.common.htmx import for_role, page
from trading import selectors, services
from trading.forms import FillForm, OrderForm, PaperForm, faults_of
from trading.models import SignalExecution, TradingSignal, Venue
from trading.services.orders import LEAST_SIZE
from trading.words import rule_name


@require_http_methods(["GET", "HEAD", "POST"])
@for_role("casual")
def execute(request: HttpRequest, pk: int) -> HttpResponse:
    """The order form with what it would get, cost and risk; a press of its button executes it once."""
    signal = get_object_or_404(TradingSignal.objects.select_related("asset"), pk=pk)
    if request.method != "POST":
        return page(request, "trading/execute.html", _offer(request, signal))
    form = _order(request)
    faults = faults_of(form)
    if not faults:
        try:
            done = services.execute(
                signal=signal,
                user=request.user,
                now=timezone.now(),
                risk_confirmation=form.cleaned_data["risk_confirmation"],
                idempotency_key=f"page:{form.cleaned_data['key']}",
                **_asked(form),
            )
        except services.Refused as refused:
            faults = refused.faults
        else:
            _tell(request, done)
            return redirect(f"{reverse('trading:portfolio')}?venue={done.execution.venue}")
    context = {**_offer(request, signal, form), "refused": selectors.fault_rows(faults)}
    return render(request, "trading/execute.html", context, status=422)


@require_POST
@for_role("casual")
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """What the order in the form would get, cost and risk, and every limit on it; nothing is executed."""
    signal = get_object_or_404(TradingSignal.objects.select_related("asset"), pk=pk)
    form = _order(request)
    context = {**_weighed(request, signal, form), "signal": signal}
    return render(request, "trading/partials/preview.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_role("casual")
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a position of one's own: on paper at the last price, live as it was done elsewhere."""
    rows = SignalExecution.objects.select_related("signal__asset", "portfolio")
    position = get_object_or_404(rows, pk=pk, user=request.user.pk)
    form: FillForm | None = None
    if position.venue == Venue.LIVE:
        form = FillForm(request.POST or None, initial={"quantity": selectors.plainly(position.quantity)})
        form.fields.pop("risk_confirmation")
        form.fields.pop("key")
    faults: list[dict[str, Any]] = []
    if request.method == "POST":
        faults = faults_of(form) if form is not None else []
        if not faults:
            try:
                closed = services.exit_position(
                    execution=position,
                    user=request.user,
                    now=timezone.now(),
                    fill=None if form is None else services.ReportedFill(**form.fill()),
                )
            except services.Refused as refused:
                faults = refused.faults
            else:
                text = _("%(symbol)s is closed: %(pnl)s USD after all fees.")
                told = {"symbol": position.signal.asset.symbol, "pnl": f"{closed.realised_pnl:+,.2f}"}
                messages.success(request, text % told)
                return redirect(f"{reverse('trading:portfolio')}?venue={position.venue}")
    context = {
        "position": selectors.position_row(position, timezone.now()),
        "form": form,
        "refused": selectors.fault_rows(faults),
        "is_open": position.opens_id is None and position.closed_at is None,
    }
    return render(request, "trading/close.html", context, status=422 if faults else 200)


def _order(request: HttpRequest) -> OrderForm:
    return FillForm(request.POST) if request.POST.get("venue") == Venue.LIVE else PaperForm(request.POST)


def _asked(form: OrderForm) -> dict[str, Any]:
    """The form as the services take it, without the confirmation."""
    if isinstance(form, FillForm):
        return {"venue": Venue.LIVE, "fill": services.ReportedFill(**form.fill())}
    assert isinstance(form, PaperForm)
    return {"venue": Venue.PAPER, **form.size()}


def _weighed(request: HttpRequest, signal: TradingSignal, form: OrderForm) -> dict[str, Any]:
    """The preview of what the form says, or what is wrong with it."""
    faults = faults_of(form)
    return {"faults": selectors.fault_rows(faults)} if faults else _look(request, signal, _asked(form))


def _look(request: HttpRequest, signal: TradingSignal, order: dict[str, Any]) -> dict[str, Any]:
    """The preview of `order`, or why there is none."""
    try:
        seen = services.preview(signal=signal, user=request.user, now=timezone.now(), **order)
    except services.Refused as refused:
        return {"faults": selectors.fault_rows(refused.faults)}
    return {"seen": seen, "checks": selectors.check_rows(seen["checks"], seen["size"])}


def _offer(request: HttpRequest, signal: TradingSignal, form: OrderForm | None = None) -> dict[str, Any]:
    """Both forms, the sizing help, and the preview of what the paper form says.

    What was sent stays as it was with the key it had: what was refused has written nothing, so the mended
    order may carry it on.
    """
    context: dict[str, Any] = {"signal": signal, "faults": []}
    try:
        sizing = services.sizing(signal=signal, user=request.user, now=timezone.now())
    except services.Refused as refused:
        sizing = None
        context["faults"] = selectors.fault_rows(refused.faults)
    start = {"key": uuid4().hex}
    if sizing is not None:
        context |= {"sizing": sizing, "ways": selectors.way_rows(sizing)}
        sensible = sizing.recommended >= LEAST_SIZE
        context["is_sensible"] = sensible
        own = selectors.plainly(sizing.recommended) if sensible else ""
        start["amount"] = request.GET.get("amount") or own
    live = form if isinstance(form, FillForm) else FillForm(initial=start)
    paper = form if isinstance(form, PaperForm) else PaperForm(initial=start)
    if sizing is not None and (paper.is_bound or start["amount"]):
        bound = paper if paper.is_bound else PaperForm({**start, "unit": "usd"})
        context |= _weighed(request, signal, bound)
    return {**context, "paper": paper, "live": live, "is_live": isinstance(form, FillForm)}


def _tell(request: HttpRequest, done: services.Executed) -> None:
    made = done.execution
    if done.is_replay:
        messages.info(request, _("This order had been executed already; it was not executed again."))
        return
    text = _("%(symbol)s: %(size)s USD at %(price)s USD, fee %(fee)s USD.")
    figures = {
        "symbol": made.signal.asset.symbol,
        "size": f"{made.filled_size:,.2f}",
        "price": _rounded(made.execution_price),
        "fee": f"{made.fees:,.2f}",
    }
    messages.success(request, text % figures)
    if made.filled_size < made.position_size:
        messages.warning(request, _("Only a part was filled: the bar had no more to give."))
    broken = made.execution_details.get("broken_limits", [])
    if broken:
        names = ", ".join(rule_name(rule) for rule in broken)
        messages.warning(request, _("It is recorded, but it breaks limits of yours: %s.") % names)


def _rounded(price: Decimal) -> str:
    """A price as people read it: cents, or below a dollar three digits that count."""
    return f"{price:,.2f}" if price >= 1 else f"{price:.{2 - price.adjusted()}f}"

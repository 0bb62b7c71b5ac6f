"""The watchlists, the tiers and every coin's score; what people change here goes through the services."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role
from assets.engine.timeframe import Timeframe
from assets.models import Origin, WatchlistTier
from assets.selectors import newest_close, supported
from cryptopredict.common import charts
from cryptopredict.common.htmx import for_role, page, sorted_by
from cryptopredict.common.restapi import role_at_least
from selection import selectors
from selection.forms import DecisionForm, grouped
from selection.models import Decision, Suggestion, SuggestionType, Watchlist, WatchlistItem
from selection.selectors import pages, record
from selection.serializers import reasoning
from selection.services import Outcome, foresee, review_all, target
from selection.services import watchlists as services
from selection.services.reviews import PERMISSION
from selection.words import TIER_NAMES

PAGE = 25
FIRST = datetime(2009, 1, 1, tzinfo=UTC)
REASONS = 3
UNDO, UNDO_SECONDS = "selection.undo", 60
TOLD = 10  # refusals told one by one; more are counted
STATES = {
    "pending": gettext_lazy("Waiting"),
    "deferred": gettext_lazy("Deferred"),
    "approved": gettext_lazy("Approved"),
    "rejected": gettext_lazy("Rejected"),
    "expired": gettext_lazy("Expired"),
    "all": gettext_lazy("All"),
}


@require_safe
@for_role("casual")
def watchlist(request: HttpRequest) -> HttpResponse:
    """The administrators' tiers, the reader's own lists, and every scored coin."""
    sort, text, tier = _asked(request)
    found = Paginator(pages.scores(sort, text, tier), PAGE).get_page(request.GET.get("page"))
    context = {
        "board": pages.board(request.user),
        "found": found,
        "sort": sort,
        "text": text,
        "tier": tier,
        "tiers": WatchlistTier.choices,
        "query": request.GET.urlencode(),
        "may_export": role_at_least(request.user, Role.PROFESSIONAL),
        "is_admin": role_at_least(request.user, Role.ADMIN),
        "fresh": selectors.freshness(timezone.now()),
        "undo": _undo(request),
    }
    return page(request, "selection/watchlist.html", context)


def _undo(request: HttpRequest) -> dict[str, Any] | None:
    """The administrator's last change of a tier and the way back; None after a minute."""
    last = request.session.get(UNDO)
    if not last or time.time() - last["at"] > UNDO_SECONDS:
        return None
    asset = supported().filter(pk=last["asset"]).first()
    if asset is None or asset.watchlist_tier == last["tier"]:
        return None
    words = _("%(symbol)s was %(tier)s before.")
    return {**last, "words": words % {"symbol": asset.symbol, "tier": TIER_NAMES[last["tier"]]}}


@charts.chart_view("professional")
def score_data(request: HttpRequest) -> HttpResponse:
    """Every scored coin in the order and by the filters of the address bar, to take away."""
    return charts.respond(request, pages.scores_table(pages.scores(*_asked(request))), "scores")


@charts.chart_view("casual")
def record_months_data(request: HttpRequest) -> HttpResponse:
    """What scores were worth, by month, of one horizon and origin."""
    days = int(charts.choice(request, "days", [str(each) for each in record.HORIZONS], "7"))
    origin = Origin(charts.choice(request, "origin", Origin.values, Origin.REPLAY.value))
    until = newest_close(Timeframe.DAY)
    since = charts.since(request, until) or FIRST
    data = record.score_months(days, origin=origin, since=since, until=until)
    return charts.respond(request, data, f"scores-{days}d-{origin}")


def _asked(request: HttpRequest) -> tuple[str, str, str]:
    """Order, text looked for and tier of the address bar; what is none of those known is left out."""
    tier = request.GET.get("tier", "")
    return (
        sorted_by(request, pages.SCORE_SORTS, "-score"),
        request.GET.get("q", "").strip()[:100],
        tier if tier in WatchlistTier.values else "",
    )


@require_POST
@for_role("admin")
def set_tier(request: HttpRequest) -> HttpResponse:
    """Put a coin into a tier, or into none."""
    asset = get_object_or_404(supported(), pk=_number(request, "asset"))
    tier = request.POST.get("tier", "")

    before = asset.watchlist_tier

    def change() -> str:
        services.set_tier(asset=asset, tier=tier, user=request.user, notes=request.POST.get("notes", ""))
        request.session[UNDO] = {"asset": asset.pk, "tier": before, "at": time.time()}
        return _("%(symbol)s: %(tier)s.") % {
            "symbol": asset.symbol,
            "tier": asset.get_watchlist_tier_display(),
        }

    return _told(request, change)


@require_POST
@for_role("casual")
def list_create(request: HttpRequest) -> HttpResponse:
    """A new list of one's own."""

    def change() -> str:
        made = services.list_create(user=request.user, name=request.POST.get("name", "").strip())
        return _("The list “%(name)s” is there.") % {"name": made.name}

    return _told(request, change)


@require_POST
@for_role("casual")
def list_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a list of one's own away."""
    found = get_object_or_404(Watchlist, pk=pk)

    def change() -> str:
        services.list_delete(watchlist=found, user=request.user)
        return _("The list “%(name)s” is gone.") % {"name": found.name}

    return _told(request, change)


@require_POST
@for_role("casual")
def item_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a coin, named by its symbol, on a list."""
    found = get_object_or_404(Watchlist, pk=pk)
    symbol = request.POST.get("symbol", "").strip().upper()

    def change() -> str:
        asset = supported().filter(symbol__iexact=symbol).first()
        if asset is None:
            raise ValidationError(
                {"symbol": _("No coin with the symbol “%s” is followed here.") % symbol[:20]}
            )
        services.item_add(watchlist=found, asset=asset, user=request.user)
        return _("%(symbol)s is on the list “%(name)s”.") % {"symbol": asset.symbol, "name": found.name}

    return _told(request, change)


@require_POST
@for_role("casual")
def item_move(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a coin of one of one's own lists onto another of them."""
    found = WatchlistItem.objects.select_related("watchlist", "asset").filter(pk=pk).first()
    onto = get_object_or_404(Watchlist, pk=_number(request, "list"))

    def change() -> str:
        if found is None:
            return _("That coin is off the list already.")
        services.item_move(item=found, watchlist=onto, user=request.user)
        return _("%(symbol)s is on the list “%(name)s”.") % {"symbol": found.asset.symbol, "name": onto.name}

    return _told(request, change)


@require_POST
@for_role("casual")
def item_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a coin off a list; a second press finds it gone, which is what was wanted."""
    found = WatchlistItem.objects.select_related("watchlist", "asset").filter(pk=pk).first()

    def change() -> str:
        if found is None:
            return _("That coin is off the list already.")
        services.item_remove(item=found, user=request.user)
        return _("%(symbol)s is off the list “%(name)s”.") % {
            "symbol": found.asset.symbol,
            "name": found.watchlist.name,
        }

    return _told(request, change)


def _told(request: HttpRequest, change: Callable[[], str]) -> HttpResponse:
    """Do it and go back to the lists, with the word on how it went."""
    try:
        messages.success(request, change())
    except ValidationError as error:
        for text in error.messages:
            messages.error(request, text)
    except PermissionDenied as error:
        messages.error(request, str(error))
    return redirect("selection:watchlist")


def _number(request: HttpRequest, name: str) -> Any:
    given = request.POST.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 0


# Suggestions: who may decide does so here, everybody else reads


@require_safe
@for_role("guest")
def suggestions(request: HttpRequest) -> HttpResponse:
    """The queue, the most urgent first, with the evidence for each; what was decided, by the address bar."""
    may_review = _demand_reader(request)
    status = request.GET.get("status", "")
    status = status if status in STATES else "pending"
    kind = request.GET.get("type", "")
    kind = kind if kind in SuggestionType.values else ""
    text = request.GET.get("q", "").strip()[:100]
    rows = pages.suggestions(status, text, kind)
    found = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    paths = selectors.price_paths({row.asset_id for row in found})
    context = {
        **selectors.queue_frame(),
        "found": found,
        "rows": [_evidence(row, paths) for row in found],
        "status": status,
        "states": STATES,
        "kind": kind,
        "kinds": SuggestionType.choices,
        "text": text,
        "may_review": may_review,
        "may_decide": may_review and status in ("pending", "deferred"),
    }
    return page(request, "selection/suggestions.html", context)


@require_POST
@for_role("guest")
def decide(request: HttpRequest) -> HttpResponse:
    """First the page that shows what will change, then, confirmed, the change; for one or many."""
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied(_("Only an administrator or a reviewer may decide on suggestions."))
    decision, ids = _wanted(request)
    if decision is None or not ids:
        messages.error(request, _("Choose at least one suggestion, and what to do with it."))
        return redirect("selection:suggestions")
    confirmed = "confirmed" in request.POST
    form = DecisionForm(request.POST if confirmed else None, decision=decision)
    try:
        if confirmed and form.is_valid():
            answers = review_all(ids=ids, reviewer=request.user, decision=decision, **form.cleaned_data)
            _tell_outcomes(request, answers, decision)
            return redirect("selection:suggestions")
        answers = foresee(ids=ids, reviewer=request.user, decision=decision)
    except ValidationError as error:
        for reason in error.messages:
            messages.error(request, reason)
        return redirect("selection:suggestions")
    done = [each for each in answers if each.is_done]
    context = {
        "decision": decision,
        "form": form,
        "ids": ",".join(str(pk) for pk in ids),
        "changes": grouped(done),
        "count": len(done),
        "refused": [each for each in answers if not each.is_done],
        "tier_fill": selectors.tier_fill(),
    }
    return render(request, "selection/decide.html", context, status=422 if confirmed else 200)


def _demand_reader(request: HttpRequest) -> bool:
    """Whether the reader may decide. Raises PermissionDenied for neither an investor nor a reviewer."""
    may_review = bool(request.user.has_perm(PERMISSION))
    if not may_review and not role_at_least(request.user, Role.CASUAL):
        raise PermissionDenied(_("This page is for investors. An administrator can change your role."))
    return may_review


def _evidence(row: Suggestion, paths: dict[int, list[float]]) -> dict[str, Any]:
    """One suggestion with what argues for it, in words."""
    return {
        "row": row,
        "coin": row.asset,
        "before": TIER_NAMES[row.asset.watchlist_tier],
        "after": TIER_NAMES[target(row)],
        "reasons": reasoning(row, REASONS),
        "flip": selectors.flip_words(row),
        "path": paths.get(row.asset_id, []),
    }


def _wanted(request: HttpRequest) -> tuple[Decision | None, list[int]]:
    """The decision and the suggestions that a form names: "approve" for those ticked, "approve:7" for one.

    Where something else was meant than what is known, None or no ids.
    """
    word, _colon, one = request.POST.get("decision", "").partition(":")
    given = [one] if one else request.POST.getlist("chosen") + request.POST.get("ids", "").split(",")
    ids = [int(text) for text in given if text.isascii() and text.isdigit() and len(text) < 19]
    return (Decision(word) if word in Decision.values else None), list(dict.fromkeys(ids))


def _tell_outcomes(request: HttpRequest, answers: list[Outcome], decision: Decision) -> None:
    """What was done, and for each that could not be, why."""
    done = [each for each in answers if each.is_done]
    refused = [each for each in answers if not each.is_done]
    words = {
        Decision.APPROVE: ngettext(
            "%(count)d suggestion approved and carried out: %(which)s",
            "%(count)d suggestions approved and carried out: %(which)s",
            len(done),
        ),
        Decision.REJECT: ngettext(
            "%(count)d suggestion rejected: %(which)s", "%(count)d suggestions rejected: %(which)s", len(done)
        ),
        Decision.DEFER: ngettext(
            "%(count)d suggestion deferred: %(which)s", "%(count)d suggestions deferred: %(which)s", len(done)
        ),
    }[decision]
    if done:
        which = ", ".join(each.symbol for each in done[:TOLD]) + (" …" if len(done) > TOLD else "")
        messages.success(request, words % {"count": len(done), "which": which})
    for each in refused[:TOLD]:
        messages.error(request, f"{each.symbol}: {each.reason}" if each.symbol else each.reason)
    if len(refused) > TOLD:
        more = _("%(count)d more could not be carried out; they are still in the queue.")
        messages.warning(request, more % {"count": len(refused) - TOLD})

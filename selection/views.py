"""The watchlists, the tiers and every coin's score; what people change here goes through the services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role
from assets.models import WatchlistTier
from assets.selectors import supported
from cryptopredict.common import charts
from cryptopredict.common.htmx import for_role, page, sorted_by
from cryptopredict.common.restapi import role_at_least
from selection import selectors
from selection.models import Watchlist, WatchlistItem
from selection.selectors import pages
from selection.services import watchlists as services

PAGE = 25


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
    }
    return page(request, "selection/watchlist.html", context)


@charts.chart_view("professional")
def score_data(request: HttpRequest) -> HttpResponse:
    """Every scored coin in the order and by the filters of the address bar, to take away."""
    return charts.respond(request, pages.scores_table(pages.scores(*_asked(request))), "scores")


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

    def change() -> str:
        services.set_tier(asset=asset, tier=tier, user=request.user, notes=request.POST.get("notes", ""))
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

"""The one page that looks at all layers: the sentence, the funnel's four cards, and what came out of it."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import select_template
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.selectors import unread
from assets.selectors import is_simulated
from cryptopredict.common.cards import Card
from cryptopredict.common.htmx import for_role
from cryptopredict.common.realtime import Topic
from cryptopredict.common.remembered import remembered
from cryptopredict.common.restapi import role_at_least

TOP = 8  # rows of a list on the dashboard


@dataclass(frozen=True)
class Part:
    """A piece of the dashboard that asks again for itself when `topic` was announced."""

    slug: str
    app: str
    selector: str  # name in `<app>.selectors`, called with the user
    role: str
    topic: Topic
    title: str | Promise
    number: int = 0  # 1..4 for the layer cards
    is_own: bool = False  # whether it is about the reader, so that nothing of it can be shared

    @property
    def trigger(self) -> str:
        """When HTMX asks again. On each connect only for signals: one may have come while the page loaded."""
        healing = "stream.open" if self.topic == Topic.SIGNAL else "stream.gap"
        return f"{self.topic} from:body, {healing} from:body"

    def template(self) -> Any:
        """Return the app's own template where it has one, else the shared one."""
        kind, own = ("card", "card") if self.number else (self.slug, f"dashboard_{self.slug}")
        return select_template([f"{self.app}/partials/{own}.html", f"partials/{kind}.html"])


CARDS = (
    Part("macro", "macro", "card", "guest", Topic.REGIME, _("Macro"), 1),
    Part("sectors", "sectors", "card", "guest", Topic.SECTORS, _("Sectors"), 2),
    Part("selection", "selection", "card", "casual", Topic.WATCHLIST, _("Selection"), 3),
    Part("trading", "trading", "card", "casual", Topic.SIGNAL, _("Trading"), 4),
)
LISTS = (
    Part("market", "cryptopredict", "market", "guest", Topic.REGIME, _("Market")),
    Part(
        "portfolio", "cryptopredict", "portfolio", "casual", Topic.PORTFOLIO, _("Your portfolio"), is_own=True
    ),
    Part(
        "notifications",
        "cryptopredict",
        "notifications",
        "casual",
        Topic.NOTIFICATION,
        _("Notifications"),
        is_own=True,
    ),
    Part("suggestions", "cryptopredict", "suggestions", "casual", Topic.SUGGESTION, _("Suggestions waiting")),
    Part("models", "cryptopredict", "models", "guest", Topic.OUTCOME, _("Models")),
    Part("signals", "trading", "active_signals", "casual", Topic.SIGNAL, _("Active signals")),
    Part("strengths", "sectors", "strengths", "guest", Topic.SECTORS, _("Sector strengths")),
    Part("top-assets", "selection", "top_assets", "casual", Topic.WATCHLIST, _("Top assets")),
)
PARTS = {part.slug: part for part in CARDS + LISTS}
NAV = (
    ("home", _("Overview"), "dashboard", "guest"),
    ("macro", _("Macro"), "macro:overview", "guest"),
    ("sectors", _("Sectors"), "sectors:ranking", "guest"),
    ("selection", _("Selection"), "selection:watchlist", "casual"),
    ("trading", _("Signals"), "trading:signals", "casual"),
    ("portfolio", _("Portfolio"), "trading:portfolio", "casual"),
    ("trading", _("Performance"), "trading:performance", "casual"),
    ("record", _("Track record"), "record", "casual"),
    ("models", _("Models"), "aimodels:models", "casual"),
    ("backtests", _("Backtests"), "trading:backtests", "professional"),
    ("review", _("Suggestions"), "selection:suggestions", "casual|selection.review_suggestion"),
    ("system", _("System"), "system", "admin"),
)

# What a phone's bar has room for; the rest of the menu opens from its last place.
PHONE = {"dashboard", "selection:watchlist", "trading:signals", "trading:portfolio"}


@require_safe
@for_role("guest")
def dashboard(request: HttpRequest) -> HttpResponse:
    """Show the whole page in one response; afterwards each part refreshes itself."""
    cards = [_context(part, request.user) for part in CARDS]
    lists = {part.slug.replace("-", "_"): _context(part, request.user) for part in LISTS}
    context = {"cards": cards, **lists, **answer(cards)}
    return render(request, "dashboard.html", context)


@require_safe
@for_role("guest")
def part(request: HttpRequest, slug: str) -> HttpResponse:
    """Answer one part of the page, as HTMX asks for it."""
    if slug not in PARTS:
        raise Http404
    wanted = PARTS[slug]
    return HttpResponse(wanted.template().render(_context(wanted, request.user), request))


@require_safe
@for_role("guest")
def sentence(request: HttpRequest) -> HttpResponse:
    """Answer the first line of the page."""
    return render(request, "partials/answer.html", answer([_context(part, request.user) for part in CARDS]))


def answer(cards: list[dict[str, Any]]) -> dict[str, Any]:
    """Put the page's first line together from the clauses of the layers that have something to say."""
    told: list[Card] = [card["data"] for card in cards if card["data"]]
    times = [card["as_of"] for card in told if card["as_of"]]
    return {
        "sentences": [card["sentence"] for card in told if card.get("sentence")],
        "as_of": min(times, default=None),
        "is_stale": any(card["is_stale"] for card in told),
    }


def _context(part: Part, user: Any) -> dict[str, Any]:
    """Ask the layer; a layer that is not built, has not run or is not for this user is said to be so."""
    allowed = role_at_least(user, part.role)
    return {"part": part, "allowed": allowed, "data": ask(part, user) if allowed else None}


def ask(part: Part, user: Any) -> Any:
    """What the layer says; None where it has not run yet. The project's own parts stand in `panels`."""
    where = "panels" if part.app == "cryptopredict" else "selectors"
    selector = getattr(import_module(f"{part.app}.{where}"), part.selector)
    return selector(user) if part.is_own else remembered(f"dashboard:{part.slug}", lambda: selector(user))


# What stands around every page


def shell(request: HttpRequest) -> dict[str, Any]:
    """Give every template its navigation, its stream and the word on simulated data; asked only when used."""
    return {"shell": SimpleLazyObject(lambda: _shell(request))}


def _shell(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    listens = _may_see(user, "casual|selection.review_suggestion")  # as the stream has it
    stream = f"/api/v1/ws/dashboard/{user.pk}" if user is not None and listens else ""
    return {
        "nav": list(_nav(request.path, user)),
        "stream": stream,
        "is_simulated": is_simulated(),
        "unread": unread(user).count() if role_at_least(user, "guest") else 0,
    }


def _nav(path: str, user: Any) -> Any:
    for icon, name, view, role in NAV:
        if not _may_see(user, role):
            continue
        try:
            url = reverse(view)
        except NoReverseMatch:
            continue
        current = path == url if url == "/" else path.startswith(url)
        item = {"icon": icon, "name": name, "url": url, "is_current": current}
        yield {**item, "on_phone": view in PHONE}


def _may_see(user: Any, wanted: str) -> bool:
    """Whether `user` has the role, or else the permission, of "role|permission"."""
    role, _bar, permission = wanted.partition("|")
    if role_at_least(user, role):
        return True
    return bool(permission) and user is not None and user.has_perm(permission)

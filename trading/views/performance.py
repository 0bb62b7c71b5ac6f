"""What signals were worth, once they had ended."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from aimodels.words import model_name
from assets.engine.timeframe import Timeframe
from assets.models import Origin
from cryptopredict.common.htmx import for_role, page
from cryptopredict.common.restapi import role_at_least
from trading import selectors
from trading.engine import SPECS

SPANS = {
    "7d": _("7 days"),
    "30d": _("30 days"),
    "90d": _("90 days"),
    "180d": _("180 days"),
    "365d": _("1 year"),
    "all": _("All"),
}
MODELS = tuple(spec.name for spec in SPECS)


@require_safe
@for_role("casual")
def performance(request: HttpRequest) -> HttpResponse:
    """The figures of a span, an origin and a model that the address bar names; worked out by the last run."""
    stand = selectors.stand(Timeframe.DAY)
    span = request.GET.get("span", "")
    span = span if span in SPANS else "365d"
    origin = request.GET.get("origin", "")
    origin = origin if origin in Origin.values else stand.usual.value
    model = request.GET.get("model", "")
    model = model if model in MODELS else ""
    asked = {"timeframe": span, "origin": origin, "model": model or "all", "format": "csv"}
    context = {
        "span": span,
        "spans": SPANS.items(),
        "origin": origin,
        "origins": Origin.choices,
        "model": model,
        "models": [("", _("All models")), *((name, model_name(name)) for name in MODELS)],
        "export": urlencode(asked) if role_at_least(request.user, "professional") else "",
        **selectors.performance_page(stand, span, origin=origin, model=model),
    }
    return page(request, "trading/performance.html", context)

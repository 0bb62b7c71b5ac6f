"""A person's limits."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from cryptopredict.common.htmx import for_role
from trading import selectors, services
from trading.forms import RiskForm


@require_http_methods(["GET", "HEAD", "POST"])
@for_role("casual")
def risk_profile(request: HttpRequest) -> HttpResponse:
    """The limits that every order is held against, and what decides sizes."""
    assert isinstance(request.user, User)
    profile = services.profile_of(request.user)
    form, status = RiskForm.of(profile, request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                services.set_profile(user=request.user, **form.changes())
            except ValidationError as error:
                for name, texts in error.message_dict.items():
                    form.add_error(name, texts)
            else:
                messages.success(request, _("Your limits are saved; every new order is held against them."))
                return redirect("trading:risk_profile")
    risk = profile.risk_metrics
    context = {
        "form": form,
        "profile": profile,
        "risk": risk,
        "risk_rows": selectors.risk_rows(risk) if "reasons" in risk else [],
    }
    return render(request, "trading/risk_profile.html", context, status=status)

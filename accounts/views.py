"""A person's own pages: profile and keys for programs. All else about an account is allauth's."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import selectors, services
from accounts.forms import ProfileForm, TokenForm
from accounts.models import ApiToken
from cryptopredict.common.htmx import for_role


@require_http_methods(["GET", "HEAD", "POST"])
@for_role("guest")
def profile(request: HttpRequest) -> HttpResponse:
    """Name, language, zone, colours."""
    if request.method != "POST":
        return render(request, "accounts/profile.html", {"form": ProfileForm.of(request.user)})
    form = ProfileForm.of(request.user, request.POST)
    if not form.is_valid():
        return render(request, "accounts/profile.html", {"form": form}, status=422)
    told = dict(form.cleaned_data)
    look = {name: told.pop(name) for name in ("theme", "swap_colours")}
    services.profile_change(user=request.user, **told)
    services.appearance_change(user=request.user, language=told["language"], **look)
    language = form.cleaned_data["language"]
    with translation.override(language):
        messages.success(request, _("Your profile is saved."))
    response = redirect("accounts:profile")
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, samesite="Lax", max_age=31_536_000)
    return response


@require_http_methods(["GET", "HEAD", "POST"])
@for_role("guest")
def tokens(request: HttpRequest) -> HttpResponse:
    """The keys for programs; a new one is shown once, on the answer to the form that asked for it."""
    form, text, status = TokenForm(request.POST or None, initial={"days": "90"}), "", 200
    if request.method == "POST" and form.is_valid():
        span = form.span()
        try:
            _token, text = services.token_issue(
                user=request.user,
                name=form.cleaned_data["name"],
                expires_at=timezone.now() + span if span else None,
            )
            form = TokenForm(initial={"days": "90"})
        except ValidationError as error:
            form.add_error(None, error)
    if form.is_bound and form.errors:
        status = 422
    rows = selectors.tokens(request.user).order_by("-created_at")
    context = {"form": form, "text": text, "tokens": rows, "now": timezone.now()}
    response = render(request, "accounts/tokens.html", context, status=status)
    response["Cache-Control"] = "no-store"  # a key must not lie in a cache
    return response


@require_POST
@for_role("guest")
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a key of one's own back; twice is as good as once."""
    found = get_object_or_404(ApiToken, pk=pk, user=request.user)
    services.token_revoke(token=found)
    messages.success(request, _("The key “%(name)s” opens nothing any more.") % {"name": found.name})
    return redirect("accounts:tokens")

"""A person's own pages: profile, messages and keys for programs. All else about an account is allauth's."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import selectors, services
from accounts.forms import PlacesForm, ProfileForm, ServiceForm, TokenForm
from accounts.models import ApiToken, Notification, NotificationChannel, NotificationStatus, NotificationType
from cryptopredict.common.htmx import for_role, page

PAGE = 25
# Where a message leads, by what it is about; a page that is not there leaves the message without a link.
LEADS = {
    "suggestions": "selection:suggestions",
    "signals": "trading:signals",
    "executions": "trading:portfolio",
    "jobs": "system",
}


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


# Messages


@require_safe
@for_role("guest")
def notifications(request: HttpRequest) -> HttpResponse:
    """What the reader was told, newest first; what is unread stands out."""
    kind = request.GET.get("type", "")
    kind = kind if kind in NotificationType.values else ""
    status = request.GET.get("status", "")
    status = status if status in (NotificationStatus.UNREAD, NotificationStatus.READ) else ""
    found = Paginator(selectors.messages(request.user, kind, status), PAGE).get_page(request.GET.get("page"))
    context = {
        "found": found,
        "rows": [{"note": note, "link": _lead(note)} for note in found],
        "kind": kind,
        "kinds": NotificationType.choices,
        "status": status,
        "unread": selectors.unread(request.user).count(),
    }
    return page(request, "accounts/notifications.html", context)


@require_safe
@for_role("guest")
def bell(request: HttpRequest) -> HttpResponse:
    """How many messages are unread, for the sign that every page carries."""
    return render(request, "partials/bell.html", {"unread": selectors.unread(request.user).count()})


@require_POST
@for_role("guest")
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark everything as read."""
    services.notifications_read(user=request.user)
    return redirect("accounts:notifications")


@require_POST
@for_role("guest")
def notification_change(request: HttpRequest, pk: int, change: str) -> HttpResponse:
    """Mark one message as read, or take it off the list; a second press finds it done."""
    changes = {"read": services.notification_read, "dismiss": services.notification_dismiss}
    if change not in changes:
        raise Http404
    changes[change](notification=get_object_or_404(Notification, pk=pk, user=request.user))
    query = request.POST.get("back", "")[:500]
    return redirect(reverse("accounts:notifications") + (f"?{query}" if query else ""))


def _lead(note: Notification) -> str:
    """Where a message leads: to the one signal it is about, else to the page of its kind."""
    for key in LEADS.keys() & note.data.keys():
        about = note.data[key]
        try:
            if key == "signals" and isinstance(about, list) and len(about) == 1:
                return reverse("trading:signal_detail", args=[about[0]])
            return reverse(LEADS[key])
        except NoReverseMatch:
            return ""
    return ""


@require_http_methods(["GET", "HEAD", "POST"])
@for_role("guest")
def channels(request: HttpRequest) -> HttpResponse:
    """Where the reader wants to be told of what."""
    form = PlacesForm(request.POST or None, wanted=selectors.own_places(request.user))
    if request.method == "POST" and form.is_valid():
        services.own_places_set(user=request.user, wanted=form.wanted())
        messages.success(request, _("Saved: from now on you are told where you asked for it."))
        return redirect("accounts:channels")
    return _channels(request, form, ServiceForm(), 422 if request.method == "POST" else 200)


@require_POST
@for_role("guest")
def channel_add(request: HttpRequest) -> HttpResponse:
    """A service more."""
    form = ServiceForm(request.POST)
    if form.is_valid():
        try:
            services.channel_add(user=request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The service is there; send it a test to see whether it arrives."))
            return redirect("accounts:channels")
    return _channels(request, PlacesForm(wanted=selectors.own_places(request.user)), form, 422)


@require_POST
@for_role("guest")
def channel_test(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a message there now."""
    services.channel_test(
        channel=get_object_or_404(NotificationChannel, pk=pk, user=request.user),
        title=_("A test from CryptoPredict"),
        message=_("If you can read this, messages arrive here."),
    )
    messages.success(request, _("The test is on its way; how it went stands beside the service in a moment."))
    return redirect("accounts:channels")


@require_POST
@for_role("guest")
def channel_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Send nothing there any more; twice is as good as once."""
    channel = NotificationChannel.objects.filter(pk=pk, user=request.user).first()
    if channel is not None:
        services.channel_remove(channel=channel)
    messages.success(request, _("Nothing is sent there any more."))
    return redirect("accounts:channels")


def _channels(request: HttpRequest, places: PlacesForm, form: ServiceForm, status: int) -> HttpResponse:
    context = {
        "places": places,
        "form": form,
        "services": selectors.services(request.user),
        "failed_mails": selectors.failed_mails(request.user),
    }
    response = render(request, "accounts/channels.html", context, status=status)
    response["Cache-Control"] = "no-store"  # addresses of services are keys
    return response

"""The page that a link in an e-mail opens: it shows what will be decided; only its button decides."""

from __future__ import annotations

from celery import shared_task
from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.clients import Letter
from accounts.models import Notification
from cryptopredict.common.audit import acting
from cryptopredict.common.desk import refusal
from selection import selectors
from selection.models import Decision
from selection.serializers import reasoning
from selection.services import links, mails, target
from selection.words import TIER_NAMES


class NoteForm(forms.Form):
    """The note a decision is kept with; a rejection needs one."""

    notes = forms.CharField(
        label=_("Note"), required=False, max_length=2000, widget=forms.Textarea({"rows": 3})
    )


def address_of(text: str) -> str:
    """The full address of the page that a link's text opens."""
    return settings.PUBLIC_URL.rstrip("/") + reverse("review_link", args=[text])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def review_link(request: HttpRequest, text: str) -> HttpResponse:
    """Show what a link decides; carry it out when its button is pressed. Looking changes nothing."""
    try:
        link = links.read(text)
    except ValidationError as error:
        return _page(request, {"refusal": refusal(error)}, 410)
    form = NoteForm(request.POST if request.method == "POST" else None)
    form.fields["notes"].required = link.decision == Decision.REJECT
    row = link.suggestion
    context = {
        "link": link,
        "form": form,
        "before": TIER_NAMES[row.asset.watchlist_tier],
        "after": TIER_NAMES[target(row)],
        "reasons": reasoning(row),
        "flip": selectors.flip_words(row),
    }
    if request.method != "POST" or not form.is_valid():
        return _page(request, context, 200)
    try:
        # The link says who decides, also where someone else, or nobody, is logged in.
        with acting(link.reviewer.pk, request.path[:60]):
            done = links.use(text=text, notes=form.cleaned_data["notes"])
    except (ValidationError, PermissionDenied) as error:
        return _page(request, {"refusal": refusal(error)}, 409)
    return _page(request, {"done": done, "link": link}, 200)


def _page(request: HttpRequest, context: dict[str, object], status: int) -> HttpResponse:
    response = render(request, "selection/review_link.html", context, status=status)
    # The address is a key, so no other site may hear of it. Not "no-referrer": browsers then send the form
    # with "Origin: null", which the protection against forged requests refuses.
    response["Referrer-Policy"] = "same-origin"
    return response


def letter(note: Notification) -> Letter | None:
    """The e-mail of a message about suggestions (`settings.LETTERS`)."""
    return mails.letter(user=note.user, suggestions=note.data[mails.ABOUT], address_of=address_of)


@shared_task
def tell_reviewers() -> int:
    """Beat's door: tell those who decide of what is new in the queue; returns how many were told."""
    return mails.tell_reviewers()

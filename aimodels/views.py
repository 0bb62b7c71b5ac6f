"""The models: how each stands, what it is worth beside its rival, and what an administrator may do."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Role
from aimodels import selectors, services
from aimodels.engine.artefact import ArtefactError
from aimodels.forms import RetrainForm
from aimodels.models import TrainingJob
from aimodels.selectors import pages
from aimodels.words import model_name
from assets.engine.timeframe import Timeframe
from assets.models import Origin
from assets.selectors import newest_close
from cryptopredict.common import charts
from cryptopredict.common.htmx import for_role, page
from cryptopredict.common.restapi import role_at_least


@require_safe
@for_role("casual")
def models(request: HttpRequest) -> HttpResponse:
    """Every model of the funnel, and whether it has shown skill."""
    return page(request, "aimodels/models.html", pages.overview(timezone.now()))


@require_safe
@for_role("casual")
def model(request: HttpRequest, name: str) -> HttpResponse:
    """One model: figures beside the rival's, drift, decisions, versions, and its training as it goes."""
    try:
        told = pages.detail(name, timezone.now())
    except selectors.Unknown as error:
        raise Http404(str(error)) from error
    is_admin = role_at_least(request.user, Role.ADMIN)
    return page(request, "aimodels/model.html", {**told, "is_admin": is_admin, "form": RetrainForm()})


@charts.chart_view("casual")
def coverage_data(request: HttpRequest) -> HttpResponse:
    """How many price intervals held, by month, of one horizon and origin."""
    known = [str(hours) for hours in selectors.HORIZONS]
    hours = charts.choice(request, "horizon", known, known[0])
    origin = Origin(charts.choice(request, "origin", Origin.values, Origin.REPLAY.value))
    until = newest_close(Timeframe.DAY)
    data = selectors.coverage_by_month(
        int(hours), origin=origin, since=charts.since(request, until), until=until
    )
    return charts.respond(request, data, f"coverage-{hours}h-{origin}")


@require_POST
@for_role("admin")
def retrain(request: HttpRequest, name: str) -> HttpResponse:
    """Ask for a training in the background."""
    form = RetrainForm(request.POST)
    if not form.is_valid():
        for field, faults in form.errors.items():
            label = form.fields[field].label if field in form.fields else ""
            messages.error(request, f"{label}: {' '.join(faults)}")
        return redirect("aimodels:model", name)

    def act() -> str:
        services.request(
            name=name,
            as_of=newest_close(Timeframe.DAY),
            days=form.cleaned_data["days"],
            validation_split=form.cleaned_data["validation_split"],
            requested_by=request.user.pk,
        )
        return _("The training waits for a worker. What serves now goes on until it has been judged.")

    return _done(request, name, act)


@require_POST
@for_role("admin")
def cancel(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Stop a training that waits or runs."""

    def act() -> str:
        services.cancel(pk=pk)
        return _("The training is cancelled. What served goes on.")

    return _done(request, name, act)


@require_POST
@for_role("admin")
def rollback(request: HttpRequest, name: str) -> HttpResponse:
    """Let an earlier version serve again."""

    def act() -> str:
        record = services.rollback(
            name=name,
            to=request.POST.get("to", "")[:50] or None,
            now=timezone.now(),
            decided_by=request.user.pk,
        )
        return _("%(version)s serves again, until the next training is judged.") % {
            "version": record.serving.version
        }

    return _done(request, name, act)


def _done(request: HttpRequest, name: str, act: Callable[[], str]) -> HttpResponse:
    """Do it, say what became of it in the service's own words, and go back to the model."""
    try:
        messages.success(request, f"{model_name(name)}: {act()}")
    except (selectors.Unknown, TrainingJob.DoesNotExist) as error:
        raise Http404(str(error)) from error
    except (services.TrainingError, services.RollbackError, ArtefactError, ValueError) as error:
        messages.error(request, str(error))
    return redirect("aimodels:model", name)

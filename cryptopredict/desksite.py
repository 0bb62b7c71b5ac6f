"""The administrators' desk itself: who enters, and the page it opens on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max, Min, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import UserActivity
from aimodels.models import AIModel, JobStatus, ModelStatus, TrainingJob
from assets import selectors as assets
from cryptopredict.common.desk import moment
from cryptopredict.models import PipelineRun, RunStatus
from selection import selectors as selection

RUNS = 30
ACTIVITIES = 8
ERRORS = 5
WIDEST = 6.0  # hundredths of the drawing a bar takes at most: one run alone is a bar, not a wall
# Secrets of second factors and sessions; addresses that only their owners may confirm.
NOT_SHOWN = {"mfa.authenticator", "account.emailaddress", "usersessions.usersession"}
# What is decided first, then what it rests on in the order of the funnel, then the house.
ORDER = ("selection", "trading", "sectors", "macro", "assets", "aimodels", "accounts", "cryptopredict")
OLD_MODEL = timedelta(days=56)  # two calendar fits missed


class DeskSite(admin.AdminSite):
    """Django's admin behind the site's own log-in, so that lock-outs and second factors hold here too."""

    site_header = "CryptoPredict"
    site_title = "CryptoPredict"
    index_title = gettext_lazy("Desk")
    index_template = "admin/desk.html"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """As usual, but for what is nobody's to look at or to write by hand."""
        models = [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        shown = [model for model in models if model._meta.label_lower not in NOT_SHOWN]
        super().register(shown, admin_class, **options)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The parts in our order, groups among the people; in each what is decided or changed comes first."""
        parts = {part["app_label"]: part for part in super().get_app_list(request, app_label)}
        if "accounts" in parts and "auth" in parts:
            parts["accounts"]["models"] += parts.pop("auth")["models"]
        for part in parts.values():
            part["models"].sort(key=lambda row: (row["object_name"] != "Suggestion", row["view_only"]))
        places = {label: place for place, label in enumerate(ORDER)}
        return sorted(parts.values(), key=lambda part: places.get(part["app_label"], len(ORDER)))

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.user.is_authenticated:
            if self.has_permission(request):
                return redirect("admin:index")
            raise PermissionDenied(_("The desk is for administrators and reviewers."))
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"), reverse("account_login"))

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("account_logout")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("account_change_password")

    def index(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().index(request, {**landing(request.user), **(extra_context or {})})


def landing(user: Any, now: datetime | None = None) -> dict[str, Any]:
    """Figures of the first page: queue, freshness, runs, models, errors; what `user` may not see is left out.

    A constant number of queries.
    """
    moment = now or timezone.now()
    context: dict[str, Any] = {"sources": assets.freshness(moment), "tier_fill": selection.tier_fill()}
    if user.has_perm("selection.view_suggestion"):
        context["queue"] = _queue()
    if user.has_perm("cryptopredict.view_pipelinerun"):
        context |= _runs()
    if user.has_perm("aimodels.view_aimodel"):
        context["models"] = _models(moment)
    if user.has_perm("accounts.view_useractivity"):
        rows = UserActivity.objects.select_related("user").order_by("-activity_time", "-pk")
        context["activities"] = list(rows[:ACTIVITIES])
    return context


def _queue() -> dict[str, Any]:
    rows = selection.queue().order_by()
    soon = timezone.now() + timedelta(days=1)
    found = rows.aggregate(
        waiting=Count("pk"),
        high=Count("pk", filter=Q(priority=2)),
        soon=Count("pk", filter=Q(expires_at__lte=soon)),
        oldest=Min("suggested_at"),
    )
    return dict(found)


def _runs() -> dict[str, Any]:
    runs = list(PipelineRun.objects.order_by("-started_at")[:RUNS])
    errors = [run for run in runs if run.status == RunStatus.FAILED][:ERRORS]
    return {"last_run": next(iter(runs), None), "bars": bars(runs[::-1]), "errors": errors}


def bars(runs: Sequence[PipelineRun]) -> list[dict[str, Any]]:
    """Runs as bars of a box of 100 x 30, oldest first: height by seconds, tone by how they ended."""
    longest = max((run.seconds or 0.0 for run in runs), default=0.0) or 1.0
    width = min(100 / max(len(runs), 1), WIDEST)
    tones = {RunStatus.COMPLETED: "good", RunStatus.FAILED: "bad", RunStatus.RUNNING: "none"}
    return [
        {
            "x": round(place * width, 2),
            "width": round(0.8 * width, 2),
            "height": round(max(2.0, 30 * (run.seconds or 0.0) / longest), 2),
            "y": round(30 - max(2.0, 30 * (run.seconds or 0.0) / longest), 2),
            "tone": tones[RunStatus(run.status)],
            "title": f"{moment(run.started_at)} {run.get_status_display()} {run.seconds or 0:.1f} s",
        }
        for place, run in enumerate(runs)
    ]


def _models(now: datetime) -> dict[str, Any]:
    newest = AIModel.objects.values("name", "timeframe").annotate(fitted=Max("fitted_as_of"))
    last_close = {
        row["timeframe"]: row["fitted"]
        for row in AIModel.objects.values("timeframe").annotate(fitted=Max("fitted_as_of"))
    }
    rows = list(newest.order_by("name"))
    old = [row["name"] for row in rows if last_close[row["timeframe"]] - row["fitted"] > OLD_MODEL]
    jobs = TrainingJob.objects.aggregate(
        running=Count("pk", filter=Q(status__in=(JobStatus.PENDING, JobStatus.RUNNING))),
        failed=Count("pk", filter=Q(status=JobStatus.FAILED, created_at__gte=now - timedelta(days=7))),
    )
    counts = AIModel.objects.aggregate(
        versions=Count("pk"),
        active=Count("pk", filter=Q(is_active=True)),
        errors=Count("pk", filter=Q(status=ModelStatus.ERROR)),
    )
    return {**counts, **jobs, "names": len(rows), "old": old}

"""How the place itself is, for administrators: health, data, runs, jobs, and what went wrong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.models import DeliveryStatus, NotificationDelivery
from aimodels.models import JobStatus, TrainingJob
from assets import selectors as assets
from assets.models import DataImport, ImportStatus
from cryptopredict.common.htmx import for_role, page
from cryptopredict.models import PipelineRun, RunStatus, SystemHealth
from cryptopredict.monitoring import inspect
from trading.models import Backtest, BacktestStatus

CHECKS = 120  # minutes of health in the line
RUNS = 12
JOBS = 8
ERRORS = 6
WEEK = timedelta(days=7)
LAYERS = {"layer1": _("Macro"), "layer2": _("Sectors"), "layer3": _("Selection"), "layer4": _("Trading")}
STAGES = {
    "macro": _("Macro"),
    "sectors": _("Sectors"),
    "selection": _("Selection"),
    "trading": _("Trading"),
    "predictions": _("Predictions"),
    "resolve": _("Outcomes"),
}


@require_safe
@for_role("admin")
def system(request: HttpRequest) -> HttpResponse:
    """The page, live with each check."""
    return page(request, "system.html", seen(timezone.now()))


def seen(now: datetime) -> dict[str, Any]:
    """Everything on the page, in a constant number of queries. Changes nothing."""
    health = inspect(now)
    runs = list(PipelineRun.objects.order_by("-started_at")[:RUNS])
    return {
        "health": health,
        "tone": "good" if health.score >= 90 else "warn" if health.score >= 60 else "bad",
        "line": _line(),
        "layers": [{"name": LAYERS[name], **part} for name, part in health.api_status.items()],
        "sources": assets.freshness(now),
        "runs": [{"run": run, "stages": stages(run.stages)} for run in runs],
        **_jobs(now),
        **_wrong(now, runs),
    }


def _line() -> list[float | None]:
    rows = SystemHealth.objects.order_by("-check_time").values_list("overall_health_score", flat=True)
    return list(rows[:CHECKS])[::-1]


def stages(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A run's stages with how long each took, as a bar's start and width in percent of the whole."""
    total = sum(float(entry.get("seconds") or 0.0) for entry in entries) or 1.0
    told, start = [], 0.0
    for entry in entries:
        width = 100.0 * float(entry.get("seconds") or 0.0) / total
        name = str(entry.get("stage", ""))
        told.append(
            {
                "name": STAGES.get(name, name),
                "start": f"{start:.2f}",
                "width": f"{width:.2f}",
                "seconds": entry.get("seconds"),
                "rows": entry.get("rows"),
                "queries": entry.get("queries"),
                "error": entry.get("error", ""),
            }
        )
        start += width
    return told


def _jobs(now: datetime) -> dict[str, Any]:
    jobs = TrainingJob.objects.order_by("-created_at", "-pk")
    tests = Backtest.objects.defer("report", "sharpe_ratios").order_by("-created_at", "-pk")
    mail = NotificationDelivery.objects.aggregate(
        waiting=Count("pk", filter=Q(status=DeliveryStatus.PENDING)),
        failed=Count("pk", filter=Q(status=DeliveryStatus.FAILED, created_at__gte=now - WEEK)),
    )
    return {"jobs": list(jobs[:JOBS]), "backtests": list(tests[:JOBS]), "mail": mail}


def _wrong(now: datetime, runs: Sequence[PipelineRun]) -> dict[str, Any]:
    """What failed within a week, newest first: runs, trainings, backtests, imports, deliveries."""
    since = now - WEEK
    found: list[dict[str, Any]] = [
        {"at": run.started_at, "what": _("Run of the pipeline"), "error": run.error}
        for run in runs
        if run.status == RunStatus.FAILED
    ]
    trainings = TrainingJob.objects.filter(status=JobStatus.FAILED, created_at__gte=since)
    for job in trainings.order_by("-created_at")[:ERRORS]:
        found.append({"at": job.created_at, "what": _("Training"), "about": job.name, "error": job.error})
    tests = Backtest.objects.filter(status=BacktestStatus.FAILED, created_at__gte=since)
    for at, error in tests.order_by("-created_at").values_list("created_at", "error")[:ERRORS]:
        found.append({"at": at, "what": _("Backtest"), "error": error})
    imports = DataImport.objects.filter(status=ImportStatus.FAILED, started_at__gte=since)
    for row in imports.order_by("-started_at")[:ERRORS]:
        found.append({"at": row.started_at, "what": _("Import"), "about": row.source, "error": row.error})
    posts = NotificationDelivery.objects.filter(status=DeliveryStatus.FAILED, created_at__gte=since)
    for at, error in posts.order_by("-pk").values_list("created_at", "error")[:ERRORS]:
        found.append({"at": at, "what": _("Message"), "error": error})
    found.sort(key=lambda one: one["at"], reverse=True)
    return {"errors": found[: 2 * ERRORS]}

"""The administrators' page on the system itself: what it shows, what it costs, who sees it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from aimodels.models import JobStatus, TrainingJob
from assets.engine.timeframe import Timeframe
from cryptopredict import monitoring
from cryptopredict.models import PipelineRun
from cryptopredict.system import stages

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_user("desk@example.com", role="admin"))
    return client


def run(**more: Any) -> PipelineRun:
    now = timezone.now()
    entries = [
        {"stage": "macro", "rows": 3, "queries": 4, "seconds": 1.0},
        {"stage": "resolve", "seconds": 3.0},
    ]
    return PipelineRun.objects.create(
        **{
            "timeframe": Timeframe.DAY, "since": now, "as_of": now, "status": "completed", "stages": entries,
            "rows": 3, "seconds": 4.0, **more,
        }
    )  # fmt: skip


def test_only_administrators_see_it(client: Client) -> None:
    client.force_login(User.objects.create_user("pro@example.com", role="professional"))
    assert client.get("/system/").status_code == 403


def test_it_says_what_is_missing_where_nothing_has_run(admin: Client) -> None:
    page = admin.get("/system/").content.decode()
    assert "No run yet" in page and "Nothing has been imported yet" in page


def test_runs_stages_jobs_and_errors_are_told_in_as_many_queries_with_many_as_with_few(admin: Client) -> None:
    def count() -> int:
        admin.get("/system/")
        with CaptureQueriesContext(connection) as seen:
            assert admin.get("/system/").status_code == 200
        return len(seen)

    def more() -> None:
        run()
        run(status="failed", error="the disk is full")
        TrainingJob.objects.create(
            name="selection_30d", timeframe=Timeframe.DAY, fit_as_of=timezone.now() - timedelta(days=1),
            status=JobStatus.FAILED, error="too few rows",
        )  # fmt: skip
        monitoring.record(timezone.now())

    more()
    few = count()
    for _each in range(4):
        more()
    assert count() == few
    page = admin.get("/system/").content.decode()
    assert "the disk is full" in page and "too few rows" in page and "Outcomes" in page


def test_a_runs_bar_is_cut_by_how_long_its_stages_took() -> None:
    cut = stages([{"stage": "macro", "seconds": 1.0}, {"stage": "odd", "seconds": 3.0}, {"stage": "x"}])
    assert [(one["start"], one["width"]) for one in cut] == [
        ("0.00", "25.00"), ("25.00", "75.00"), ("100.00", "0.00"),
    ]  # fmt: skip
    assert stages([]) == []

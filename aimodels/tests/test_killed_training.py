"""A worker killed in the middle of a training: the old model serves, and the next training tells."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from aimodels import selectors, services
from aimodels.models import AIModel, JobStatus, TrainingJob
from aimodels.tests import killed
from aimodels.tests import toys as toy
from assets.engine.timeframe import Timeframe

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_killed_process_leaves_the_champion_and_is_marked_failed_by_the_next_training(toys: Any) -> None:
    champion = services.train(name="toy", as_of=toy.LAST - timedelta(days=200), days=60).model
    assert champion is not None
    before = AIModel.objects.count()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": str(settings.BASE_DIR),
    }
    name = connection.settings_dict["NAME"]
    with subprocess.Popen(
        [sys.executable, killed.__file__, name], stdout=subprocess.PIPE, env=environment, text=True
    ) as worker:
        try:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "begun\n"
            left = TrainingJob.objects.get(status=JobStatus.RUNNING)
            with pytest.raises(services.BusyError):
                services.train(name="toy", as_of=toy.LAST, days=300)
        finally:
            os.kill(worker.pid, signal.SIGKILL)
    assert selectors.active("toy", Timeframe.DAY) == champion
    assert AIModel.objects.count() == before + 2  # the folds that were whole are kept

    job = after_the_session_is_gone()
    assert job.status == JobStatus.COMPLETED
    left.refresh_from_db()
    assert (left.status, left.model) == (JobStatus.FAILED, None)
    assert "interrupted" in left.error
    assert left.finished_at is not None
    assert selectors.active("toy", Timeframe.DAY) == job.model


def after_the_session_is_gone() -> TrainingJob:
    """The next training; PostgreSQL needs a moment to see that the killed one's session has ended."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return services.train(name="toy", as_of=toy.LAST, days=300)
        except services.BusyError:
            assert time.monotonic() < deadline, "the killed worker's lock is still held"
            time.sleep(0.05)

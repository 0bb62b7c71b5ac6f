"""What `make up` does before the servers start, and what it leaves for the background."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from aimodels.models import JobStatus, TrainingJob
from assets.engine.timeframe import Timeframe
from assets.tests.stored import AssetFactory, batch, store
from cryptopredict import bootstrap

pytestmark = pytest.mark.django_db
FIRST = datetime(2024, 1, 1, tzinfo=UTC)


def step(name: str) -> bootstrap.Step:
    return next(one for one in bootstrap.steps(None) if one.name == name)


def test_a_fresh_system_has_its_models_judged_once_the_servers_run(monkeypatch: Any) -> None:
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(
        bootstrap.current_app, "send_task", lambda name, countdown: asked.append((name, countdown))
    )
    models = step("Models")
    assert not models.needed()  # without a market there is nothing to judge
    store(Timeframe.DAY, batch(AssetFactory().pk, [FIRST], [1.0]))
    assert models.needed()
    assert "background" in (models.run() or "")
    assert asked == [("aimodels.tasks.train_due", bootstrap.WHEN_SERVERS_RUN)]
    TrainingJob.objects.create(
        name="selection_7d", timeframe=Timeframe.DAY, fit_as_of=FIRST, status=JobStatus.COMPLETED
    )
    assert not models.needed()

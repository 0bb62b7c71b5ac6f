"""Training: judged on bars not seen, weighed by the gate, and harmless where it fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from django.db import connection
from joblib import parallel_config

from aimodels import selectors, services
from aimodels.engine.fitting import fitted
from aimodels.engine.folds import walk_forward
from aimodels.engine.registry import Declared
from aimodels.models import AIModel, Evaluation, JobStatus, ModelStatus, Promotion, TrainingJob
from aimodels.selectors import State, standing
from aimodels.services import training
from aimodels.services.jobs import claim
from aimodels.tests import toys as toy
from aimodels.tests.test_services_serving import corrupt, newest
from assets.engine.timeframe import Timeframe
from cryptopredict.common import realtime

pytestmark = pytest.mark.django_db
FRAME = Timeframe.DAY
DAYS = 300
EARLIER = toy.LAST - timedelta(days=60)


def train(as_of: Any = toy.LAST, **more: Any) -> TrainingJob:
    return services.train(name="toy", as_of=as_of, **{"days": DAYS, **more})


def active() -> AIModel:
    found = selectors.active("toy", FRAME)
    assert found is not None
    return found


def test_a_model_with_skill_is_promoted_with_the_figures_that_say_so(toys: Any) -> None:
    job = train()
    assert (job.status, job.progress, job.error) == (JobStatus.COMPLETED, 1.0, "")
    record = Promotion.objects.get()
    assert (record.verdict, record.serving, record.champion) == ("promoted", job.model, None)
    assert active() == job.model
    assert {check["figure"] for check in record.checks} == {"skill", "calibration", "money"}
    assert all(check["passed"] for check in record.checks)
    skill = record.figures["challenger"]["walk_forward"]["skill"]
    assert 0 < skill["low"] < skill["value"] < skill["high"]
    assert active().performance_metrics["walk_forward"]["skill"] == skill["value"]
    assert standing("toy", now=toy.LAST).state is State.PROVEN


def test_a_model_without_skill_serves_for_want_of_better_and_says_that_none_was_shown(toys: Any) -> None:
    toys.use(toy.inputs(skill=0.0))
    job = train()
    assert job.status == JobStatus.COMPLETED
    record = Promotion.objects.get()
    assert record.verdict == "unproven"
    assert any("rival" in reason for reason in record.reasons)
    stands = standing("toy", now=toy.LAST)
    assert (stands.state, stands.withheld) == (State.UNPROVEN, False)
    assert "no skill" in stands.reason


def test_a_challenger_that_is_worse_is_refused_and_the_champion_goes_on(toys: Any) -> None:
    train(EARLIER)
    champion = active()
    declared: Declared = toys.models["toy"]

    def upside_down(made: toy.ToyInputs, row: int) -> toy.ToyFit:
        got = toy.fit(made, row)
        return replace(got, line=replace(got.line, weights=-got.line.weights))

    toys.models["toy"] = replace(declared, fit=upside_down)
    try:
        job = train()
    finally:
        toys.models["toy"] = declared
    assert job.status == JobStatus.COMPLETED
    record = Promotion.objects.latest("pk")
    assert (record.verdict, record.serving, record.champion) == ("refused", champion, champion)
    assert record.challenger == job.model != champion
    failed = {(check["figure"], check["against"]) for check in record.checks if check["passed"] is False}
    assert ("skill", "champion") in failed
    assert record.figures["champion"]["recent"]["skill"]["value"] is not None
    assert active() == champion
    assert standing("toy", now=toy.LAST).held


def test_the_next_training_that_passes_lets_refits_serve_again(toys: Any) -> None:
    train(EARLIER)
    services.rollback(name="toy", now=EARLIER)
    assert standing("toy", now=toy.LAST).held
    job = train()
    assert Promotion.objects.latest("pk").verdict == "promoted"
    assert active() == job.model
    assert not standing("toy", now=toy.LAST).held


def test_training_again_makes_the_same_fits_and_no_others(toys: Any) -> None:
    train()
    fits = list(AIModel.objects.order_by("pk").values_list("version", "artefact_sha256"))
    again = train()
    assert list(AIModel.objects.order_by("pk").values_list("version", "artefact_sha256")) == fits
    assert "0 to fit" in again.log


def test_the_fit_as_of_a_moment_is_the_fit_on_what_was_known_then(toys: Any) -> None:
    whole = train(EARLIER).model
    assert whole is not None
    rows = toy.PANEL.known_at(EARLIER)
    cut = toy.inputs(panel=toy.PANEL)
    other = toy.ToyInputs(cut.panel, cut.x.copy(), cut.y.copy())
    other.x[rows:] = 99.0
    other.y[rows:] = np.nan
    row = rows - 1 - (EARLIER - whole.fitted_as_of).days
    from aimodels.engine import artefact

    assert artefact.digest(artefact.encode(toy.fit(other, row))) == whole.artefact_sha256


def test_a_training_of_the_past_does_not_unseat_a_newer_champion(toys: Any) -> None:
    job = train()
    old = train(EARLIER)
    assert old.status == JobStatus.COMPLETED
    assert active() == job.model
    record = Promotion.objects.latest("pk")
    assert record.champion is None  # the newer one has seen the bars that the old one is judged on
    assert any("newer" in reason for reason in record.reasons)
    assert not record.is_binding


def spoiled(kind: str) -> toy.ToyInputs:
    made = toy.inputs()
    if kind == "one class":
        made.y[:] = 1.0
    elif kind == "constant target":
        made.y[:] = 0.25
    elif kind == "all features missing":
        made.x[:] = np.nan
    elif kind == "no labels":
        made.y[:] = np.nan
    return made


@pytest.mark.parametrize("kind", ["one class", "constant target", "all features missing", "no labels"])
def test_data_that_cannot_teach_fails_the_job_and_the_old_champion_serves(toys: Any, kind: str) -> None:
    train(EARLIER)
    champion = active()
    toys.use(spoiled(kind))
    job = train()
    assert job.status == JobStatus.FAILED
    assert job.error
    assert job.model is None
    assert job.finished_at is not None
    assert active() == champion
    assert Promotion.objects.count() == 1


def test_a_feature_that_is_never_known_is_named_and_the_rest_is_learned(toys: Any) -> None:
    made = toy.inputs()
    made.x[:, 1] = np.nan
    toys.use(made)
    job = train()
    assert job.status == JobStatus.COMPLETED
    assert "noise is not known in any training row" in job.log
    assert active().health_status["faults"]


def test_too_little_history_fails_the_job_with_its_reason(toys: Any) -> None:
    job = train(toy.PANEL.as_of(120), days=60)
    assert (job.status, job.model) == (JobStatus.FAILED, None)
    assert "too few" in job.error
    assert not AIModel.objects.exists()
    nothing = train(toy.PANEL.as_of(0) - timedelta(days=5))
    assert (nothing.status, nothing.error) == (JobStatus.FAILED, "no candles are known by then")


def test_a_broken_artefact_is_made_again_by_a_training_under_a_version_of_its_own(toys: Any) -> None:
    train()
    broken = newest()
    corrupt(broken, b"gone")
    job = train()
    assert job.status == JobStatus.COMPLETED
    assert job.model is not None
    assert job.model.version == f"{broken.version}-1"
    assert job.model.artefact_sha256 == broken.artefact_sha256
    broken.refresh_from_db()
    assert broken.status == ModelStatus.ERROR
    assert active() == job.model


def test_a_crash_leaves_the_champion_and_says_what_happened(toys: Any, monkeypatch: Any) -> None:
    train(EARLIER)
    champion = active()

    def explode(*given: Any) -> Any:
        raise MemoryError("no room")

    monkeypatch.setattr(training, "_judge", explode)
    with pytest.raises(MemoryError):
        train()
    job = TrainingJob.objects.latest("pk")
    assert (job.status, job.error) == (JobStatus.FAILED, "MemoryError: no room")
    assert active() == champion


def test_what_a_killed_worker_left_running_is_marked_failed_by_the_next(toys: Any) -> None:
    dead = TrainingJob.objects.create(
        name="toy", timeframe=FRAME, fit_as_of=toy.LAST, status=JobStatus.RUNNING, progress=0.4
    )
    assert train().status == JobStatus.COMPLETED
    dead.refresh_from_db()
    assert dead.status == JobStatus.FAILED
    assert "interrupted" in dead.error


def test_a_training_is_cancelled_before_its_next_fit(toys: Any) -> None:
    def stop(job: TrainingJob) -> None:
        services.cancel(pk=job.pk)

    job = train(progress=stop)
    assert job.status == JobStatus.CANCELLED
    assert job.model is None
    assert not AIModel.objects.filter(is_active=True).exists()
    with pytest.raises(services.TrainingError, match="already"):
        services.cancel(pk=job.pk)


def test_progress_and_log_grow_and_are_told_to_who_watches(toys: Any, monkeypatch: Any) -> None:
    told: list[tuple[Any, float]] = []
    monkeypatch.setattr(
        "aimodels.services.jobs.publish", lambda topic, data: told.append((topic, data["progress"]))
    )
    job = train()
    assert {topic for topic, _ in told} == {realtime.Topic.TRAINING}
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)
    assert job.log.count("fitted in") == len(AIModel.objects.all())


def test_folds_in_parallel_make_the_same_fits() -> None:
    made = toy.inputs()
    walked = walk_forward(toy.SPEC, toy.PANEL, toy.BARS - 120)
    alone = [fit for _, fit, _ in fitted(toy.fit, made, walked, 1)]
    with parallel_config(backend="loky", n_jobs=2):
        together = list(fitted(toy.fit, made, walked))
    assert [fold for fold, _, _ in together] == list(walked)
    for one, (_, other, _) in zip(alone, together, strict=True):
        assert np.array_equal(one.line.weights, other.line.weights)


def test_health_names_features_that_have_moved(toys: Any) -> None:
    made = toy.inputs()
    made.x[-80:, 1] += 4.0
    toys.use(made)
    train()
    health = active().health_status
    assert health["drift_reading"] == "shifted"
    assert health["drift"]["noise"] > 0.25 > health["drift"]["signal"]
    assert health["unlike_training"] > 0.2
    assert "calibration" in health["calibration_drift"]


def test_a_request_waits_once_and_is_carried_out_by_a_worker(toys: Any) -> None:
    from aimodels import tasks

    asked = {"name": "toy", "as_of": toy.LAST, "days": DAYS, "validation_split": 0.25}
    job = services.request(**asked)
    assert job.status == JobStatus.PENDING
    with pytest.raises(services.BusyError, match="waits or runs already"):
        services.request(**asked)
    assert tasks.train_waiting() == 1
    job.refresh_from_db()
    assert (job.status, job.model) == (JobStatus.COMPLETED, active())
    assert tasks.train_waiting() == 0


def test_each_calendar_refit_is_trained_once_by_itself(toys: Any, monkeypatch: Any) -> None:
    from aimodels import tasks

    monkeypatch.setattr(tasks.assets, "last_close", lambda *given: toy.LAST)
    monkeypatch.setattr(tasks.timezone, "now", lambda: toy.LAST)
    assert tasks.train_due() == 1
    assert tasks.train_due() == 0
    monkeypatch.setattr(tasks.assets, "last_close", lambda *given: None)
    assert tasks.train_due() == 0


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"days": 3}, "between 28 and 5000"),
        ({"validation_split": 1.0}, "between 0 and 1"),
        ({"hyperparameters": {"depth": 3}}, "no hyperparameter depth"),
    ],
)
def test_a_request_out_of_range_is_refused_and_nothing_waits(toys: Any, wrong: Any, rule: str) -> None:
    asked = {"name": "toy", "as_of": toy.LAST, "days": DAYS, "validation_split": 0.25, **wrong}
    with pytest.raises(ValueError, match=rule):
        services.request(**asked)
    assert not TrainingJob.objects.exists()


def test_a_judgement_is_stored_once_with_figures_intervals_and_rivals(toys: Any) -> None:
    judged = services.evaluate(until=toy.LAST, since=toy.LAST - timedelta(days=200))
    assert [one.name for one in judged] == ["toy"]
    one = judged[0]
    assert one.metrics["skill"]["low"] is not None
    assert one.rival_metrics["calibration"] is not None
    assert one.window_end == toy.LAST
    assert not AIModel.objects.filter(is_active=True).exists()  # judging lets nothing serve
    assert services.evaluate(until=toy.LAST, since=toy.LAST - timedelta(days=200)) == judged
    assert Evaluation.objects.count() == 1
    with pytest.raises(ValueError, match="has to begin before"):
        services.evaluate(until=toy.LAST, since=toy.LAST)


@pytest.mark.django_db(transaction=True)
def test_two_trainings_of_one_model_at_once_the_second_is_refused(toys: Any) -> None:
    held, done = Event(), Event()

    def hold() -> None:
        try:
            with claim("toy", FRAME):
                held.set()
                done.wait(20)
        finally:
            connection.close()

    other = Thread(target=hold)
    other.start()
    try:
        assert held.wait(20)
        with pytest.raises(services.BusyError, match="being trained already"):
            train()
        running = TrainingJob.objects.create(
            name="toy", timeframe=FRAME, fit_as_of=toy.LAST, status=JobStatus.RUNNING
        )
        assert services.mend_all() == 0  # somebody alive holds it
        running.refresh_from_db()
        assert running.status == JobStatus.RUNNING
    finally:
        done.set()
        other.join()
    assert services.mend_all() == 1

"""Other hyperparameters are another family of fits: it serves only if it wins, and then its refits go on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from aimodels import selectors, services
from aimodels.engine.registry import HyperparameterError
from aimodels.engine.spec import family, fit_time
from aimodels.models import AIModel, JobStatus, Promotion, TrainingJob
from aimodels.tests import toys as toy
from assets.engine.timeframe import Timeframe

pytestmark = pytest.mark.django_db
FRAME = Timeframe.DAY
EARLIER = toy.LAST - timedelta(days=60)
BLIND = {"inverse_penalty": 1e-6}  # hardly a weight is left: no skill


def train(as_of: datetime, hyperparameters: dict[str, float] | None = None) -> TrainingJob:
    return services.train(name="toy", as_of=as_of, days=300, hyperparameters=hyperparameters)


def serve(moment: datetime) -> AIModel:
    """What serves the grid's fit of `moment`, made if it has to be."""
    at = fit_time(toy.SPEC, moment)
    served = services.serve(
        spec=toy.SPEC,
        timeframe=FRAME,
        moments=[at],
        fit=lambda when, **tuned: toy.fit(toy.CATALOGUE.made, toy.PANEL.known_at(when) - 1, **tuned),
        kind=toy.ToyFit,
    )
    return AIModel.objects.get(pk=served.model_ids[at])


def test_hyperparameters_that_lose_are_refused_and_the_champions_refits_go_on(toys: Any) -> None:
    champion = train(EARLIER).model
    job = train(EARLIER, BLIND)
    assert (job.status, job.parameters["hyperparameters"]) == (JobStatus.COMPLETED, BLIND)
    assert job.model is not None
    assert job.model.version.startswith("1~")
    assert job.model.configuration["hyperparameters"] == BLIND
    record = Promotion.objects.latest("pk")
    assert (record.verdict, record.serving, record.is_binding) == ("refused", champion, False)
    before = record.figures["champion"]["walk_forward"]["skill"]["value"]
    assert before > record.figures["challenger"]["walk_forward"]["skill"]["value"]
    assert selectors.active("toy", FRAME) == champion
    assert family(serve(toy.LAST).version) == "1"
    assert selectors.standing("toy", now=toy.LAST).version == serve(toy.LAST).version


def test_hyperparameters_that_win_serve_and_so_do_their_refits_until_others_win(toys: Any) -> None:
    blind = train(EARLIER, BLIND).model  # nothing else to serve
    assert blind is not None
    assert selectors.active("toy", FRAME) == blind
    refit = serve(EARLIER + timedelta(days=28))
    assert family(refit.version) == family(blind.version)
    assert refit.configuration["hyperparameters"] == BLIND
    again = train(EARLIER + timedelta(days=28)).model  # told nothing else: those that serve
    assert again == refit
    assert selectors.card("toy")["hyperparameters"] == BLIND
    job = train(toy.LAST, {"inverse_penalty": 1.0})
    record = Promotion.objects.latest("pk")
    assert (record.verdict, record.serving) == ("promoted", job.model)
    assert job.model is not None
    assert family(job.model.version) == "1"
    assert serve(toy.LAST) == job.model
    assert serve(EARLIER + timedelta(days=28)) == refit  # the past stays as it was served


def test_a_run_knows_the_bars_that_a_missing_fit_of_the_winning_family_needs(toys: Any) -> None:
    train(EARLIER, BLIND)
    train(toy.LAST, {"inverse_penalty": 1.0})
    wanted = selectors.needed_rows([toy.SPEC], FRAME, toy.LAST, toy.LAST, 10)
    assert wanted < toy.TRAIN
    later = toy.LAST + timedelta(days=28)
    assert selectors.needed_rows([toy.SPEC], FRAME, later, later, 10) > toy.TRAIN


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"depth": 4}, "has no hyperparameter depth; it has: inverse_penalty"),
        ({"inverse_penalty": 0}, "above 0"),
        ({"inverse_penalty": float("nan")}, "above 0"),
        ({"inverse_penalty": True}, "above 0"),
        ({"inverse_penalty": "much"}, "above 0"),
    ],
)
def test_a_hyperparameter_that_cannot_be_is_refused(toys: Any, given: Any, why: str) -> None:
    with pytest.raises(HyperparameterError, match=why):
        services.request(name="toy", as_of=toy.LAST, days=300, validation_split=0.2, hyperparameters=given)
    assert not TrainingJob.objects.exists()


def test_a_request_with_hyperparameters_is_carried_out_with_them(toys: Any) -> None:
    from aimodels import tasks

    job = services.request(
        name="toy", as_of=toy.LAST, days=300, validation_split=0.2, hyperparameters={"inverse_penalty": 2}
    )
    assert tasks.train_waiting() == 1
    job.refresh_from_db()
    assert job.model is not None
    assert job.model.configuration["hyperparameters"] == {"inverse_penalty": 2.0}

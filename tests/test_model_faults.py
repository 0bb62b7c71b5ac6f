"""Data that cannot teach, from the command line to the card: a clear state, a message, an exit code."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from aimodels import selectors
from aimodels.models import JobStatus, TrainingJob
from aimodels.tests import toys as toy
from aimodels.tests.test_services_training import spoiled
from assets.engine.timeframe import Timeframe
from assets.tests.factories import make_market
from cryptopredict.registry import CATALOGUE
from tests import markets

pytestmark = pytest.mark.django_db
NAMES = list(CATALOGUE.models)


@pytest.fixture
def toys(settings: Any) -> toy.ToyCatalogue:
    settings.MODEL_CATALOGUE = "aimodels.tests.toys.CATALOGUE"
    toy.CATALOGUE.use(toy.inputs())
    return toy.CATALOGUE


def call(*arguments: Any) -> tuple[str, str]:
    """What a command printed, and what it died of: a CommandError is exit code 1."""
    out = StringIO()
    try:
        call_command(*arguments, stdout=out)
    except CommandError as error:
        assert error.returncode == 1
        return out.getvalue(), str(error)
    return out.getvalue(), ""


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("one class", "target is 1 in all"),
        ("constant target", "target is 0.25 in all"),
        ("all features missing", "none of the 2 features is known"),
        ("no labels", "no training row has a label"),
    ],
)
def test_data_that_cannot_teach_is_named_and_what_served_goes_on(
    toys: toy.ToyCatalogue, kind: str, why: str
) -> None:
    at = toy.LAST.isoformat()
    call("train_models", "toy", "--as-of", (toy.LAST - timedelta(days=60)).isoformat(), "--days", "300")
    champion = selectors.active("toy", Timeframe.DAY)
    assert champion is not None
    toys.use(spoiled(kind))
    _said, died = call("train_models", "toy", "--as-of", at, "--days", "300")
    assert died == "not trained: toy; what served before goes on"
    job = TrainingJob.objects.latest("pk")
    assert job.status == JobStatus.FAILED
    assert why in job.error
    card = json.loads(call("show_model", "toy", "--json")[0])
    assert card["version"] == champion.version
    assert card["trainings"][0]["error"] == job.error
    said, died = call("evaluate_models", "toy", "--to", at, "--json")
    assert died == ""
    strictly(said)


def test_a_market_too_young_for_any_model_is_judged_as_unknown_with_reasons() -> None:
    at = markets.store(make_market(60, 8)).isoformat()
    _said, died = call("train_models", "--as-of", at, "--days", "28")
    assert died.startswith("not trained: macro_regime")
    failed = dict(TrainingJob.objects.values_list("name", "error"))
    assert set(failed) == set(NAMES)
    assert all(failed.values())
    for name in NAMES[:2]:
        said, died = call("show_model", name)
        assert died == ""
        assert "state: missing" in said
    said, died = call("evaluate_models", "--from", "2022-02-01", "--to", at, "--json")
    assert died == ""
    judged = strictly(said)
    assert [one["name"] for one in judged] == NAMES
    for one in judged:
        assert one["verdict"] == "unknown", one
        assert one["details"]["missing_fits"] or not one["details"]["folds"], one
        assert all(figure["grade"] in ("unknown", "unbounded") for figure in one["metrics"].values()), one


def strictly(text: str) -> Any:
    """JSON without NaN or infinity."""

    def refuse(word: str) -> Any:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def test_every_declared_hyperparameter_changes_what_its_model_learns() -> None:
    market = markets.in_memory(make_market(700, 30))
    from aimodels.engine import artefact
    from cryptopredict.registry import Workshop

    ground = Workshop(market)
    row = len(market.panel.times) - 1
    for name, declared in CATALOGUE.models.items():
        assert declared.hyperparameters, name
        inputs = ground.inputs(declared.layer)
        made = artefact.encode(declared.fit(inputs, row))
        assert artefact.encode(declared.tuned(declared.hyperparameters).fit(inputs, row)) == made
        for key, value in declared.hyperparameters.items():
            other = declared.tuned({key: value * 20.0})
            assert other.spec.family != declared.spec.family
            assert artefact.encode(other.fit(inputs, row)) != made, (name, key)


def test_a_judgement_of_features_that_are_never_known_is_valid_and_says_what_is_missing(
    toys: toy.ToyCatalogue,
) -> None:
    made = toy.inputs()
    made.x[:, 1] = np.nan
    toys.use(made)
    at = toy.LAST.isoformat()
    said, died = call("train_models", "toy", "--as-of", at, "--days", "300")
    assert died == "", said
    card = json.loads(call("show_model", "toy", "--json")[0])
    assert "noise is not known in any training row; the fit goes without it" in card["health"]["faults"]
    (judged,) = strictly(call("evaluate_models", "toy", "--to", at, "--json")[0])
    assert judged["metrics"]["skill"]["value"] > 0

"""The commands of the registry with the product's own models, on a simulated market."""

from __future__ import annotations

import json
from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from aimodels import selectors
from aimodels.models import AIModel, Evaluation, Promotion, TrainingJob
from assets.engine.timeframe import Timeframe
from assets.tests.factories import make_market
from cryptopredict import pipeline
from cryptopredict.registry import CATALOGUE
from macro.models import RegimeAnalysis
from tests import markets

pytestmark = pytest.mark.django_db
MARKET = make_market(700, 30)
NAMES = list(CATALOGUE.models)


@pytest.fixture
def last() -> datetime:
    """A simulated market of 700 days and 30 coins is in the database; the close of its last bar."""
    return markets.store(MARKET)


def call(*arguments: Any) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_every_model_of_the_layers_is_declared_once_with_all_that_a_card_needs() -> None:
    assert {one.layer for one in CATALOGUE.models.values()} >= {"macro", "sectors", "selection", "trading"}
    for name, one in CATALOGUE.models.items():
        spec = one.spec
        assert spec.name == name
        assert spec.features
        assert min(spec.horizon_days, spec.train_days, spec.refit_days, spec.embargo_days) > 0
        assert spec.expires_days > spec.refit_days
        assert all((spec.estimator, spec.target, spec.metric, spec.rival))
        assert set(one.needs) <= set(NAMES)


def test_models_are_trained_judged_and_rolled_back_and_serve_the_pipeline(last: datetime) -> None:
    said = call("train_models", "--days", "120")  # as of the last close, however long ago that is
    assert TrainingJob.objects.filter(status="completed").count() == len(NAMES), said
    assert all(name[:9] in said for name in NAMES)
    assert set(AIModel.objects.filter(is_active=True).values_list("name", flat=True)) == set(NAMES)
    stored = AIModel.objects.count()

    pipeline.run(timeframe=Timeframe.DAY, as_of=last)
    champion = selectors.active("macro_regime", Timeframe.DAY)
    assert champion is not None
    assert RegimeAnalysis.objects.get().model_id == champion.pk
    assert AIModel.objects.count() == stored  # the pipeline's fits are the training's fits

    judged = json.loads(call("evaluate_models", "--json", "--from", "2023-06-01"))
    assert [one["name"] for one in judged] == NAMES
    assert Evaluation.objects.count() == len(NAMES)
    assert {one.window_end for one in Evaluation.objects.all()} == {last}
    skill = judged[1]["metrics"]["rotation_brier_skill"]
    assert skill["low"] <= skill["value"] <= skill["high"]
    for one in judged:
        for name, figure in one["metrics"].items():
            known = figure["value"] is not None
            assert known or figure["grade"] == "unknown", (one["name"], name)
    assert "regime_log_loss_skill_7d" in call("evaluate_models", "macro_regime", "--to", last.isoformat())

    assert call("show_model", "macro_regime").startswith("# macro_regime")
    assert json.loads(call("show_model", "macro_regime", "--json"))["state"] == "expired"
    back = call("rollback_model", "macro_regime")
    assert "serves instead of" in back
    assert Promotion.objects.latest("pk").verdict == "rolled_back"
    assert selectors.standing("macro_regime", now=last).held


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("train_models", "ghost"), "is not a model; there are: macro_regime"),
        (("train_models", "--days", "3"), "between 28 and 5000"),
        (("train_models", "--split", "1"), "between 0 and 1"),
        (("train_models", "--jobs", "0"), "no number of processes"),
        (("train_models", "--set", "penalty=2"), "belong to one model"),
        (
            ("train_models", "macro_regime", "--set", "depth=2"),
            "it has: direction_penalty, turb",
        ),
        (("train_models", "macro_regime", "--set", "direction_penalty=-1"), "above 0"),
        (("train_models", "macro_regime", "--set", "depth"), "give a name and a number"),
        (("train_models", "--as-of", "2090-01-01"), "lies in the future"),
        (("train_models",), "no 1d candles are known"),
        (("evaluate_models", "ghost"), "is not a model"),
        (("evaluate_models", "--to", "2090-01-01"), "lies in the future"),
        (("evaluate_models", "--from", "2024-02-01", "--to", "2024-01-01"), "has to begin before"),
        (("evaluate_models",), "no 1d candles are known"),
        (("show_model", "ghost"), "is not a model"),
        (("rollback_model", "ghost"), "is not a model"),
        (("rollback_model", "macro_regime"), "no version that serves"),
    ],
)
def test_a_wrong_argument_says_what_is_wrong_and_writes_nothing(arguments: tuple[str, ...], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        call(*arguments)
    assert not TrainingJob.objects.exists()
    assert not Evaluation.objects.exists()

"""A small model on a small market: quick to fit, with skill that can be turned on, off and against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from aimodels.engine import bootstrap, chances
from aimodels.engine.checks import Sample
from aimodels.engine.figures import Figure, Role, Span, figure, masked
from aimodels.engine.linear import Linear, fit_logistic, score, sigmoid
from aimodels.engine.registry import Declared
from aimodels.engine.spec import ModelSpec, ModelType
from assets.engine.panel import Floats, Panel
from assets.engine.timeframe import Timeframe
from assets.tests.factories import make_panel

BARS, HORIZON, TRAIN = 560, 7, 200
NAMES = ("signal", "noise")
PANEL = make_panel(bars=BARS, assets=3)
LAST = PANEL.as_of(BARS - 1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ToyFit:
    """A line and the base rate beside it."""

    line: Linear
    base: float


@dataclass(frozen=True, slots=True, eq=False)
class ToyInputs:
    """Features (T, 2) and a label (T,) that is known `HORIZON` rows later."""

    panel: Panel
    x: Floats
    y: Floats


@dataclass(slots=True, eq=False)
class ToyGround:
    """The panel, and the inputs as the test wants them."""

    panel: Panel
    made: ToyInputs
    fits: dict[str, Mapping[datetime, Any]] = field(default_factory=dict)

    def inputs(self, layer: str) -> ToyInputs:
        return self.made


def inputs(skill: float = 3.0, seed: int = 3, panel: Panel = PANEL) -> ToyInputs:
    """Labels that follow the first feature as strongly as `skill` says."""
    rows = len(panel.times)
    chance = np.random.default_rng(seed)
    x = chance.normal(size=(rows, 2))
    y = (chance.random(rows) < sigmoid(skill * x[:, 0])).astype(np.float64)
    return ToyInputs(panel, x, y)


def fit(made: ToyInputs, row: int, inverse_penalty: float = 1.0) -> ToyFit:
    """Logistic regression on what was known at `row`."""
    part = observe(made, max(0, row + 1 - TRAIN), row + 1)
    if len(part.x) < TRAIN:
        raise ValueError(f"{len(part.x)} rows are too few; {TRAIN} are needed")
    assert part.y is not None
    return ToyFit(fit_logistic(part.x, part.y, inverse_penalty), float(np.nanmean(part.y)))


def observe(made: ToyInputs, start: int, stop: int) -> Sample:
    y = made.y[start:stop].copy()
    y[max(0, len(y) - HORIZON) :] = np.nan
    return Sample(NAMES, made.x[start:stop], y)


def judge(ground: ToyGround, fits: Mapping[datetime, ToyFit], span: Span) -> tuple[Figure, ...]:
    """Brier skill, calibration and money on the rows of `span`."""
    from aimodels.engine.spec import serving

    made, rows = ground.made, len(ground.panel.times)
    said, base = np.full(rows, np.nan), np.full(rows, np.nan)
    for moment, part in serving(SPEC, ground.panel, span.first).items():
        if moment in fits:
            said[part] = sigmoid(score(fits[moment].line, made.x[part]))
            base[part] = fits[moment].base
    said, base = said[span.first :], base[span.first :]
    hit = masked(made.y[span.first :], span.judged)
    got = chances.judge(said, base, hit, np.arange(len(hit)), len(hit), 14)
    earned = np.where(said > 0.5, 2.0 * hit - 1.0, 0.0)
    return (
        figure("skill", Role.SKILL, got.skill, 0.0, slack=0.01, cases=got.cases),
        figure(
            "calibration", Role.CALIBRATION, got.ece, got.rival_ece, higher=False, slack=0.1, cases=got.cases
        ),
        figure("money", Role.MONEY, bootstrap.mean(earned, 14), 0.0, cases=got.cases, series=earned),
    )


SPEC = ModelSpec(
    name="toy",
    model_type=ModelType.ASSET,
    estimator="logistic",
    target="a coin that falls as the first feature says",
    features=NAMES,
    horizon_days=HORIZON,
    train_days=TRAIN,
    metric="skill",
    rival="base rate",
)


class ToyCatalogue:
    """One model; its market is whatever `use` was given last."""

    def __init__(self) -> None:
        self.models = {
            "toy": Declared(
                SPEC, ToyFit, "toys", fit, judge, observe, hyperparameters={"inverse_penalty": 1.0}
            )
        }
        self.made = inputs()

    def use(self, made: ToyInputs) -> None:
        """Let the next training see this market."""
        self.made = made

    def ground(
        self, timeframe: Timeframe, as_of: datetime, since: datetime, names: tuple[str, ...]
    ) -> ToyGround:
        rows = self.made.panel.known_at(as_of)
        if rows == 0:
            raise ValueError("no candles are known by then")
        panel = self.made.panel.rows(0, rows)
        return ToyGround(panel, ToyInputs(panel, self.made.x[:rows], self.made.y[:rows]))


CATALOGUE = ToyCatalogue()

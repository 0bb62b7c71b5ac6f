"""A model as its layer hands it to the registry: what it is, how to fit it, how to judge it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from aimodels.engine.checks import Sample
from aimodels.engine.figures import Figure, Span
from aimodels.engine.spec import ModelSpec
from assets.engine.panel import Panel

#: No hyperparameter may be larger.
MOST = 1e6


class HyperparameterError(ValueError):
    """A model has no hyperparameter of that `name`, or not with that `value`."""

    def __init__(self, name: str, value: Any, rule: str) -> None:
        super().__init__(rule)
        self.name, self.value = name, value


class Ground(Protocol):
    """A market, and what each layer makes of it before a model is asked; everything is made once.

    `fits` holds, by model and moment, what has been fitted or read so far: a layer that is judged finds the
    models upstream of it there. The training puts them in before it calls `judge`.
    """

    panel: Panel
    fits: dict[str, Mapping[datetime, Any]]

    def inputs(self, layer: str) -> Any:
        """Inputs of a layer's engine on the whole panel."""
        ...


@dataclass(frozen=True, slots=True)
class Declared:
    """One model. `fit(inputs, row)` as it can be known at the close of `row`, ValueError where it cannot be;
    `judge(ground, fits, span)` its figures on bars it had not seen; `observe(inputs, first, stop)`
    features and targets of a run of rows. `needs` are the models whose fits the judgement reads.
    `hyperparameters` are what a retraining may change, by name with the value they have: positive numbers,
    which `fit` takes by these names. `coverage(fit)` is the risk-coverage curve that a fit carries, one row a
    share of the surest cases (`share`, `cases`, `said`, `hit` and what they earned); None where the model
    abstains from nothing. `feature_word(name)` is what people call a feature of it.
    """

    spec: ModelSpec
    kind: type[Any]
    layer: str
    fit: Callable[[Any, int], Any]
    judge: Callable[[Ground, Mapping[datetime, Any], Span], tuple[Figure, ...]]
    observe: Callable[[Any, int, int], Sample]
    needs: tuple[str, ...] = ()
    hyperparameters: Mapping[str, float] = field(default_factory=dict)
    coverage: Callable[[Any], list[dict[str, Any]]] | None = None
    feature_word: Callable[[str], str] = str

    def tuned(self, given: Mapping[str, Any]) -> Declared:
        """The model with `given` hyperparameters, the others as declared; raises HyperparameterError."""
        for name, value in given.items():
            if name not in self.hyperparameters:
                raise HyperparameterError(
                    name,
                    value,
                    f"{self.spec.name} has no hyperparameter {name}; "
                    f"it has: {', '.join(self.hyperparameters) or 'none'}",
                )
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not (math.isfinite(value) and 0.0 < value <= MOST):
                raise HyperparameterError(
                    name, value, f"{name} has to be a number above 0 and up to {MOST:g}"
                )
        changed = {name: float(value) for name, value in given.items() if value != self.hyperparameters[name]}
        return replace(self, spec=self.spec.tuned(changed), fit=partial(self.fit, **changed))


class Catalogue(Protocol):
    """All models of the product and the market they learn from; the wiring has the one there is."""

    models: Mapping[str, Declared]

    def ground(self, timeframe: Any, as_of: datetime, since: datetime, names: tuple[str, ...]) -> Ground:
        """The market up to `as_of`, long enough to fit and judge `names` from `since` on.

        Raises ValueError where no candles are known by then.
        """
        ...

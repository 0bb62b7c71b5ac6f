"""Judgements: every model on the bars of a window it had not seen, its rival beside it, kept for good."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from aimodels import selectors
from aimodels.engine import artefact, folds
from aimodels.engine.figures import Figure, Grade, Span, documents, known
from aimodels.engine.fitting import fitted
from aimodels.engine.folds import Fold
from aimodels.engine.registry import Declared, Ground
from aimodels.models import Evaluation
from aimodels.services.serving import keep
from aimodels.services.training import provide, read, refused
from assets.engine.timeframe import Timeframe
from cryptopredict.common.realtime import changed

DAYS = 730
#: The worst first: a judgement is as good as its worst figure.
_ORDER = (Grade.SUSPECT, Grade.BELOW_FLOOR, Grade.UNKNOWN, Grade.FLOOR, Grade.GOAL)


def evaluate(
    *,
    names: Sequence[str] = (),
    timeframe: Timeframe = Timeframe.DAY,
    until: datetime,
    since: datetime | None = None,
    jobs: int | None = None,
    progress: Callable[[str], None] = lambda text: None,
) -> list[Evaluation]:
    """Judge `names` (all: none given) on the closes from `since` (two years before) to `until`, and store it.

    Each bar is judged by the fit of the calendar grid that served it, made on nothing later; a fit that is
    not stored is made and stored, and none becomes active. A judgement that says the same as the last one of
    its window is not stored twice. Raises Unknown; ValueError without candles or where `since` is not before
    `until`.
    """
    since = until - timedelta(days=DAYS) if since is None else since
    if since >= until:
        raise ValueError(f"the window ends at {until:%Y-%m-%d} and has to begin before that")
    wanted = [selectors.declared(name).spec.name for name in names]
    models = selectors.catalogue().models
    needs = {need for name in wanted for need in models[name].needs}
    chosen = tuple(name for name in models if not wanted or name in wanted or name in needs)
    progress("reading the market")
    ground = selectors.catalogue().ground(timeframe, until, since, chosen)
    first = max(0, ground.panel.known_at(since) - 1)
    out = []
    for name in chosen:
        if wanted and name not in wanted:
            continue
        progress(f"judging {name}")
        serving = selectors.serving_declared(models[name], timeframe)
        out.append(_evaluate(serving, timeframe, ground, first, jobs))
        changed()
    return out


def _evaluate(
    declared: Declared, timeframe: Timeframe, ground: Ground, first: int, jobs: int | None
) -> Evaluation:
    spec = declared.spec
    walked = folds.walk_forward(spec, ground.panel, first)
    rows = len(ground.panel.times)
    fits, versions = read(declared, timeframe, [fold.moment for fold in walked])
    missing = [fold for fold in walked if fold.moment not in fits]
    broken = refused(spec, timeframe, missing)
    why: dict[str, str] = {}
    for fold, made, seconds in fitted(declared.fit, ground.inputs(declared.layer), missing, jobs):
        if isinstance(made, ValueError):
            why[f"{fold.moment:%Y-%m-%d}"] = str(made)
            continue
        fits[fold.moment] = made
        versions[fold.moment] = keep(
            spec, timeframe, fold.moment, artefact.encode(made), seconds, broken[fold.moment]
        )
    ground.fits[spec.name] = fits
    provide(ground, declared.needs, timeframe, first)
    figures = declared.judge(ground, fits, Span(first, folds.judged(walked, first, rows)))
    model = versions[max(versions)] if versions else None
    return _store(declared, timeframe, ground, first, figures, walked, model, why)


def _store(
    declared: Declared,
    timeframe: Timeframe,
    ground: Ground,
    first: int,
    figures: tuple[Figure, ...],
    walked: tuple[Fold, ...],
    model: object,
    why: dict[str, str],
) -> Evaluation:
    panel = ground.panel
    start, end = panel.as_of(first), panel.as_of(len(panel.times) - 1)
    said = {
        "model_id": getattr(model, "pk", None),
        "metrics": documents(figures),
        "rival": declared.spec.rival[:100],
        "rival_metrics": {figure.name: known(figure.rival) for figure in figures},
        "verdict": worst(figures).value,
        "details": {
            "folds": len(walked),
            "layer": declared.layer,
            "metric": declared.spec.metric,
            "embargo_days": declared.spec.embargo_days,
            "bars": len(panel.times) - first,
            "missing_fits": why,
        },
    }
    before = (
        Evaluation.objects.filter(
            name=declared.spec.name, timeframe=timeframe, window_start=start, window_end=end
        )
        .order_by("-pk")
        .first()
    )
    if before is not None and all(getattr(before, name) == value for name, value in said.items()):
        return before
    return Evaluation.objects.create(
        name=declared.spec.name, timeframe=timeframe, window_start=start, window_end=end, **said
    )


def worst(figures: Sequence[Figure]) -> Grade:
    """The worst grade among figures that have bounds; unknown where none has."""
    grades = {figure.grade() for figure in figures}
    return next((grade for grade in _ORDER if grade in grades), Grade.UNKNOWN)

"""Training: every fold of a walk forward fitted, judged on bars it had not seen, and weighed by the gate."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from aimodels import selectors
from aimodels.engine import artefact, checks, folds, gate
from aimodels.engine.artefact import ArtefactError
from aimodels.engine.figures import Figure, Span, documents, values
from aimodels.engine.fitting import fitted
from aimodels.engine.folds import Fold
from aimodels.engine.gate import Verdict
from aimodels.engine.registry import Declared, Ground
from aimodels.engine.spec import ModelSpec, declaration, family
from aimodels.models import AIModel, JobStatus, ModelStatus, Promotion, TrainingJob
from aimodels.services import health
from aimodels.services.decisions import condemn, decide
from aimodels.services.jobs import BusyError, Cancelled, Journal, TrainingError, claim
from aimodels.services.serving import keep
from assets.engine.timeframe import Timeframe

#: Three years are walked forward; the last fifth of them is the recent window.
DAYS, SPLIT = 1095, 0.2
Fits = dict[datetime, Any]


def train(
    *,
    name: str,
    timeframe: Timeframe = Timeframe.DAY,
    as_of: datetime,
    days: int = DAYS,
    split: float = SPLIT,
    jobs: int | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    ground: Ground | None = None,
    job: TrainingJob | None = None,
    progress: Callable[[TrainingJob], None] = lambda job: None,
) -> TrainingJob:
    """Fit `name` on every fold of the `days` before `as_of`, judge it, and let it serve if it passes the
    gate.

    The challenger is the fit of the calendar grid that serves `as_of`: the same fit the pipeline would
    make, on nothing closed later. Folds run through joblib: `jobs` processes, None leaves it to the
    backend in force (`joblib.parallel_config`). With `hyperparameters` it is a family of its own, which
    serves only if it passes the gate against the one that does; without any, those of the version that
    serves. `ground` is the market if it is loaded already, `job` a
    request to carry out. A training that fails or is cancelled leaves what serves as it was; the job says
    why. Raises Unknown, and TrainingError (BusyError) where it cannot start.
    """
    declared = selectors.declared(name)
    with claim(name, timeframe):
        job = _start(job, name, timeframe, as_of, days, split, hyperparameters or {})
        journal = Journal(job)
        try:
            declared = _chosen(declared, timeframe, hyperparameters or {})
            work = _work(declared, timeframe, as_of, days, split, ground, journal)
            made = _fit_all(work, jobs, progress)
            return _judge(work, made)
        except Cancelled:
            return journal.end(JobStatus.CANCELLED)
        except ValueError as error:
            return journal.end(JobStatus.FAILED, str(error))
        except BaseException as error:
            journal.end(JobStatus.FAILED, f"{type(error).__name__}: {error}")
            raise


def _chosen(declared: Declared, timeframe: Timeframe, given: Mapping[str, Any]) -> Declared:
    return declared.tuned(given) if given else selectors.serving_declared(declared, timeframe)


def _start(
    job: TrainingJob | None,
    name: str,
    timeframe: Timeframe,
    as_of: datetime,
    days: int,
    split: float,
    given: Mapping[str, Any],
) -> TrainingJob:
    """The job's row, running; raises TrainingError where the request was cancelled meanwhile."""
    if job is None:
        return TrainingJob.objects.create(
            name=name,
            timeframe=timeframe,
            fit_as_of=as_of,
            status=JobStatus.RUNNING,
            started_at=timezone.now(),
            parameters={"days": days, "validation_split": split, "hyperparameters": dict(given)},
        )
    waiting = TrainingJob.objects.filter(pk=job.pk, status=JobStatus.PENDING)
    if not waiting.update(status=JobStatus.RUNNING, started_at=timezone.now()):
        raise TrainingError(f"training {job.pk} does not wait any more")
    job.refresh_from_db()
    return job


@dataclass(slots=True)
class _Work:
    """A training under way: the market, the folds, and since when rows are judged."""

    declared: Declared
    timeframe: Timeframe
    ground: Ground
    first: int
    recent: int
    folds: tuple[Fold, ...]
    journal: Journal


def _work(
    declared: Declared,
    timeframe: Timeframe,
    as_of: datetime,
    days: int,
    split: float,
    ground: Ground | None,
    journal: Journal,
) -> _Work:
    since = as_of - timedelta(days=days)
    names = (*declared.needs, declared.spec.name)
    if ground is None:
        journal.note(f"reading the market up to {as_of:%Y-%m-%d %H:%M} UTC")
        ground = selectors.catalogue().ground(timeframe, as_of, since, names)
    panel = ground.panel
    rows = len(panel.times)
    if not rows:
        raise ValueError("there are no bars to learn from")
    first = max(0, panel.known_at(since) - 1)
    recent = max(first, rows - max(1, round(split * (rows - first))))
    walked = folds.walk_forward(declared.spec, panel, first)
    if not walked:
        raise ValueError("too little history: no fold fits into it")
    return _Work(declared, timeframe, ground, first, recent, walked, journal)


def _fit_all(
    work: _Work, jobs: int | None, progress: Callable[[TrainingJob], None]
) -> dict[datetime, AIModel]:
    """Versions of every fold, stored ones read, missing ones fitted; the challenger's own has to be among
    them."""
    spec, last = work.declared.spec, work.folds[-1]
    inputs = work.ground.inputs(work.declared.layer)
    sample = work.declared.observe(inputs, last.oldest, last.row + 1)
    checks.refuse_unlearnable(sample)
    for fault in checks.faults(sample):
        work.journal.note(fault)
    fits, rows = read(work.declared, work.timeframe, [fold.moment for fold in work.folds])
    missing = [fold for fold in work.folds if fold.moment not in fits]
    work.journal.note(f"{len(fits)} of {len(work.folds)} folds are stored, {len(missing)} to fit", 0.05)
    broken = refused(spec, work.timeframe, missing)
    why: dict[datetime, str] = {}
    results = fitted(work.declared.fit, inputs, missing, jobs)
    for done, (fold, made, seconds) in enumerate(results, start=1):
        if isinstance(made, ValueError):
            why[fold.moment] = str(made)
        else:
            data = artefact.encode(made)
            row = keep(spec, work.timeframe, fold.moment, data, seconds, broken[fold.moment])
            fits[fold.moment], rows[fold.moment] = made, row
        said = why.get(fold.moment, f"fitted in {seconds:.2f} s")
        work.journal.note(f"{fold.moment:%Y-%m-%d} {said}", 0.05 + 0.75 * done / len(missing))
        progress(work.journal.job)
    if last.moment not in fits:
        raise ValueError(why.get(last.moment, f"there is no fit for {last.moment:%Y-%m-%d}"))
    work.ground.fits[spec.name] = fits
    return rows


def read(
    declared: Declared, timeframe: Timeframe, moments: Sequence[datetime]
) -> tuple[Fits, dict[datetime, AIModel]]:
    """Stored fits at `moments` and their rows; one whose artefact is refused is set aside, to be made
    again."""
    fits: Fits = {}
    rows: dict[datetime, AIModel] = {}
    for row in selectors.stored(declared.spec, timeframe, moments):
        try:
            data = None if row.artefact is None else bytes(row.artefact)
            fits[row.fitted_as_of] = artefact.decode(declared.kind, data, row.artefact_sha256)
            rows[row.fitted_as_of] = row
        except ArtefactError as error:
            condemn(row, str(error))
    return fits, rows


def refused(spec: ModelSpec, timeframe: Timeframe, walked: Sequence[Fold]) -> Counter[datetime]:
    """How many versions of each fold were refused for their artefact."""
    moments = [fold.moment for fold in walked]
    rows = selectors.stored(spec, timeframe, moments, broken=True).filter(status=ModelStatus.ERROR)
    return Counter(rows.values_list("fitted_as_of", flat=True))


def train_all(
    *,
    names: Sequence[str] = (),
    timeframe: Timeframe = Timeframe.DAY,
    as_of: datetime,
    days: int = DAYS,
    split: float = SPLIT,
    jobs: int | None = None,
    hyperparameters: Mapping[str, Any] | None = None,
    progress: Callable[[TrainingJob], None] = lambda job: None,
) -> list[TrainingJob]:
    """Train `names` (all: none given) in the order of the funnel on one market, read once.

    A model that is being trained already is left to that training; `hyperparameters` are for one model alone.
    Raises Unknown; ValueError without candles, HyperparameterError."""
    wanted = [selectors.declared(name).spec.name for name in names]
    if hyperparameters:
        if len(wanted) != 1:
            raise ValueError("hyperparameters belong to one model: name it, and only it")
        selectors.declared(wanted[0]).tuned(hyperparameters)
    known = selectors.catalogue().models
    chosen = tuple(name for name in known if not wanted or name in wanted)
    needs = {need for name in chosen for need in known[name].needs}
    ground = selectors.catalogue().ground(
        timeframe, as_of, as_of - timedelta(days=days), tuple({*chosen, *needs})
    )
    out = []
    for name in chosen:
        try:
            out.append(
                train(
                    name=name,
                    timeframe=timeframe,
                    as_of=as_of,
                    days=days,
                    split=split,
                    jobs=jobs,
                    hyperparameters=hyperparameters,
                    ground=ground,
                    progress=progress,
                )
            )
        except BusyError:
            if len(chosen) == 1:
                raise
    return out


def _judge(work: _Work, rows: dict[datetime, AIModel]) -> TrainingJob:
    """Figures of challenger and champion, the gate's verdict, and whatever follows from it, in one step."""
    declared, name = work.declared, work.declared.spec.name
    work.journal.note("judging what the folds said of bars they had not seen", 0.82)
    provide(work.ground, declared.needs, work.timeframe, work.first)
    fits: Fits = dict(work.ground.fits[name])
    challenger = rows[work.folds[-1].moment]
    champion = selectors.active(name, work.timeframe)
    if champion is not None and champion.fitted_as_of > challenger.fitted_as_of:
        champion = None  # it has seen the bars that the challenger would be judged on
    own, recent = (_figures(work, fits, since) for since in (work.first, work.recent))
    held = _champions(work, fits, champion)
    before, before_recent = own, recent
    if held is not None and held is not fits:
        before, before_recent = (_figures(work, held, since) for since in (work.first, work.recent))
    if champion is None or held is None:
        before = before_recent = ()
    block = work.timeframe.bars(timedelta(days=4 * max(7, declared.spec.horizon_days)))
    made = gate.checks(recent, own, before_recent, before, block)
    same = champion is not None and family(champion.version) == family(challenger.version)
    verdict = gate.verdict(made, champion is not None, same)
    work.journal.note(f"verdict: {verdict}", 0.95)
    state = health.of(work.ground, declared, work.folds[-1], own, recent)
    with transaction.atomic():
        record = _settle(work, challenger, champion, verdict, made, (own, recent, before, before_recent))
        metrics = {
            "verdict": record.verdict,
            "walk_forward": values(own),
            "recent": values(recent),
            "judged_until": work.ground.panel.as_of(-1 + len(work.ground.panel.times)).isoformat(),
        }
        AIModel.objects.filter(pk=challenger.pk).update(performance_metrics=metrics, health_status=state)
        return work.journal.end(
            JobStatus.COMPLETED, model=challenger, metrics={**metrics, "promotion": record.pk}
        )


def provide(ground: Ground, needs: Sequence[str], timeframe: Timeframe, first: int) -> None:
    """Put the fits that a judgement reads into the ground: stored ones, and missing ones made for it
    alone."""
    for need in needs:
        if need in ground.fits:
            continue
        upstream = selectors.serving_declared(selectors.declared(need), timeframe)
        walked = folds.walk_forward(upstream.spec, ground.panel, first)
        fits, _ = read(upstream, timeframe, [fold.moment for fold in walked])
        inputs = ground.inputs(upstream.layer)
        for fold, made, _seconds in fitted(
            upstream.fit, inputs, [fold for fold in walked if fold.moment not in fits]
        ):
            if not isinstance(made, ValueError):
                fits[fold.moment] = made
        ground.fits[need] = fits


def _figures(work: _Work, fits: Mapping[datetime, Any], since: int) -> tuple[Figure, ...]:
    rows = len(work.ground.panel.times)
    judged = folds.judged(work.folds, work.first, rows)[since - work.first :]
    return work.declared.judge(work.ground, fits, Span(since, judged))


def _champions(work: _Work, fits: Fits, champion: AIModel | None) -> Fits | None:
    """What would have served without the challenger: the family's fits up to the champion's, then it alone.

    The very same mapping where that makes no difference; None without a champion that can be read.
    """
    if champion is None:
        return None
    try:
        data = None if champion.artefact is None else bytes(champion.artefact)
        kept = artefact.decode(work.declared.kind, data, champion.artefact_sha256)
    except ArtefactError as error:
        condemn(champion, str(error))
        return None
    spec = work.declared.spec
    if family(champion.version) != spec.family and declaration(champion.version) == str(spec.version):
        return _other_family(work, champion, kept)
    same = family(champion.version) == spec.family
    later = [fold.moment for fold in work.folds if not same or fold.moment > champion.fitted_as_of]
    unchanged = {moment: made for moment, made in fits.items() if moment not in later}
    return {**unchanged, **dict.fromkeys(later, kept)} if later else fits


def _other_family(work: _Work, champion: AIModel, kept: Any) -> Fits:
    """The walk of a champion with other hyperparameters: its own family's fits, none of which saw the bars it
    is judged on, and from its own fit on the champion itself. Missing ones are made for this alone."""
    declared = selectors.declared_like(selectors.declared(champion.name), champion)
    before = [fold for fold in work.folds if fold.moment < champion.fitted_as_of]
    fits, _ = read(declared, work.timeframe, [fold.moment for fold in before])
    missing = [fold for fold in before if fold.moment not in fits]
    for fold, made, _seconds in fitted(declared.fit, work.ground.inputs(declared.layer), missing):
        if not isinstance(made, ValueError):
            fits[fold.moment] = made
    served = [fold.moment for fold in work.folds if fold.moment >= champion.fitted_as_of]
    return {**fits, **dict.fromkeys(served, kept)}


def _settle(
    work: _Work,
    challenger: AIModel,
    champion: AIModel | None,
    verdict: Verdict,
    made: tuple[gate.Check, ...],
    judged: tuple[tuple[Figure, ...], ...],
) -> Promotion:
    """The decision, written down; an older challenger never takes over from a newer champion."""
    own, recent, before, before_recent = judged
    panel, spec = work.ground.panel, work.declared.spec
    reasons = gate.reasons(made)
    serving = challenger
    now = selectors.active(spec.name, work.timeframe)
    past = now is not None and now.fitted_as_of > challenger.fitted_as_of
    # Other hyperparameters that lose change nothing: the champion's own refits go on.
    trial = (
        verdict is Verdict.REFUSED
        and champion is not None
        and declaration(champion.version) == declaration(challenger.version)
        and family(champion.version) != family(challenger.version)
    )
    if now is not None and (past or verdict is Verdict.REFUSED):
        serving = now
    if past:
        reasons.append(f"{serving.version} is newer and goes on serving")
    return decide(
        verdict=verdict.value,
        challenger=challenger,
        champion=champion,
        serving=serving,
        effective_from=work.folds[-1].moment,
        is_binding=not past and not trial,
        reasons=reasons,
        checks=[check.document() for check in made],
        figures={
            "metric": spec.metric,
            "challenger": {"walk_forward": documents(own), "recent": documents(recent)},
            "champion": {"walk_forward": documents(before), "recent": documents(before_recent)},
        },
        window=(panel.as_of(work.recent), panel.as_of(len(panel.times) - 1)),
    )

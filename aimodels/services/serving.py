"""Fits are made once, stored with their hash, and served from then on; a sound older one where that fails."""

from __future__ import annotations

import importlib.metadata
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Generic, TypeVar

from django.utils import timezone

from aimodels import selectors
from aimodels.engine import artefact
from aimodels.engine.artefact import ArtefactError, ShapeError
from aimodels.engine.fitting import on_one_thread
from aimodels.engine.footing import NOTHING, Cause, Footing
from aimodels.engine.spec import ModelSpec, family, fit_time
from aimodels.models import AIModel, ModelStatus, Promotion, PromotionVerdict
from aimodels.services.decisions import activate, condemn
from assets.engine.timeframe import Timeframe

F = TypeVar("F")
logger = logging.getLogger(__name__)
_FRAMEWORKS = ("numpy", "pandas", "scikit-learn", "scipy", "jumpmodels")


@dataclass(frozen=True, slots=True)
class Served(Generic[F]):
    """Fits by the moment they serve, the stored model each came from, and why a moment has none or an
    older: `notes` in the words of who found out, `footings` as it may be kept beside what is said."""

    fits: Mapping[datetime, F]
    model_ids: Mapping[datetime, int]
    notes: Mapping[datetime, str] = field(default_factory=dict)
    footings: Mapping[datetime, Footing] = field(default_factory=dict)

    def standing(self, spec: ModelSpec, closes: Iterable[datetime]) -> list[Footing]:
        """What each close stood on, by the clock of the close: a replay says the same as the day did."""
        return [self.footings.get(fit_time(spec, close), NOTHING).at(close) for close in closes]


def serve(
    *,
    spec: ModelSpec,
    timeframe: Timeframe,
    moments: Iterable[datetime],
    fit: Callable[..., F],
    kind: type[F],
) -> Served[F]:
    """The fits that serve `moments`: stored ones are read, missing ones made by `fit(moment)` and stored;
    where a version with other hyperparameters was promoted, its refits are made by `fit(moment, **those)`.

    Where a decision holds on to a champion, it serves. Where a moment's fit is not what its hash says, or
    there is too little to learn from (`fit` raises ValueError), the newest sound fit before it serves
    until it expires; without one the moment is left out. `notes` says so.
    """
    moments = sorted(moments)
    if not moments:
        return Served({}, {})
    desk = _Desk(spec, timeframe, kind)
    decisions = selectors.pins(spec.name, timeframe, moments[-1])
    specs = {moment: selectors.spec_at(spec, decisions, moment) for moment in moments}
    rows, broken = _stored(spec, timeframe, specs)
    own: list[AIModel] = []
    for moment in moments:
        decision = selectors.in_effect(decisions, moment)
        if decision is not None:
            desk.hold(moment, decision)
            continue
        row = rows.get(moment)
        if row is None and moment in broken:
            desk.miss(moment, Cause.BROKEN, "its artefact is broken; train the model to make it again")
        elif row is None:
            row = _make(specs[moment], timeframe, moment, fit, desk)
        taken = row is not None and desk.take(moment, row)
        if row is not None and not taken and desk.outdated:
            # Whole, but made by other code: the fit is made anew, as nothing was lost or altered.
            row = _make(specs[moment], timeframe, moment, fit, desk, broken=row.version.count("-") + 1)
            taken = row is not None and desk.take(moment, row)
        if row is not None and taken:
            own.append(row)
        elif desk.footings[moment].cause is not Cause.EXPIRED:
            desk.fall_back(moment, own)
    if own:
        activate(own[-1])
    return Served(desk.fits, desk.ids, desk.notes, desk.footings)


def _stored(
    spec: ModelSpec, timeframe: Timeframe, specs: Mapping[datetime, ModelSpec]
) -> tuple[dict[datetime, AIModel], set[datetime]]:
    """Sound stored fits by moment, each of the family that `specs` names for it, and the moments whose fit
    is broken: they wait for a training, which makes it again under a version of its own.
    """
    families = [one.family for one in specs.values()]
    every = [
        row
        for row in selectors.stored(spec, timeframe, list(specs), broken=True, families=families)
        if family(row.version) == specs[row.fitted_as_of].family
    ]
    sound = {row.fitted_as_of: row for row in every if row.status != ModelStatus.ERROR}
    return sound, {row.fitted_as_of for row in every} - set(sound)


def _make(
    spec: ModelSpec,
    timeframe: Timeframe,
    moment: datetime,
    fit: Callable[..., F],
    desk: _Desk[F],
    broken: int = 0,
) -> AIModel | None:
    """The moment's fit, made and stored; None where there is too little to learn from."""
    started = time.perf_counter()
    try:
        with on_one_thread():
            made = fit(moment, **dict(spec.hyperparameters))
    except ValueError as error:
        desk.miss(moment, Cause.SHORT_HISTORY, str(error))
        return None
    return keep(spec, timeframe, moment, artefact.encode(made), time.perf_counter() - started, broken)


@dataclass(slots=True)
class _Desk(Generic[F]):
    """Collects what serves which moment; a stored fit is decoded once."""

    spec: ModelSpec
    timeframe: Timeframe
    kind: type[F]
    fits: dict[datetime, F] = field(default_factory=dict)
    ids: dict[datetime, int] = field(default_factory=dict)
    notes: dict[datetime, str] = field(default_factory=dict)
    footings: dict[datetime, Footing] = field(default_factory=dict)
    _decoded: dict[int, F] = field(default_factory=dict)
    outdated: bool = False
    _older: list[AIModel] | None = None

    def miss(self, moment: datetime, cause: Cause, why: str) -> None:
        """Note why the fit of `moment` does not serve it; what serves instead keeps the cause."""
        self.notes[moment], self.footings[moment] = why, Footing(cause)

    def expiry(self, row: AIModel) -> datetime:
        """When `row` stops speaking."""
        return row.expires_at or row.fitted_as_of + timedelta(days=self.spec.expires_days)

    def take(self, moment: datetime, row: AIModel, cause: Cause = Cause.NONE) -> bool:
        """Serve `moment` with `row`, which stands in for `cause`; False where it has expired by then, or
        where its artefact is refused, which condemns it."""
        expires = self.expiry(row)
        if expires <= moment:
            self.notes[moment] = f"{row.version} expired on {expires:%Y-%m-%d}"
            self.footings[moment] = Footing(Cause.EXPIRED, None, row.version, row.fitted_as_of, expires)
            self.outdated = False
            return False
        try:
            if row.pk not in self._decoded:
                data = None if row.artefact is None else bytes(row.artefact)
                self._decoded[row.pk] = artefact.decode(self.kind, data, row.artefact_sha256)
        except ArtefactError as error:
            logger.error("%s is refused: %s", row, error)
            self.miss(moment, Cause.BROKEN, str(error))
            self.outdated = isinstance(error, ShapeError)
            condemn(row, str(error), hold=not self.outdated)
            return False
        self.fits[moment], self.ids[moment] = self._decoded[row.pk], row.pk
        self.footings[moment] = Footing(cause, row.pk, row.version, row.fitted_as_of, expires)
        return True

    def hold(self, moment: datetime, decision: Promotion) -> None:
        """Serve `moment` with the champion a decision holds on to, unless it has expired by then."""
        row = decision.serving
        if self.take(moment, row, _cause(decision)):
            self.notes[moment] = f"{row.version} serves by decision"
        elif self.footings[moment].cause is Cause.EXPIRED:
            self.notes[moment] = (
                f"{row.version} serves by decision and expired on {self.expiry(row):%Y-%m-%d}"
            )

    def fall_back(self, moment: datetime, own: list[AIModel]) -> None:
        """Serve `moment` with the newest sound fit before it: one of this run's `own`, or a stored one."""
        if self._older is None:
            self._older = list(selectors.earlier(self.spec.name, self.timeframe, moment)[:12])
        why, missed = self.notes.get(moment, ""), self.footings.get(moment, NOTHING)
        for row in [*reversed(own), *self._older]:
            if self.expiry(row) > moment and self.take(moment, row, missed.cause):
                self.notes[moment] = f"{row.version} serves instead: {why}"
                return
        self.notes[moment], self.footings[moment] = why, missed


def _cause(decision: Promotion) -> Cause:
    """Why a decision holds on to a version; one that was made for a broken artefact says so."""
    if decision.challenger.status == ModelStatus.ERROR:
        return Cause.BROKEN
    return Cause.REFUSED if decision.verdict == PromotionVerdict.REFUSED else Cause.ROLLED_BACK


def keep(
    spec: ModelSpec, timeframe: Timeframe, moment: datetime, data: bytes, seconds: float, broken: int = 0
) -> AIModel:
    """Store a fit; where another process was first, its row is the model.

    A moment that has `broken` versions gets another beside them (`1.20260101-1`).
    """
    version = selectors.version_of(spec, moment)
    row, _ = AIModel.objects.get_or_create(
        name=spec.name,
        timeframe=timeframe,
        version=f"{version}-{broken}" if broken else version,
        defaults={
            "model_type": spec.model_type,
            "architecture": spec.estimator,
            "fitted_as_of": moment,
            "artefact": data,
            "artefact_sha256": artefact.digest(data),
            "framework": "json",
            "framework_versions": _framework_versions(),
            "configuration": {
                "horizon_days": spec.horizon_days,
                "train_days": spec.train_days,
                "refit_days": spec.refit_days,
                "embargo_days": spec.embargo_days,
                "metric": spec.metric,
                "rival": spec.rival,
                "hyperparameters": dict(spec.hyperparameters),
            },
            "training_features": list(spec.features),
            "training_data_range": {
                "from": (moment - timedelta(days=spec.train_days)).isoformat(),
                "until": moment.isoformat(),
                "labels_until": (moment - timedelta(days=spec.horizon_days)).isoformat(),
                "train_days": spec.train_days,
            },
            "target_variable": spec.target,
            "input_schema": dict.fromkeys(spec.features, "float64"),
            "last_trained": timezone.now(),
            "expires_at": moment + timedelta(days=spec.expires_days),
            "training_seconds": seconds,
        },
    )
    return row


@lru_cache(maxsize=1)
def _framework_versions() -> dict[str, str]:
    """Looked up once a process: each is a search through the installed packages' files."""
    return {name: importlib.metadata.version(name) for name in _FRAMEWORKS}

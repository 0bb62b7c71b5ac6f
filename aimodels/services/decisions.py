"""Which version serves: every change of it is a decision with its figures, written down and never altered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from aimodels import selectors
from aimodels.engine import artefact
from aimodels.engine.spec import family
from aimodels.models import HOLDING, AIModel, ModelStatus, Promotion, PromotionVerdict
from assets.engine.timeframe import Timeframe
from cryptopredict.common.realtime import changed


class RollbackError(RuntimeError):
    """There is nothing to roll back to; the message says what there is."""


@transaction.atomic
def activate(model: AIModel) -> None:
    """Let a newer fit of what serves take over; a held champion stays, an older fit never takes over."""
    current = _locked(model.name, model.timeframe)
    if current is not None and current.fitted_as_of >= model.fitted_as_of:
        return
    held = selectors.in_effect(
        selectors.pins(model.name, model.timeframe, model.fitted_as_of), model.fitted_as_of
    )
    if held is not None:
        return
    verdict = PromotionVerdict.REFIT if current is not None else PromotionVerdict.UNPROVEN
    if current is not None and family(current.version) == family(model.version):
        # What was judged is the family, walk-forward: its next calendar refit stands as it stood.
        AIModel.objects.filter(pk=model.pk).update(performance_metrics=current.performance_metrics)
    if current is not None:  # what an administrator set is set for the model, not for 28 days of it
        AIModel.objects.filter(pk=model.pk).update(max_predictions_per_hour=current.max_predictions_per_hour)
    reasons = [] if current is not None else ["not judged yet: there is nothing else to serve"]
    decide(
        verdict=verdict,
        challenger=model,
        champion=current,
        serving=model,
        effective_from=model.fitted_as_of,
        reasons=reasons,
    )


@transaction.atomic
def decide(
    *,
    verdict: str,
    challenger: AIModel,
    champion: AIModel | None,
    serving: AIModel,
    effective_from: datetime,
    reasons: Sequence[str] = (),
    checks: Sequence[dict[str, Any]] = (),
    figures: dict[str, Any] | None = None,
    window: tuple[datetime, datetime] | None = None,
    decided_by: int | None = None,
    is_binding: bool = True,
) -> Promotion:
    """Write a decision down and let `serving` serve from then on."""
    changed()
    current = _locked(serving.name, serving.timeframe)
    record = Promotion.objects.create(
        name=serving.name,
        timeframe=serving.timeframe,
        verdict=verdict,
        challenger=challenger,
        champion=champion,
        serving=serving,
        effective_from=effective_from,
        reasons=list(reasons),
        checks=list(checks),
        figures=figures or {},
        window_start=window[0] if window else None,
        window_end=window[1] if window else None,
        decided_by_id=decided_by,
        is_binding=is_binding,
    )
    if current is None or current.pk != serving.pk:
        if current is not None:
            AIModel.objects.filter(pk=current.pk).update(
                is_active=False, status=ModelStatus.DEPRECATED, deprecated_at=timezone.now()
            )
        AIModel.objects.filter(pk=serving.pk).update(
            is_active=True, status=ModelStatus.ACTIVE, deployed_at=timezone.now()
        )
    return record


@transaction.atomic
def rollback(
    *,
    name: str,
    timeframe: Timeframe = Timeframe.DAY,
    to: str | None = None,
    now: datetime,
    decided_by: int | None = None,
) -> Promotion:
    """Let an earlier version serve again, from the moment `now` on and past later refits, until the next
    training is judged.

    `to` names the version; None is the one that served before. Raises Unknown, RollbackError, ArtefactError.
    """
    declared = selectors.declared(name)
    current = _locked(name, timeframe)
    if current is None:
        raise RollbackError(_("%(name)s has no version that serves: train it first.") % {"name": name})
    target = _target(current, to)
    artefact.decode(declared.kind, _bytes(target), target.artefact_sha256)
    return decide(
        verdict=PromotionVerdict.ROLLED_BACK,
        challenger=current,
        champion=current,
        serving=target,
        effective_from=now,
        reasons=[f"rolled back from {current.version} to {target.version} by hand"],
        decided_by=decided_by,
    )


def _target(current: AIModel, to: str | None) -> AIModel:
    versions = AIModel.objects.filter(name=current.name, timeframe=current.timeframe).exclude(
        status=ModelStatus.ERROR
    )
    known = versions.exclude(pk=current.pk)
    if to is not None:
        found = known.filter(version=to).first()
    else:
        found = (
            _served_before(current)
            or known.filter(fitted_as_of__lt=current.fitted_as_of).order_by("-fitted_as_of", "-pk").first()
        )
    if found is None:
        names = ", ".join(known.order_by("-fitted_as_of").values_list("version", flat=True)[:12])
        raise RollbackError(
            _("%(name)s %(current)s cannot be rolled back to %(to)s; other versions: %(names)s.")
            % {
                "name": current.name,
                "current": current.version,
                "to": to or _("an earlier version"),
                "names": names or _("none"),
            }
        )
    return found


def _served_before(current: AIModel) -> AIModel | None:
    """The champion that the serving version took over from."""
    took_over = (
        Promotion.objects.filter(serving=current, champion__isnull=False)
        .exclude(champion=current)
        .exclude(champion__status=ModelStatus.ERROR)
        .exclude(verdict__in=HOLDING)
        .select_related("champion")
        .order_by("-pk")
        .first()
    )
    return took_over.champion if took_over is not None else None


@transaction.atomic
def condemn(model: AIModel, why: str, hold: bool = True) -> None:
    """Take a version whose artefact is not what it was out of service.

    With `hold` the newest sound version before it serves until the next training.
    """
    changed()
    current = _locked(model.name, model.timeframe)
    health = {**model.health_status, "artefact": why}
    AIModel.objects.filter(pk=model.pk).update(
        is_active=False, status=ModelStatus.ERROR, health_status=health
    )
    if not hold or current is None or current.pk != model.pk:
        return
    declared = selectors.catalogue().models.get(model.name)
    for before in selectors.earlier(model.name, model.timeframe, model.fitted_as_of)[:12]:
        try:
            artefact.decode(declared.kind if declared else dict, _bytes(before), before.artefact_sha256)
        except artefact.ArtefactError:
            continue
        decide(
            verdict=PromotionVerdict.ROLLED_BACK,
            challenger=model,
            champion=model,
            serving=before,
            effective_from=model.fitted_as_of,
            reasons=[f"{model.version}: {why}"],
        )
        return


def _locked(name: str, timeframe: Timeframe) -> AIModel | None:
    """The version that serves, all versions of the model locked until the transaction ends."""
    versions = AIModel.objects.select_for_update().filter(name=name, timeframe=timeframe)
    rows = list(versions.defer("artefact").order_by("pk"))
    return next((row for row in rows if row.is_active), None)


def _bytes(model: AIModel) -> bytes | None:
    return None if model.artefact is None else bytes(model.artefact)

"""Whether a model may be believed now, and if not, why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils import timezone
from django.utils.translation import gettext as _

from aimodels.models import AIModel, ModelStatus, Promotion, PromotionVerdict
from aimodels.selectors.catalogue import catalogue
from assets.engine.timeframe import Timeframe


class State(StrEnum):
    """How a model stands, the worst that holds."""

    PROVEN = "proven"
    UNPROVEN = "unproven"
    EXPIRED = "expired"
    BROKEN = "broken"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Standing:
    """The serving version of a model and what may be made of its confidence.

    `withheld`: no confidence is to be shown, `reason` says why. An unproven model is not withheld: it says
    that no skill has been shown, and its layer leans on the base rate.
    """

    name: str
    timeframe: Timeframe
    state: State
    version: str
    model_id: int | None
    fitted_as_of: datetime | None
    expires_at: datetime | None
    held: bool
    withheld: bool
    reason: str


def standing(name: str, timeframe: Timeframe = Timeframe.DAY, now: datetime | None = None) -> Standing:
    """How a model stands at `now`; three queries. A name nobody declared is missing."""
    return standings(timeframe, now, (name,))[name]


def standings(
    timeframe: Timeframe = Timeframe.DAY, now: datetime | None = None, names: tuple[str, ...] | None = None
) -> dict[str, Standing]:
    """How every declared model (or `names`) stands; the same three queries for one or for all."""
    names = tuple(catalogue().models) if names is None else names
    rows = AIModel.objects.filter(name__in=names, timeframe=timeframe).defer("artefact")
    serving = {row.name: row for row in rows.filter(is_active=True)}
    broken = {row.name: row for row in rows.filter(status=ModelStatus.ERROR).order_by("fitted_as_of", "pk")}
    last = {
        record.name: record
        for record in Promotion.objects.filter(name__in=names, timeframe=timeframe, is_binding=True)
        .order_by("name", "-pk")
        .distinct("name")
    }
    moment = now or timezone.now()
    return {
        name: _of(name, timeframe, serving.get(name), broken.get(name), last.get(name), moment)
        for name in names
    }


def _of(
    name: str,
    timeframe: Timeframe,
    row: AIModel | None,
    broken: AIModel | None,
    last: Promotion | None,
    now: datetime,
) -> Standing:
    if row is None:
        state = State.MISSING if broken is None else State.BROKEN
        reason = _("no version has been trained yet")
        if broken is not None:
            reason = _("version %(version)s was refused: its file is not what it was stored as") % {
                "version": broken.version
            }
        return Standing(name, timeframe, state, "", None, None, None, False, True, reason)
    expired = row.expires_at is not None and row.expires_at <= now
    held = last is not None and last.verdict in (PromotionVerdict.REFUSED, PromotionVerdict.ROLLED_BACK)
    proven = _last_judged_well(row)
    state = State.EXPIRED if expired else State.PROVEN if proven else State.UNPROVEN
    reason = ""
    if expired:
        reason = _("the model expired on %(day)s and has to be trained again") % {
            "day": f"{row.expires_at:%Y-%m-%d}"
        }
    elif not proven:
        reason = _("no skill has been shown for this model yet")
    return Standing(
        name, timeframe, state, row.version, row.pk, row.fitted_as_of, row.expires_at, held, expired, reason
    )


def _last_judged_well(row: AIModel) -> bool:
    """Whether the last judgement of the family found nothing against it; it is kept with the version."""
    return row.performance_metrics.get("verdict") == PromotionVerdict.PROMOTED

"""The stage: candles, memberships and exposure in; records of every close out."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from aimodels import services as aimodels
from aimodels.engine.spec import ModelSpec, fit_times
from assets import selectors as assets
from assets.engine.panel import Panel
from assets.engine.timeframe import Timeframe
from cryptopredict.common.realtime import Topic, publish
from macro import selectors as macro
from sectors import selectors
from sectors.engine import SPECS, Inputs, OutlookFit, RotationFit, SectorFit, apply, fit, prepare
from sectors.engine.outlook import SPEC as OUTLOOK
from sectors.engine.rotation import SPEC as ROTATION
from sectors.models import SectorAnalysis, SectorFlow, SectorPerformance, SectorRotation
from sectors.serializers import SectorSerializer
from sectors.services import records

KINDS: dict[str, type[SectorFit]] = {ROTATION.name: RotationFit, OUTLOOK.name: OutlookFit}


class RankingError(RuntimeError):
    """The sectors cannot be ranked; the message says what to do."""


def rank(
    *, timeframe: Timeframe, as_of: datetime, since: datetime | None = None, panel: Panel | None = None
) -> int:
    """Record performance, flows, rotation and reading of the sectors at each close from `since` to `as_of`.

    `since` is the close of the first bar (None: only the bar closed at `as_of`); `panel` ends with the
    bar that closes at `as_of` and has at least `selectors.rows_needed` rows (None: it is loaded).
    Returns the rows written: 0 when run again, for what was said stays. Raises RankingError without
    sectors, ValueError where the panel does not fit.
    """
    as_of = timeframe.close_of(timeframe.last_closed(as_of))
    since = as_of if since is None else timeframe.close_of(timeframe.last_closed(since))
    sectors = selectors.sectors_ranked()
    if not sectors:
        raise RankingError(_("There are no sectors to rank; run `manage.py seed_sectors` first."))
    panel = _panel(timeframe, since, as_of, panel)
    first = panel.known_at(since) - 1
    members = selectors.membership(panel.asset_ids, sectors)
    inputs = prepare(panel, members, macro.exposures(timeframe, panel.times))
    served = {spec.name: _serve(spec, inputs, first) for spec in SPECS}
    result = apply(inputs, {name: kept.fits for name, kept in served.items()}, first)
    book = records.Book(inputs, result, first, sectors)
    with transaction.atomic():
        written = SectorPerformance.objects.append(records.performances(book))
        written += SectorRotation.objects.append(records.rotations(book, served[ROTATION.name]))
        written += SectorFlow.objects.append(records.flows(book))
        written += SectorAnalysis.objects.append(records.analyses(book, served[OUTLOOK.name]))
        if written:
            _announce(timeframe, as_of)
    return written


def _panel(timeframe: Timeframe, since: datetime, as_of: datetime, panel: Panel | None) -> Panel:
    """The panel given, if it fits: a shorter one would be fitted on other data than the next run's."""
    need = selectors.rows_needed(timeframe, since, as_of)
    if panel is None:
        return assets.load_panel(timeframe, as_of, need)
    rows = len(panel.times)
    if rows < need or panel.as_of(rows - 1) != as_of:
        raise ValueError(
            f"a panel of {rows} rows up to {panel.as_of(rows - 1) if rows else None} for a run that needs "
            f"{need} rows up to {as_of}"
        )
    return panel


def _serve(spec: ModelSpec, inputs: Inputs, first: int) -> aimodels.Served[SectorFit]:
    panel = inputs.panel
    return aimodels.serve(
        spec=spec,
        timeframe=panel.timeframe,
        moments=fit_times(spec, panel, first),
        fit=lambda moment, **tuned: fit(spec, inputs, panel.known_at(moment) - 1, **tuned),
        kind=KINDS[spec.name],
    )


def _announce(timeframe: Timeframe, as_of: datetime) -> None:
    """Tell open pages, unless a past bar was filled in; the age is that at the time of writing."""
    ranking = list(selectors.latest_ranking(timeframe=timeframe))
    if ranking and ranking[0].as_of == as_of:
        reason = selectors.stale_reason(timeframe, as_of, ranking[0].created_at)
        data = SectorSerializer(ranking, many=True, context={"stale_reason": reason}).data
        publish(Topic.SECTORS, list(data))

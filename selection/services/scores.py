"""The stage of the pipeline: scores of every coin in the universe, stored, and what they suggest."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction

from aimodels import services as aimodels
from aimodels.engine.spec import fit_times, serving
from assets import selectors as assets
from assets.engine.panel import Panel
from assets.engine.timeframe import Timeframe
from macro import selectors as macro
from sectors import selectors as sectors
from sectors.engine.index import build as build_index
from sectors.engine.params import Params as SectorParams
from selection import engine, selectors
from selection.engine.features import QUARTER_DAYS
from selection.models import WatchlistAnalysis
from selection.services.columns import columns
from selection.services.suggestions import suggest
from selection.services.watchlists import announce

ModelIds = Mapping[str, Mapping[datetime, int]]


def score(
    *,
    timeframe: Timeframe,
    as_of: datetime,
    since: datetime | None = None,
    panel: Panel | None = None,
    least_confidence: float = 0.5,
) -> int:
    """Score every coin of the universe at the closes from `since` to `as_of`; return the rows written.

    `since` is the close of the first bar (None: only the bar closed at `as_of`). `panel` ends with the bar
    that closes at `as_of` and has at least `selectors.rows_needed` rows (None: it is loaded). Where the
    last bar is the newest there is, changes to the tiers are suggested whose chance to be right is at
    least `least_confidence`, and the scores are announced. Safe to run again: records stay as they were.
    Raises ValueError on a panel that is too short or ends elsewhere.
    """
    start = since or as_of
    rows = selectors.rows_needed(timeframe, start, as_of)
    panel = assets.load_panel(timeframe, as_of, rows) if panel is None else panel
    _check(panel, timeframe, as_of, rows)
    first = panel.known_at(start) - 1
    result, models = analyse(panel, first)
    with transaction.atomic():
        written = WatchlistAnalysis.objects.append(
            columns(panel, result, model_column(panel, first, models[engine.WEEK.name]))
        )
        if assets.last_close(timeframe) == result.as_of[-1]:
            suggest(panel=panel, result=result, least_confidence=least_confidence)
            announce()
    return written


def analyse(panel: Panel, first: int) -> tuple[engine.Result, ModelIds]:
    """The engine's result for rows `first` to the last, and the stored model behind each fit by its moment.

    Fits that are stored are read, missing ones made from the panel and stored.
    """
    inputs = engine.prepare(panel, context(panel, first))
    fits, ids = {}, {}
    for spec in engine.SPECS:
        served = aimodels.serve(
            spec=spec,
            timeframe=panel.timeframe,
            moments=fit_times(spec, panel, first),
            fit=lambda moment, spec=spec: engine.fit(inputs, panel.known_at(moment) - 1, spec),
            kind=engine.ScoreFit,
        )
        fits[spec.name], ids[spec.name] = served.fits, served.model_ids
    return engine.apply(inputs, fits, first), ids


def context(panel: Panel, first: int) -> engine.Context:
    """What the layers upstream know, on the panel's grid; exposure enters as a rule only."""
    return engine.Context(
        sector_strength=sectors.asset_sector_momentum(panel),
        sector_return=sector_return(panel, first),
        exposure=macro.exposures(panel.timeframe, panel.times),
    )


def sector_return(panel: Panel, first: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Log return (T, N) in the bar of each coin's primary sector, NaN where unknown.

    Only the rows that a correlation over a quarter up to row `first` and later ones reads are filled:
    an index over all rows would cost as much as the scores.
    """
    bars = panel.timeframe.bars(timedelta(days=QUARTER_DAYS))
    warm = sectors.asset_sector_momentum_rows(panel.timeframe)
    start = max(0, first - bars)
    ground = max(0, start - warm)
    ranked = sectors.sectors_ranked()
    members = sectors.membership(panel.asset_ids, ranked)
    homes = sectors.homes(panel.asset_ids, ranked)
    out = np.full(panel.shape, np.nan)
    housed = homes >= 0
    if housed.any():
        index = build_index(panel.rows(ground, None), members, SectorParams())
        out[start:, housed] = np.log1p(index.returns)[start - ground :, homes[housed]]
    return out


def model_column(panel: Panel, first: int, ids: Mapping[datetime, int]) -> list[int | None]:
    """Primary key of the stored model behind each row from `first` on; None where there is none."""
    found: list[int | None] = [None] * (len(panel.times) - first)
    for moment, rows in serving(engine.WEEK, panel, first).items():
        found[rows.start - first : rows.stop - first] = [ids.get(moment)] * (rows.stop - rows.start)
    return found


def _check(panel: Panel, timeframe: Timeframe, as_of: datetime, rows: int) -> None:
    last = timeframe.close_of(timeframe.last_closed(as_of))
    if panel.timeframe is not timeframe or not len(panel.times) or panel.as_of(-1) != last:
        raise ValueError(
            f"the panel has to end with the {timeframe} bar that closes at {last:%Y-%m-%d %H:%M}"
        )
    if len(panel.times) < rows:
        raise ValueError(f"the panel has {len(panel.times)} rows; {rows} are needed, see rows_needed")

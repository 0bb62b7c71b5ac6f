"""The stage of the pipeline: scores of every coin in the universe, stored, and what they suggest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import transaction

from aimodels import services as aimodels
from aimodels.engine.footing import Footing
from aimodels.engine.spec import fit_times
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
from selection.services.outcomes import realise_scores
from selection.services.suggestions import suggest
from selection.services.watchlists import announce

Stood = Mapping[str, Sequence[Footing]]


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
    result, stood = analyse(panel, first)
    with transaction.atomic():
        written = WatchlistAnalysis.objects.append(
            columns(panel, result, *(stood[spec.name] for spec in engine.SPECS))
        )
        realise_scores(panel=panel)
        if assets.last_close(timeframe) == result.as_of[-1]:
            suggest(panel=panel, result=result, least_confidence=least_confidence)
            announce()
    return written


def analyse(panel: Panel, first: int) -> tuple[engine.Result, Stood]:
    """The engine's result for rows `first` to the last, and what each row stood on, by model.

    Fits that are stored are read, missing ones made from the panel and stored. Where a model had
    expired by the close of a row, its confidence is NaN.
    """
    inputs = engine.prepare(panel, context(panel, first))
    fits, stood = {}, {}
    closes = [panel.as_of(row) for row in range(first, len(panel.times))]
    for spec in engine.SPECS:
        served = aimodels.serve(
            spec=spec,
            timeframe=panel.timeframe,
            moments=fit_times(spec, panel, first),
            fit=lambda moment, spec=spec, **tuned: engine.fit(
                inputs, panel.known_at(moment) - 1, spec, **tuned
            ),
            kind=engine.ScoreFit,
        )
        fits[spec.name], stood[spec.name] = served.fits, served.standing(spec, closes)
    result = engine.apply(inputs, fits, first)
    week, month = (
        _withheld(scores, stood[spec.name])
        for scores, spec in zip((result.week, result.month), engine.SPECS, strict=True)
    )
    return replace(result, week=week, month=month), stood


def _withheld(scores: engine.Scores, stood: Sequence[Footing]) -> engine.Scores:
    silent = np.array([one.withheld for one in stood], dtype=np.bool_)[:, None]
    return replace(scores, confidence=np.where(silent, np.nan, scores.confidence))


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


def _check(panel: Panel, timeframe: Timeframe, as_of: datetime, rows: int) -> None:
    last = timeframe.close_of(timeframe.last_closed(as_of))
    if panel.timeframe is not timeframe or not len(panel.times) or panel.as_of(-1) != last:
        raise ValueError(
            f"the panel has to end with the {timeframe} bar that closes at {last:%Y-%m-%d %H:%M}"
        )
    if len(panel.times) < rows:
        raise ValueError(f"the panel has {len(panel.times)} rows; {rows} are needed, see rows_needed")

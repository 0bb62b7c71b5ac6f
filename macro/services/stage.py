"""The stage of layer 1: bars in, one analysis a bar out, stored and announced."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from aimodels import selectors as aimodels_selectors
from aimodels import services as aimodels
from assets import selectors as assets
from assets.engine.panel import Panel
from assets.engine.timeframe import Timeframe
from cryptopredict.common.realtime import Topic, publish
from macro import engine, selectors
from macro.engine.regime import SPEC
from macro.serializers import MarketRegimeSerializer
from macro.services.records import store_records
from macro.services.snapshots import store_snapshots


def assess(
    *, timeframe: Timeframe, as_of: datetime, since: datetime | None = None, panel: Panel | None = None
) -> int:
    """Analyse the market at every close from `since` (None: the last one only) to `as_of`; rows written.

    `panel` ends with the bar that closes at `as_of` and holds at least `selectors.rows_needed` rows; None
    loads it. What is recorded already stays as it is. Raises ValueError where the panel does not fit.
    """
    last = timeframe.close_of(timeframe.last_closed(as_of))
    start = last if since is None else timeframe.close_of(timeframe.last_closed(since))
    rows = selectors.rows_needed(timeframe, start, last)
    panel = assets.load_panel(timeframe, last, rows) if panel is None else panel
    _check(panel, timeframe, last, rows)
    inputs = engine.prepare(panel, selectors.market_series(panel.times, timeframe))
    served = aimodels.serve(
        spec=SPEC,
        timeframe=timeframe,
        moments=aimodels_selectors.grid(SPEC, start, last),
        fit=lambda moment, **tuned: _fit(inputs, panel, moment, tuned),
        kind=engine.RegimeFit,
    )
    first = panel.known_at(start) - 1
    result = engine.apply(inputs, {SPEC.name: served.fits}, first)
    with transaction.atomic():
        snapshots = store_snapshots(timeframe, inputs, first)
        written = snapshots.written + store_records(timeframe, result, snapshots.ids, served)
        if written:
            _announce(timeframe, last)
    return written


def _check(panel: Panel, timeframe: Timeframe, last: datetime, rows: int) -> None:
    if panel.timeframe is not timeframe or not len(panel.times) or panel.as_of(len(panel.times) - 1) != last:
        raise ValueError(
            f"the panel has to end with the {timeframe} bar that closes at {last:%Y-%m-%d %H:%M}"
        )
    if len(panel.times) < rows:
        raise ValueError(f"the panel holds {len(panel.times)} bars; {rows} are needed")


def _fit(
    inputs: engine.Inputs, panel: Panel, moment: datetime, tuned: Mapping[str, float]
) -> engine.RegimeFit:
    row = panel.known_at(moment) - 1
    if row < 0:
        raise ValueError(f"no bars before {moment:%Y-%m-%d}")
    return engine.fit(inputs.model, row, **tuned)


def _announce(timeframe: Timeframe, as_of: datetime) -> None:
    """Tell open pages, unless newer bars are stored: a replay of the past is no news."""
    if assets.last_close(timeframe) != as_of:
        return
    reading = selectors.latest_regime(as_of, timeframe)
    publish(Topic.REGIME, MarketRegimeSerializer(reading, context={"now": as_of}).data)

"""A simulated market in every layer that keeps a part of it: candles, macro series, sector members."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from celery import shared_task
from django.utils import timezone

from assets.engine.simulator import SimulatedMarket
from assets.engine.timeframe import Timeframe
from assets.models import DataImport
from assets.services.simulation import (
    SOURCE,
    SimulationBusyError,
    simulate_market,
    stored_simulation,
)
from macro import services as macro
from sectors import services as sectors


def run(*, end: datetime, progress: Callable[[int, int], None] = lambda done, total: None,
        **chosen: Any) -> DataImport:  # fmt: skip
    """Write a simulated market, or carry the one there on, up to the last bar closed at `end`.

    `chosen` as in `assets.services.simulation.simulate_market`. Raises SimulationError.
    """
    return simulate_market(end=end, beside=_write_beside, progress=progress, **chosen)


@shared_task
def continue_simulation() -> int:
    """Beat's door: add the simulated bars that have closed since; returns how many. None there: none."""
    before = stored_simulation()
    if before is None:
        return 0
    try:
        return run(end=timezone.now()).rows_stored - before.rows_stored
    except SimulationBusyError:
        return 0  # whoever writes it writes these bars too


def _write_beside(market: SimulatedMarket, since: datetime | None) -> None:
    frame = market.macro if since is None else market.macro[market.macro.index > since]
    if len(frame):
        macro.store_series(timeframe=Timeframe.DAY, frame=frame, source=SOURCE)
    sectors.assign_members(dict(zip(market.panel.symbols, market.sectors, strict=True)))

"""Small markets for tests, with everything in them that real data has and a careless engine trips over."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from assets.engine.panel import BAR_FIELDS, Panel
from assets.engine.simulator import SimulatedMarket, SimulationParams, simulate
from assets.engine.timeframe import Timeframe

START = datetime(2022, 1, 1, tzinfo=UTC)
LATE, DELISTED, HOLED, STABLE = 3, 4, 5, 10  # columns of make_panel with a known fate


def make_market(
    bars: int = 400, assets: int = 30, seed: int = 1, timeframe: Timeframe = Timeframe.DAY
) -> SimulatedMarket:
    """A simulated market of so many bars from START; see make_panel for what is certain to be in it."""
    end = START + bars * timeframe.delta
    market = simulate(SimulationParams(START, end, timeframe, assets=assets), seed)
    return replace(market, panel=_scarred(market.panel))


def make_panel(
    bars: int = 400, assets: int = 30, seed: int = 1, timeframe: Timeframe = Timeframe.DAY
) -> Panel:
    """Candles with a coin listed late (LATE), one delisted (DELISTED), one with a gap (HOLED), one STABLE.

    LATE begins at 40 % of the bars, DELISTED ends at 70 %, HOLED misses three bars in the middle. Needs
    eleven assets for STABLE to be among them.
    """
    return make_market(bars, assets, seed, timeframe).panel


def _scarred(panel: Panel) -> Panel:
    rows, count = panel.shape
    row = np.arange(rows)[:, None]
    column = np.arange(count)[None, :]
    missing = (column == LATE) & (row < 0.4 * rows)
    missing |= (column == DELISTED) & (row >= 0.7 * rows)
    missing |= (column == HOLED) & (row >= rows // 2) & (row < rows // 2 + 3)
    return replace(panel, **{name: np.where(missing, np.nan, getattr(panel, name)) for name in BAR_FIELDS})


def moments(panel: Panel, count: int) -> list[datetime]:
    """`count` moments spread over the panel, a little after a bar's close."""
    rows = np.linspace(0, len(panel.times) - 1, count).astype(int)
    return [panel.as_of(int(row)) + timedelta(seconds=1) for row in rows]

"""A simulated market as the whole funnel reads it: candles, macro series and who belongs to which sector."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from assets.engine.simulator import SimulatedMarket
from assets.engine.timeframe import Timeframe
from assets.tests.stored import store_panel
from cryptopredict.lookahead import Market
from macro import services as macro
from sectors import engine
from sectors import services as sectors


def store(market: SimulatedMarket) -> datetime:
    """All of it in the database; returns the close of the last bar."""
    panel = market.panel
    store_panel(panel)
    macro.store_series(timeframe=Timeframe.DAY, frame=market.macro, source="simulated")
    sectors.assign_members(dict(zip(panel.symbols, market.sectors, strict=True)))
    return panel.as_of(len(panel.times) - 1)


def in_memory(market: SimulatedMarket) -> Market:
    """What `lookahead.load` would read of it, without a database."""
    names = tuple(dict.fromkeys(market.sectors))
    homes = np.array([names.index(sector) for sector in market.sectors])
    stable = np.array([name == "Stablecoins" for name in names])
    membership = engine.Membership(names, np.eye(len(names))[homes], stable)
    return Market(market.panel, market.macro.reindex(market.panel.times), membership, homes)

"""The loops of the engines, compiled ahead: numba compiles one when it is first called, and keeps it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from assets.engine import rolling
from assets.engine.panel import Panel
from assets.engine.simulator import SECTORS, SimulatedMarket, SimulationParams, simulate
from assets.engine.technical import indicators
from assets.engine.timeframe import Timeframe
from cryptopredict import lookahead
from macro.engine.series import NAMES
from sectors.engine import Membership
from trading import engine as trading
from trading.engine.backtest import Terms, at_shares, keep_book, trade

_COINS = 24
_DAYS = 1_200  # enough history for a fit of every model
_END = datetime(2024, 1, 1, tzinfo=UTC)


def compiled() -> bool:
    """Whether numba has kept the loops of an earlier run; it looks for one that every layer calls."""
    kept = rolling._sums.stats.cache_path
    return kept is not None and any(Path(kept).glob("rolling._sums*.nbi"))


def compile_all() -> None:
    """Compile every loop; what is compiled already is only loaded."""
    compile_funnel()
    compile_rest()


def compile_funnel() -> None:
    """Carry a small simulated market through every layer once: what a run of the pipeline needs."""
    lookahead.funnel(_funnelled(_market()), _DAYS - 1)


def compile_rest() -> None:
    """What backtests and charts need beyond that."""
    panel = _market().panel
    _backtest(panel)
    indicators(panel)


def _market() -> SimulatedMarket:
    return simulate(SimulationParams.ending(_END, _DAYS, Timeframe.DAY, _COINS), seed=29)


def _backtest(panel: Panel) -> None:
    """One trade of each direction, and the book of them."""
    cells = np.zeros(panel.shape, dtype=np.bool_)
    cells[-9] = True
    for sign in (1.0, -1.0):
        trades = trade(panel, at_shares(cells, panel.close, 0.1, 0.1, 7, sign), trading.Costs())
        share, cap = np.full(len(trades), 0.1), np.ones(len(panel.times))
        keep_book(panel.close, trades, Terms(share, cap, trading.Costs()))


def _funnelled(market: SimulatedMarket) -> lookahead.Market:
    homes = np.asarray([SECTORS.index(name) for name in market.sectors], dtype=np.int64)
    weights = np.zeros((len(homes), len(SECTORS)))
    weights[np.arange(len(homes)), homes] = 1.0
    stable = np.asarray([name == "Stablecoins" for name in SECTORS], dtype=np.bool_)
    series = market.macro.reindex(index=market.panel.times, columns=list(NAMES))
    return lookahead.Market(market.panel, series, Membership(tuple(SECTORS), weights, stable), homes)

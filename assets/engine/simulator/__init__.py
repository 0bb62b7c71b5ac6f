"""A market whose truth is known: for trying the product, proving its laws, and loading it.

Everything is simulated, also BTC and ETH, which only lend their names so that dominance and the like
make sense. The same seed, start and params give the same bars; a later end adds bars and changes none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assets.engine.panel import Floats, Ints, Panel
from assets.engine.simulator.bars import panel as make_panel
from assets.engine.simulator.coins import coins as make_coins
from assets.engine.simulator.draws import Draws
from assets.engine.simulator.factors import SECTORS
from assets.engine.simulator.factors import factors as make_factors
from assets.engine.simulator.macro import MACRO_SERIES
from assets.engine.simulator.macro import macro as make_macro
from assets.engine.simulator.params import STATES, MarketState, SimulationParams, StateParams
from assets.engine.simulator.paths import paths as make_paths

__all__ = [
    "MACRO_SERIES",
    "SECTORS",
    "STATES",
    "MarketState",
    "SimulatedMarket",
    "SimulationParams",
    "StateParams",
    "Truth",
    "simulate",
]


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """What nobody in a real market knows.

    `state` (T,) indexes MarketState; `market` (T,) log return per bar of the market; `sector_return` (T, 10)
    log return per bar and `sector_drift` (T, 10) expected log return a day, in the order of SECTORS; `beta`
    (N,) to the market; `alpha` (T, N) expected log return a day beyond market and sector; `listed`,
    `collapses` and `delisted` (N,) open times of the first bar concerned, NaT where never (or, for `listed`,
    before the start).
    """

    state: Ints
    market: Floats
    sector_return: Floats
    sector_drift: Floats
    beta: Floats
    alpha: Floats
    listed: pd.DatetimeIndex
    collapses: pd.DatetimeIndex
    delisted: pd.DatetimeIndex

    def states(self) -> list[MarketState]:
        """The state of each bar in words."""
        words = tuple(MarketState)
        return [words[code] for code in self.state]


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedMarket:
    """Candles, macro series (one row a complete day), names, the one sector of each coin, and the truth.

    A coin that is listed after `params.end` has a column of NaN.
    """

    params: SimulationParams
    seed: int
    panel: Panel
    macro: pd.DataFrame
    names: tuple[str, ...]
    sectors: tuple[str, ...]
    truth: Truth


def simulate(params: SimulationParams, seed: int) -> SimulatedMarket:
    """The market of `seed`: the same for the same arguments, and unchanged so far if the end is later.

    Raises ValueError where `params` cannot be simulated (see SimulationParams).
    """
    frame = params.timeframe
    times = frame.opens(params.start, params.start + (params.bars - 1) * frame.delta)
    draws = Draws(seed, params.bars)
    weekend = (times.day_of_week.to_numpy() >= 5).astype(np.float64)
    common = make_factors(params, draws, weekend)
    born = make_coins(params, draws)
    path = make_paths(params, draws, born, common)
    truth = Truth(
        state=common.state,
        market=common.market,
        sector_return=common.sector,
        sector_drift=common.sector_drift,
        beta=born.beta,
        alpha=path.alpha,
        listed=_moments(params, born.listed),
        collapses=_moments(params, born.collapses),
        delisted=_moments(params, born.delisted),
    )
    return SimulatedMarket(
        params=params,
        seed=seed,
        panel=make_panel(params, draws, born, path, times, weekend),
        macro=make_macro(params, seed, times, common.market),
        names=born.names,
        sectors=tuple(SECTORS[code] for code in born.sector),
        truth=truth,
    )


def _moments(params: SimulationParams, days: Floats) -> pd.DatetimeIndex:
    """Open time of the first bar at or after so many days from the start; NaT where infinite."""
    bars = np.ceil(days * params.bars_per_day)
    start, bar = pd.Timestamp(params.start), params.timeframe.delta
    return pd.DatetimeIndex(
        [start + int(n) * bar if np.isfinite(n) else pd.NaT for n in bars], dtype="datetime64[us, UTC]"
    )

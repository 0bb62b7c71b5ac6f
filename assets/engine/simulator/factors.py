"""What moves all coins: the hidden state, the market's return and the sectors'."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.engine.panel import Floats, Ints
from assets.engine.simulator.draws import Draws, Stream, autoregression
from assets.engine.simulator.params import SimulationParams

SECTORS = (
    "DeFi",
    "Layer1",
    "Layer2",
    "Gaming",
    "NFT",
    "Infrastructure",
    "Meme",
    "Payments",
    "Privacy",
    "Stablecoins",
)
WEEKEND_VOLATILITY = 0.75


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """Common returns (log, per bar). `state` (T,) indexes MarketState; `market` (T,) and `deviation` (T,)
    its return and intrabar standard deviation; sector arrays are (T, 10) in the order of SECTORS;
    `climate` (T,) is the market's volatility relative to its long-run level.
    """

    state: Ints
    market: Floats
    deviation: Floats
    climate: Floats
    sector: Floats
    sector_drift: Floats
    sector_deviation: float


def factors(params: SimulationParams, draws: Draws, weekend: Floats) -> Factors:
    """The common part of every return; `weekend` (T,) is 1 on Saturdays and Sundays, else 0."""
    bars = params.bars_per_day
    state = _states(params, draws)
    drift = np.array([s.drift for s in params.states])[state]
    level = np.array([s.volatility for s in params.states])[state]
    wave = autoregression(draws.normal(Stream.MARKET_VOLATILITY, 1), params.volatility_days * bars)[:, 0]
    spread = params.volatility_spread
    volatility = level * np.exp(spread * wave - 0.5 * spread * spread)
    volatility *= np.where(weekend > 0, WEEKEND_VOLATILITY, 1.0)
    deviation = volatility / np.sqrt(bars) * draws.tail(Stream.MARKET_TAIL, 1, params.tail)[:, 0]
    market = drift / bars + deviation * draws.normal(Stream.MARKET_SHOCK, 1)[:, 0]
    count = len(SECTORS)
    sector_drift = params.sector_drift * autoregression(
        draws.normal(Stream.SECTOR_DRIFT, count), params.sector_days * bars
    )
    sector_deviation = params.sector_volatility / float(np.sqrt(bars))
    sector = sector_drift / bars + sector_deviation * draws.normal(Stream.SECTOR_SHOCK, count)
    usual = float(np.mean([s.volatility for s in params.states]))
    return Factors(state, market, deviation, volatility / usual, sector, sector_drift, sector_deviation)


def _states(params: SimulationParams, draws: Draws) -> Ints:
    """State of each bar: stays of Gamma(3) length, so few are very short; then a Markov chain decides."""
    chance = draws.once(Stream.STATES)
    out = np.empty(draws.rows, dtype=np.int64)
    state, row = int(chance.integers(len(params.states))), 0
    while row < draws.rows:
        spell = params.states[state]
        days = chance.gamma(3.0, spell.mean_days / 3.0)
        length = max(1, round(days * params.bars_per_day))
        out[row : row + length] = state
        row += length
        weights = np.array(spell.follows)
        state = int(chance.choice(len(weights), p=weights / weights.sum()))
    return out

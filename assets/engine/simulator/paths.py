"""The log price of every coin, bar by bar, and how much it moved inside the bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assets.engine.panel import Bools, Floats
from assets.engine.simulator.coins import Coins
from assets.engine.simulator.draws import Draws, Stream, autoregression, smooth
from assets.engine.simulator.factors import Factors
from assets.engine.simulator.params import ANCHORS, SimulationParams

_CRASH_DAYS = 3.0
_PEG_ERROR = 0.0006
_CUBE_DEVIATION = 15.0**0.5  # of the cube of a standard normal number


@dataclass(frozen=True, slots=True, eq=False)
class Paths:
    """(T, N) arrays: `change` of the log price over the bar, `deviation` of the intrabar path, `alpha` the
    true expected log return a day beyond market and sector, `alive` (listed and not yet delisted),
    `still` (no trade moves the price), `crashing`.
    """

    change: Floats
    deviation: Floats
    alpha: Floats
    alive: Bools
    still: Bools
    crashing: Bools


def paths(params: SimulationParams, draws: Draws, coins: Coins, common: Factors) -> Paths:
    """Market, sector and own returns of each coin, with its collapse, its stale stretches and its life."""
    bars, count = params.bars_per_day, params.assets
    day = np.arange(draws.rows, dtype=np.float64)[:, None] / bars
    alive = (day >= coins.listed) & (day < coins.delisted)
    crashing = (day >= coins.collapses) & (day < coins.collapses + _CRASH_DAYS)
    still = _still(params, draws, coins) & ~crashing
    typical = _own_volatility(params, draws, coins, common)
    own = typical / np.sqrt(bars) * draws.tail(Stream.COIN_TAIL, count, params.tail)
    alpha = _alpha(params, draws, typical, coins)
    error, error_deviation = _transitory(params, draws, coins)
    fall = np.where(crashing, _collapse_drift(coins) / (_CRASH_DAYS * bars), 0.0)
    change = coins.beta * common.market[:, None]
    change += coins.loading * common.sector[:, coins.sector]
    change += alpha / bars + own * draws.normal(Stream.COIN_SHOCK, count) + fall
    change += np.diff(error, axis=0, prepend=error[:1])
    moving = alive & ~still
    variance = (coins.beta * common.deviation[:, None]) ** 2 + (coins.loading * common.sector_deviation) ** 2
    variance += own * own + error_deviation * error_deviation + fall * fall
    deviation = np.where(moving, np.sqrt(variance), 0.0)
    return Paths(np.where(moving, change, 0.0), deviation, alpha, alive, still, crashing)


def runs(chance: Floats, rate: Floats | float, shortest: int, longest: int) -> Bools:
    """Stretches (T, N) that begin where `chance` < `rate` and last `shortest` to `longest` rows."""
    rows = np.arange(len(chance), dtype=np.int64)[:, None]
    begins = chance < rate
    share = np.divide(chance, rate, out=np.zeros_like(chance), where=begins)
    length = shortest + (share * (longest - shortest + 1)).astype(np.int64)
    until = np.maximum.accumulate(np.where(begins, rows + length, 0), axis=0)
    return np.asarray(until > rows, dtype=np.bool_)


def _own_volatility(params: SimulationParams, draws: Draws, coins: Coins, common: Factors) -> Floats:
    """Standard deviation a day of each coin's own return (T, N): persistent, higher when the market's is."""
    wave = autoregression(
        draws.normal(Stream.COIN_VOLATILITY, params.assets), params.volatility_days * params.bars_per_day
    )
    spread = params.volatility_spread
    climate = np.sqrt(common.climate)[:, None]
    return np.asarray(coins.volatility * climate * np.exp(spread * wave - 0.5 * spread**2), dtype=np.float64)


def _alpha(params: SimulationParams, draws: Draws, typical: Floats, coins: Coins) -> Floats:
    """True drift a day of the log price (T, N): momentum, low-volatility premium, cost of variance.

    The trend is cubed: most coins hardly drift, a few drift strongly for weeks and can be told from the
    rest, so that signals have something to be right about. What it has moved is given back slowly: else a
    few coins would be worth more than all others together after some years. Minus half the variance keeps
    a coin's mean simple return free of its volatility; so most volatile coins fall while their mean does
    not, as in real markets.
    """
    trend = autoregression(
        draws.normal(Stream.COIN_DRIFT, params.assets), params.momentum_days * params.bars_per_day
    )
    own = np.where(coins.is_stable, 1.0, coins.volatility)
    relative = np.log(own / params.idiosyncratic) / 0.35
    pace = params.momentum * trend * trend * trend / _CUBE_DEVIATION
    moved = smooth(pace, 1.0 - 1.0 / (params.reversal_days * params.bars_per_day))
    premium = np.diff(moved, axis=0, prepend=0.0)
    premium -= params.low_volatility * (np.clip(relative, -1.0, 2.5) + 0.5)
    premium[:, :ANCHORS] *= 0.2
    variance = typical * typical + (coins.loading * params.sector_volatility) ** 2
    return np.where(coins.is_stable, 0.0, premium - 0.5 * variance)


def _transitory(params: SimulationParams, draws: Draws, coins: Coins) -> tuple[Floats, Floats]:
    """Pricing error of the log price (T, N), which reverts, and its deviation within a bar (N,)."""
    bars = params.transitory_days * params.bars_per_day
    size = params.transitory * np.minimum(coins.volatility / params.idiosyncratic, 2.0)
    size = np.where(coins.is_stable, _PEG_ERROR, size)
    error = size * autoregression(draws.normal(Stream.TRANSITORY, params.assets), bars)
    keep = np.exp(-1.0 / bars)
    return error, size * np.sqrt(1.0 - keep * keep)


def _collapse_drift(coins: Coins) -> Floats:
    """Log fall of a collapse: 80 to 99 %, fixed by the coin's own traits."""
    spread = np.modf(coins.turnover * 1e3)[0]
    return np.asarray(-1.6 - 3.0 * spread, dtype=np.float64)


def _still(params: SimulationParams, draws: Draws, coins: Coins) -> Bools:
    """Stretches of two to nine days in which a thinly traded coin's price does not move."""
    bars = params.bars_per_day
    chance = draws.uniform(Stream.STALE, params.assets)
    return runs(chance, params.stale_rate * coins.thin / bars, 2 * bars, 9 * bars)

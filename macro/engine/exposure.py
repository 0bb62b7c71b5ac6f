"""How much of the capital belongs in the market, and what following that would have earned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numba import njit

from assets.engine.panel import Floats, Ints
from assets.engine.timeframe import Timeframe
from macro.engine.states import REGIMES, Regime


@dataclass(frozen=True, slots=True)
class ExposureParams:
    """The rules' constants; volatility a year, `band` in exposure, `cost` of a turnover of one.

    `weight_*` scale the exposure by regime: a bear that the trend rules have not noticed yet, and
    the reverse. `memory_days` is how far back the no-trade band remembers.
    """

    target_volatility: float = 0.5
    band: float = 0.2
    cost: float = 0.0015
    memory_days: int = 120
    weight_bull: float = 1.0
    weight_neutral: float = 1.0
    weight_volatile: float = 1.0
    weight_bear: float = 0.5

    def weights(self) -> Floats:
        """Scale of each regime in the order of `REGIMES`, and 1 for a row without a regime."""
        by_name = {
            Regime.BULL: self.weight_bull,
            Regime.NEUTRAL: self.weight_neutral,
            Regime.VOLATILE: self.weight_volatile,
            Regime.BEAR: self.weight_bear,
        }
        return np.array([*(by_name[regime] for regime in REGIMES), 1.0])


def target(
    above_50: Floats, above_200: Floats, volatility: Floats, regime: Ints, params: ExposureParams
) -> Floats:
    """Exposure (T,) before the no-trade band: mean of two trend rules x volatility target x regime.

    A rule is 1 while the index stands above its 50-day (200-day) mean, else 0. NaN where a mean or
    the volatility is unknown. `regime` is a state number, -1 where there is none.
    """
    trend = 0.5 * ((above_50 > 0).astype(np.float64) + (above_200 > 0))
    risk = np.divide(
        params.target_volatility, volatility, out=np.full(len(volatility), np.nan), where=volatility > 0
    )
    raw = trend * np.minimum(risk, 1.0) * params.weights()[regime]
    return np.where(np.isfinite(above_50) & np.isfinite(above_200), raw, np.nan)


@njit(cache=True, nogil=True)
def banded(target_: Floats, band: float, window: int) -> Floats:
    """The target followed only when it is `band` away, or at its ends 0 and 1 (T,).

    Traded down to nothing at once, since a target of 0 is a decision and not a drift. Each row
    replays the last `window` rows from the oldest target on, so it depends on nothing before them.
    """
    out = np.full(len(target_), np.nan)
    for t in range(len(target_)):
        held = np.nan
        for k in range(max(0, t - window + 1), t + 1):
            wanted = target_[k]
            if np.isnan(wanted):
                continue
            if np.isnan(held) or wanted == 0.0 or abs(wanted - held) >= band:
                held = wanted
        if not np.isnan(target_[t]):
            out[t] = held
    return out


def memory(timeframe: Timeframe, params: ExposureParams) -> int:
    """Rows over which the no-trade band remembers."""
    return timeframe.bars(timedelta(days=params.memory_days))


@dataclass(frozen=True, slots=True)
class Judgement:
    """A strategy in figures: growth a year, volatility a year, Sharpe (rate 0), worst drawdown
    (positive), Calmar, turnover a year (one = the whole capital once), bars counted.
    """

    growth: float
    volatility: float
    sharpe: float
    drawdown: float
    calmar: float
    turnover: float
    bars: int


def judge_exposure(
    exposure: Floats, earned: Floats, cost: float, bars_per_year: float
) -> tuple[Judgement, Judgement]:
    """The strategy and, as its rival, holding the market throughout.

    `exposure[t]` was decided at the close of t and is held from the open of t+1 to the open of t+2:
    it earns `earned[t + 1]` (open to open, see `market.holding_return`), less `cost` on each change.
    Rows where either is missing are left out of both. Raises ValueError below two usable rows.
    """
    held, gain = exposure[:-1], earned[1:]
    usable = np.isfinite(held) & np.isfinite(gain)
    if usable.sum() < 2:
        raise ValueError("an exposure is judged on at least two bars with a return after them")
    held, gain = held[usable], gain[usable]
    return (
        _judge(held * gain, np.abs(np.diff(held, prepend=0.0)), cost, bars_per_year),
        _judge(gain, np.concatenate([[1.0], np.zeros(len(gain) - 1)]), cost, bars_per_year),
    )


def _judge(gross: Floats, traded: Floats, cost: float, bars_per_year: float) -> Judgement:
    net = gross - cost * traded
    wealth = np.cumprod(np.concatenate([[1.0], 1.0 + net]))
    drawdown = float(np.max(1.0 - wealth / np.maximum.accumulate(wealth)))
    growth = float(max(wealth[-1], 0.0) ** (bars_per_year / len(net)) - 1.0)
    spread = float(net.std())
    return Judgement(
        growth=growth,
        volatility=spread * float(np.sqrt(bars_per_year)),
        sharpe=float(net.mean()) / spread * float(np.sqrt(bars_per_year)) if spread > 0 else float("nan"),
        drawdown=drawdown,
        calmar=growth / drawdown if drawdown > 0 else float("nan"),
        turnover=float(traded.sum()) * bars_per_year / len(net),
        bars=len(net),
    )

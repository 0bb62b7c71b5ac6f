"""What the market looks like at each close: the columns that models, rules and reasons are made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numba import njit

from assets.engine import rolling
from assets.engine.panel import Bools, Floats, Panel
from macro.engine import paths
from macro.engine.dominance import Dominance, row_sum
from macro.engine.market import Market

#: Longest trailing span of any column, in days: what `lookback` must cover.
LONGEST_DAYS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Named columns (T,), each a function of a fixed trailing window; NaN where it can't be computed.

    Returns, distances and volatilities are fractions (volatility a year), shares are in [0, 1],
    `fear_greed` in [0, 100].
    """

    columns: dict[str, Floats]

    def matrix(self, names: tuple[str, ...]) -> Floats:
        """The named columns side by side (T, F)."""
        return np.column_stack([self.columns[name] for name in names])


def features(panel: Panel, market: Market, dominance: Dominance, readings: dict[str, Floats]) -> Features:
    """Every column of the layer, once for all rows."""
    return Features(
        {
            **volatility_columns(panel, market.market_return),
            **trend_columns(panel, market.market_return),
            **breadth_columns(panel, market),
            **structure_columns(panel, market, dominance),
            **outside_columns(panel, readings),
        }
    )


def volatility_columns(panel: Panel, returns: Floats) -> dict[str, Floats]:
    """EWMA (RiskMetrics) and realised volatility a year, downside part, and short against long."""
    scale = np.sqrt(panel.timeframe.bars_per_year)
    squares = returns**2
    fast, slow = _days(panel, 10), _days(panel, 60)
    ewma_fast = np.sqrt(rolling.ewma(squares, fast, 6 * fast, 3 * fast)) * scale
    ewma_slow = np.sqrt(rolling.ewma(squares, slow, 5 * slow, slow)) * scale
    down = np.where(returns < 0, squares, np.where(np.isfinite(returns), 0.0, np.nan))
    return {
        "volatility_ewma": ewma_fast,
        "log_volatility": _log_ratio(ewma_fast, np.ones(len(returns))),
        "volatility_long": ewma_slow,
        "volatility_realised": rolling.std(returns, _days(panel, 30), _days(panel, 25)) * scale,
        "volatility_ratio": _log_ratio(ewma_fast, ewma_slow),
        "downside_volatility": np.sqrt(rolling.ewma(down, fast, 6 * fast, 3 * fast)) * scale,
    }


def trend_columns(panel: Panel, returns: Floats) -> dict[str, Floats]:
    """Distance to and slope of long averages, returns, return per risk, drawdown and rebound."""
    squares = returns**2
    out = {f"above_mean_{days}": paths.above_mean(returns, _days(panel, days)) for days in (20, 50, 100, 200)}
    out |= {f"return_{days}": paths.gain(returns, _days(panel, days)) for days in (7, 30, 90)}
    for days in (10, 20, 60):
        span = _days(panel, days)
        mean = rolling.ewma(returns, span, 5 * span, span)
        risk = np.sqrt(rolling.ewma(squares, span, 5 * span, span))
        ratio = np.divide(mean, risk, out=np.full(len(returns), np.nan), where=risk > 0)
        out[f"return_per_risk_{days}"] = ratio * np.sqrt(span)
        out[f"trend_{days}"] = np.tanh(ratio * np.sqrt(span))
    slow = _days(panel, 60)
    risk = np.sqrt(rolling.ewma(squares, slow, 5 * slow, slow) * _days(panel, 100))
    scaled = np.divide(out["above_mean_100"], risk, out=np.full(len(returns), np.nan), where=risk > 0)
    out["trend_100"] = np.tanh(scaled)
    back = _days(panel, 20)
    month = paths.gain(returns, back)
    past = rolling.lag(out["above_mean_200"], back)
    return out | {
        "slope_200": (1.0 + past) * (1.0 + month) / (1.0 + out["above_mean_200"]) - 1.0,
        "drawdown": paths.drawdown(returns, _days(panel, 365)),
        "drawdown_90": paths.drawdown(returns, _days(panel, 90)),
        "rebound": paths.rebound(returns, _days(panel, 365)),
    }


def breadth_columns(panel: Panel, market: Market) -> dict[str, Floats]:
    """Share of members above their own 50- and 200-day means, and at highs and lows of 90 days.

    A member too young for the mean does not count; below five that do the share is NaN.
    """
    close, members = panel.close, market.members_mask
    out: dict[str, Floats] = {}
    for days in (50, 200):
        span = _days(panel, days)
        out[f"breadth_{days}"] = _share(close, rolling.mean(close, span, (span * 4) // 5), members)
    quarter = _days(panel, 90)
    least = (quarter * 4) // 5
    top = (close >= rolling.highest(close, quarter, least)) & members
    bottom = (close <= rolling.lowest(close, quarter, least)) & members
    count = members.sum(axis=1)
    out["new_highs"] = np.where(count > 0, top.sum(axis=1), np.nan)
    out["new_lows"] = np.where(count > 0, bottom.sum(axis=1), np.nan)
    out["highs_minus_lows"] = np.divide(
        out["new_highs"] - out["new_lows"], count, out=np.full(len(count), np.nan), where=count >= 5
    )
    return out


def structure_columns(panel: Panel, market: Market, dominance: Dominance) -> dict[str, Floats]:
    """How much the coins move as one, where the money sits, and how much is traded."""
    span = _days(panel, 60)
    returns = rolling.log_return(panel.close)
    together = rolling.correlation(returns, market.market_return, span, (span * 3) // 4)
    traded = row_sum(np.where(market.members_mask & np.isfinite(panel.volume), panel.volume, 0.0))
    turnover = np.where(traded > 0, traded, np.nan)
    month = rolling.mean(turnover, _days(panel, 30), _days(panel, 20))
    year = rolling.mean(turnover, _days(panel, 365), _days(panel, 180))
    return {
        "correlation": _mean_over(together, market.members_mask),
        "turnover_trend": _log_ratio(month, year),
        "liquidity": percentile(month, _days(panel, 365), _days(panel, 90)),
        "btc_dominance_30d": dominance.changes["btc_30d"],
        "stablecoin_dominance_30d": dominance.changes["stablecoin_30d"],
    }


def outside_columns(panel: Panel, readings: dict[str, Floats]) -> dict[str, Floats]:
    """Columns from outside sources; NaN throughout where a source is absent."""
    month, week, year = _days(panel, 30), _days(panel, 7), _days(panel, 365)
    return {
        "fear_greed": readings["fear_greed_index"],
        "funding_percentile": percentile(
            rolling.mean(readings["funding_rate_btc"], week, max(1, week // 2)), year, _days(panel, 120)
        ),
        "open_interest_30d": rolling.change(readings["open_interest_btc"], month),
        "sp500_30d": rolling.change(readings["sp500"], month),
        "gold_30d": rolling.change(readings["gold"], month),
        "dxy_30d": rolling.change(readings["dxy"], month),
        "vix": readings["vix_index"],
        "yield_30d": readings["us_10y_yield"] - rolling.lag(readings["us_10y_yield"], month),
    }


@njit(cache=True, nogil=True)
def percentile(x: Floats, window: int, least: int) -> Floats:
    """Where x (T,) stands among its last `window` finite values, itself included, in (0, 1]."""
    out = np.full(len(x), np.nan)
    for t in range(len(x)):
        if np.isnan(x[t]):
            continue
        seen = 0
        below = 0.0
        for k in range(min(window, t + 1)):
            value = x[t - k]
            if not np.isnan(value):
                seen += 1
                below += 1.0 if value < x[t] else (0.5 if value == x[t] else 0.0)
        if seen >= least:
            out[t] = below / seen
    return out


def _days(panel: Panel, days: int) -> int:
    return panel.timeframe.bars(timedelta(days=days))


def _log_ratio(x: Floats, y: Floats) -> Floats:
    ratio = np.divide(x, y, out=np.full(len(x), np.nan), where=y > 0)
    return np.asarray(np.log(ratio, out=np.full(len(x), np.nan), where=ratio > 0), dtype=np.float64)


def _share(close: Floats, level: Floats, members: Bools) -> Floats:
    counted = members & np.isfinite(level)
    number = counted.sum(axis=1)
    above = (counted & (close > level)).sum(axis=1)
    share = np.divide(above, number, out=np.full(len(number), np.nan), where=number >= 5)
    return np.asarray(share, dtype=np.float64)


def _mean_over(x: Floats, members: Bools) -> Floats:
    """Mean over members of each row (T,), columns added one after the other."""
    counted = members & np.isfinite(x)
    number = counted.sum(axis=1)
    total = row_sum(np.where(counted, x, 0.0))
    mean = np.divide(total, number, out=np.full(len(x), np.nan), where=number >= 5)
    return np.asarray(mean, dtype=np.float64)

"""The readings a snapshot of the market keeps, in the units in which people quote them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd

from assets.engine import rolling
from assets.engine.panel import Floats, Panel
from macro.engine import paths
from macro.engine.dominance import Dominance
from macro.engine.features import Features
from macro.engine.market import Market

HALVINGS = tuple(
    datetime(year, month, day, tzinfo=UTC)
    for year, month, day in ((2009, 1, 3), (2012, 11, 28), (2016, 7, 9), (2020, 5, 11), (2024, 4, 20))
)
#: Share of the market's worth that must rest on reported caps before our dominance beats an outside one.
SURE_COVERAGE = 0.8
#: 210,000 blocks of ten minutes.
HALVING_CYCLE = timedelta(minutes=210_000 * 10)


def metrics(
    panel: Panel, market: Market, dominance: Dominance, features: Features, readings: dict[str, Floats]
) -> dict[str, Floats]:
    """Columns (T,) named as the snapshot's fields; NaN where the source is absent.

    Prices in USD, dominance, breadth and `rsi_14` in percent, returns and yields as quoted (fraction,
    percent a year), `momentum_index` in [-100, 100], `liquidity_score` in [0, 1] (this month's
    turnover among the year's), `halving_countdown_days` by the nominal pace of blocks.
    """
    column = features.columns
    days = panel.timeframe.bars
    outside = {name: values for name, values in readings.items() if name != "btc_dominance"}
    trends = (column["trend_20"] + column["trend_60"] + column["trend_100"]) / 3.0
    long_bars = days(timedelta(days=200))
    spread = paths.above_mean(market.btc_return, long_bars)
    halflife = np.log(2.0) / -np.log(1.0 - 2.0 / (long_bars + 1.0))
    smooth = paths.above_ewma(market.btc_return, float(halflife), 2 * long_bars)
    return outside | {
        "btc_price_usd": market.btc_close,
        "rsi_14": paths.rsi(market.btc_return, days(timedelta(days=14))),
        "sma_200": market.btc_close / (1.0 + spread),
        "ema_200": market.btc_close / (1.0 + smooth),
        "altcoin_dominance": dominance.alt,
        "btc_dominance": _btc_dominance(dominance),
        "eth_dominance": dominance.eth,
        "usdt_dominance": dominance.usdt,
        "total_market_cap": dominance.total_market_cap,
        "liquidity_score": column["liquidity"],
        "halving_countdown_days": halving_countdown(panel),
        "weekly_return": paths.gain(market.btc_return, days(timedelta(days=7))),
        "monthly_return": paths.gain(market.btc_return, days(timedelta(days=30))),
        "btc_eth_correlation_30d": btc_eth_correlation(panel, market),
        "btc_sp500_correlation_30d": stock_correlation(panel, market, readings["sp500"]),
        "crypto_market_breadth": 100.0 * column["breadth_200"],
        "new_highs_24h": column["new_highs"],
        "new_lows_24h": column["new_lows"],
        "momentum_index": 100.0 * trends,
    }


def _btc_dominance(dominance: Dominance) -> Floats:
    """Our share where reported caps cover most of the market, else an outside one, else ours after all."""
    sure = dominance.coverage >= SURE_COVERAGE
    outside = np.isfinite(dominance.reported_btc) & ~sure
    return np.where(outside, dominance.reported_btc, dominance.btc)


def btc_eth_correlation(panel: Panel, market: Market) -> Floats:
    """Correlation of the leader's and ether's returns over 30 days (T,); NaN without ether."""
    if "ETH" not in panel.symbols:
        return np.full(panel.shape[0], np.nan)
    place = panel.symbols.index("ETH")
    ether = rolling.change(np.ascontiguousarray(panel.close[:, place : place + 1]), 1)
    span = panel.timeframe.bars(timedelta(days=30))
    return rolling.correlation(ether, market.btc_return, span, (span * 2) // 3)[:, 0]


def stock_correlation(panel: Panel, market: Market, sp500: Floats) -> Floats:
    """Correlation of the leader with equities over 30 days (T,), on bars in which equities moved."""
    moves = rolling.change(sp500, 1)
    moves = np.where(moves == 0.0, np.nan, moves).reshape(-1, 1)
    span = panel.timeframe.bars(timedelta(days=30))
    least = panel.timeframe.bars(timedelta(days=15)) if panel.timeframe.bars(timedelta(days=1)) == 1 else 15
    return rolling.correlation(moves, market.btc_return, span, least)[:, 0]


def halving_countdown(panel: Panel) -> Floats:
    """Days from each bar's close to the next halving as it was foreseeable then (T,), 0 when overdue.

    The last halving plus the nominal cycle: the true date of a coming halving was not known, and the
    blocks have run up to two months ahead.
    """
    closes = pd.DatetimeIndex([panel.as_of(row) for row in range(panel.shape[0])]).as_unit("us")
    marks = pd.DatetimeIndex(HALVINGS).as_unit("us")
    place = marks.searchsorted(closes, side="right") - 1
    due = marks[np.maximum(place, 0)] + HALVING_CYCLE
    left = np.asarray((due - closes) / timedelta(days=1), dtype=np.float64)
    return np.where(place >= 0, np.ceil(np.maximum(left, 0.0)), np.nan)

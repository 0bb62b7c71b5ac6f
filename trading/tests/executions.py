"""A coin with fresh candles and a signal on it, for the tests of executions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from assets.engine.timeframe import Timeframe
from assets.models import Asset
from assets.tests.stored import AssetFactory, batch, store
from trading.models import TradingSignal
from trading.tests.factories import MOMENT, SignalFactory

DAY = Timeframe.DAY
NOW = MOMENT + timedelta(hours=1)  # an hour after the bar on which the signal was issued has closed


def bars(coin: Asset, *rows: tuple[float, float, float, float], volume: float = 1e9) -> None:
    """Daily bars (open, high, low, close); the first closes at MOMENT."""
    times = [MOMENT + timedelta(days=day - 1) for day in range(len(rows))]
    columns = {name: [row[j] for row in rows] for j, name in enumerate(("open", "high", "low"))}
    columns["volume"] = [volume] * len(rows)
    store(DAY, batch(coin.pk, times, [row[3] for row in rows], **columns))


def traded(price: float = 100.0, volume: float = 1e9, **coin: Any) -> Asset:
    """A coin whose last bar closed at MOMENT at `price`."""
    asset = AssetFactory(**coin)
    bars(asset, (price, price, price, price), volume=volume)
    return asset


def live_signal(coin: Asset | None = None, **fields: Any) -> TradingSignal:
    """A long at 100 with target 110 and stop 95, issued at MOMENT, on a coin that trades at 100."""
    made = SignalFactory(asset=coin or traded(), **fields)
    made.refresh_from_db()  # numbers, as the table gives them
    return made


def days(count: int) -> datetime:
    return MOMENT + timedelta(days=count)

"""What the page of signals shows around its list: the open ones, what came nearest, what the record says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from trading.models import SignalType
from trading.selectors.coin import flip
from trading.selectors.proof import risk_coverage
from trading.selectors.readings import active, nearest, track_record
from trading.words import proof_reason

TOP = 20


def around_signals(now: datetime, timeframe: Timeframe = Timeframe.DAY) -> dict[str, Any]:
    """`open_rows` with their last prices, `nearest` where none is open, `proof` of each direction."""
    rows = list(active()[:TOP])
    prices = assets.last_prices([row.asset_id for row in rows], now)
    close = [] if rows else list(nearest(timeframe=timeframe))
    return {
        "open_rows": [{"signal": row, "price": _price(prices, row.asset_id)} for row in rows],
        "nearest": [{"row": row, "flip": flip(row)} for row in close],
        "proof": [_worded(entry) for entry in risk_coverage(timeframe, now)],
        "track_record": track_record(now, timeframe),
    }


def _price(prices: dict[int, assets.LastPrice], asset: int) -> Any:
    found = prices.get(asset)
    return None if found is None else found.price


def _worded(entry: dict[str, Any]) -> dict[str, Any]:
    name = SignalType(entry["direction"]).label
    return {**entry, "name": name, "said": proof_reason(str(entry["reason"]))}

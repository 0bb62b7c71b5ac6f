"""A live batch, one new bar of each coin, beside Django's `bulk_create(update_conflicts=True)`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from assets.engine.timeframe import Timeframe
from assets.models import Candle
from assets.services.store import store_candles
from benchmarks import market
from benchmarks.costs import interleaved
from benchmarks.figures import Figure, Scale
from benchmarks.servers import fresh_database

_LENGTH = Timeframe.MINUTES_5
_BEFORE = 200  # bars of each coin that are there already
_ROUNDS = 5  # batches for each round of the scale
_KEY = ["asset", "timeframe", "candle_time"]
_PRICES = ["open", "high", "low", "close", "volume"]


def run(scale: Scale) -> list[Figure]:
    """Milliseconds a batch either way, and how many times faster the store is: new bars, then known ones."""
    rounds = scale.rounds * _ROUNDS
    columns = market.walks(_LENGTH, scale.live, _BEFORE + 2 * rounds)
    width = _BEFORE + 2 * rounds
    with fresh_database():
        ids = market.listed(scale.live)
        store_candles(_LENGTH, market.batch(ids, _bars(columns, width, slice(0, _BEFORE))))

        def bars(number: int) -> dict[str, Any]:
            return _bars(columns, width, slice(_BEFORE + number, _BEFORE + number + 1))

        def ours(number: int) -> None:
            store_candles(_LENGTH, market.batch(ids, bars(number)), revise=True)

        def theirs(number: int) -> None:
            _bulk_create(ids, bars(number))

        fresh = interleaved({"ours": lambda n: ours(2 * n), "theirs": lambda n: theirs(2 * n + 1)}, rounds)
        again = interleaved({"ours": lambda n: ours(2 * n), "theirs": lambda n: theirs(2 * n + 1)}, rounds)
    return [
        Figure(f"{scale.live} new bars by bulk_create", 1_000 * fresh["theirs"].seconds, "ms"),
        Figure(f"{scale.live} new bars by the store", 1_000 * fresh["ours"].seconds, "ms"),
        Figure("the store against bulk_create", fresh["theirs"].seconds / fresh["ours"].seconds, "x", 6.0),
        Figure("the same, processor time", fresh["theirs"].cpu / fresh["ours"].cpu, "x"),
        Figure("the same bars sent again", again["theirs"].seconds / again["ours"].seconds, "x"),
    ]


def _bars(columns: dict[str, Any], width: int, part: slice) -> dict[str, Any]:
    """Some bars of every coin."""
    return {name: values.reshape(-1, width)[:, part].ravel() for name, values in columns.items()}


def _bulk_create(ids: Any, bars: dict[str, Any]) -> None:
    """What one would write with Django alone."""
    began = datetime(1970, 1, 1, tzinfo=UTC)
    prices = zip(*(bars[name].tolist() for name in _PRICES), strict=True)
    rows = [
        Candle(
            asset_id=asset,
            timeframe=_LENGTH,
            candle_time=began + timedelta(microseconds=time),
            is_validated=True,
            **dict(zip(_PRICES, values, strict=True)),
        )
        for asset, time, values in zip(
            ids[bars["coin"]].tolist(), bars["open_time"].tolist(), prices, strict=True
        )
    ]
    with transaction.atomic():
        Candle.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=_KEY, update_fields=[*_PRICES, "is_validated"]
        )

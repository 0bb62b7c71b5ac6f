"""Markets to measure on: bars of random walks by column, and the simulated market of the product."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from django.db import connection

from assets.engine.panel import BAR_FIELDS
from assets.engine.simulator import SimulatedMarket, SimulationParams, simulate
from assets.engine.timeframe import Timeframe
from assets.models import AssetType
from assets.services.listings import Listing, register
from assets.services.quotes import refresh_assets
from assets.services.store import CandleBatch, store_candles
from macro import services as macro
from sectors import services as sectors

BEGIN = datetime(2021, 1, 1, tzinfo=UTC)
_SOURCE = "benchmark"
_PIECE = 200_000


def listed(count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Ids (count,) of coins that have no bars yet."""
    names = [f"COIN{number}" for number in range(count)]
    found = register([Listing(name, name.title(), AssetType.CRYPTO, _SOURCE) for name in names])
    return np.asarray(found, dtype=np.int64)


def walks(
    timeframe: Timeframe, coins: int, bars: int, seed: int = 1
) -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """`bars` bars from BEGIN on of each of `coins` coins, asset by asset.

    Columns of coins x bars rows: `coin` (0 to coins - 1), `open_time` (microseconds since 1970), prices and
    volume in USD.
    """
    draw = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(draw.normal(0.0, 0.01, (coins, bars)), axis=1))
    opened = np.concatenate([np.full((coins, 1), 100.0), close[:, :-1]], axis=1)
    step = round(timeframe.delta.total_seconds()) * 1_000_000
    times = round(BEGIN.timestamp()) * 1_000_000 + step * np.arange(bars)
    columns = {
        "coin": np.repeat(np.arange(coins), bars),
        "open_time": np.tile(times, coins),
        "open": opened,
        "high": np.maximum(opened, close) * 1.002,
        "low": np.minimum(opened, close) * 0.998,
        "close": close,
        "volume": draw.lognormal(15.0, 1.0, (coins, bars)),
    }
    return {name: values.ravel() for name, values in columns.items()}


def batch(ids: np.ndarray[tuple[int], np.dtype[np.int64]], columns: dict[str, np.ndarray]) -> CandleBatch:  # type: ignore[type-arg]
    """The rows of `walks` as the store takes them, `ids` by coin."""
    unknown = dict.fromkeys(("market_cap", "trade_count", "vwap"), np.full(len(columns["coin"]), np.nan))
    bars = {name: values for name, values in columns.items() if name != "coin"}
    return CandleBatch(asset_id=ids[columns["coin"]], **bars, **unknown)


def simulated(end: datetime, days: int, assets: int) -> SimulatedMarket:
    """Days up to `end` of coins that (nearly) all trade from the first to the last: the most to do."""
    params = SimulationParams.ending(end, days, Timeframe.DAY, assets)
    alive = replace(params, listed_at_start=1.0, yearly_collapses=1e-3, yearly_delistings=1e-3)
    return simulate(alive, seed=29)


def store(market: SimulatedMarket, start: int, stop: int) -> None:
    """Write bars `start` to `stop` of the market, its macro series and who belongs to which sector."""
    panel = market.panel.rows(start, stop)
    kinds = [AssetType.STABLECOIN if stable else AssetType.CRYPTO for stable in panel.is_stable]
    coins = zip(panel.symbols, market.names, kinds, strict=True)
    ids = np.asarray(register([Listing(symbol, name, kind, _SOURCE) for symbol, name, kind in coins]))
    columns, rows = np.nonzero(np.isfinite(panel.close).T)
    unknown = np.full(len(rows), np.nan)
    bars = CandleBatch(
        asset_id=ids[columns],
        open_time=panel.times.as_unit("us").asi8[rows],
        trade_count=unknown,
        vwap=unknown,
        **{name: getattr(panel, name)[rows, columns] for name in BAR_FIELDS},
    )
    for first in range(0, len(bars), _PIECE):
        store_candles(panel.timeframe, bars.take(np.arange(first, min(first + _PIECE, len(bars)))))
    frame = market.macro.loc[panel.times[0] : panel.times[-1]]
    macro.store_series(timeframe=Timeframe.DAY, frame=frame, source=_SOURCE)
    sectors.assign_members(dict(zip(panel.symbols, market.sectors, strict=True)))
    refresh_assets(panel.timeframe)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")  # as autovacuum does a minute later

"""Assets and candles for tests."""

from __future__ import annotations

from datetime import datetime

import factory
import numpy as np

from assets.engine.panel import BAR_FIELDS, Panel
from assets.engine.timeframe import Timeframe
from assets.models import Asset, AssetType
from assets.services.store import CandleBatch, Stored, store_candles


class AssetFactory(factory.django.DjangoModelFactory[Asset]):
    class Meta:
        model = Asset

    symbol = factory.Sequence(lambda n: f"COIN{n}")
    name = factory.LazyAttribute(lambda asset: asset.symbol.title())
    asset_type = AssetType.CRYPTO


def batch(
    asset_id: int | list[int], times: list[datetime], closes: list[float], **columns: list[float]
) -> CandleBatch:
    """Bars that open where they close, unless `columns` says otherwise."""
    size = len(times)
    close = np.asarray(closes, dtype=np.float64)
    nan = np.full(size, np.nan)
    given = {name: np.asarray(values, dtype=np.float64) for name, values in columns.items()}
    return CandleBatch(
        asset_id=np.broadcast_to(np.asarray(asset_id, dtype=np.int64), size),
        open_time=np.asarray([int(moment.timestamp()) * 1_000_000 for moment in times], dtype=np.int64),
        **{name: given.get(name, close) for name in ("open", "high", "low", "close")},
        **{name: given.get(name, np.full(size, 1e6)) for name in ("volume",)},
        **{name: given.get(name, nan) for name in ("market_cap", "trade_count", "vwap")},
    )


def store_panel(panel: Panel) -> dict[int, Asset]:
    """The panel's assets and bars, stored; assets by the panel's id."""
    assets = {
        int(number): AssetFactory(
            symbol=symbol, asset_type=AssetType.STABLECOIN if stable else AssetType.CRYPTO
        )
        for number, symbol, stable in zip(panel.asset_ids, panel.symbols, panel.is_stable, strict=True)
    }
    ids = np.asarray([assets[int(number)].pk for number in panel.asset_ids], dtype=np.int64)
    rows, columns = np.nonzero(np.isfinite(panel.close))
    values = {name: getattr(panel, name)[rows, columns] for name in BAR_FIELDS}
    nan = np.full(len(rows), np.nan)
    store(
        panel.timeframe,
        CandleBatch(
            asset_id=ids[columns],
            open_time=panel.times.as_unit("us").asi8[rows],
            trade_count=nan,
            vwap=nan,
            **values,
        ),
    )
    return assets


def store(timeframe: Timeframe, bars: CandleBatch) -> Stored:
    """Store and insist that nothing was refused."""
    stored = store_candles(timeframe, bars)
    assert not len(stored.conflicts)
    return stored

"""A market from files on disk, as the layers read it: no database, for judging on real candles."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import django
import numpy as np
import pandas as pd

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cryptopredict.settings")
django.setup()  # the funnel in memory shares modules with the one in the database

from assets.engine.panel import BAR_FIELDS, Panel  # noqa: E402
from assets.engine.pegged import is_pegged  # noqa: E402
from assets.engine.timeframe import Timeframe  # noqa: E402
from assets.formats.series_names import canonical  # noqa: E402
from cryptopredict.lookahead import Market  # noqa: E402
from sectors.engine import taxonomy  # noqa: E402


def load(candles: Path, series: Path | None, since: datetime, until: datetime) -> Market:
    """Daily bars opened from `since` to `until`, long table `symbol, timestamp, open .. market_cap`.

    `series` is a wide table with a `date` column, or None. Raises ValueError where a column is missing or
    no bar lies in the span.
    """
    frame = _table(candles)
    missing = {"symbol", "timestamp", *BAR_FIELDS} - {*frame.columns, "market_cap"}
    if missing:
        raise ValueError(f"{candles} has no column {', '.join(sorted(missing))}")
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], utc=True)
    frame = frame[frame["timestamp"].between(since.astimezone(UTC), until.astimezone(UTC))]
    if frame.empty:
        raise ValueError(f"{candles} has no bar from {since:%Y-%m-%d} to {until:%Y-%m-%d}")
    panel = _panel(frame)
    membership = taxonomy.membership(panel.symbols)
    homes = np.where(membership.weights.max(axis=1) > 0, membership.weights.argmax(axis=1), -1)
    return Market(panel, _series(series, panel.times), membership, homes.astype(np.int64))


def _table(path: Path) -> pd.DataFrame:
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)


def _panel(frame: pd.DataFrame) -> Panel:
    symbols = tuple(sorted(frame["symbol"].unique()))
    times = Timeframe.DAY.opens(frame["timestamp"].min(), frame["timestamp"].max())
    rows = times.get_indexer(frame["timestamp"])
    columns = pd.Index(symbols).get_indexer(frame["symbol"])
    bars = {}
    for name in BAR_FIELDS:
        wide = np.full((len(times), len(symbols)), np.nan)
        if name in frame:
            wide[rows, columns] = frame[name].to_numpy(dtype=np.float64)
        bars[name] = wide
    bars["volume"] = np.where(np.isfinite(bars["close"]), np.nan_to_num(bars["volume"]), np.nan)
    return Panel(
        timeframe=Timeframe.DAY,
        times=times,
        asset_ids=np.arange(1, len(symbols) + 1, dtype=np.int64),
        symbols=symbols,
        is_stable=np.array([is_pegged(symbol) for symbol in symbols], dtype=np.bool_),
        **bars,
    )


def _series(path: Path | None, times: pd.DatetimeIndex) -> pd.DataFrame:
    if path is None:
        return pd.DataFrame(index=times)
    frame = _table(path)
    frame = frame.set_index(pd.to_datetime(frame["date"], utc=True)).drop(columns="date")
    known = {name: canonical(name) for name in frame.columns}
    kept = {known[name]: frame[name] for name in frame.columns if known[name]}
    return pd.DataFrame(kept).reindex(times).astype(np.float64)

"""What was computed of the market, beside what was imported, one snapshot a bar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np

from assets.engine.panel import Floats
from assets.engine.timeframe import Timeframe
from macro import engine
from macro.models import MetricsSnapshot

#: Columns that the layer computes; where a source gave one of them, the source's value stays.
COMPUTED = (
    "btc_price_usd",
    "rsi_14",
    "sma_200",
    "ema_200",
    "altcoin_dominance",
    "btc_dominance",
    "eth_dominance",
    "usdt_dominance",
    "total_market_cap",
    "liquidity_score",
    "halving_countdown_days",
    "weekly_return",
    "monthly_return",
    "btc_eth_correlation_30d",
    "btc_sp500_correlation_30d",
    "crypto_market_breadth",
    "new_highs_24h",
    "new_lows_24h",
    "momentum_index",
)
COUNTS = ("halving_countdown_days", "new_highs_24h", "new_lows_24h")


class Gap(StrEnum):
    """Why a column of a snapshot is null."""

    NO_SOURCE = "no_source"  # no source gave a value within the days that one is carried
    CARRIED = "carried"  # none for this bar; the analysis used the last one before it
    TOO_LITTLE = "too_little_data"  # not enough bars or coins to compute it from


@dataclass(frozen=True, slots=True)
class Snapshots:
    """Ids in the order of the bars, and how many rows were new or changed."""

    ids: list[int]
    written: int


def store_snapshots(timeframe: Timeframe, inputs: engine.Inputs, first: int) -> Snapshots:
    """Fill the computed columns of the snapshots of rows `first` on; imported values are left alone."""
    times = list(inputs.times[first:].to_pydatetime())
    sources = _sources(timeframe, times)
    columns = {name: _unless_imported(name, inputs.metrics[name][first:], sources) for name in COMPUTED}
    written = MetricsSnapshot.objects.merge(
        {
            "timeframe": timeframe,
            "snapshot_time": times,
            **{name: _whole(values) if name in COUNTS else values for name, values in columns.items()},
            "data_quality_flags": _flags(inputs.readings, first, columns, sources),
        },
        on=("snapshot_time", "timeframe"),
    )
    stored = MetricsSnapshot.objects.filter(timeframe=timeframe, snapshot_time__range=(times[0], times[-1]))
    ids = dict(stored.values_list("snapshot_time", "pk"))
    return Snapshots([ids[moment] for moment in times], written)


def _sources(timeframe: Timeframe, times: list[datetime]) -> list[frozenset[str]]:
    """Names of the imported columns of each bar."""
    rows = MetricsSnapshot.objects.filter(timeframe=timeframe, snapshot_time__range=(times[0], times[-1]))
    found = dict(rows.values_list("snapshot_time", "sources"))
    return [frozenset(found.get(moment, ())) for moment in times]


def _unless_imported(name: str, values: Floats, sources: list[frozenset[str]]) -> Floats:
    return np.where([name in imported for imported in sources], np.nan, values)


def _whole(values: Floats) -> list[int | None]:
    return [int(value) if np.isfinite(value) else None for value in values]


def _flags(
    readings: dict[str, Floats], first: int, columns: dict[str, Floats], sources: list[frozenset[str]]
) -> list[dict[str, str]]:
    """For each bar, why each column that stays null is null."""
    outside = {
        name: np.where(np.isfinite(values[first:]), Gap.CARRIED, Gap.NO_SOURCE)
        for name, values in readings.items()
        if name not in COMPUTED
    }
    unknown = {name: ~np.isfinite(values) for name, values in columns.items()}
    return [
        {name: str(gap[row]) for name, gap in outside.items() if name not in imported}
        | {name: Gap.TOO_LITTLE.value for name, gone in unknown.items() if gone[row] and name not in imported}
        for row, imported in enumerate(sources)
    ]

"""Series from outside into the snapshots: the writer behind every import and the simulated market."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from django.db import transaction
from django.utils.translation import gettext as _

from assets.engine.timeframe import Timeframe
from macro.engine.series import NAMES
from macro.models import MetricsSnapshot

#: Series that have a column of their own; any other goes into `extended_metrics` under its name.
CANONICAL = (*NAMES, "eth_dominance", "altcoin_dominance", "usdt_dominance", "total_market_cap")
PERCENT = ("fear_greed_index", "btc_dominance", "eth_dominance")


@dataclass(frozen=True, slots=True)
class StoredSeries:
    """Rows (bars) by what became of them."""

    new: int
    changed: int
    unchanged: int


@transaction.atomic
def store_series(*, timeframe: Timeframe, frame: pd.DataFrame, source: str) -> StoredSeries:
    """Write series into the snapshots of their bars; NaN leaves what is stored. Safe to run again.

    `frame` is indexed by UTC open times, each once; its columns are series. A value that differs from the
    stored one, or that stood in for an absent source, is replaced: the newest import is right. Raises
    ValueError, with nothing written, where an index or value cannot be.
    """
    frame = _checked(frame.astype(np.float64), timeframe)
    frame = frame.loc[np.isfinite(frame.to_numpy()).any(axis=1)]
    if frame.empty:
        return StoredSeries(0, 0, 0)
    stored = _stored(timeframe, frame)
    rows = [
        _row(moment.to_pydatetime(), values, stored.get(moment.to_pydatetime()), source)
        for moment, values in zip(frame.index, frame.to_dict("records"), strict=True)
    ]
    different = [row for row in rows if row is not None]
    if different:
        columns = {name: [row[name] for row in different] for name in different[0]}
        MetricsSnapshot.objects.merge({"timeframe": timeframe, **columns}, on=("snapshot_time", "timeframe"))
    new = sum(row["snapshot_time"] not in stored for row in different)
    return StoredSeries(new, len(different) - new, len(rows) - len(different))


def _checked(frame: pd.DataFrame, timeframe: Timeframe) -> pd.DataFrame:
    index = frame.index
    if not isinstance(index, pd.DatetimeIndex) or index.tz is None:
        raise ValueError(_("The index of a series must be open times with a time zone."))
    if not index.is_unique:
        twice = index[index.duplicated()][0]
        raise ValueError(_("%(time)s stands twice in the series; keep one row a bar.") % {"time": twice})
    frame = frame.set_index(index.tz_convert(UTC).as_unit("us")).sort_index()
    for moment in frame.index:
        if timeframe.open_of(moment.to_pydatetime()) != moment:
            text = _("%(time)s is not the start of a bar of %(timeframe)s (UTC).")
            raise ValueError(text % {"time": moment, "timeframe": timeframe})
    for name in PERCENT:
        if name in frame:
            _check_percent(frame[name])
    return frame


def _check_percent(series: pd.Series[float]) -> None:
    outside = series[(series < 0) | (series > 100)]
    if len(outside):
        raise ValueError(
            _("%(series)s is %(value)s at %(time)s; it must lie between 0 and 100.")
            % {"series": series.name, "value": outside.iloc[0], "time": outside.index[0]}
        )


def _stored(timeframe: Timeframe, frame: pd.DataFrame) -> dict[datetime, dict[str, Any]]:
    """The snapshots of the frame's span, locked against other writers."""
    rows = MetricsSnapshot.objects.select_for_update().filter(
        timeframe=timeframe, snapshot_time__range=(frame.index[0], frame.index[-1])
    )
    own = [name for name in frame.columns if name in CANONICAL]
    fields = ("snapshot_time", "extended_metrics", "sources", "data_quality_flags", *own)
    return {row["snapshot_time"]: row for row in rows.values(*fields)}


def _row(
    moment: datetime, values: Mapping[Any, float], stored: dict[str, Any] | None, source: str
) -> dict[str, Any] | None:
    """The columns to write for one bar; None where it says nothing new."""
    known = {name: value for name, value in values.items() if np.isfinite(value)}
    before = stored or {}
    sources: dict[str, str] = before.get("sources", {})
    extended: dict[str, float] = before.get("extended_metrics", {})
    own = {name: known.get(name) for name in values if name in CANONICAL}
    other = {name: value for name, value in known.items() if name not in CANONICAL}
    changed = [name for name, value in other.items() if extended.get(name) != value]
    changed += [
        name
        for name, value in own.items()
        if value is not None and (name not in sources or before.get(name) != value)
    ]
    if stored is not None and not changed:
        return None
    return {
        "snapshot_time": moment,
        **own,
        "extended_metrics": extended | other,
        "sources": sources | dict.fromkeys(changed, source),
        "data_quality_flags": _without(before.get("data_quality_flags", {}), changed),
    }


def _without(flags: dict[str, str], names: Iterable[str]) -> dict[str, str]:
    gone = set(names)
    return {name: flag for name, flag in flags.items() if name not in gone}

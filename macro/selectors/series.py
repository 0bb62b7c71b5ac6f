"""Macro as arrays: outside readings for its own engine, exposure and regimes for the layers below."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
from django.db.models import Case, F, FloatField, When

from aimodels import selectors as aimodels
from assets.engine.panel import Floats
from assets.engine.timeframe import Timeframe
from macro import engine
from macro.engine.series import NAMES
from macro.models import MetricsSnapshot, RegimeAnalysis


def rows_needed(timeframe: Timeframe, since: datetime, as_of: datetime) -> int:
    """Bars the layer has to see for closes `since` to `as_of`, training of missing fits included."""
    return aimodels.needed_rows(engine.SPECS, timeframe, since, as_of, engine.lookback(timeframe))


def market_series(times: pd.DatetimeIndex, timeframe: Timeframe) -> pd.DataFrame:
    """Imported readings on the open times `times` (T rows), columns as the engine names them, one query.

    NaN where no source gave a value: what the layer computed itself is never read back. Readings of days
    serve finer bars too, from the bar in which the day closes; a reading of the bar's own length wins.
    """
    lengths = [timeframe]
    if len(times) and timeframe not in (Timeframe.DAY, Timeframe.WEEK, Timeframe.MONTH):
        lengths.append(Timeframe.DAY)
    frame = pd.DataFrame(np.nan, index=times, columns=list(NAMES))
    for length, readings in _readings(times, timeframe, lengths).items():
        known = readings if length is timeframe else _placed(readings, length, timeframe)
        frame = frame.fillna(known.reindex(times))
    return frame


def exposures(timeframe: Timeframe, times: pd.DatetimeIndex) -> Floats:
    """Recommended exposure in [0, 1] at the close of the bars opened at `times` (T,); NaN where not known."""
    found = _at_closes("recommended_exposure", timeframe, times)
    return np.asarray([np.nan if value is None else value for value in found], dtype=np.float64)


def regimes(timeframe: Timeframe, times: pd.DatetimeIndex) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    """Regime, as a word, at the close of the bars opened at `times` (T,); "" where not known."""
    found = _at_closes("market_regime", timeframe, times)
    return np.asarray([value or "" for value in found], dtype=np.str_)


def _readings(
    times: pd.DatetimeIndex, timeframe: Timeframe, lengths: list[Timeframe]
) -> dict[Timeframe, pd.DataFrame]:
    """Imported readings by their bar length, the finest first."""
    if not len(times):
        return {}
    first, last = times[0].to_pydatetime(), times[-1].to_pydatetime()
    imported = {
        f"imported_{name}": Case(When(sources__has_key=name, then=F(name)), output_field=FloatField())
        for name in NAMES
    }
    rows = MetricsSnapshot.objects.filter(
        timeframe__in=lengths,
        snapshot_time__gte=min(length.open_of(first) for length in lengths),
        snapshot_time__lte=last,
    ).exclude(sources={})
    found = rows.annotate(**imported).values_list("timeframe", "snapshot_time", *imported)
    table = pd.DataFrame.from_records(list(found), columns=["timeframe", "time", *NAMES])
    marks = table["timeframe"].to_numpy(dtype=object)
    return {length: _indexed(table.loc[marks == length]) for length in lengths}


def _indexed(table: pd.DataFrame) -> pd.DataFrame:
    index = pd.DatetimeIndex(pd.to_datetime(table["time"], utc=True)).as_unit("us")
    return table[list(NAMES)].astype(np.float64).set_index(index)


def _placed(readings: pd.DataFrame, length: Timeframe, timeframe: Timeframe) -> pd.DataFrame:
    """Readings of longer bars on the last of the finer bars that they span: that is when they were known."""
    opens = [timeframe.last_closed(length.close_of(moment.to_pydatetime())) for moment in readings.index]
    return readings.set_index(pd.DatetimeIndex(opens, tz="UTC").as_unit("us"))


def _at_closes(field: str, timeframe: Timeframe, times: pd.DatetimeIndex) -> list[float | str | None]:
    if not len(times):
        return []
    closes = [timeframe.close_of(moment.to_pydatetime()) for moment in times]
    rows = RegimeAnalysis.objects.filter(timeframe=timeframe, as_of__range=(closes[0], closes[-1]))
    known = dict(rows.values_list("as_of", field))
    return [known.get(close) for close in closes]

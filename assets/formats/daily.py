"""Many observations to one a day, block after block, in memory that grows with days and series only."""

from __future__ import annotations

import pandas as pd

from assets.formats.series_layouts import Shape

COLUMNS = ("series", "contract", "day", "time", "line", "value", "count")


class Days:
    """The last observation of each day and contract; for funding the sum of the day's payments.

    Contracts of one series are added up. Input frames have COLUMNS without `count`; times in microseconds.
    """

    def __init__(self, shape: Shape) -> None:
        self._adds = shape is Shape.FUNDING
        self._days = pd.DataFrame(columns=list(COLUMNS))

    def add(self, observations: pd.DataFrame) -> None:
        """Takes in another block."""
        fresh = observations.assign(count=1)
        parts = [part for part in (self._days, fresh) if len(part)]
        if parts:
            self._days = self._reduced(pd.concat(parts, ignore_index=True))

    def days(self) -> pd.DataFrame:
        """series, day, value, count, line; sorted by series and day."""
        by = self._days.groupby(["series", "day"], sort=True)
        return by.agg(value=("value", "sum"), count=("count", "sum"), line=("line", "min")).reset_index()

    def _reduced(self, rows: pd.DataFrame) -> pd.DataFrame:
        by = rows.sort_values("time", kind="stable").groupby(["series", "contract", "day"], sort=False)
        if self._adds:
            reduced = by.agg(
                time=("time", "last"), line=("line", "min"), value=("value", "sum"), count=("count", "sum")
            )
        else:
            reduced = by.agg(
                time=("time", "last"), line=("line", "last"), value=("value", "last"), count=("count", "last")
            )
        return reduced.reset_index()


def usual_count(days: pd.DataFrame) -> int:
    """How many observations a day most often has; the larger of two equally frequent."""
    return int(days["count"].mode().max()) if len(days) else 0

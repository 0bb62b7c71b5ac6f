"""Bar lengths, and the one rule that turns a bar's label into the moment it is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pandas as pd

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)


class Timeframe(StrEnum):
    """Length of a bar. A bar is labelled by its open time and known from its close time on."""

    MINUTE = "1m"
    MINUTES_5 = "5m"
    MINUTES_15 = "15m"
    HOUR = "1h"
    HOURS_4 = "4h"
    DAY = "1d"
    WEEK = "1w"
    MONTH = "1M"

    @property
    def code(self) -> int:
        """The small integer under which the database keeps this bar length."""
        return _CODES[self]

    @classmethod
    def from_code(cls, code: int) -> Timeframe:
        """Inverse of `code`. Raises KeyError for an unknown code."""
        return _BY_CODE[code]

    @property
    def delta(self) -> timedelta:
        """Length of the bar; raises ValueError for the month, whose length varies."""
        if self is Timeframe.MONTH:
            raise ValueError("a month has no fixed length; use open_of and close_of")
        return _DELTAS[self]

    @property
    def bars_per_year(self) -> float:
        """Bars in a mean year of 365.25 days: annualises volatility and Sharpe ratios."""
        return 12.0 if self is Timeframe.MONTH else timedelta(days=365.25) / self.delta

    @property
    def pandas_freq(self) -> str:
        """Offset alias of a regular index of open times."""
        return _FREQS[self]

    def open_of(self, moment: datetime) -> datetime:
        """Open time of the bar that contains `moment` (weeks open on Monday)."""
        moment = moment.astimezone(UTC)
        if self is Timeframe.MONTH:
            return datetime(moment.year, moment.month, 1, tzinfo=UTC)
        origin = _MONDAY if self is Timeframe.WEEK else _EPOCH
        return origin + (moment - origin) // self.delta * self.delta

    def close_of(self, open_time: datetime) -> datetime:
        """Moment at which the bar opened at `open_time` is complete, hence known."""
        if self is Timeframe.MONTH:
            year, month = divmod(open_time.year * 12 + open_time.month, 12)
            return datetime(year, month + 1, 1, tzinfo=UTC)
        return open_time + self.delta

    def last_closed(self, as_of: datetime) -> datetime:
        """Open time of the last bar that is complete at `as_of`."""
        opened = self.open_of(as_of)
        return self.open_of(opened - timedelta(microseconds=1))

    def opens(self, first: datetime, last: datetime) -> pd.DatetimeIndex:
        """Open times from `first` to `last`, both included and both open times."""
        return pd.date_range(first, last, freq=self.pandas_freq, tz=UTC, unit="us")

    def bars(self, span: timedelta) -> int:
        """How many bars `span` is, at least one; for horizons given in hours or days."""
        length = timedelta(days=30) if self is Timeframe.MONTH else self.delta
        return max(1, round(span / length))


_DELTAS = {
    Timeframe.MINUTE: timedelta(minutes=1),
    Timeframe.MINUTES_5: timedelta(minutes=5),
    Timeframe.MINUTES_15: timedelta(minutes=15),
    Timeframe.HOUR: timedelta(hours=1),
    Timeframe.HOURS_4: timedelta(hours=4),
    Timeframe.DAY: timedelta(days=1),
    Timeframe.WEEK: timedelta(weeks=1),
}
_FREQS = {
    Timeframe.MINUTE: "1min",
    Timeframe.MINUTES_5: "5min",
    Timeframe.MINUTES_15: "15min",
    Timeframe.HOUR: "1h",
    Timeframe.HOURS_4: "4h",
    Timeframe.DAY: "1D",
    Timeframe.WEEK: "W-MON",
    Timeframe.MONTH: "MS",
}
_CODES = {timeframe: code for code, timeframe in enumerate(Timeframe, start=1)}
_BY_CODE = {code: timeframe for timeframe, code in _CODES.items()}

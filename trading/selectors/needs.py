"""How much of the past a run has to see, and what has been told already."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Min

from aimodels import selectors as aimodels
from assets.engine.timeframe import Timeframe
from trading import engine
from trading.models import SignalCandidate, TradingSignal


def rows_needed(timeframe: Timeframe, since: datetime, as_of: datetime) -> int:
    """Bars that `services.signal` needs for closes `since` to `as_of`: its windows, the training of missing
    fits, and the lives of all plans that are undecided."""
    needed = aimodels.needed_rows(engine.SPECS, timeframe, since, as_of, engine.lookback(timeframe))
    waiting = (
        model.objects.filter(timeframe=timeframe, outcome=None, as_of__lt=as_of).aggregate(
            oldest=Min("as_of")
        )
        for model in (SignalCandidate, TradingSignal)
    )
    oldest = min((found["oldest"] for found in waiting if found["oldest"] is not None), default=None)
    return needed if oldest is None else max(needed, rows_since(timeframe, oldest, as_of))


def rows_since(timeframe: Timeframe, oldest: datetime, as_of: datetime) -> int:
    """Bars from the one that closes at `oldest` to the last that is known at `as_of`."""
    return timeframe.bars(as_of - oldest) + 1


def closes_told(timeframe: Timeframe, since: datetime, as_of: datetime) -> set[datetime]:
    """Closes from `since` to `as_of` that have candidates: what was told about them stays."""
    rows = SignalCandidate.objects.filter(timeframe=timeframe, as_of__range=(since, as_of))
    return set(rows.values_list("as_of", flat=True).distinct())

"""What the layer has said: the latest reading of each kind, and the history of regimes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeVar

from django.db.models import QuerySet, Subquery

from assets.engine.timeframe import Timeframe
from assets.models import Analysis
from macro.models import Dominance, MarketSentiment, RegimeAnalysis, RegimeForecast

A = TypeVar("A", bound=Analysis)
WEEK_HOURS = 168


def latest_regime(
    as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> RegimeAnalysis | None:
    """The newest analysis (known at `as_of`), with its model; None before the first run."""
    return _latest(RegimeAnalysis.objects.select_related("model"), timeframe, as_of)


def latest_forecast(
    horizon_hours: int = WEEK_HOURS,
    as_of: datetime | None = None,
    timeframe: Timeframe = Timeframe.DAY,
) -> RegimeForecast | None:
    """The newest forecast so many hours ahead (known at `as_of`)."""
    return _latest(RegimeForecast.objects.filter(horizon_hours=horizon_hours), timeframe, as_of)


def latest_sentiment(
    as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> MarketSentiment | None:
    """The newest mood of the market (known at `as_of`)."""
    return _latest(MarketSentiment.objects.all(), timeframe, as_of)


def latest_dominance(as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY) -> Dominance | None:
    """The newest shares of the market's worth (known at `as_of`)."""
    return _latest(Dominance.objects.all(), timeframe, as_of)


def regime_history(
    since: datetime, as_of: datetime, timeframe: Timeframe = Timeframe.DAY
) -> QuerySet[RegimeAnalysis]:
    """Analyses of closes `since` to `as_of`, oldest first."""
    return RegimeAnalysis.objects.filter(timeframe=timeframe, as_of__range=(since, as_of)).order_by("as_of")


def regimes_of_days(
    days: int, as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> QuerySet[RegimeAnalysis]:
    """Analyses of the `days` up to the last one (known at `as_of`); one query, in no order."""
    rows = RegimeAnalysis.objects.filter(timeframe=timeframe)
    known = rows if as_of is None else rows.filter(as_of__lte=as_of)
    last = Subquery(known.order_by("-as_of").values("as_of")[:1])
    return rows.filter(as_of__gt=last - timedelta(days=days), as_of__lte=last)


def _latest(rows: QuerySet[A], timeframe: Timeframe, as_of: datetime | None) -> A | None:
    known = rows.filter(timeframe=timeframe)
    if as_of is not None:
        known = known.filter(as_of__lte=as_of)
    return known.order_by("-as_of").first()

"""Backtests that were run, and how often the same time was looked at."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from assets.engine.timeframe import Timeframe
from trading.models import Backtest, BacktestStatus


def backtests() -> QuerySet[Backtest]:
    """All backtests, newest first."""
    return Backtest.objects.order_by("-created_at", "-pk")


def earlier_ratios(timeframe: Timeframe, since: datetime, until: datetime) -> list[float | None]:
    """Sharpe ratios (of a bar) of every variant that completed backtests tried on bars of this span."""
    done = Backtest.objects.filter(
        timeframe=timeframe, status=BacktestStatus.COMPLETED, since__lt=until, until__gt=since
    )
    kept = done.order_by("pk").values_list("sharpe_ratios", flat=True)
    return [ratio for ratios in kept for ratio in ratios]

"""What is said of every portfolio at a daily close, kept for good: value, risk, drift, and advice a
holding."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from assets.engine.timeframe import Timeframe
from selection import selectors as selection
from selection import services as selection_services
from trading import selectors
from trading.models import PortfolioAssetAnalysis, RiskProfile
from trading.selectors import Picture


def review(*, as_of: datetime) -> int:
    """Review every active portfolio with what was known at the daily close `as_of`; returns the rows written.

    One that has traded since is left out: what it held then is not what it holds. One row a portfolio and
    close, one a holding: run again, nothing is added. The risk metrics of the paper
    portfolio are kept on its owner's profile. The number of queries does not grow with the portfolios.
    """
    as_of = Timeframe.DAY.close_of(Timeframe.DAY.last_closed(as_of))
    known = selection.active_portfolios().exclude(flows__occurred_at__gt=as_of)
    portfolios = list(known.exclude(trades__executed_at__gt=as_of))
    if not portfolios:
        return 0
    seen = list(selectors.pictures(portfolios, as_of).values())
    with transaction.atomic():
        written = selection_services.keep_analysis(columns=_analyses(seen, as_of))
        written += PortfolioAssetAnalysis.objects.append(_advice(seen, as_of)) if _any(seen) else 0
        _keep_metrics(seen, as_of)
    return written


def _any(seen: Sequence[Picture]) -> bool:
    return any(one.holdings for one in seen)


def _analyses(seen: Sequence[Picture], as_of: datetime) -> dict[str, Any]:
    stand = [one.standing for one in seen]
    return {
        "timeframe": Timeframe.DAY,
        "as_of": as_of,
        "portfolio_id": [one.portfolio.pk for one in stand],
        "total_value": [one.equity for one in stand],
        "unrealised_pnl": [
            sum((held.unrealised or Decimal(0) for held in one.held), Decimal(0)) for one in stand
        ],
        "daily_pnl": [one.day_pnl for one in stand],
        "risk_contributions": [
            {row.held.asset.symbol: row.risk_share for row in one.holdings} for one in seen
        ],
        "drift": [one.drift or {} for one in seen],
        "analysis_data": [{"risk": one.metrics, "cash": one.standing.portfolio.cash} for one in seen],
    }


def _advice(seen: Sequence[Picture], as_of: datetime) -> dict[str, Any]:
    rows = [row for one in seen for row in one.holdings]
    return {
        "timeframe": Timeframe.DAY,
        "as_of": as_of,
        "holding_id": [row.held.row.pk for row in rows],
        "advice": [row.opinion.action.value for row in rows],
        "confidence_score": [row.confidence for row in rows],
        "reasons": [[{"rule": row.opinion.rule, "figures": dict(row.opinion.figures)}] for row in rows],
        "signal_id": [None if row.signal is None else row.signal.pk for row in rows],
    }


def _keep_metrics(seen: Sequence[Picture], as_of: datetime) -> None:
    own = {one.standing.portfolio.user_id: one for one in seen if one.standing.portfolio.venue == "paper"}
    RiskProfile.objects.bulk_create([RiskProfile(user_id=user) for user in own], ignore_conflicts=True)
    profiles = list(
        RiskProfile.objects.select_for_update(no_key=True).filter(user__in=list(own)).order_by("user_id")
    )
    for profile in profiles:
        one = own[profile.user_id]
        metrics = {
            **one.metrics,
            "as_of": None if one.metrics["as_of"] is None else str(one.metrics["as_of"]),
        }
        profile.risk_metrics = metrics
        profile.current_exposure = {
            row.held.asset.symbol: row.weight for row in one.holdings if row.weight is not None
        }
        profile.last_calculated = as_of
    RiskProfile.objects.bulk_update(profiles, ["risk_metrics", "current_exposure", "last_calculated"])

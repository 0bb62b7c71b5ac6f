"""What people hold: their portfolios, trades, flows, and what was last said of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum

from selection.models import (
    PAPER_START,
    Account,
    Portfolio,
    PortfolioAnalysis,
    PortfolioAsset,
    PortfolioFlow,
    PortfolioTrade,
    RebalanceProposal,
)


def portfolio_of(user: Any, venue: str) -> Portfolio | None:
    """The active portfolio of `user` on this account; None where none was opened."""
    return Portfolio.objects.filter(user=user.pk, venue=venue, is_active=True).first()


def starting_cash(user: Any, venue: str) -> Decimal:
    """What an account is opened with, USD: on paper the user's balance, or 10,000 where there is none."""
    if venue != Account.PAPER:
        return Decimal(0)
    balance: Decimal = user.account_balance
    return balance if balance > 0 else PAPER_START


def account_of(user: Any, venue: str) -> Portfolio:
    """The active portfolio of `user` on this account; where none was opened, what it would be, unsaved."""
    found = portfolio_of(user, venue)
    if found is not None:
        return found
    name = "Main" if venue == Account.PAPER else "Live"
    return Portfolio(user=user, venue=venue, name=name, cash=starting_cash(user, venue))


def active_portfolios() -> QuerySet[Portfolio]:
    """Every portfolio that is in use, with its owner."""
    return (
        Portfolio.objects.filter(is_active=True, user__is_active=True).select_related("user").order_by("pk")
    )


def holdings(portfolios: Iterable[Portfolio]) -> QuerySet[PortfolioAsset]:
    """What is held or owed, with coins, by portfolio and coin."""
    rows = PortfolioAsset.objects.filter(portfolio__in=[row.pk for row in portfolios]).exclude(quantity=0)
    return rows.select_related("asset").order_by("portfolio_id", "asset__symbol", "pk")


def realised(portfolio: Portfolio) -> Decimal:
    """Profit of all that was closed, USD, net of fees."""
    found = PortfolioAsset.objects.filter(portfolio__in=[portfolio.pk]).aggregate(total=Sum("realised_pnl"))
    return found["total"] or Decimal(0)


def trades(portfolios: Iterable[Portfolio], since: datetime | None = None) -> QuerySet[PortfolioTrade]:
    """The book in the order of time."""
    rows = PortfolioTrade.objects.filter(portfolio__in=[row.pk for row in portfolios])
    if since is not None:
        rows = rows.filter(executed_at__gte=since)
    return rows.select_related("asset").order_by("executed_at", "pk")


def flows(portfolios: Iterable[Portfolio], since: datetime | None = None) -> QuerySet[PortfolioFlow]:
    """Money put in and taken out, in the order of time."""
    rows = PortfolioFlow.objects.filter(portfolio__in=[row.pk for row in portfolios])
    if since is not None:
        rows = rows.filter(occurred_at__gte=since)
    return rows.order_by("occurred_at", "pk")


def latest_portfolio_analysis(portfolio: Portfolio) -> PortfolioAnalysis | None:
    """What was last said about it at a close."""
    return PortfolioAnalysis.objects.filter(portfolio=portfolio).order_by("-as_of").first()


def latest_proposal(portfolio: Portfolio) -> RebalanceProposal | None:
    """The rebalancing asked for last."""
    rows = RebalanceProposal.objects.filter(portfolio__in=[portfolio.pk])
    return rows.order_by("-requested_at", "-pk").first()

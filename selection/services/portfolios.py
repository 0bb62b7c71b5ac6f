"""The only writers of portfolios: money in and out, trades, and the holdings that follow from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from selection import selectors
from selection.engine.lots import Book, Fill, replay, total
from selection.models import (
    Account,
    Portfolio,
    PortfolioAnalysis,
    PortfolioAsset,
    PortfolioFlow,
    PortfolioTrade,
    Side,
    TradeSource,
)

MOST_CASH = Decimal(10) ** 15


def open_portfolio(*, user: User, venue: str, now: datetime) -> Portfolio:
    """The active portfolio of `user` on this account; the first time it is made, and paper money put in it.

    A live one begins empty. What it would be is told without a write by `selectors.account_of`.
    """
    if venue not in Account.values:
        raise ValueError(f"{venue!r} is not an account; known are {', '.join(Account.values)}")
    planned = selectors.account_of(user, venue)
    if planned.pk is not None:
        return planned
    with transaction.atomic():
        portfolio, created = Portfolio.objects.get_or_create(
            user=user, venue=venue, is_active=True, defaults={"name": planned.name}
        )
        if created and planned.cash:
            _move(portfolio, planned.cash, "start", now)
            portfolio.refresh_from_db()
    return portfolio


def lock(portfolio: Portfolio) -> Portfolio:
    """The portfolio, held against other writers until the transaction ends."""
    return Portfolio.objects.select_for_update(no_key=True).get(pk=portfolio.pk)


@transaction.atomic
def set_cash(*, portfolio: Portfolio, cash: Decimal, now: datetime) -> Portfolio:
    """From now on there is so much cash; the difference is money put in or taken out, not a profit.

    Raises ValidationError for less than nothing, or for more than the table keeps.
    """
    if not 0 <= cash <= MOST_CASH:
        raise ValidationError(
            {"cash": _("%s USD cannot be; send a number from 0 to a thousand billion.") % cash}
        )
    current = lock(portfolio)
    if cash != current.cash:
        _move(current, cash - current.cash, "set by the owner", now)
        current.refresh_from_db()
    return current


@transaction.atomic
def book(*, portfolio: Portfolio, trades: Sequence[PortfolioTrade]) -> list[PortfolioAsset]:
    """Write trades of one portfolio down and bring its holdings and cash in step; those booked before
    are left.

    Executed ones are paid from the cash and into it; imported ones leave it alone. Returns the holdings
    touched. Their lots follow first in, first out from all trades in the order of time, so a trade of the
    past finds its place.
    """
    current = lock(portfolio)
    references = PortfolioTrade.objects.filter(portfolio=current).values_list("source", "reference")
    known = set(references.filter(reference__in=[trade.reference for trade in trades]))
    fresh = [trade for trade in trades if (trade.source, trade.reference) not in known]
    for trade in fresh:
        trade.portfolio = current
    PortfolioTrade.objects.bulk_create(fresh)
    settled = [fill_of(trade).cash for trade in fresh if trade.source == TradeSource.EXECUTION]
    if settled:
        Portfolio.objects.filter(pk=current.pk).update(cash=F("cash") + total(settled))
    return _recount(current, {trade.asset_id for trade in fresh})


def fill_of(trade: PortfolioTrade) -> Fill:
    """The trade as the engine takes it."""
    sign = 1 if trade.side == Side.BUY else -1
    return Fill(trade.executed_at, sign * trade.quantity, trade.price, trade.fees)


def books(portfolio: Portfolio, assets: Iterable[int] | None = None) -> dict[int, Book]:
    """The lots of each coin (of all, or of `assets`), by its id; one query."""
    rows = PortfolioTrade.objects.filter(portfolio=portfolio)
    if assets is not None:
        rows = rows.filter(asset__in=list(assets))
    fills: dict[int, list[Fill]] = defaultdict(list)
    for trade in rows.order_by("executed_at", "pk"):
        fills[trade.asset_id].append(fill_of(trade))
    return {asset: replay(own) for asset, own in fills.items()}


def keep_analysis(*, columns: dict[str, object]) -> int:
    """Store what portfolios were worth at a close, once for each; returns how many were new."""
    return PortfolioAnalysis.objects.append(columns)


def _recount(portfolio: Portfolio, assets: set[int]) -> list[PortfolioAsset]:
    counted = books(portfolio, assets)
    rows = [
        PortfolioAsset(
            portfolio=portfolio,
            asset_id=asset,
            quantity=own.quantity,
            cost_basis=own.cost,
            realised_pnl=own.realised,
            **({"opened_at": own.since} if own.since else {}),
        )
        for asset, own in sorted(counted.items())
    ]
    return PortfolioAsset.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["portfolio", "asset"],
        update_fields=["quantity", "cost_basis", "realised_pnl", "opened_at"],
    )


def _move(portfolio: Portfolio, amount: Decimal, reason: str, now: datetime) -> None:
    PortfolioFlow.objects.create(portfolio=portfolio, amount=amount, reason=reason, occurred_at=now)
    Portfolio.objects.filter(pk=portfolio.pk).update(cash=F("cash") + amount)

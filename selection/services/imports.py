"""Trades that were made elsewhere, from a CSV: looked at first, then booked whole or not at all."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models.functions import Upper
from django.utils.translation import gettext as _

from assets import selectors as assets
from selection.formats import Fault, Row, read
from selection.models import Portfolio, PortfolioTrade, Side, TradeSource
from selection.services.portfolios import book, lock, open_portfolio


@dataclass(slots=True)
class Report:
    """What an import would do or did: lines read, trades that count, duplicates and faults by line."""

    is_dry_run: bool
    rows: int = 0
    accepted: int = 0
    duplicates: list[dict[str, Any]] = field(default_factory=list)
    errors: list[dict[str, Any]] = field(default_factory=list)
    holdings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not self.errors


@transaction.atomic
def import_trades(*, portfolio: Portfolio, text: str, now: datetime, dry_run: bool = True) -> Report:
    """Read a CSV of trades; where nothing is wrong and it is not a dry run, book them.

    A line that is booked already, or stands twice in the file, is a duplicate: it is named and left out.
    With one fault nothing is booked. Sales beyond what was held at their time are faults. A portfolio that
    nobody has opened yet is opened by what is booked, not by a look or a refusal.
    """
    current = portfolio if dry_run else _held(portfolio, now)
    rows, faults = read(text, now)
    report = Report(dry_run, rows=len(rows) + len({fault.line for fault in faults}))
    ids, unknown = _coins(rows)
    faults += unknown
    fresh = _without_duplicates(current, [row for row in rows if row.line in ids], report)
    fresh.sort(key=lambda row: (row.at, row.side != Side.BUY, row.line))
    faults += _beyond_holdings(current, fresh, ids, report)
    report.errors = [asdict(fault) for fault in sorted(faults, key=lambda fault: fault.line)]
    report.accepted = len(fresh) if report.is_clean else 0
    if report.is_clean and not dry_run:
        book(portfolio=current, trades=[_trade(row, ids[row.line][0]) for row in fresh])
    transaction.set_rollback(not report.is_clean)
    return report


def _held(portfolio: Portfolio, now: datetime) -> Portfolio:
    """The portfolio to book into, opened where need be, held against other writers."""
    return lock(open_portfolio(user=portfolio.user, venue=portfolio.venue, now=now))


def _coins(rows: list[Row]) -> tuple[dict[int, tuple[int, str]], list[Fault]]:
    """Asset id and symbol by line; lines whose coin is not followed are faults."""
    names = {name for row in rows for name in row.names}
    coins = assets.supported().annotate(ticker=Upper("symbol")).filter(ticker__in=names)
    known = {coin.ticker: coin for coin in coins.order_by("-pk")}
    found: dict[int, tuple[int, str]] = {}
    faults = []
    for row in rows:
        coin = next((known[name] for name in row.names if name in known), None)
        if coin is not None:
            found[row.line] = (coin.pk, coin.symbol)
        else:
            mend = _("Send the ticker of a coin that is followed, or import its candles first.")
            faults.append(Fault(row.line, "symbol", row.names[0], _("is not a coin known here"), mend))
    return found, faults


def _without_duplicates(portfolio: Portfolio, rows: list[Row], report: Report) -> list[Row]:
    wanted = [row.reference for row in rows]
    booked = set(
        PortfolioTrade.objects.filter(portfolio__in=[portfolio.pk], reference__in=wanted).values_list(
            "reference", flat=True
        )
    )
    first: dict[str, int] = {}
    fresh = []
    for row in rows:
        if row.reference in booked:
            report.duplicates.append({"line": row.line, "reason": _("It is booked already.")})
        elif row.reference in first:
            reason = _("It says the same as line %d; give each trade an id if both happened.")
            report.duplicates.append({"line": row.line, "reason": reason % first[row.reference]})
        else:
            first[row.reference] = row.line
            fresh.append(row)
    return fresh


def _beyond_holdings(
    portfolio: Portfolio, rows: list[Row], ids: dict[int, tuple[int, str]], report: Report
) -> list[Fault]:
    """Go through old and new trades in the order of time; a new sale may not leave less than nothing.

    Nor may it take what a later sale, booked before, has sold.
    """
    steps: dict[int, list[tuple[datetime, bool, Decimal, Row | None]]] = defaultdict(list)
    for row in rows:
        signed = row.quantity if row.side == Side.BUY else -row.quantity
        steps[ids[row.line][0]].append((row.at, True, signed, row))
    symbols = dict(ids.values())
    booked = PortfolioTrade.objects.filter(portfolio__in=[portfolio.pk], asset__in=list(steps))
    for trade in booked.order_by("executed_at", "pk"):
        signed = trade.quantity if trade.side == Side.BUY else -trade.quantity
        steps[trade.asset_id].append((trade.executed_at, False, signed, None))
    faults = []
    for asset, own in sorted(steps.items()):
        fault, held = _walk(sorted(own, key=lambda step: step[:2]))
        faults += [fault] if fault else []
        report.holdings.append({"symbol": symbols[asset], "quantity": held})
    return faults


def _walk(steps: list[tuple[datetime, bool, Decimal, Row | None]]) -> tuple[Fault | None, Decimal]:
    held = before = Decimal(0)
    sale: Row | None = None
    fault = None
    for _at, _is_new, signed, row in steps:
        held += signed
        before += signed if row is None else 0
        sale = row if row is not None and signed < 0 else sale
        if held < 0 <= before and sale is not None and fault is None:
            rule = _("sells more than is held: %s would be missing") % f"{-held.normalize():f}"
            mend = _("Add the purchases before it, or correct the quantity or the date.")
            fault = Fault(sale.line, "quantity", f"{sale.quantity.normalize():f}", rule, mend)
    return fault, held


def _trade(row: Row, asset: int) -> PortfolioTrade:
    return PortfolioTrade(
        asset_id=asset,
        side=row.side,
        quantity=row.quantity,
        price=row.price,
        fees=row.fees,
        source=TradeSource.IMPORT,
        reference=row.reference,
        executed_at=row.at,
    )

"""What people see of their portfolio: the figures, the holdings with advice, the curve, the trades."""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from django.utils import timezone

from assets import selectors as assets
from assets.engine.panel import Floats
from assets.engine.timeframe import Timeframe
from selection import selectors as selection
from selection.engine.equity import Equity, Movements, equity
from selection.models import Account, Portfolio, TradeSource
from trading.selectors.pictures import Advised, picture
from trading.selectors.standing import Held, Standing, fill_of, standing
from trading.words import advice_reason

ZERO = Decimal(0)
MOST_DAYS = 3650


def portfolio_summary(user: Any, venue: str = Account.PAPER, now: datetime | None = None) -> dict[str, Any]:
    """The account in one look, USD; a paper account that nobody opened yet stands at its starting money.

    `daily_pnl` is since midnight UTC, flows taken out; its percentage is null where nothing was there.
    `positions` are the holdings: symbol, quantity, value, profit.
    """
    stand = standing(selection.account_of(user, venue), now or timezone.now())
    return {**_figures(stand), "positions": [_holding(one, stand) for one in stand.held]}


def portfolio_detail(portfolio: Portfolio, now: datetime) -> dict[str, Any]:
    """The same with advice and risk share a holding, drift from the recommended allocation, and risk
    metrics."""
    seen = picture(portfolio, now)
    return {
        **_figures(seen.standing),
        "positions": [_advised(one, seen.standing) for one in seen.holdings],
        "drift": seen.drift,
        "risk": seen.metrics,
    }


def portfolio_history(portfolio: Portfolio, now: datetime, days: int = 365) -> dict[str, Any]:
    """Value, return and drawdown at each daily close since the portfolio began, at most `days` back."""
    trades = list(selection.trades([portfolio]))
    flows = list(selection.flows([portfolio]))
    moments = [*(row.executed_at for row in trades), *(row.occurred_at for row in flows)]
    begun = min(moments, default=now)
    span = min(days, max(1, (now - begun) // timedelta(days=1) + 2), MOST_DAYS)
    ids = sorted({row.asset_id for row in trades})
    panel = assets.load_panel(Timeframe.DAY, now, span, ids)
    closes = [panel.as_of(row) for row in range(len(panel.times))]
    place = {asset: column for column, asset in enumerate(panel.asset_ids.tolist())}

    rows = len(closes)
    cash, outside = np.zeros(rows + 1), np.zeros(rows + 1)
    moves: list[tuple[int, int, float]] = []
    for flow in flows:
        at = bisect_left(closes, flow.occurred_at)
        cash[at] += float(flow.amount)
        outside[at] += float(flow.amount)
    for trade in trades:
        at, fill = bisect_left(closes, trade.executed_at), fill_of(trade)
        if trade.source == TradeSource.EXECUTION:
            cash[at] += float(fill.cash)
        else:
            outside[at] -= float(fill.cash)
        if at < rows and trade.asset_id in place:
            moves.append((at, place[trade.asset_id], float(fill.quantity)))
    table = list(zip(*moves, strict=True)) if moves else [(), (), ()]
    curve = equity(
        panel.close,
        Movements(
            np.array(table[0], dtype=np.int64),
            np.array(table[1], dtype=np.int64),
            np.array(table[2], dtype=np.float64),
        ),
        np.cumsum(cash[:rows]),
        outside[:rows],
    )
    points = _points(curve, closes, outside, begun)
    return {"points": points, **_deepest(points)}


def _points(curve: Equity, closes: list[datetime], outside: Floats, begun: datetime) -> list[dict[str, Any]]:
    """The curve from the day the portfolio began; where it began before, the first row's flow is not told."""
    is_whole = bool(closes) and begun > closes[0] - Timeframe.DAY.delta
    return [
        {
            "time": closes[row],
            "value": float(curve.value[row]),
            "return": float(curve.returns[row]) if np.isfinite(curve.returns[row]) else None,
            "drawdown": float(curve.drawdown[row]),
            "flow": float(outside[row]) if row or is_whole else None,
        }
        for row in range(bisect_left(closes, begun), len(closes))
    ]


def trade_rows(portfolio: Portfolio) -> list[list[str]]:
    """The book as rows of a CSV that can be imported again, header first."""
    rows = [["date", "symbol", "side", "quantity", "price", "fees", "id", "source"]]
    for trade in selection.trades([portfolio]):
        figures = (trade.quantity, trade.price, trade.fees)
        rows.append(
            [
                trade.executed_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                trade.asset.symbol,
                trade.side,
                *(f"{figure.normalize():f}" for figure in figures),
                trade.reference,
                trade.source,
            ]
        )
    return rows


def _figures(stand: Standing) -> dict[str, Any]:
    base = stand.day_base
    state = stand.state()
    return {
        "venue": stand.portfolio.venue,
        "total_value": stand.equity,
        "cash": stand.portfolio.cash,
        "invested": stand.invested,
        "daily_pnl": stand.day_pnl,
        "daily_pnl_percentage": 100.0 * float(stand.day_pnl / base) if base > 0 else None,
        "unrealised_pnl": sum((one.unrealised for one in stand.held if one.unrealised is not None), ZERO),
        "realised_pnl": selection.realised(stand.portfolio),
        "open_risk": state.open_risk,
        "as_of": stand.now,
        "is_stale": any(one.price is None or one.price.is_stale(stand.now) for one in stand.held),
    }


def _holding(one: Held, stand: Standing) -> dict[str, Any]:
    price = one.price
    return {
        "crypto_id": one.asset.pk,
        "symbol": one.asset.symbol,
        "name": one.asset.name,
        "sector": one.asset.sector_name,
        "quantity": one.row.quantity,
        "cost_basis": one.row.cost_basis,
        "price": None if price is None else price.price,
        "priced_at": None if price is None else price.closed_at,
        "is_stale": price is None or price.is_stale(stand.now),
        "value": one.value,
        "unrealised_pnl": one.unrealised,
        "realised_pnl": one.row.realised_pnl,
        "opened_at": one.row.opened_at,
    }


def _advised(one: Advised, stand: Standing) -> dict[str, Any]:
    return {
        **_holding(one.held, stand),
        "weight": one.weight,
        "risk_contribution": one.risk_share,
        "advice": one.opinion.action.value,
        "reason": advice_reason(one.opinion.rule, one.opinion.figures),
        "confidence": one.confidence,
        "signal_id": None if one.signal is None else one.signal.pk,
    }


def _deepest(points: list[dict[str, Any]]) -> dict[str, Any]:
    """The deepest fall with its dates, and what was earned over all."""
    earned = np.array([point["return"] or 0.0 for point in points])
    if not len(points):
        return {"total_return": None, "max_drawdown": None, "drawdown_from": None, "drawdown_to": None}
    path = np.cumprod(1.0 + earned)
    low = int(np.argmin([point["drawdown"] for point in points]))
    high = int(np.argmax(path[: low + 1]))
    fell = points[low]["drawdown"] < 0
    return {
        "total_return": float(path[-1] - 1.0),
        "max_drawdown": points[low]["drawdown"],
        "drawdown_from": points[high]["time"] if fell else None,
        "drawdown_to": points[low]["time"] if fell else None,
    }

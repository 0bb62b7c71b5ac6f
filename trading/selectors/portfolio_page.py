"""What the page of a portfolio shows beyond its figures: positions, drift, risk and the proposal in rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from assets import selectors as assets
from cryptopredict.common.charts import ChartData, Column
from sectors.words import sector_name
from selection import selectors as selection
from selection.models import Account, Portfolio
from trading.engine.advice import Action
from trading.models import Advice, SignalExecution
from trading.selectors.order_page import position_row
from trading.selectors.pictures import CASH
from trading.selectors.portfolio import portfolio_detail, portfolio_history, portfolio_summary
from trading.selectors.standing import open_positions

LATEST = 10
TONES = {Action.ADD: "up", Action.EXIT: "down", Action.REDUCE: "down"}


def account_page(user: Any, venue: str, now: datetime) -> dict[str, Any]:
    """All of one account; where nobody has opened it yet, what it would start with."""
    portfolio = selection.portfolio_of(user, venue)
    if portfolio is None:
        return {"told": portfolio_summary(user, venue, now), "is_opened": False}
    told = portfolio_detail(portfolio, now)
    drift = _drift(told["drift"])
    return {
        "told": told,
        "is_opened": True,
        "holdings": [_holding(row) for row in told["positions"]],
        "positions": _positions(portfolio, now),
        "ended": _ended(portfolio),
        "drift": drift,
        "widest": max((abs(row["drift"]) for row in drift), default=0.0),
        "risk": told["risk"],
        "risk_rows": risk_rows(told["risk"]),
        "proposal": selection.latest_proposal(portfolio),
    }


def curve_chart(portfolio: Portfolio | None, now: datetime, days: int) -> ChartData:
    """What the account was worth at each daily close."""
    columns = (Column("time", _("Close"), kind="time"), Column("value", _("Worth"), _("USD")))
    rows = [(point["time"], point["value"]) for point in _points(portfolio, now, days)]
    return ChartData(columns, rows, _nothing())


def drawdown_chart(portfolio: Portfolio | None, now: datetime, days: int) -> ChartData:
    """How far below its highest so far, at each daily close; flows taken out."""
    columns = (Column("time", _("Close"), kind="time"), Column("drawdown", _("Below the peak"), kind="share"))
    rows = [(point["time"], point["drawdown"]) for point in _points(portfolio, now, days)]
    return ChartData(columns, rows, _nothing())


def _points(portfolio: Portfolio | None, now: datetime, days: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if portfolio is not None:
        found = portfolio_history(portfolio, now, days)["points"]
    return found


def _nothing() -> str:
    return _("The curve begins with the first daily close after the account was opened.")


def _holding(row: dict[str, Any]) -> dict[str, Any]:
    """A holding with its advice named and its profit as a share of what it cost."""
    action, cost = Action(row["advice"]), row["cost_basis"]
    pnl = row["unrealised_pnl"]
    return {
        **row,
        "advice_name": str(Advice(action.value).label),
        "tone": TONES.get(action, ""),
        "is_short": row["quantity"] < 0,
        "pnl_share": float(pnl / abs(cost)) if pnl is not None and cost else None,
    }


def _positions(portfolio: Portfolio, now: datetime) -> list[dict[str, Any]]:
    rows = list(open_positions([portfolio]))
    prices = assets.last_prices({row.signal.asset_id for row in rows}, now)
    return [position_row(row, now, prices.get(row.signal.asset_id)) for row in rows]


def _ended(portfolio: Portfolio) -> list[SignalExecution]:
    """What was closed last, newest first, with the reason and the profit."""
    rows = SignalExecution.objects.filter(portfolio=portfolio, opens__isnull=False)
    return list(rows.select_related("signal__asset", "opens").order_by("-executed_at", "-pk")[:LATEST])


def _drift(drift: dict[str, dict[str, float]] | None) -> list[dict[str, Any]]:
    """Sectors by how far they are from what is recommended; cash by its name."""
    rows = [
        {"name": _("Cash and stablecoins") if name == CASH else sector_name(name), **shares}
        for name, shares in (drift or {}).items()
    ]
    return sorted(rows, key=lambda row: -abs(row["drift"]))


def risk_rows(risk: dict[str, Any]) -> list[dict[str, Any]]:
    """What a portfolio risks: name, value, what it means, and why it is not known."""
    reasons, level = risk["reasons"], round(100 * risk["level"])
    told = (
        ("value_at_risk", _("Value at risk, a day"), True,
         _("lost or more on the worst %(rest)d of 100 days") % {"rest": 100 - level}),
        ("expected_shortfall", _("Expected shortfall"), True, _("lost on average on those days")),
        ("beta", _("Beta to the market"), False, _("how far it moves where the market moves by 1")),
        ("concentration", _("Concentration"), False, _("1 is a single coin, 0 very many")),
    )  # fmt: skip
    return [
        {
            "name": name,
            "value": risk[key],
            "is_share": is_share,
            "meaning": meaning,
            "reason": reasons.get(key) or reasons.get("all", ""),
        }
        for key, name, is_share, meaning in told
    ]


def accounts() -> list[tuple[str, str]]:
    """The accounts a person has, by key and name."""
    return [(account.value, str(account.label)) for account in Account]

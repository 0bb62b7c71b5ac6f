"""What the page of signals shows around its list: the open ones, what came nearest, what the record says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Case, F, QuerySet, When
from django.utils.translation import gettext as _

from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from cryptopredict.common.charts import ChartData, Column
from cryptopredict.common.remembered import remembered
from trading.models import SignalType, TradingSignal
from trading.selectors.coin import flip
from trading.selectors.proof import risk_coverage
from trading.selectors.readings import active, nearest, track_record
from trading.words import proof_reason

TOP = 20
MOST_IN_FILE = 10_000


def around_signals(now: datetime, timeframe: Timeframe = Timeframe.DAY) -> dict[str, Any]:
    """`open_rows` with their last prices, `nearest` where none is open, `proof` of each direction."""
    rows = list(active()[:TOP])
    prices = assets.last_prices([row.asset_id for row in rows], now)
    close = [] if rows else list(nearest(timeframe=timeframe))
    return {
        "open_rows": [{"signal": row, "price": _price(prices, row.asset_id)} for row in rows],
        "nearest": [{"row": row, "flip": flip(row)} for row in close],
        **remembered("signals:proof", lambda: _proof(now, timeframe)),
    }


def signals_table(rows: QuerySet[TradingSignal]) -> ChartData:
    """The newest `MOST_IN_FILE` of `rows` as a table to take away; with `as_of` asked for, statuses of then.

    One query.
    """
    columns = (
        Column("id", _("Number")),
        Column("symbol", _("Symbol"), kind="word"),
        Column("name", _("Name"), kind="word"),
        Column("direction", _("Direction"), kind="word"),
        Column("status", _("Status"), kind="word"),
        Column("issued", _("Issued"), kind="time"),
        Column("ends", _("Ends"), kind="time"),
        Column("entry", _("Entry"), _("USD")),
        Column("target", _("Target"), _("USD")),
        Column("stop", _("Stop"), _("USD")),
        Column("confidence", _("Confidence"), kind="share"),
        Column("base_rate", _("Base rate"), kind="share"),
        Column("break_even", _("Break-even"), kind="share"),
        Column("risk", _("Risk"), kind="word"),
        Column("outcome", _("Outcome"), kind="word"),
        Column("exit", _("Exit"), _("USD")),
        Column("return_r", _("Result"), "R"),
        Column("closed", _("Closed"), kind="time"),
        Column("origin", _("Origin"), kind="word"),
    )
    then = "status_then" in rows.query.annotations
    known: list[Any] = ["outcome", "exit_price", "return_r", "closed_at"]
    if then:  # nothing that came later
        known = [Case(When(ended_then=True, then=F(name)), default=None) for name in known]
    values = rows.values_list(
        "pk", "asset__symbol", "asset__name", "signal_type", "status_then" if then else "status",
        "generated_at", "expires_at", "entry_price", "target_price", "stop_loss", "confidence_score",
        "base_rate", "break_even", "risk_level", *known, "origin",
    )  # fmt: skip
    return ChartData(columns, list(values[:MOST_IN_FILE]), _("No signal fits."))


def _proof(now: datetime, timeframe: Timeframe) -> dict[str, Any]:
    """What the record says; changes with a run, not with a price."""
    return {
        "proof": [_worded(entry) for entry in risk_coverage(timeframe, now)],
        "track_record": track_record(now, timeframe),
    }


def _price(prices: dict[int, assets.LastPrice], asset: int) -> Any:
    found = prices.get(asset)
    return None if found is None else found.price


def _worded(entry: dict[str, Any]) -> dict[str, Any]:
    name = SignalType(entry["direction"]).label
    return {**entry, "name": name, "said": proof_reason(str(entry["reason"]))}

"""The layer's history as charts draw it, oldest first; one query each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from assets.engine.timeframe import Timeframe
from cryptopredict.common.charts import ChartData, Column
from macro.models import Dominance, MarketSentiment, Regime, RegimeAnalysis

DAY = Timeframe.DAY


def regime_chart(since: datetime | None) -> ChartData:
    """BTC's price, the exposure that was advised, the regime and how sure it was, by close."""
    rows = _rows(
        RegimeAnalysis.objects.all(),
        since,
        ("snapshot__btc_price_usd", "recommended_exposure", "market_regime", "confidence_score"),
    )
    columns = (
        Column("time", _("Close"), kind="time"),
        Column("price", _("Price of BTC"), _("USD")),
        Column("exposure", _("Exposure advised"), kind="share"),
        Column("regime", _("Regime"), kind="word", words=dict(Regime.choices)),
        Column("confidence", _("Confidence"), kind="share"),
    )
    return ChartData(columns, rows, _("The market has not been analysed in this range."))


def dominance_chart(since: datetime | None) -> ChartData:
    """Shares of the whole market's worth; what is not known in all four parts is left out."""
    rows = _rows(
        Dominance.objects.filter(btc_dominance__isnull=False),
        since,
        ("btc_dominance", "eth_dominance", "alt_dominance", "stablecoin_dominance"),
    )
    shares = [(moment, *(None if part is None else part / 100 for part in parts)) for moment, *parts in rows]
    columns = (
        Column("time", _("Close"), kind="time"),
        Column("btc", "BTC", kind="share", colour="#B8791A"),
        Column("eth", "ETH", kind="share", colour="#5B6FB5"),
        Column("alt", _("Other coins"), kind="share", colour="#3E8E7E"),
        Column("stable", _("Stablecoins"), kind="share", colour="#7F8C8D"),
    )
    return ChartData(columns, shares, _("No market caps are known in this range."))


def mood_chart(since: datetime | None) -> ChartData:
    """The fear & greed index by close, 0 to 100."""
    moods = MarketSentiment.objects.filter(fear_greed_index__isnull=False)
    columns = (Column("time", _("Close"), kind="time"), Column("mood", _("Fear and greed"), _("0 to 100")))
    return ChartData(
        columns, _rows(moods, since, ("fear_greed_index",)), _("No source gave the index in this range.")
    )


def _rows(
    found: QuerySet[Any], since: datetime | None, fields: Sequence[str]
) -> list[tuple[datetime, Any, *tuple[Any, ...]]]:
    rows = found.filter(timeframe=DAY)
    if since is not None:
        rows = rows.filter(as_of__gte=since)
    return list(rows.order_by("as_of").values_list("as_of", *fields))

"""What the pages of the layer show: scores by the address bar, the lists, one coin's history."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _

from assets.engine.timeframe import Timeframe
from assets.models import Asset
from cryptopredict.common.charts import ChartData, Column
from selection.models import ItemStatus, Suggestion, WatchlistAnalysis, WatchlistItem
from selection.selectors import latest_scores, watchlists
from selection.selectors.desk import URGENT, suggestions_of

SCORE_SORTS = {
    "score": "score",
    "month": "score_30d",
    "confidence": "confidence_score",
    "24h": "asset__price_change_percentage_24h",
    "7d": "asset__price_change_percentage_7d",
    "30d": "asset__price_change_percentage_30d",
    "cap": "asset__market_cap",
}


def scores(sort: str, text: str = "", tier: str = "") -> QuerySet[WatchlistAnalysis]:
    """The coins of the last close in the order of `sort` (a key of `SCORE_SORTS`, "-" for largest first).

    `text` is looked for in symbol, name and sector; `tier` keeps the coins of one tier.
    """
    field = SCORE_SORTS[sort.removeprefix("-")]
    order = F(field).desc(nulls_last=True) if sort.startswith("-") else F(field).asc(nulls_last=True)
    rows = latest_scores().order_by(order, "asset_id")
    if text:
        found = Q(asset__symbol__icontains=text) | Q(asset__name__icontains=text)
        rows = rows.filter(found | Q(asset__sector_name__icontains=text))
    return rows.filter(asset__watchlist_tier=tier) if tier else rows


def board(user: Any) -> list[dict[str, Any]]:
    """Every list that `user` may read, with its coins and each coin's last score; three queries.

    The administrators' lists come first, tier 1 before tier 2.
    """
    lists = list(watchlists(user).order_by("type", "tier", "name"))
    items = WatchlistItem.objects.filter(watchlist__in=lists).exclude(status=ItemStatus.REMOVED)
    items = items.select_related("asset").order_by("priority_order", "asset__market_cap_rank", "pk")
    known = {row.asset_id: row for row in latest_scores()}
    held: dict[int, list[dict[str, Any]]] = {row.pk: [] for row in lists}
    for item in items:
        held[item.watchlist_id].append({"item": item, "coin": item.asset, "score": known.get(item.asset_id)})
    return [{"list": row, "items": held[row.pk]} for row in lists]


def score_chart(asset: Asset, since: datetime | None) -> ChartData:
    """A coin's score for the week and for the month, as shares of the coins it beats, by close."""
    rows = WatchlistAnalysis.objects.filter(asset=asset, timeframe=Timeframe.DAY, score__isnull=False)
    if since is not None:
        rows = rows.filter(as_of__gte=since)
    columns = (
        Column("time", _("Close"), kind="time"),
        Column("score", _("7 days"), kind="share"),
        Column("month", _("30 days"), kind="share"),
    )
    values = list(rows.order_by("as_of").values_list("as_of", "score", "score_30d"))
    return ChartData(columns, values, _("This coin has not been scored in this range."))


def score_step(asset: Asset) -> WatchlistAnalysis | None:
    """What the layer says of a coin, for its why-trail: its last score; None where it never had one."""
    rows = WatchlistAnalysis.objects.filter(asset=asset, timeframe=Timeframe.DAY)
    return rows.select_related("model").order_by("-as_of").first()


def scores_table(rows: QuerySet[WatchlistAnalysis]) -> ChartData:
    """The coins of `scores` as a table to take away, one query."""
    columns = (
        Column("symbol", _("Symbol"), kind="word"),
        Column("name", _("Name"), kind="word"),
        Column("sector", _("Sector"), kind="word"),
        Column("tier", _("Tier"), kind="word"),
        Column("as_of", _("Close"), kind="time"),
        Column("recommendation", _("Call"), kind="word"),
        Column("score", _("Beats, 7 days"), kind="share"),
        Column("month", _("Beats, 30 days"), kind="share"),
        Column("confidence", _("Confidence"), kind="share"),
        Column("base_rate", _("Base rate"), kind="share"),
        Column("price", _("Price"), _("USD")),
        Column("cap", _("Market cap"), _("USD")),
    )
    fields = (
        "asset__symbol", "asset__name", "asset__sector_name", "asset__watchlist_tier", "as_of",
        "recommendation", "score", "score_30d", "confidence_score", "base_rate",
        "asset__current_price", "asset__market_cap",
    )  # fmt: skip
    return ChartData(columns, list(rows.values_list(*fields)), _("No coin has been scored yet."))


def suggestions(status: str, text: str = "", kind: str = "") -> QuerySet[Suggestion]:
    """Suggestions of one status (see `suggestions_of`) with coin and reviewer: what waits by urgency, the
    rest newest first. `text` is looked for in symbol, name and sector, `kind` is one suggestion type.
    """
    rows = suggestions_of(status).select_related("asset", "reviewed_by")
    if status in ("pending", "deferred"):
        rows = rows.order_by(*URGENT)
    if text:
        found = Q(asset__symbol__icontains=text) | Q(asset__name__icontains=text)
        rows = rows.filter(found | Q(asset__sector_name__icontains=text))
    return rows.filter(suggestion_type=kind) if kind else rows

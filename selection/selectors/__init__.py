"""What others read of layer 3: scores as arrays, the best coins, the queue, the watchlists, the card."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role
from aimodels import selectors as aimodels
from assets import selectors as assets
from assets.engine.panel import Floats, Panel
from assets.engine.timeframe import Timeframe
from assets.models import Asset
from sectors import selectors as sectors
from selection import engine
from selection.engine.features import QUARTER_DAYS
from selection.models import (
    ItemStatus,
    Portfolio,
    PortfolioAnalysis,
    PortfolioAsset,
    PortfolioFlow,
    PortfolioTrade,
    RebalanceProposal,
    Recommendation,
    Suggestion,
    Watchlist,
    WatchlistAnalysis,
    WatchlistItem,
    WatchlistType,
)
from selection.selectors.desk import (
    URGENT,
    flip_words,
    moved,
    price_paths,
    queue,
    queue_frame,
    regime_words,
    reviewers,
    scored,
    suggestions_of,
    tier_fill,
    tier_history,
    waiting,
)
from selection.selectors.lists import counted, tier_lists
from selection.selectors.past import suggestions_then
from selection.selectors.worth import worth

__all__ = [
    "URGENT",
    "Freshness",
    "card",
    "counted",
    "flip_words",
    "freshness",
    "latest_scores",
    "moved",
    "pending_suggestions",
    "price_paths",
    "queue",
    "queue_frame",
    "regime_words",
    "reviewers",
    "rows_needed",
    "score_percentiles",
    "score_percentiles_of",
    "scored",
    "suggestions",
    "suggestions_of",
    "suggestions_then",
    "tier_fill",
    "tier_history",
    "tier_item",
    "tier_lists",
    "tiers",
    "top_assets",
    "waiting",
    "watchlists",
    "worth",
]

STALE_BARS = 2
HISTORY_DAYS = 60
TOP = 8
DOTS = 4
MOST_BUYS = 0.3  # the engine calls at most the top three tenths a buy
BUYS = (Recommendation.STRONG_BUY, Recommendation.BUY)
_PG_EPOCH_US = 946_684_800_000_000


@dataclass(frozen=True, slots=True)
class Freshness:
    """The close of the last scores, and why they are out of date (empty where they are not)."""

    as_of: datetime | None
    stale_reason: str


# For computing


def rows_needed(timeframe: Timeframe, since: datetime, as_of: datetime) -> int:
    """Bars that `services.score` needs to speak about every close from `since` to `as_of`."""
    # The sectors' momentum is a feature itself, and a quarter of sector returns is read before the first row.
    warm = sectors.asset_sector_momentum_rows(timeframe) + timeframe.bars(timedelta(days=QUARTER_DAYS))
    lookback = max(engine.lookback(timeframe), warm)
    return aimodels.needed_rows(engine.SPECS, timeframe, since, as_of, lookback)


def score_percentiles(panel: Panel, first: int = 0) -> Floats:
    """Stored 7-day scores (T, N) on the panel's grid from row `first` on, NaN where none is stored.

    Learned: to be used downstream as a rule, never as a feature. One query, decoded by numpy.
    """
    out = np.full(panel.shape, np.nan)
    closes = [panel.as_of(row) for row in range(first, len(panel.times))]
    if not closes:
        return out
    grid = np.array([round(moment.timestamp() * 1e6) for moment in closes], dtype=np.int64)
    columns = {int(asset): column for column, asset in enumerate(panel.asset_ids)}
    for asset, moments, scores in _packed(panel.timeframe, closes[0], closes[-1]):
        if asset in columns:
            stamps = np.frombuffer(moments, dtype=">i8").astype(np.int64) + _PG_EPOCH_US
            place = np.searchsorted(grid, stamps)
            on_grid = grid[np.minimum(place, len(grid) - 1)] == stamps
            out[first + place[on_grid], columns[asset]] = np.frombuffer(scores, dtype=">f8")[on_grid]
    return out


def score_percentiles_of(panel: Panel, result: engine.Result) -> Floats:
    """The same from a result in memory, (T, N): NaN in the rows before the result's first."""
    out = np.full(panel.shape, np.nan)
    out[result.first :] = result.week.percentile
    return out


def _packed(timeframe: Timeframe, first: datetime, last: datetime) -> list[tuple[int, bytes, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT asset_id, string_agg(timestamptz_send(as_of), ''), string_agg(float8send(score), '') "
            f"FROM {WatchlistAnalysis._meta.db_table} "
            "WHERE timeframe = %s AND as_of BETWEEN %s AND %s AND score IS NOT NULL GROUP BY asset_id",
            [timeframe.code, first, last],
        )
        return cursor.fetchall()


# For deciding


def latest_scores(
    as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> QuerySet[WatchlistAnalysis]:
    """The coins scored at the last close (known at `as_of`), best first, with tier and sector on `asset`."""
    rows = WatchlistAnalysis.objects.filter(timeframe=timeframe)
    known = rows if as_of is None else rows.filter(as_of__lte=as_of)
    last = rows.filter(as_of=known.order_by("-as_of").values("as_of")[:1])
    return last.select_related("asset").order_by(F("rank").asc(nulls_last=True), "asset_id")


def suggestions() -> QuerySet[Suggestion]:
    """All suggestions with their coin, newest first."""
    return Suggestion.objects.select_related("asset").order_by("-suggested_at", "-pk")


def pending_suggestions() -> QuerySet[Suggestion]:
    """The queue by the database's clock: pending, not over, not deferred; most urgent and likely first."""
    return queue()


def tiers() -> dict[int, str]:
    """Tier of every coin on the administrators' lists, by asset."""
    items = WatchlistItem.objects.filter(watchlist__in=tier_lists()).exclude(status=ItemStatus.REMOVED)
    return {asset: str(tier) for asset, tier in items.values_list("asset_id", "watchlist__tier")}


def tier_item(asset: Asset) -> WatchlistItem:
    """The coin's item on the administrators' lists. Raises DoesNotExist where it is on neither."""
    return WatchlistItem.objects.get(watchlist__in=tier_lists(), asset=asset)


def watchlists(user: Any) -> QuerySet[Watchlist]:
    """What `user` may read: the administrators' lists and their own, with `current_items`."""
    own = Q(type=WatchlistType.PERSONAL, user=user.pk)
    return counted(Watchlist.objects.filter(Q(type=WatchlistType.ADMIN) | own, is_active=True))


def items_of(watchlist: Watchlist, as_of: datetime | None = None) -> QuerySet[WatchlistItem]:
    """The coins on a list by priority, loaded; with `as_of` those of them that were on it then."""
    rows = watchlist.items.exclude(status=ItemStatus.REMOVED).select_related("asset")
    known = rows if as_of is None else rows.filter(added_at__lte=as_of)
    return known.order_by("priority_order", "pk")


def analysis_of(
    asset: Asset, as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> WatchlistAnalysis | None:
    """The coin's last score (known at `as_of`); None where it was never looked at."""
    rows = WatchlistAnalysis.objects.filter(asset=asset, timeframe=timeframe)
    known = rows if as_of is None else rows.filter(as_of__lte=as_of)
    return known.order_by("-as_of").first()


# What people hold


def portfolio_of(user: Any, venue: str) -> Portfolio | None:
    """The active portfolio of `user` on this account; None where none was opened."""
    return Portfolio.objects.filter(user=user.pk, venue=venue, is_active=True).first()


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
    found = PortfolioAsset.objects.filter(portfolio=portfolio).aggregate(total=Sum("realised_pnl"))
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
    return RebalanceProposal.objects.filter(portfolio=portfolio).order_by("-requested_at", "-pk").first()


# For showing


def freshness(
    now: datetime | None = None, timeframe: Timeframe = Timeframe.DAY, as_of: datetime | None = None
) -> Freshness:
    """How old the scores (known at `as_of`) are: against the newest candle, and against `now` if given.

    They are stale when their close lies more than two bars before either.
    """
    rows = WatchlistAnalysis.objects.filter(timeframe=timeframe).order_by("-as_of")
    known = rows if as_of is None else rows.filter(as_of__lte=as_of)
    last = known.values_list("as_of", flat=True).first()
    if last is None:
        return Freshness(None, _("No coin has been scored yet; run the pipeline."))
    return Freshness(last, assets.stale_reason(timeframe, last, now))


def top_assets(user: Any, timeframe: Timeframe = Timeframe.DAY) -> list[dict[str, Any]]:
    """The best coins at the last close: score in [0, 1], price in USD, change as a fraction."""
    return [
        {
            "symbol": row.asset.symbol,
            "name": row.asset.name,
            "url": reverse("coin", args=[row.asset_id]),
            "score": row.score,
            "confidence": row.confidence_score,
            "base_rate": row.base_rate,
            "recommendation": row.recommendation,
            "tier": row.asset.watchlist_tier,
            "sector": row.asset.sector_name,
            "price": row.asset.current_price,
            "change_24h": _share(row.asset.price_change_percentage_24h),
        }
        for row in latest_scores(timeframe=timeframe).filter(score__isnull=False)[:TOP]
    ]


def card(
    user: Any, now: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> dict[str, Any] | None:
    """The layer in one look: how many coins are worth buying, which is the best, how sure that is.

    `indicator_dots` (0 to 4) is the share of scored coins called a buy, in quarters of the three tenths
    that it can be at most. The sparkline counts buys over 60 days. None before the first run.
    """
    fresh = freshness(now or timezone.now(), timeframe)
    if fresh.as_of is None:
        return None
    history = _history(timeframe, fresh.as_of)
    _moment, buys, scored = history[-1]
    best = latest_scores(fresh.as_of, timeframe).filter(score__isnull=False).first()
    return {
        "layer": 3,
        "name": _("Selection"),
        "status": best.recommendation if best else "",
        "state": _("%(symbol)s leads") % {"symbol": best.asset.symbol} if best else _("Not known"),
        "tone": "neutral",
        "figure": buys if scored else None,
        "unit": _("coins"),
        "caption": _("called a buy, of %(count)d scored") % {"count": scored},
        "key_metric": _key_metric(user, best),
        "indicator_dots": round(DOTS * min(1.0, buys / (MOST_BUYS * scored))) if scored else 0,
        "confidence": best.confidence_score if best else None,
        "base_rate": best.base_rate if best else None,
        "sparkline": [float(count) for _m, count, _s in history],
        "sparkline_label": _("Coins called a buy over %(days)d days") % {"days": HISTORY_DAYS},
        "sentence": _sentence(best),
        "as_of": fresh.as_of,
        "last_updated": best.created_at if best else None,
        "is_stale": bool(fresh.stale_reason),
        "stale_reason": fresh.stale_reason,
        "why_url": reverse("selection:watchlist"),
    }


def _history(timeframe: Timeframe, as_of: datetime) -> list[tuple[datetime, int, int]]:
    """Close, coins called a buy and coins scored, of the last 60 days."""
    rows = WatchlistAnalysis.objects.filter(
        timeframe=timeframe, as_of__gt=as_of - timedelta(days=HISTORY_DAYS), as_of__lte=as_of
    )
    daily = rows.values("as_of").annotate(
        buys=Count("pk", filter=Q(recommendation__in=BUYS)), scored=Count("score")
    )
    return list(daily.order_by("as_of").values_list("as_of", "buys", "scored"))


def _key_metric(user: Any, best: WatchlistAnalysis | None) -> str:
    if getattr(user, "role", "") == Role.ADMIN:
        return _("%(count)d suggestions wait") % {"count": pending_suggestions().count()}
    if best is None or best.confidence_score is None:
        return _("no scores yet")
    chance = round(100 * best.confidence_score)
    return _("%(symbol)s beats the median with %(percent)d %%") % {
        "symbol": best.asset.symbol,
        "percent": chance,
    }


def _sentence(best: WatchlistAnalysis | None) -> str:
    return _("%(symbol)s has the best score.") % {"symbol": best.asset.symbol} if best else ""


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100.0

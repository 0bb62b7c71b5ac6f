"""The layer in one look, and its best coins."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role
from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from selection.engine.lead import lead
from selection.models import Recommendation, WatchlistAnalysis
from selection.selectors.desk import pending_suggestions
from selection.selectors.scores import freshness, latest_scores, score_percentiles

HISTORY_DAYS = 60
TOP = 8
DOTS = 4
MOST_BUYS = 0.3  # the engine calls at most the top three tenths a buy
BUYS = (Recommendation.STRONG_BUY, Recommendation.BUY)


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
    that it can be at most. The sparkline is how far, in per cent, the best three tenths by score pulled ahead
    of all scored coins over 60 days, before costs. None before the first run.
    """
    fresh = freshness(now or timezone.now(), timeframe)
    if fresh.as_of is None:
        return None
    buys, scored = _counts(timeframe, fresh.as_of)
    ahead = _ahead(timeframe, fresh.as_of)
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
        "sparkline": ahead,
        "sparkline_label": _sparkline_label(ahead),
        "sentence": _sentence(best),
        "as_of": fresh.as_of,
        "last_updated": best.created_at if best else None,
        "is_stale": bool(fresh.stale_reason),
        "stale_reason": fresh.stale_reason,
        "why_url": reverse("selection:watchlist"),
    }


def _counts(timeframe: Timeframe, as_of: datetime) -> tuple[int, int]:
    """Coins called a buy and coins scored at a close."""
    rows = WatchlistAnalysis.objects.filter(timeframe=timeframe, as_of=as_of)
    found = rows.aggregate(buys=Count("pk", filter=Q(recommendation__in=BUYS)), scored=Count("score"))
    return found["buys"], found["scored"]


def _ahead(timeframe: Timeframe, as_of: datetime) -> list[float]:
    """The lead of the best coins at each close of the last 60 days, per cent."""
    panel = assets.load_panel(timeframe, as_of, timeframe.bars(timedelta(days=HISTORY_DAYS)) + 1)
    return [100.0 * value for value in lead(panel.close, score_percentiles(panel)).tolist()]


def _sparkline_label(ahead: list[float]) -> str:
    if len(ahead) < 2:
        return ""
    told = {"days": HISTORY_DAYS, "lead": f"{ahead[-1]:+.1f}"}
    return _("Best scores against all coins, %(days)d days, before costs: %(lead)s %%") % told


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

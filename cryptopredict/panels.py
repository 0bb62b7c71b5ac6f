"""What the dashboard shows beside the four layers: market, portfolio, suggestions, notifications, models."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Max, Q
from django.db.models.functions import Now

from accounts.models import Notification, NotificationStatus
from aimodels.models import AIModel, ModelStatus
from macro import selectors as macro
from macro.words import mood
from selection.models import PortfolioAnalysis, PortfolioAsset
from selection.selectors import pending_suggestions
from selection.serializers import reasoning

TOP = 5


def market(user: Any) -> dict[str, Any] | None:
    """The whole market in figures: worth, volume, who holds it, mood, breadth; None before the first run."""
    reading = macro.latest_regime()
    if reading is None:
        return None
    dominance, sentiment = macro.latest_dominance(), macro.latest_sentiment()
    snapshot = reading.snapshot
    return {
        "price": snapshot.btc_price_usd if snapshot else None,
        "change_7d": snapshot.weekly_return if snapshot else None,
        "cap": dominance.total_market_cap if dominance else None,
        "volume": dominance.total_volume if dominance else None,
        "btc_share": dominance.btc_dominance if dominance else None,
        "breadth": snapshot.crypto_market_breadth if snapshot else None,
        "mood": sentiment.fear_greed_index if sentiment else None,
        "mood_word": mood(sentiment.fear_greed_index) if sentiment else "",
        "as_of": reading.as_of,
    }


def suggestions(user: Any) -> dict[str, Any] | None:
    """How many suggestions wait for a decision, and the most urgent with their strongest reason."""
    waiting = pending_suggestions()
    rows = list(waiting[:TOP])
    if not rows:
        return None
    return {
        "count": waiting.count(),
        "rows": [{"row": row, "reason": next(iter(reasoning(row)), "")} for row in rows],
    }


def notifications(user: Any) -> list[Notification]:
    """The newest messages that `user` has not read and that are not over."""
    rows = Notification.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=Now()),
        user=user.pk,
        status=NotificationStatus.UNREAD,
        scheduled_for__lte=Now(),
    )
    return list(rows.order_by("-scheduled_for", "-pk")[:TOP])


def models(user: Any) -> dict[str, Any] | None:
    """How the models stand: versions by status, and when the newest was fitted; None where there is none."""
    counted = AIModel.objects.aggregate(
        active=Count("pk", filter=Q(is_active=True)),
        training=Count("pk", filter=Q(status=ModelStatus.TRAINING)),
        broken=Count("pk", filter=Q(status=ModelStatus.ERROR)),
        versions=Count("pk"),
        names=Count("name", distinct=True),
        newest=Max("fitted_as_of"),
    )
    return counted if counted["versions"] else None


def portfolio(user: Any) -> dict[str, Any] | None:
    """What `user` holds and what the last analysis says it is worth; None where nothing is held."""
    held = PortfolioAsset.objects.filter(portfolio__user=user.pk, portfolio__is_active=True, quantity__gt=0)
    count = held.count()
    if not count:
        return None
    last = PortfolioAnalysis.objects.filter(portfolio__user=user.pk, portfolio__is_active=True)
    analysis = last.order_by("-as_of").first()
    return {
        "holdings": count,
        "value": analysis.total_value if analysis else None,
        "daily_pnl": analysis.daily_pnl if analysis else None,
        "unrealised_pnl": analysis.unrealised_pnl if analysis else None,
        "as_of": analysis.as_of if analysis else None,
    }

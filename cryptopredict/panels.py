"""What the dashboard shows beside the four layers: market, portfolio, suggestions, notifications, models."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Max, Q
from django.utils import timezone

from accounts import selectors as accounts
from accounts.models import Notification
from aimodels.models import AIModel, ModelStatus
from macro import selectors as macro
from macro.words import mood
from selection import selectors as selection
from selection.models import Account
from selection.selectors import pending_suggestions
from selection.serializers import reasoning
from trading import selectors as trading

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
    return list(accounts.unread(user)[:TOP])


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
    """What each account of `user` is worth, holds and gained today; None where none was opened."""
    now = timezone.now()
    opened = [account for account in Account if selection.portfolio_of(user, account) is not None]
    told = [
        {"name": account.label, "told": trading.portfolio_summary(user, account, now)} for account in opened
    ]
    if not told:
        return None
    return {"accounts": told, "is_stale": any(account["told"]["is_stale"] for account in told)}

"""What the dashboard tells, as data: the person, the portfolio, the machine, the market."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from accounts import selectors as accounts
from aimodels.models import AIModel, ModelStatus
from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from cryptopredict.models import PipelineRun, RunStatus
from cryptopredict.monitoring import rate
from macro import selectors as macro
from selection.models import Portfolio, PortfolioAsset
from trading import selectors as trading


def portfolio(user: Any) -> dict[str, Any]:
    """What a person's active portfolios are worth (USD) and gained since the close a day before.

    Null, with the reason, where there is none or a held coin has no price.
    """
    unknown: dict[str, Any] = {"total_value": None, "daily_pnl": None, "daily_pnl_percentage": None}
    own = list(Portfolio.objects.filter(user=user.pk, is_active=True))
    if not own:
        return {**unknown, "cash": None, "holdings": 0, "reason": _("You have no portfolio yet.")}
    held = list(PortfolioAsset.objects.filter(portfolio__in=own, quantity__gt=0).select_related("asset"))
    quotes = assets.quotes(sorted({row.asset_id for row in held}))
    cash = sum((row.cash for row in own), Decimal(0))
    told = {"cash": cash, "holdings": len(held)}
    missing = sorted({row.asset.symbol for row in held if row.asset_id not in quotes})
    if missing:
        return {**unknown, **told, "reason": _("No price is known for %s.") % ", ".join(missing)}
    value = cash + sum((row.quantity * Decimal(quotes[row.asset_id].price) for row in held), Decimal(0))
    changes = [quotes[row.asset_id].change_24h for row in held]
    if any(change is None for change in changes):
        reason = _("The price a day before is not known for every coin.")
        return {**unknown, **told, "total_value": value, "reason": reason}
    gained = sum(
        (
            row.quantity * Decimal(quotes[row.asset_id].price * change / (100.0 + change))
            for row, change in zip(held, changes, strict=True)
            if change is not None
        ),
        Decimal(0),
    )
    before = value - gained
    share = float(100 * gained / before) if before else None
    return {
        "total_value": value,
        "daily_pnl": gained,
        "daily_pnl_percentage": share,
        **told,
        "reason": "" if before else _("There was nothing a day before."),
    }


def machine(layers: list[dict[str, Any]]) -> dict[str, Any]:
    """Whether every layer is fresh, how many models serve, and rows a second of the last run."""
    models = AIModel.objects.aggregate(
        active=Count("pk", filter=Q(status=ModelStatus.ACTIVE)),
        failing=Count("pk", filter=Q(status=ModelStatus.ERROR)),
    )
    done = PipelineRun.objects.filter(status=RunStatus.COMPLETED, rows__gt=0).order_by("-started_at").first()
    fresh = len(layers) == 4 and not any(layer["is_stale"] for layer in layers)
    return {
        "all_online": fresh and not models["failing"],
        "active_models": models["active"],
        "processing_rate": rate(done) if done else None,
        "last_run": done.finished_at if done else None,
    }


def market(now: datetime, timeframe: Timeframe = Timeframe.DAY) -> dict[str, Any]:
    """The regime, the recommended exposure and the mood; null where a layer has not spoken."""
    regime = macro.latest_regime(timeframe=timeframe)
    sentiment = macro.latest_sentiment(timeframe=timeframe)
    reason = assets.stale_reason(timeframe, regime.as_of, now) if regime else ""
    return {
        "regime": regime.market_regime if regime else None,
        "confidence": regime.confidence_score if regime else None,
        "risk_level": regime.risk_level if regime else None,
        "recommended_exposure": regime.recommended_exposure if regime else None,
        "sentiment": sentiment.composite_sentiment if sentiment else None,
        "fear_greed_index": sentiment.fear_greed_index if sentiment else None,
        "as_of": regime.as_of if regime else None,
        "is_stale": bool(reason),
        "stale_reason": reason or ("" if regime else _("The market has not been analysed yet.")),
    }


def quick_stats(user: Any, now: datetime) -> dict[str, Any]:
    """The few figures that fit on a phone's first screen."""
    told, worth = market(now), portfolio(user)
    return {
        "regime": told["regime"],
        "recommended_exposure": told["recommended_exposure"],
        "confidence": told["confidence"],
        "total_value": worth["total_value"],
        "daily_pnl": worth["daily_pnl"],
        "daily_pnl_percentage": worth["daily_pnl_percentage"],
        "portfolio_reason": worth["reason"],
        "active_signals": trading.active(timeframe=Timeframe.DAY).count(),
        "unread_notifications": accounts.unread(user).count(),
        "as_of": told["as_of"],
        "is_stale": told["is_stale"],
        "stale_reason": told["stale_reason"],
    }

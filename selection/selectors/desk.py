"""What the desk reads: the queue with its evidence, how full the tiers are, who moved what."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import ActivityType, Role, User, UserActivity
from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from macro import selectors as macro
from selection.engine.suggest import SuggestParams
from selection.models import (
    Suggestion,
    SuggestionStatus,
    SuggestionType,
    WatchlistAnalysis,
    WatchlistItem,
)
from selection.selectors.lists import counted, tier_lists
from selection.words import TIER_NAMES

PATH_DAYS = 60
HISTORY_ROWS = 30
URGENT = (
    F("priority").desc(),
    F("confidence_score").desc(nulls_last=True),
    F("expires_at").asc(),
    F("id").asc(),
)


def waiting() -> Q:
    """The condition of the queue, by the database's clock: pending, not over, not deferred."""
    due = Q(deferred_until=None) | Q(deferred_until__lte=Now())
    return due & Q(status=SuggestionStatus.PENDING, expires_at__gt=Now())


def queue(priority: int | None = None, days: int | None = None) -> QuerySet[Suggestion]:
    """What waits for a decision, most urgent first; of one priority, made within the last `days`."""
    rows = Suggestion.objects.filter(waiting()).select_related("asset").order_by(*URGENT)
    if priority is not None:
        rows = rows.filter(priority=priority)
    if days is not None:
        rows = rows.filter(suggested_at__gte=Now() - timedelta(days=days))
    return rows


def suggestions() -> QuerySet[Suggestion]:
    """All suggestions with their coin, newest first."""
    return Suggestion.objects.select_related("asset").order_by("-suggested_at", "-pk")


def pending_suggestions() -> QuerySet[Suggestion]:
    """The queue by the database's clock: pending, not over, not deferred; most urgent and likely first."""
    return queue()


def price_paths(asset_ids: Collection[int], timeframe: Timeframe = Timeframe.DAY) -> dict[int, list[float]]:
    """The closes of the last 60 days of each coin, oldest first, NaN where none is stored; for a spark line.

    A constant number of queries. A coin without any candle has no entry.
    """
    last = assets.last_close(timeframe)
    if last is None or not asset_ids:
        return {}
    rows = timeframe.bars(timedelta(days=PATH_DAYS))
    panel = assets.load_panel(timeframe, last, rows, sorted(asset_ids))
    return {
        int(asset): panel.close[:, column].tolist()
        for column, asset in enumerate(panel.asset_ids)
        if np.isfinite(panel.close[:, column]).any()
    }


def tier_fill() -> list[dict[str, Any]]:
    """Each tier with how many coins it holds and may hold."""
    rows = counted(tier_lists()).order_by("tier")
    return [
        {
            "tier": row.tier,
            "name": TIER_NAMES[row.tier or ""],
            "held": row.current_items,
            "limit": row.max_items,
            "share": min(100, round(100 * row.current_items / row.max_items)) if row.max_items else 100,
        }
        for row in rows
    ]


def queue_frame() -> dict[str, Any]:
    """What stands above the queue: how many wait, how full the tiers are, what the market is like."""
    return {
        "waiting": Suggestion.objects.filter(waiting()).count(),
        "tier_fill": tier_fill(),
        "market": regime_words(),
    }


def regime_words(as_of: datetime | None = None) -> str:
    """The market's regime (known at `as_of`) in a few words; why not, where it is not known."""
    reading = macro.latest_regime(as_of)
    if reading is None or not reading.market_regime:
        return _("not known")
    parts = [str(reading.get_market_regime_display())]
    if reading.confidence_score is not None:
        parts.append(_("sure to %(percent)d %%") % {"percent": round(100 * reading.confidence_score)})
    if reading.recommended_exposure is not None:
        parts.append(_("invested %(percent)d %%") % {"percent": round(100 * reading.recommended_exposure)})
    return ", ".join(parts)


def flip_words(row: Suggestion) -> str:
    """What would have to be different for this not to be suggested; empty where nothing is known."""
    score = row.supporting_data.get("lasting_score")
    if not row.ai_reasoning.get("in_universe", True):
        return _("It would not be suggested if the coin were traded enough again.")
    if score is None:
        return ""
    rules = SuggestParams()
    leaves = row.suggestion_type in (SuggestionType.DEMOTE, SuggestionType.REMOVE)
    bound = {
        SuggestionType.ADD_TIER1: rules.tier1_enter,
        SuggestionType.PROMOTE: rules.tier1_enter,
        SuggestionType.ADD_TIER2: rules.tier2_enter,
        SuggestionType.DEMOTE: rules.tier1_leave,
        SuggestionType.REMOVE: rules.tier2_leave,
    }[SuggestionType(row.suggestion_type)]
    message = (
        _("It would not be suggested at a lasting score of %(bound)d %% or more; it is %(score)d %%.")
        if leaves
        else _("It would not be suggested at a lasting score below %(bound)d %%; it is %(score)d %%.")
    )
    return message % {"bound": round(100 * bound), "score": round(100 * score)}


def reviewers() -> QuerySet[User]:
    """Those who may decide on suggestions: administrators, and members of a group that may."""
    permitted = Q(
        groups__permissions__codename="review_suggestion",
        groups__permissions__content_type__app_label="selection",
    )
    people = User.objects.filter(is_active=True, deleted_at=None)
    return people.filter(Q(role=Role.ADMIN) | permitted).distinct().order_by("pk")


def scored(items: QuerySet[WatchlistItem]) -> QuerySet[WatchlistItem]:
    """The items with the coin's last 7-day score as `last_score`."""
    newest = WatchlistAnalysis.objects.filter(asset=OuterRef("asset"), timeframe=Timeframe.DAY)
    return items.annotate(last_score=Subquery(newest.order_by("-as_of").values("score")[:1]))


def tier_history(asset_id: int) -> QuerySet[UserActivity]:
    """Who moved a coin between the tiers, when and why, newest first; by hand and by decisions."""
    by_hand = Q(activity_type=ActivityType.SET_TIER, entity_type="asset", entity_id=str(asset_id))
    decided = Q(activity_type=ActivityType.REVIEW_SUGGESTION, action="approve", details__asset=asset_id)
    rows = UserActivity.objects.filter(by_hand | decided).select_related("user")
    return rows.order_by("-activity_time", "-pk")[:HISTORY_ROWS]


def moved(row: UserActivity) -> str:
    """What one entry of `tier_history` did, in words."""
    if row.activity_type == ActivityType.REVIEW_SUGGESTION:
        before, _arrow, after = row.details.get("tier", "").partition(" → ")
        return _("suggestion approved: %(change)s") % {"change": tier_change(before, after)}
    before, after = str(row.details.get("from", "")), str(row.details.get("to", ""))
    if row.action == "order":
        return _("order %(from)s → %(to)s") % {"from": before, "to": after}
    return tier_change(before, after)


def tier_change(before: str, after: str) -> str:
    """A move between two tiers, in words."""
    return f"{TIER_NAMES.get(before, before)} → {TIER_NAMES.get(after, after)}"


def suggestions_of(status: str) -> QuerySet[Suggestion]:
    """Suggestions with their coin, newest first: of one status, "deferred", or "all".

    Pending are those that wait for a decision now.
    """
    rows = Suggestion.objects.select_related("asset").order_by("-suggested_at", "-pk")
    if status == "all":
        return rows
    if status == SuggestionStatus.PENDING:
        return rows.filter(waiting())
    if status == "deferred":
        return rows.filter(status=SuggestionStatus.PENDING, deferred_until__gt=Now())
    return rows.filter(status=status)

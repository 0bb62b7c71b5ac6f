"""What an administrator may change while the system runs: limits of tiers and predictions, and thresholds."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import services as accounts
from accounts.models import ActivityType, User
from aimodels import selectors as models
from aimodels.services import limit_predictions
from cryptopredict.common.realtime import changed
from cryptopredict.models import RuntimeSettings
from selection import selectors as selection
from selection.models import Tier, Watchlist
from selection.services import CAPACITIES, ensure_lists

MOST_PLACES = 5_000
MOST_PREDICTIONS = 1_000_000
PERMISSION = "cryptopredict.change_runtimesettings"
Values = dict[str, dict[str, Any]]


def read() -> Values:
    """The values in force: places of the tiers, least confidence of suggestions and of signals, and how many
    predictions an hour people may ask of each model.

    A signal threshold of None means the default: the break-even probability of each signal's geometry. A
    limit of None is none.
    """
    stored = {str(row.tier): row.max_items for row in selection.tier_lists()}
    limits = {str(tier): places for tier, places in CAPACITIES.items()} | stored
    row = RuntimeSettings.objects.first() or RuntimeSettings()
    return {
        "watchlist_limits": {"tier1_max": limits[Tier.TIER1], "tier2_max": limits[Tier.TIER2]},
        "ai_thresholds": {
            "suggestion_confidence_min": row.suggestion_confidence_min,
            "signal_confidence_min": row.signal_confidence_min,
        },
        "prediction_limits": {"per_hour": models.hourly_limit()},
    }


@transaction.atomic
def change(*, user: User, values: Values) -> Values:
    """Change what `values` names, all of it or nothing; return what is in force then.

    Raises PermissionDenied for who may not change settings, ValidationError that names each field
    ("watchlist_limits.tier1_max") on a limit below what the list holds or a value out of its range.
    """
    if not user.is_active or not user.has_perm(PERMISSION):
        raise PermissionDenied(_("Only an administrator may change the settings."))
    ensure_lists()
    lists = {str(row.tier): row for row in selection.tier_lists().order_by("pk").select_for_update()}
    row, _made = RuntimeSettings.objects.select_for_update().get_or_create(pk=1)
    before = read()
    limits = values.get("watchlist_limits", {})
    thresholds = values.get("ai_thresholds", {})
    predictions = values.get("prediction_limits", {})
    if errors := faults(values):
        raise ValidationError(errors)
    for tier in Tier.values:
        if (limit := limits.get(f"{tier}_max")) is not None:
            Watchlist.objects.filter(pk=lists[tier].pk).update(max_items=limit)
    for name, value in thresholds.items():
        setattr(row, name, value)
    if "per_hour" in predictions:
        limit_predictions(per_hour=predictions["per_hour"])
    row.changed_by = user
    row.save()
    after = read()
    _record(user, before, after)
    changed()
    return after


def faults(values: Values) -> dict[str, str]:
    """Why the settings cannot be as `values` names them, by field; empty where they can."""
    limits, thresholds = values.get("watchlist_limits", {}), values.get("ai_thresholds", {})
    errors = _limit_faults(limits)
    for name, value in thresholds.items():
        if value is not None and not 0.0 <= value <= 1.0:
            errors[f"ai_thresholds.{name}"] = _("is a probability: it must lie between 0 and 1")
    if thresholds.get("suggestion_confidence_min", 0.0) is None:
        errors["ai_thresholds.suggestion_confidence_min"] = _("has no default: send a number from 0 to 1")
    per_hour = values.get("prediction_limits", {}).get("per_hour")
    if per_hour is not None and not 0 <= per_hour <= MOST_PREDICTIONS:
        message = _("must lie between 0 and %(most)d, or be null for no limit")
        errors["prediction_limits.per_hour"] = message % {"most": MOST_PREDICTIONS}
    return errors


def _limit_faults(limits: dict[str, Any]) -> dict[str, str]:
    errors: dict[str, str] = {}
    held = {str(row["tier"]): row["held"] for row in selection.tier_fill()}
    for tier in Tier.values:
        limit = limits.get(f"{tier}_max")
        if limit is None:
            continue
        field = f"watchlist_limits.{tier}_max"
        if not 0 <= limit <= MOST_PLACES:
            message = _("must lie between 0 and %(most)d places")
            errors[field] = message % {"most": MOST_PLACES}
        elif limit < held.get(tier, 0):
            message = _("lies below the %(held)d coins that the list holds: take some off it first")
            errors[field] = message % {"held": held[tier]}
    return errors


def _record(user: User, before: Values, after: Values) -> None:
    changed = {
        f"{part}.{name}": {"from": before[part][name], "to": value}
        for part, fields in after.items()
        for name, value in fields.items()
        if before[part][name] != value
    }
    if changed:
        accounts.record(
            user=user,
            activity_type=ActivityType.CHANGE_SETTING,
            entity_type="configuration",
            entity_id=1,
            action="change",
            details=changed,
        )

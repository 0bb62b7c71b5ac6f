"""What the dashboard shows of this layer."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from assets.engine.timeframe import Timeframe
from assets.selectors import stale_reason
from sectors.models import SectorPerformance, SectorRotation
from sectors.selectors.readings import latest_ranking, latest_rotation
from sectors.words import sector_name

HISTORY_DAYS = 60
DOTS = 4


def card(
    user: Any, now: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> dict[str, Any] | None:
    """The layer in one look: who leads, how strongly, and how likely the lead changes within a week.

    `indicator_dots` (0 to 4) is the leader's momentum, from 0 to 1, in quarters, rounded. `confidence` is
    the probability that the leaders stay, beside how often they do without knowing anything. The
    sparkline is the leader's momentum over 60 days. None before the first run.
    """
    ranking = [row for row in latest_ranking(timeframe=timeframe) if not _is_cash(row)]
    rotation = latest_rotation(timeframe=timeframe)
    if not ranking:
        return None
    first = ranking[0]
    reason = stale_reason(timeframe, first.as_of, now or timezone.now())
    leader = sector_name(first.sector.name) if first.momentum_score is not None else None
    return {
        "layer": 2,
        "name": _("Sectors"),
        "status": first.status,
        "state": _("%(sector)s leads") % {"sector": leader} if leader else _("Not known"),
        "tone": "neutral",
        "figure": first.momentum_score,
        "unit": "",
        "caption": _("momentum of the strongest sector, −1 to 1"),
        "key_metric": _key_metric(rotation),
        "indicator_dots": _dots(first.momentum_score),
        "confidence": _stays(rotation and rotation.rotation_probability),
        "base_rate": _stays(rotation and rotation.base_rate),
        "sparkline": _history(first),
        "sparkline_label": _("Momentum of %(sector)s over %(days)d days")
        % {"sector": sector_name(first.sector.name), "days": HISTORY_DAYS},
        "sentence": _sentence(leader, rotation),
        "as_of": first.as_of,
        "last_updated": first.created_at,
        "is_stale": bool(reason),
        "stale_reason": reason,
        "why_url": reverse("sectors:ranking"),
    }


def strengths(user: Any, timeframe: Timeframe = Timeframe.DAY) -> list[dict[str, Any]]:
    """Sectors that compete for money, strongest first: momentum in [-1, 1], 7-day return as a fraction."""
    return [
        {
            "name": sector_name(row.sector.name),
            "colour": row.sector.color_code,
            "url": reverse("sectors:sector", args=[row.sector.slug]),
            "strength": row.momentum_score,
            "performance_7d": row.performance_7d,
            "status": row.status,
        }
        for row in latest_ranking(timeframe=timeframe)
        if not _is_cash(row)
    ]


def _is_cash(row: SectorPerformance) -> bool:
    return bool(row.sector.characteristics.get("stable"))


def _dots(momentum: float | None) -> int:
    return 0 if momentum is None else round(DOTS * min(max(momentum, 0.0), 1.0))


def _stays(changes: float | None) -> float | None:
    return None if changes is None else 1.0 - changes


def _history(row: SectorPerformance) -> list[float]:
    since = row.as_of - timedelta(days=HISTORY_DAYS)
    rows = SectorPerformance.objects.filter(
        sector=row.sector_id, timeframe=row.timeframe, as_of__gt=since, as_of__lte=row.as_of
    )
    scores = rows.order_by("as_of").values_list("momentum_score", flat=True)
    return [math.nan if score is None else score for score in scores]


def _key_metric(rotation: SectorRotation | None) -> str:
    if rotation is None or rotation.rotation_probability is None:
        return _("rotation not known")
    return _("rotation %(percent)d %%") % {"percent": round(100 * rotation.rotation_probability)}


def _sentence(leader: str | None, rotation: SectorRotation | None) -> str:
    if leader is None:
        return ""
    if rotation is None or rotation.rotation_probability is None:
        return _("%(sector)s has the strongest momentum of the sectors.") % {"sector": leader}
    return _("%(sector)s has the strongest momentum; the lead changes within a week with %(percent)d %%.") % {
        "sector": leader,
        "percent": round(100 * rotation.rotation_probability),
    }

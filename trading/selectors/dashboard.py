"""What the dashboard shows of this layer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assets.engine.timeframe import Timeframe
from trading.models import SignalCandidate, TradingSignal
from trading.selectors.readings import active, freshness, nearest, track_record

TOP = 20
DOTS = 4
HISTORY_DAYS = 60


def active_signals(user: Any, timeframe: Timeframe = Timeframe.DAY) -> list[dict[str, Any]]:
    """Open signals, surest first; prices in USD, shares of 1."""
    return [
        {
            "id": row.pk,
            "symbol": row.asset.symbol,
            "name": row.asset.name,
            "direction": row.signal_type,
            "direction_name": row.get_signal_type_display(),
            "entry": row.entry_price,
            "target": row.target_price,
            "stop": row.stop_loss,
            "risk_reward": row.risk_reward_ratio,
            "confidence": row.confidence_score,
            "base_rate": row.base_rate,
            "break_even": row.break_even,
            "generated_at": row.generated_at,
            "url": reverse("trading:signal_detail", args=[row.pk]),
        }
        for row in active(timeframe=timeframe)[:TOP]
    ]


def card(
    user: Any, now: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> dict[str, Any] | None:
    """The layer in one look: how many signals are open, how sure the surest is, or what came nearest to one.

    `indicator_dots` (0 to 4) are the open signals, four at most. The sparkline counts signals issued
    a day over 60 days. None before the first run.
    """
    fresh = freshness(now or timezone.now(), timeframe)
    if fresh.as_of is None:
        return None
    rows = list(active(timeframe=timeframe)[:TOP])
    history = _history(timeframe, fresh.as_of)
    close = list(nearest(1, timeframe=timeframe)) if not rows else []
    best: TradingSignal | SignalCandidate | None = (rows or close or [None])[0]
    count = ngettext("%d signal", "%d signals", len(rows)) % len(rows)
    return {
        "layer": 4,
        "name": _("Trading"),
        "status": "active" if rows else "waiting",
        "state": count if rows else _("No signal"),
        "tone": rows[0].signal_type if rows else "neutral",
        "figure": len(rows),
        "unit": _("signals"),
        "caption": _("open; %(count)d candidates weighed at the last close") % {"count": history[-1][2]},
        "key_metric": _("best %(figures)s") % {"figures": _figures(best)} if best else _("nothing to weigh"),
        "indicator_dots": min(DOTS, len(rows)),
        "confidence": _chance(best),
        "base_rate": best.base_rate if best else None,
        "break_even": best.break_even if best else None,
        "track_record": track_record(fresh.as_of, timeframe),
        "sparkline": [float(issued) for _moment, issued, _weighed in history],
        "sparkline_label": _("Signals issued a day over %(days)d days") % {"days": HISTORY_DAYS},
        "sentence": _sentence(rows, close),
        "as_of": fresh.as_of,
        "last_updated": fresh.as_of,
        "is_stale": bool(fresh.stale_reason),
        "stale_reason": fresh.stale_reason,
        "why_url": reverse("trading:signals"),
    }


def _history(timeframe: Timeframe, as_of: datetime) -> list[tuple[datetime, int, int]]:
    """Close, signals issued and candidates weighed, of the last 60 days."""
    since = as_of - timedelta(days=HISTORY_DAYS)
    rows = SignalCandidate.objects.filter(timeframe=timeframe, as_of__gt=since, as_of__lte=as_of)
    daily = rows.values("as_of").annotate(issued=Count("pk", filter=Q(is_issued=True)), weighed=Count("pk"))
    return list(daily.order_by("as_of").values_list("as_of", "issued", "weighed"))


def _chance(row: TradingSignal | SignalCandidate | None) -> float | None:
    return row.confidence_score if isinstance(row, TradingSignal) else row.probability if row else None


def _figures(row: TradingSignal | SignalCandidate) -> str:
    return _("%(symbol)s %(direction)s, %(chance)d %% where %(even)d %% breaks even") % {
        "symbol": row.asset.symbol,
        "direction": str(row.get_signal_type_display()).lower(),
        "chance": round(100 * (_chance(row) or 0.0)),
        "even": round(100 * row.break_even),
    }


def _sentence(rows: list[TradingSignal], close: list[SignalCandidate]) -> str:
    """This layer's clause of the dashboard's first line."""
    if rows:
        count = ngettext("%d signal is open", "%d signals are open", len(rows)) % len(rows)
        return _("%(count)s; the surest is %(figures)s.") % {"count": count, "figures": _figures(rows[0])}
    if close:
        return _("No signal today; the nearest is %(figures)s.") % {"figures": _figures(close[0])}
    return _("No signal today.")

"""Signals and candidates as they stand, how old they are, and how often such signals were right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import BooleanField, Case, CharField, Count, F, IntegerField, Q, QuerySet, Value, When
from django.utils.translation import gettext as _

from assets import selectors as assets
from assets.engine.timeframe import Timeframe
from trading.models import Outcome, Refusal, SignalCandidate, SignalStatus, TradingSignal

RECORD_DAYS = 90
LEAST_CASES = 20
Z = 1.96


@dataclass(frozen=True, slots=True)
class Freshness:
    """The close of the last candidates, and why they are out of date (empty where they are not)."""

    as_of: datetime | None
    stale_reason: str


def signals() -> QuerySet[TradingSignal]:
    """All signals with their coin, newest first."""
    return TradingSignal.objects.select_related("asset").order_by("-generated_at", "-pk")


def active(as_of: datetime | None = None, timeframe: Timeframe | None = None) -> QuerySet[TradingSignal]:
    """Signals that are open, surest first; with `as_of` those that were open then."""
    rows = signals() if timeframe is None else signals().filter(timeframe=timeframe)
    if as_of is None:
        rows = rows.filter(status=SignalStatus.ACTIVE)
    else:
        going = Q(closed_at=None) | Q(closed_at__gt=as_of)
        rows = rows.filter(going, generated_at__lte=as_of, expires_at__gt=as_of)
    return rows.order_by("-confidence_score", "-generated_at", "-pk")


def as_known(rows: QuerySet[TradingSignal], moment: datetime) -> QuerySet[TradingSignal]:
    """Those of `rows` issued by `moment`, with `status_then` and `ended_then`: no later news."""
    ended = When(closed_at__lte=moment, then=F("status"))
    over = When(expires_at__lte=moment, then=Value(SignalStatus.EXPIRED.value))
    then = Case(ended, over, default=Value(SignalStatus.ACTIVE.value), output_field=CharField())
    had_ended = Case(When(closed_at__lte=moment, then=True), default=False, output_field=BooleanField())
    return rows.filter(generated_at__lte=moment).annotate(status_then=then, ended_then=had_ended)


def latest_candidates(
    as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> QuerySet[SignalCandidate]:
    """What was weighed at the last close (known at `as_of`), coins loaded, most likely first."""
    rows = SignalCandidate.objects.filter(timeframe=timeframe)
    known = rows if as_of is None else rows.filter(as_of__lte=as_of)
    last = rows.filter(as_of=known.order_by("-as_of").values("as_of")[:1])
    return last.select_related("asset").order_by(F("probability").desc(nulls_last=True), "pk")


def nearest(
    most: int = 3, as_of: datetime | None = None, timeframe: Timeframe = Timeframe.DAY
) -> QuerySet[SignalCandidate]:
    """The candidates of the last close that came nearest to a signal and did not become one.

    Those that the most rules of the funnel let pass come first, then those whose probability is highest over
    (or least short of) their break-even, `margin`. A coin whose signal is open is not near one.
    """
    steps = [When(refusal=word, then=place) for place, word in enumerate(Refusal)]
    rows = latest_candidates(as_of, timeframe).filter(is_issued=False, probability__isnull=False)
    rows = rows.exclude(refusal=Refusal.OPEN_SIGNAL).annotate(
        passed=Case(*steps, default=0, output_field=IntegerField()),
        margin=F("probability") - F("break_even"),
    )
    return rows.order_by("-passed", "-margin", "pk")[:most]


def freshness(
    now: datetime, timeframe: Timeframe = Timeframe.DAY, as_of: datetime | None = None
) -> Freshness:
    """How old the last weighing (known at `as_of`) is at `now`."""
    rows = SignalCandidate.objects.filter(timeframe=timeframe).order_by("-as_of")
    known = rows if as_of is None else rows.filter(as_of__lte=as_of)
    last = known.values_list("as_of", flat=True).first()
    if last is None:
        return Freshness(None, _("No candidate has been weighed yet; run the pipeline."))
    return Freshness(last, assets.stale_reason(timeframe, last, now))


def track_record(as_of: datetime, timeframe: Timeframe = Timeframe.DAY) -> str:
    """How often the signals that ended in the 90 days up to `as_of` reached their target, in words.

    With Wilson's 95 % interval; "too few to judge" under twenty cases.
    """
    ended = TradingSignal.objects.filter(
        timeframe=timeframe,
        outcome__isnull=False,
        closed_at__gt=as_of - timedelta(days=RECORD_DAYS),
        closed_at__lte=as_of,
    )
    counts = ended.aggregate(cases=Count("pk"), hits=Count("pk", filter=Q(outcome=Outcome.TARGET)))
    cases, hits = counts["cases"], counts["hits"]
    if cases < LEAST_CASES:
        return _("%(cases)d signals ended in %(days)d days: too few to judge") % {
            "cases": cases,
            "days": RECORD_DAYS,
        }
    low, high = _wilson(hits, cases)
    return _(
        "%(share)d %% of %(cases)d signals reached their target in %(days)d days (%(low)d to %(high)d)"
    ) % {
        "share": round(100 * hits / cases),
        "cases": cases,
        "days": RECORD_DAYS,
        "low": round(100 * low),
        "high": round(100 * high),
    }


def _wilson(hits: int, cases: int) -> tuple[float, float]:
    """Wilson's (1927) interval of a share."""
    share, spread = hits / cases, Z * Z / cases
    centre = (share + spread / 2) / (1 + spread)
    half = Z * ((share * (1 - share) + spread / 4) / cases) ** 0.5 / (1 + spread)
    return centre - half, centre + half

"""What people's decisions on suggestions were worth, from candles as they were known afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
from django.db.models import Max
from django.utils.translation import gettext as _

from assets import selectors as assets
from assets.engine import universe
from assets.engine.panel import Floats, Ints, Panel
from assets.engine.timeframe import Timeframe
from cryptopredict.common.remembered import once
from sectors import selectors as sectors
from selection.engine import counterfactual as engine
from selection.models import Decision, SuggestionReview, SuggestionType

MOST_DAYS = 1_500  # decisions older than this are no longer judged
KEPT = 3_600  # seconds; the key changes with every decision and every close
_LEAVES = (SuggestionType.DEMOTE, SuggestionType.REMOVE)
_AGAINST = (Decision.APPROVE.value, Decision.REJECT.value)
EMPTY: dict[str, Any] = {"as_of": None, "sentence": "", "horizons": [], "cases": []}


def worth() -> dict[str, Any]:
    """Every decision's outcome after 7, 30 and 90 days, and the means by decision and by reviewer.

    `horizons` hold, for each rival, the means of each decision with 95 % intervals, what approving added
    over rejecting, and the same by reviewer; `cases` one row a decision. Fractions; null with its reason
    where not known. A constant number of queries; kept until the next close or decision.
    """
    last = assets.last_close(Timeframe.DAY)
    newest = SuggestionReview.objects.aggregate(pk=Max("pk"))["pk"]
    if last is None or newest is None:
        return {**EMPTY, "reason": _("Nobody has decided on a suggestion yet.")}
    key = f"selection.worth.{last:%Y%m%d%H%M}.{newest}"
    found = once(key, lambda: _worth(last), KEPT)
    return {**found, "sentence": sentence(found), "reason": _reason(found)}


def sentence(found: dict[str, Any]) -> str:
    """The answer in one line, against the market: of the longest horizon with an interval, or a figure."""
    known = [each for each in found["horizons"] if _means(each)]
    if not known:
        return ""
    sure = [each for each in known if each["rivals"]["market"]["added"]["low"] is not None]
    horizon = (sure or known)[-1]
    names = {
        "approve": _("approved %(mean)s"),
        "reject": _("rejected %(mean)s"),
        "defer": _("deferred %(mean)s"),
    }
    parts = [names[row["decision"]] % {"mean": _signed(row["mean"])} for row in _means(horizon)]
    head = _("After %(days)d days against the market: %(means)s.") % {
        "days": horizon["days"],
        "means": ", ".join(parts),
    }
    return f"{head} {_added(horizon['rivals']['market']['added'])}".strip()


def _means(horizon: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in horizon["rivals"]["market"]["decisions"] if row["mean"] is not None]


def _added(added: dict[str, Any]) -> str:
    if added["mean"] is None:
        return ""
    words = _("Your selection added %(mean)s") % {"mean": _signed(added["mean"])}
    if added["low"] is None:
        return words + _(" (too few separate periods for an interval).")
    interval = _(" (95 %% interval %(low)s to %(high)s).") % {
        "low": _signed(added["low"]),
        "high": _signed(added["high"]),
    }
    return words + interval


def _reason(found: dict[str, Any]) -> str:
    if found["sentence"] if "sentence" in found else sentence(found):
        return ""
    return _("No horizon of any decision is over yet: the first is known after 7 days.")


def _signed(share: float) -> str:
    return f"{100 * share:+.1f} %".replace("-", "\N{MINUS SIGN}")


def _worth(last: datetime) -> dict[str, Any]:
    oldest = last - timedelta(days=MOST_DAYS)
    reviews = list(
        SuggestionReview.objects.filter(reviewed_at__gte=oldest)
        .select_related("suggestion__asset", "reviewer")
        .order_by("reviewed_at", "pk")
    )
    if not reviews:
        return {**EMPTY, "as_of": last}
    warm = universe.UniverseParams()
    since = reviews[0].reviewed_at - timedelta(days=max(warm.least_days, warm.volume_days) + 1)
    rows = max(2, (last - since).days + 1)
    panel = assets.load_panel(Timeframe.DAY, last, rows)
    cases = _cases(reviews, panel)
    homes = sectors.homes(panel.asset_ids)
    members = universe.universe(panel)
    outcomes = [engine.outcome(panel, cases, homes, days, members) for days in engine.HORIZONS]
    return {
        "as_of": last,
        "horizons": [_horizon(each, reviews, cases.row) for each in outcomes],
        "cases": list(_rows(reviews, cases, outcomes, panel)),
    }


def _cases(reviews: Sequence[SuggestionReview], panel: Panel) -> engine.Cases:
    closes = pd.DatetimeIndex(panel.times) + Timeframe.DAY.delta
    moments = pd.DatetimeIndex([row.reviewed_at for row in reviews])
    columns = {int(asset): column for column, asset in enumerate(panel.asset_ids)}
    return engine.Cases(
        row=closes.searchsorted(moments, side="left").astype(np.int64),
        column=np.array([columns.get(row.suggestion.asset_id, -1) for row in reviews], dtype=np.int64),
        sign=np.array([-1.0 if row.suggestion.suggestion_type in _LEAVES else 1.0 for row in reviews]),
    )


def _horizon(outcome: engine.Outcome, reviews: Sequence[SuggestionReview], rows: Ints) -> dict[str, Any]:
    decisions = [row.decision for row in reviews]
    periods = engine.periods_of(rows, outcome.days)
    rivals = {
        name: _judged(outcome.excess[:, place], decisions, periods)
        for place, name in enumerate(engine.RIVALS)
    }
    people = {row.reviewer_id: str(row.reviewer) for row in reviews}
    who = np.array([row.reviewer_id for row in reviews])
    market = outcome.excess[:, 0]
    reviewers = []
    for pk, name in sorted(people.items(), key=lambda each: each[1]):
        mine = who == pk
        own = [decision for decision, is_mine in zip(decisions, mine, strict=True) if is_mine]
        reviewers.append({"reviewer": name, **_judged(market[mine], own, periods[mine])})
    return {"days": outcome.days, "rivals": rivals, "reviewers": reviewers}


def _judged(excess: Floats, decisions: Sequence[str], periods: Ints) -> dict[str, Any]:
    found, added = engine.means(excess, decisions, periods, _AGAINST)
    nothing = engine.Mean(0, 0, None, None, None)
    return {
        "decisions": [
            {"decision": decision, **_told(found.get(decision, nothing))} for decision in Decision.values
        ],
        "added": _told(added),
    }


def _told(mean: engine.Mean) -> dict[str, Any]:
    reason = ""
    if mean.mean is None:
        reason = "no_horizon_over"
    elif mean.low is None:
        reason = (
            f"cases of {mean.periods} separate periods; {engine.LEAST_PERIODS} are needed for an interval"
        )
    return {**asdict(mean), "reason": reason}


def _rows(
    reviews: Sequence[SuggestionReview],
    cases: engine.Cases,
    outcomes: Sequence[engine.Outcome],
    panel: Panel,
) -> Iterator[dict[str, Any]]:
    length = panel.shape[0]
    for place, row in enumerate(reviews):
        start = int(cases.row[place])
        told = {
            "review_id": row.pk,
            "suggestion_id": row.suggestion_id,
            "crypto_id": row.suggestion.asset_id,
            "symbol": row.suggestion.asset.symbol,
            "suggestion_type": row.suggestion.suggestion_type,
            "decision": row.decision,
            "reviewer": str(row.reviewer),
            "reviewed_at": row.reviewed_at,
            "start": panel.as_of(start) if start < length else None,
        }
        for each in outcomes:
            told[f"return_{each.days}d"] = _known(each.own[place])
            for number, name in enumerate(engine.RIVALS):
                told[f"{name}_{each.days}d"] = _known(each.rivals[place, number])
            told[f"ended_{each.days}d"] = bool(each.ended[place])
        yield told


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None

"""The figures of ended signals, worked out once for as long as nothing they are made of has changed.

A run of the pipeline works out those that are usually asked for, so a request finds them. What was not
worked out before (one model, a past moment) is worked out when it is first asked for: the run has left what
takes long, the worth of any entry, and the rest is one query and a few products of matrices.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assets.engine.timeframe import Timeframe
from assets.models import Origin
from cryptopredict.common.remembered import once
from trading.models import SignalCandidate, TradingSignal
from trading.selectors.ended import Span
from trading.selectors.performance import LEAST_CASES, performance, usual_entries

T = TypeVar("T")
SPANS = {"7d": 7, "30d": 30, "90d": 90, "180d": 180, "365d": 365, "all": None}
KEPT_FOR = 3 * 86_400  # seconds; a run makes them anew each day
NO_HOLDING = {
    "": "",
    "no_span": gettext_lazy("There is no span or no Bitcoin to hold."),
    "no_candles": gettext_lazy("No candles."),
}


@dataclass(frozen=True, slots=True)
class Stand:
    """What there is to judge of one bar length: ended signals by origin, the last close that was weighed, and
    marks that change whenever a candidate (`candidates`), or a signal or one (`mark`), ends or is written."""

    timeframe: Timeframe
    ended: dict[str, int]
    last: datetime | None
    candidates: str
    mark: str

    @property
    def usual(self) -> Origin:
        """Live where any live signal has ended; never both."""
        return Origin.LIVE if self.ended[Origin.LIVE] else Origin.REPLAY

    def span(
        self, name: str, *, origin: str | None = None, model: str = "", as_of: datetime | None = None
    ) -> Span:
        """The span called `name` (a key of SPANS) up to `as_of`, by default the last close."""
        moment = as_of or self.last or timezone.now()
        return Span(self.timeframe, moment, SPANS[name], Origin(origin or self.usual), model)


def stand(timeframe: Timeframe) -> Stand:
    """How things stand. Four queries."""
    counts = {origin: Count("pk", filter=Q(origin=origin)) for origin in Origin.values}
    signals = TradingSignal.objects.filter(timeframe=timeframe, outcome__isnull=False)
    ended = signals.aggregate(**counts, changed=Max("updated_at"))
    changed = ended.pop("changed")
    candidates = SignalCandidate.objects.filter(timeframe=timeframe)
    last = candidates.aggregate(last=Max("as_of"))["last"]
    newest = candidates.aggregate(newest=Max("pk"))["newest"]  # apart: each is one step in an index
    open_ = candidates.filter(outcome=None).count()
    mark = f"{timeframe}|{last}|{newest}|{open_}"
    return Stand(timeframe, ended, last, mark, f"{mark}|{sorted(ended.items())}|{changed}")


def worked_out(span: Span, stand: Stand) -> dict[str, Any]:
    """`performance` of a span, from what was worked out before where nothing has changed since."""

    def anew() -> dict[str, Any]:
        entries = _kept(f"entries|{stand.candidates}", lambda: usual_entries(span.timeframe))
        return performance(span, entries)

    return _in_words(_kept(f"performance|{stand.mark}|{span}", anew))


def prepare_figures(timeframe: Timeframe) -> int:
    """Work out all spans of each origin that has ended signals, of all models; how many there are."""
    now = stand(timeframe)
    spans = [now.span(name, origin=origin) for origin in Origin.values if now.ended[origin] for name in SPANS]
    for span in spans:
        worked_out(span, now)
    return len(spans)


def _in_words(told: dict[str, Any]) -> dict[str, Any]:
    """What is kept knows no language: the reasons are put in words for whoever asks."""
    reason = _("No model has %d ended signals in this time: too few to compare.") % LEAST_CASES
    holding = told["rivals"]["holding"]
    holding = {**holding, "reason": str(NO_HOLDING[holding["reason"]])}
    return {
        **told,
        "best_performing_model_reason": "" if told["best_performing_model"] else reason,
        "rivals": {**told["rivals"], "holding": holding},
    }


def _kept(text: str, make: Callable[[], T]) -> T:
    """What `make` returns, from what was kept under `text` where there is any."""
    return once(f"worth:{hashlib.blake2b(text.encode(), digest_size=16).hexdigest()}", make, KEPT_FOR)

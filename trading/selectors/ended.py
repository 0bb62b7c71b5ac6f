"""The signals of a span that have ended: as rows for lists, as arrays for figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import F, FloatField, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Abs, Cast

from assets.engine.panel import Bools, Floats, Ints
from assets.engine.timeframe import Timeframe
from assets.models import Origin
from trading.models import Outcome, TradingSignal

EVER = timedelta(days=36_500)
PG_EPOCH_US = 946_684_800_000_000
MOMENTS = ("generated_at", "closed_at")
NUMBERS = ("confidence_score", "return_r", "risk_share", "position_share")
WORDS = ("outcome", "signal_type", "risk_level", "model_name", "regime", "sector")
LISTED = (
    "pk",
    "asset__symbol",
    *MOMENTS,
    "entry_price",
    "target_price",
    "stop_loss",
    "exit_price",
    "base_rate",
    *NUMBERS,
    *WORDS,
)


@dataclass(frozen=True, slots=True)
class Span:
    """Which signals: those that ended in the `days` up to `as_of` (None: all), of one origin, of a model."""

    timeframe: Timeframe
    as_of: datetime
    days: int | None
    origin: Origin
    model: str = ""

    @property
    def since(self) -> datetime:
        return self.as_of - (EVER if self.days is None else timedelta(days=self.days))


@dataclass(frozen=True, slots=True)
class Ended:
    """Ended signals as arrays (K,), in order of their ends: moments in microseconds of Unix time; returns net
    of costs, `net` on the planned entry; `share` of the portfolio; `words` by column, "" where there is none.
    """

    generated: Ints
    closed: Ints
    said: Floats
    return_r: Floats
    net: Floats
    share: Floats
    hit: Bools
    words: dict[str, list[str]]

    def __len__(self) -> int:
        return len(self.closed)


def ended(span: Span) -> QuerySet[TradingSignal]:
    """The signals of a span that have an outcome and a result, in order of their ends."""
    rows = TradingSignal.objects.filter(
        timeframe=span.timeframe,
        origin=span.origin,
        outcome__isnull=False,
        return_r__isnull=False,
        closed_at__gt=span.since,
        closed_at__lte=span.as_of,
    )
    if span.model:
        rows = rows.filter(model__name=span.model)
    risk = Cast(Abs(F("entry_price") - F("stop_loss")) / F("entry_price"), FloatField())
    return rows.annotate(
        model_name=F("model__name"),
        regime=KT("market_context__regime"),
        sector=KT("market_context__sector"),
        position_share=Cast(KT("ai_analysis__position_share"), FloatField()),
        risk_share=risk,
    ).order_by("closed_at", "pk")


def rows_of(span: Span) -> list[dict[str, Any]]:
    """One dict a signal, as the list and its CSV have it."""
    return list(ended(span).values(*LISTED))


def arrays_of(span: Span) -> Ended:
    """The same as arrays. One query, whose columns come packed: 10,000 rows of Python objects take longer
    than all the figures."""
    told, values = ended(span).values(*MOMENTS, *NUMBERS, *WORDS).query.sql_with_params()
    packed = ", ".join(
        [
            *(f"string_agg(timestamptz_send({name}), '')" for name in MOMENTS),
            *(f"string_agg(float8send(coalesce({name}, 0)), '')" for name in NUMBERS),
            *(f"string_agg(coalesce({name}, ''), chr(31))" for name in WORDS),
        ]
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {packed} FROM ({told}) told", values)
        found: Sequence[Any] = cursor.fetchone()
    generated, closed = (np.frombuffer(one or b"", ">i8").astype(np.int64) + PG_EPOCH_US for one in found[:2])
    said, return_r, risk, share = (np.frombuffer(one or b"", ">f8").astype(np.float64) for one in found[2:6])
    texts = dict(zip(WORDS, found[6:], strict=True))
    words = {name: [] if text is None else text.split("\x1f") for name, text in texts.items()}
    hit = np.array([word == Outcome.TARGET for word in words["outcome"]], dtype=np.bool_)
    return Ended(generated, closed, said, return_r, return_r * risk, share, hit, words)

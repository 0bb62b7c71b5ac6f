"""The wire shape of assets, and what every read of an analysis has in common."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from assets.engine.timeframe import Timeframe
from assets.selectors import stale_reason
from cryptopredict.common.restapi import MomentField

M = TypeVar("M", bound=Model)
LONGEST_DAYS = 3650
BAR_LENGTHS = [str(length) for length in Timeframe]


class MomentQuery(serializers.Serializer[Any]):
    """As it was known when."""

    as_of = MomentField(
        help_text=_("Show what was known at this moment (ISO 8601, UTC without a zone); not in the future.")
    )


class ReadingQuery(MomentQuery):
    """Which reading is asked for: of which bar length, and as it was known when."""

    timeframe = serializers.ChoiceField(
        BAR_LENGTHS, default=str(Timeframe.DAY), help_text=_("Length of the analysed bars.")
    )

    def validate_timeframe(self, value: str) -> Timeframe:
        return Timeframe(value)


class HistoryQuery(MomentQuery):
    """How far back: so many days before the last analysis (known at `as_of`)."""

    days = serializers.IntegerField(
        default=30, min_value=1, max_value=LONGEST_DAYS, help_text=_("Days before the last analysis.")
    )
    interval = serializers.ChoiceField(
        BAR_LENGTHS, default=str(Timeframe.DAY), help_text=_("Length of the analysed bars.")
    )

    def validate_interval(self, value: str) -> Timeframe:
        return Timeframe(value)


class AgedSerializer(serializers.ModelSerializer[M]):
    """An analysis with its age. Context `now`: the moment at which it is judged (default: the clock's).

    Rows of one answer share their bar length, so the newest candle is looked up once.
    """

    timeframe = serializers.CharField(read_only=True)
    as_of = serializers.DateTimeField(read_only=True)
    last_updated = serializers.DateTimeField(source="created_at", read_only=True)
    is_stale = serializers.SerializerMethodField()
    stale_reason = serializers.SerializerMethodField()

    AGE = ("timeframe", "as_of", "last_updated", "is_stale", "stale_reason")

    def get_is_stale(self, row: Any) -> bool:
        return bool(self.get_stale_reason(row))

    def get_stale_reason(self, row: Any) -> str:
        known: dict[datetime, str] = self.root.__dict__.setdefault("_stale_reasons", {})
        if row.as_of not in known:
            now: datetime = self.context.get("now") or timezone.now()
            known[row.as_of] = stale_reason(row.timeframe, row.as_of, now)
        return known[row.as_of]

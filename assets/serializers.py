"""The wire shape of assets, and what every read of an analysis may be asked for."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from assets.engine.timeframe import Timeframe
from cryptopredict.common.restapi import MomentField


class ReadingQuery(serializers.Serializer[Any]):
    """Which reading is asked for: of which bar length, and as it was known when."""

    as_of = MomentField(
        help_text=_("Show what was known at this moment (ISO 8601, UTC without a zone); not in the future.")
    )
    timeframe = serializers.ChoiceField([str(length) for length in Timeframe], default=str(Timeframe.DAY))

    def validate_timeframe(self, value: str) -> Timeframe:
        return Timeframe(value)

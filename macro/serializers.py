"""The wire shape of layer 1, for the API and for events."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from rest_framework import serializers

from macro.models import RegimeAnalysis
from macro.selectors import stale_reason


class MarketRegimeSerializer(serializers.ModelSerializer[RegimeAnalysis]):
    """The reading of one bar. Context `now`: the moment at which its age is judged (default: the clock's).

    A regime that is not known is null, with the reason in `reasons`.
    """

    regime = serializers.CharField(source="market_regime", allow_null=True)
    confidence = serializers.FloatField(source="confidence_score", allow_null=True)
    timeframe = serializers.CharField()
    last_updated = serializers.DateTimeField(source="created_at")
    model = serializers.SerializerMethodField()
    is_stale = serializers.SerializerMethodField()
    stale_reason = serializers.SerializerMethodField()

    class Meta:
        model = RegimeAnalysis
        fields = [
            "regime",
            "phase",
            "confidence",
            "risk_level",
            "trend_strength",
            "recommended_exposure",
            "probabilities",
            "regime_drivers",
            "turning_point",
            "reasons",
            "model",
            "timeframe",
            "origin",
            "as_of",
            "last_updated",
            "is_stale",
            "stale_reason",
        ]

    def get_model(self, reading: RegimeAnalysis) -> str | None:
        """Name and version of the fit that the regime came from."""
        return f"{reading.model.name} {reading.model.version}" if reading.model else None

    def get_is_stale(self, reading: RegimeAnalysis) -> bool:
        return bool(self.get_stale_reason(reading))

    def get_stale_reason(self, reading: RegimeAnalysis) -> str:
        if not hasattr(self, "_stale_reason"):
            now: datetime = self.context.get("now") or timezone.now()
            self._stale_reason = stale_reason(reading.timeframe, reading.as_of, now)
        return self._stale_reason

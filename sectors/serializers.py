"""The wire shape of the layer, for the API and for events."""

from __future__ import annotations

from rest_framework import serializers

from sectors.models import SectorPerformance


class SectorSerializer(serializers.ModelSerializer[SectorPerformance]):
    """One sector of the ranking; performance and dominance in percent.

    The context's `stale_reason` is that of the whole ranking; empty if it is fresh.
    """

    id = serializers.IntegerField(source="sector_id")
    name = serializers.CharField(source="sector.name")
    performance_24h = serializers.SerializerMethodField()
    performance_7d = serializers.SerializerMethodField()
    dominance = serializers.FloatField(source="dominance_percentage")
    last_updated = serializers.DateTimeField(source="created_at")
    is_stale = serializers.SerializerMethodField()

    class Meta:
        model = SectorPerformance
        fields = [
            "id",
            "name",
            "performance_24h",
            "performance_7d",
            "dominance",
            "momentum_score",
            "status",
            "last_updated",
            "as_of",
            "is_stale",
        ]

    def get_performance_24h(self, row: SectorPerformance) -> float | None:
        return _percent(row.performance_24h)

    def get_performance_7d(self, row: SectorPerformance) -> float | None:
        return _percent(row.performance_7d)

    def get_is_stale(self, row: SectorPerformance) -> bool:
        return bool(self.context["stale_reason"])


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100.0 * share, 6)

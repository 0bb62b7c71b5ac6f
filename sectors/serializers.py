"""The wire shape of the layer, for the API and for events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from assets.engine.timeframe import Timeframe
from assets.serializers import BAR_LENGTHS, LONGEST_DAYS, AgedSerializer, MomentQuery, ReadingQuery
from sectors.models import Sector, SectorPerformance, SectorRotation

SPANS = {"24h": "performance_24h", "7d": "performance_7d", "30d": "performance_30d"}
MOST_COMPARED = 20


class DaysQuery(ReadingQuery):
    """How far back: so many days before the last analysis (known at `as_of`)."""

    days = serializers.IntegerField(default=30, min_value=1, max_value=LONGEST_DAYS)


class TrailQuery(ReadingQuery):
    """How long the trails are."""

    days = serializers.IntegerField(default=60, min_value=1, max_value=400)


class CompareQuery(MomentQuery):
    """Which sectors, over which span."""

    sectors = serializers.CharField(
        max_length=200, help_text=gettext_lazy("Ids of two or more sectors, comma-separated.")
    )
    timeframe = serializers.ChoiceField(list(SPANS), default="7d", help_text=gettext_lazy("Span compared."))
    interval = serializers.ChoiceField(
        BAR_LENGTHS, default=str(Timeframe.DAY), help_text=gettext_lazy("Length of the analysed bars.")
    )

    def validate_interval(self, value: str) -> Timeframe:
        return Timeframe(value)

    def validate_sectors(self, value: str) -> list[int]:
        names = [name.strip() for name in value.split(",")]
        if not all(name.isascii() and name.isdigit() and len(name) < 19 for name in names):
            raise serializers.ValidationError(_("must be whole numbers with commas between, such as 1,2,3"))
        if not 2 <= len(set(names)) <= MOST_COMPARED or len(set(names)) < len(names):
            raise serializers.ValidationError(
                _("must name 2 to %(most)d sectors, each once") % {"most": MOST_COMPARED}
            )
        return [int(name) for name in names]


class SectorSerializer(serializers.ModelSerializer[SectorPerformance]):
    """One sector of the ranking; performance and dominance in percent.

    The context's `stale_reason` is that of the whole ranking; empty if it is fresh.
    """

    id = serializers.IntegerField(source="sector_id")
    name = serializers.CharField(source="sector.name")
    slug = serializers.CharField(source="sector.slug")
    color = serializers.CharField(source="sector.color_code")
    performance_24h = serializers.SerializerMethodField()
    performance_7d = serializers.SerializerMethodField()
    performance_30d = serializers.SerializerMethodField()
    dominance = serializers.FloatField(source="dominance_percentage", allow_null=True)
    last_updated = serializers.DateTimeField(source="created_at")
    is_stale = serializers.SerializerMethodField()
    stale_reason = serializers.SerializerMethodField()

    class Meta:
        model = SectorPerformance
        fields = [
            "id",
            "name",
            "slug",
            "color",
            "performance_24h",
            "performance_7d",
            "performance_30d",
            "dominance",
            "momentum_score",
            "relative_strength",
            "relative_momentum",
            "status",
            "member_count",
            "last_updated",
            "as_of",
            "is_stale",
            "stale_reason",
        ]

    def get_performance_24h(self, row: SectorPerformance) -> float | None:
        return percent(row.performance_24h)

    def get_performance_7d(self, row: SectorPerformance) -> float | None:
        return percent(row.performance_7d)

    def get_performance_30d(self, row: SectorPerformance) -> float | None:
        return percent(row.performance_30d)

    def get_is_stale(self, row: SectorPerformance) -> bool:
        return bool(self.context["stale_reason"])

    def get_stale_reason(self, row: SectorPerformance) -> str:
        return str(self.context["stale_reason"])


class SectorHistorySerializer(serializers.ModelSerializer[SectorPerformance]):
    """One sector at one close of many; `analysis_time` is the close; performance in percent."""

    analysis_time = serializers.DateTimeField(source="as_of")
    performance_24h = serializers.SerializerMethodField()
    performance_7d = serializers.SerializerMethodField()
    performance_30d = serializers.SerializerMethodField()
    dominance = serializers.FloatField(source="dominance_percentage", allow_null=True)
    last_updated = serializers.DateTimeField(source="created_at")

    class Meta:
        model = SectorPerformance
        fields = [
            "analysis_time",
            "total_market_cap",
            "total_volume",
            "performance_24h",
            "performance_7d",
            "performance_30d",
            "dominance",
            "momentum_score",
            "relative_strength",
            "relative_momentum",
            "status",
            "member_count",
            "origin",
            "last_updated",
        ]

    def get_performance_24h(self, row: SectorPerformance) -> float | None:
        return percent(row.performance_24h)

    def get_performance_7d(self, row: SectorPerformance) -> float | None:
        return percent(row.performance_7d)

    def get_performance_30d(self, row: SectorPerformance) -> float | None:
        return percent(row.performance_30d)


class SectorDetailSerializer(serializers.ModelSerializer[Sector]):
    """One sector with its last figures; all of them null where it has not been ranked, with the reason.

    Context: `performance` and `analysis` of the sector (or None), `stale_reason`. Performance in percent.
    """

    color = serializers.CharField(source="color_code")
    total_market_cap = serializers.SerializerMethodField()
    total_volume = serializers.SerializerMethodField()
    top_performers = serializers.SerializerMethodField()
    performance_metrics = serializers.SerializerMethodField()
    analysis = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()
    as_of = serializers.SerializerMethodField()
    last_updated = serializers.SerializerMethodField()
    is_stale = serializers.SerializerMethodField()
    stale_reason = serializers.SerializerMethodField()

    class Meta:
        model = Sector
        fields = [
            "id",
            "name",
            "slug",
            "color",
            "description",
            "total_market_cap",
            "total_volume",
            "top_performers",
            "performance_metrics",
            "analysis",
            "reason",
            "as_of",
            "last_updated",
            "is_stale",
            "stale_reason",
        ]

    def _told(self, name: str) -> Any:
        return getattr(self.context["performance"], name, None)

    def get_total_market_cap(self, row: Sector) -> float | None:
        return self._told("total_market_cap")  # type: ignore[no-any-return]

    def get_total_volume(self, row: Sector) -> float | None:
        return self._told("total_volume")  # type: ignore[no-any-return]

    def get_top_performers(self, row: Sector) -> list[dict[str, Any]]:
        """Best members over seven days, performance in percent."""
        return [
            {
                "crypto_id": coin["asset_id"],
                "symbol": coin["symbol"],
                "performance_7d": percent(coin["performance_7d"]),
            }
            for coin in self._told("top_performers") or ()
        ]

    @extend_schema_field(serializers.DictField(child=serializers.JSONField()))
    def get_performance_metrics(self, row: Sector) -> dict[str, Any]:
        stored: Mapping[str, Any] = self._told("performance_metrics") or {}
        return {
            **{name: percent(self._told(name)) for name in SPANS.values()},
            "dominance": self._told("dominance_percentage"),
            "momentum_score": self._told("momentum_score"),
            "relative_strength": self._told("relative_strength"),
            "relative_momentum": self._told("relative_momentum"),
            "status": self._told("status"),
            "member_count": self._told("member_count"),
            **{name: value for name, value in stored.items() if name != "reason"},
        }

    @extend_schema_field(serializers.DictField(child=serializers.JSONField(), allow_null=True))
    def get_analysis(self, row: Sector) -> dict[str, Any] | None:
        """What to do with it: stance, confidence, its share of the allocation, and what weighed most."""
        read = self.context["analysis"]
        if read is None:
            return None
        return {
            "stance": read.stance,
            "confidence": read.confidence_score,
            "weight": read.weight,
            "drivers": read.drivers,
            "reason": read.analysis_data.get("reason"),
        }

    def get_reason(self, row: Sector) -> str:
        """Why figures are null; empty where they are not."""
        if self.context["performance"] is None:
            return _("This sector has not been ranked yet; run the pipeline.")
        return str((self._told("performance_metrics") or {}).get("reason", ""))

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_as_of(self, row: Sector) -> Any:
        return self._told("as_of")

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_last_updated(self, row: Sector) -> Any:
        return self._told("created_at")

    def get_is_stale(self, row: Sector) -> bool:
        return bool(self.context["stale_reason"])

    def get_stale_reason(self, row: Sector) -> str:
        return str(self.context["stale_reason"])


class SectorNameSerializer(serializers.ModelSerializer[Sector]):
    """What a sector is called, for answers that name several."""

    class Meta:
        model = Sector
        fields = ["id", "slug", "name"]


class RotationSerializer(AgedSerializer[SectorRotation]):
    """Will the 28-day leaders be others in a week; who leads; how to spread the money (weights sum to 1).

    Context `sectors`: the sectors by slug. Flows are percentage points of the whole market's worth.
    """

    leading_sectors = serializers.SerializerMethodField()
    declining_sectors = serializers.SerializerMethodField()
    flow_directions = serializers.DictField(child=serializers.FloatField())
    recommended_allocation = serializers.DictField(child=serializers.FloatField())

    class Meta:
        model = SectorRotation
        fields = [
            "rotation_probability",
            "base_rate",
            "leading_sectors",
            "declining_sectors",
            "flow_directions",
            "recommended_allocation",
            "rotation_signals",
            "reasons",
            "origin",
            *AgedSerializer.AGE,
        ]

    @extend_schema_field(SectorNameSerializer(many=True))
    def get_leading_sectors(self, row: SectorRotation) -> list[dict[str, Any]]:
        return self._named(row.leading_sectors)

    @extend_schema_field(SectorNameSerializer(many=True))
    def get_declining_sectors(self, row: SectorRotation) -> list[dict[str, Any]]:
        return self._named(row.declining_sectors)

    def _named(self, slugs: list[str]) -> list[dict[str, Any]]:
        known = self.context["sectors"]
        return [SectorNameSerializer(known[slug]).data for slug in slugs if slug in known]


class ComparedSerializer(SectorSerializer):
    """A sector among those compared: `performance` over the span asked for, in percent."""

    performance = serializers.SerializerMethodField()
    rank = serializers.SerializerMethodField()

    class Meta(SectorSerializer.Meta):
        fields = [*SectorSerializer.Meta.fields, "performance", "rank"]

    def get_performance(self, row: SectorPerformance) -> float | None:
        return percent(getattr(row, SPANS[self.context["span"]]))

    def get_rank(self, row: SectorPerformance) -> int | None:
        """Place among those compared, 1 for the best; null where the performance is not known."""
        return self.context["ranks"].get(row.sector_id)  # type: ignore[no-any-return]


class ComparisonSerializer(serializers.Serializer[Any]):
    """Sectors side by side, in the order asked for."""

    timeframe = serializers.ChoiceField(list(SPANS))
    as_of = serializers.DateTimeField(allow_null=True)
    sectors = ComparedSerializer(many=True)


class TrailPointSerializer(serializers.Serializer[Any]):
    """Where a sector stood at one close; 100 is the market's middle."""

    analysis_time = serializers.DateTimeField()
    relative_strength = serializers.FloatField(allow_null=True)
    relative_momentum = serializers.FloatField(allow_null=True)


class TrailSerializer(serializers.Serializer[Any]):
    """One sector's way through the relative rotation graph, oldest first."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    slug = serializers.CharField()
    color = serializers.CharField()
    status = serializers.CharField()
    trail = TrailPointSerializer(many=True)


def percent(share: float | None) -> float | None:
    """A fraction as percent, six digits after the point."""
    return None if share is None else round(100.0 * share, 6)

"""Readings of the sectors, append-only."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from aimodels.models import AIModel
from assets.models import Analysis
from cryptopredict.common import schema
from cryptopredict.common.timeseries import RecordQuerySet
from sectors.models.sector import Sector


class SectorStatus(models.TextChoices):
    """Quadrant of the relative rotation graph."""

    LEADING = "leading", _("Leading")
    WEAKENING = "weakening", _("Weakening")
    LAGGING = "lagging", _("Lagging")
    IMPROVING = "improving", _("Improving")
    UNKNOWN = "unknown", _("Not known")


class Stance(models.TextChoices):
    OVERWEIGHT = "overweight", _("Overweight")
    NEUTRAL = "neutral", _("Neutral")
    UNDERWEIGHT = "underweight", _("Underweight")
    UNKNOWN = "unknown", _("Not known")


class SectorPerformance(Analysis):
    """One sector at one close: returns as fractions, dominance in percent of the whole market."""

    sector = models.ForeignKey(Sector, on_delete=models.PROTECT, related_name="performances")
    total_market_cap = models.FloatField(null=True, blank=True)
    total_volume = models.FloatField(null=True, blank=True)
    dominance_percentage = models.FloatField(null=True, blank=True)
    momentum_score = models.FloatField(null=True, blank=True)
    relative_strength = models.FloatField(null=True, blank=True, help_text="about 100, horizontal RRG axis")
    relative_momentum = models.FloatField(null=True, blank=True, help_text="about 100, vertical RRG axis")
    status = models.CharField(max_length=20, choices=SectorStatus, default=SectorStatus.UNKNOWN)
    performance_24h = models.FloatField(null=True, blank=True)
    performance_7d = models.FloatField(null=True, blank=True)
    performance_30d = models.FloatField(null=True, blank=True)
    member_count = models.PositiveIntegerField(default=0)
    top_performers = models.JSONField(default=list, blank=True)
    performance_metrics = models.JSONField(default=dict, blank=True)

    objects = RecordQuerySet.as_manager()

    class Meta(Analysis.Meta):
        constraints = [
            *Analysis.Meta.constraints,
            schema.unique("sector", "timeframe", "as_of"),
            schema.within("dominance_percentage", 0, 100),
            schema.within("momentum_score", -1, 1),
            schema.one_of("status", SectorStatus),
        ]
        indexes = [
            models.Index("sector", models.F("as_of").desc(), name="sectors_performance_history"),
            models.Index("timeframe", models.F("as_of").desc(), name="sectors_performance_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.sector_id} {self.as_of:%Y-%m-%d %H:%M}"


class SectorRotation(Analysis):
    """Will the leaders change, who leads, and how to spread the money (weights sum to 1)."""

    rotation_probability = models.FloatField(null=True, blank=True)
    base_rate = models.FloatField(null=True, blank=True)
    flow_directions = models.JSONField(default=dict, blank=True)
    rotation_signals = models.JSONField(default=dict, blank=True)
    leading_sectors = models.JSONField(default=list, blank=True)
    declining_sectors = models.JSONField(default=list, blank=True)
    recommended_allocation = models.JSONField(default=dict, blank=True)
    reasons = models.JSONField(default=dict, blank=True, help_text="why a figure is null or withheld")
    model = models.ForeignKey(
        AIModel, null=True, blank=True, on_delete=models.PROTECT, related_name="rotations"
    )

    objects = RecordQuerySet.as_manager()

    class Meta(Analysis.Meta):
        constraints = [
            *Analysis.Meta.constraints,
            schema.unique("timeframe", "as_of"),
            schema.within("rotation_probability", 0, 1),
            schema.within("base_rate", 0, 1),
        ]
        indexes = [models.Index("timeframe", models.F("as_of").desc(), name="sectors_rotation_latest")]

    def __str__(self) -> str:
        return f"{self.as_of:%Y-%m-%d %H:%M} {self.rotation_probability}"


class SectorFlow(Analysis):
    """An edge: share of market cap (percentage points, net of price) that went from one sector to another."""

    from_sector = models.ForeignKey(Sector, on_delete=models.PROTECT, related_name="outflows")
    to_sector = models.ForeignKey(Sector, on_delete=models.PROTECT, related_name="inflows")
    share = models.FloatField(help_text="percentage points of the whole market cap")
    window_days = models.PositiveSmallIntegerField(default=7)

    objects = RecordQuerySet.as_manager()

    class Meta(Analysis.Meta):
        constraints = [
            *Analysis.Meta.constraints,
            schema.unique("timeframe", "as_of", "window_days", "from_sector", "to_sector"),
            schema.positive("share"),
            models.CheckConstraint(
                condition=~models.Q(from_sector=models.F("to_sector")), name="sectors_sectorflow_two_ends"
            ),
        ]
        indexes = [models.Index("timeframe", models.F("as_of").desc(), name="sectors_flow_latest")]

    def __str__(self) -> str:
        return f"{self.from_sector_id} → {self.to_sector_id}"


class SectorAnalysis(Analysis):
    """The reading of one sector: what to do with it, how sure, and why."""

    sector = models.ForeignKey(Sector, on_delete=models.PROTECT, related_name="analyses")
    stance = models.CharField(max_length=20, choices=Stance, default=Stance.UNKNOWN)
    confidence_score = models.FloatField(null=True, blank=True)
    weight = models.FloatField(null=True, blank=True, help_text="its share of the allocation")
    drivers = models.JSONField(default=list, blank=True)
    analysis_data = models.JSONField(default=dict, blank=True)
    model = models.ForeignKey(
        AIModel, null=True, blank=True, on_delete=models.PROTECT, related_name="sector_analyses"
    )

    objects = RecordQuerySet.as_manager()

    class Meta(Analysis.Meta):
        verbose_name_plural = "sector analyses"
        constraints = [
            *Analysis.Meta.constraints,
            schema.unique("sector", "timeframe", "as_of"),
            schema.one_of("stance", Stance),
            schema.within("confidence_score", 0, 1),
            schema.within("weight", 0, 1),
        ]
        indexes = [models.Index("sector", models.F("as_of").desc(), name="sectors_analysis_latest")]

    def __str__(self) -> str:
        return f"{self.sector_id} {self.stance}"

"""The daily score of every followed coin."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from aimodels.models import AIModel
from assets.models import Analysis, Asset
from cryptopredict.common import schema
from cryptopredict.common.timeseries import RecordQuerySet


class Recommendation(models.TextChoices):
    STRONG_BUY = "strong_buy", _("Strong buy")
    BUY = "buy", _("Buy")
    HOLD = "hold", _("Hold")
    REDUCE = "reduce", _("Reduce")
    AVOID = "avoid", _("Avoid")


class WatchlistAnalysis(Analysis):
    """Score of one coin at one close, relative to the universe of that day.

    `score` is the percentile in [0, 1] by expected relative return over 7 days; `confidence_score`
    the calibrated probability to beat the universe's median, beside its `base_rate`. `drivers` are
    [factor, value, percentile, contribution], strongest first. `reason` says why there is no score.
    """

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="analyses")
    score = models.FloatField(null=True, blank=True)
    rank = models.PositiveIntegerField(null=True, blank=True)
    raw_score = models.FloatField(null=True, blank=True)
    score_30d = models.FloatField(null=True, blank=True)
    expected_return = models.FloatField(
        null=True, blank=True, help_text="volatility-scaled head: relative return over 7 days, fraction"
    )
    confidence_score = models.FloatField(null=True, blank=True)
    base_rate = models.FloatField(null=True, blank=True)
    risk_level = models.CharField(max_length=10, blank=True)
    recommendation = models.CharField(max_length=20, choices=Recommendation, blank=True)
    sentiment_score = models.FloatField(null=True, blank=True)
    sector_correlation = models.FloatField(null=True, blank=True)
    drivers = models.JSONField(default=list, blank=True)
    technical_indicators = models.JSONField(default=dict, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    model = models.ForeignKey(AIModel, null=True, blank=True, on_delete=models.PROTECT, related_name="scores")

    objects = RecordQuerySet.as_manager()

    class Meta(Analysis.Meta):
        verbose_name_plural = "watchlist analyses"
        constraints = [
            *Analysis.Meta.constraints,
            schema.unique("asset", "timeframe", "as_of"),
            schema.within("score", 0, 1),
            schema.within("confidence_score", 0, 1),
            schema.within("sector_correlation", -1, 1),
        ]
        indexes = [
            models.Index("timeframe", models.F("as_of").desc(), "rank", name="selection_analysis_latest"),
        ]

    def __str__(self) -> str:
        return f"{self.asset_id} {self.as_of:%Y-%m-%d %H:%M} {self.score}"
